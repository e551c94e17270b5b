"""Plots as SVG, drawn by gnuplot."""

import os
import shutil
import subprocess

from suite.figures import Series

COLOURS = ("#2f6db2", "#c9772b", "#5b8c3e", "#8a5aa8")


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def bars_script(out: str, title: str, unit: str, groups: list[str], bars: dict[str, list[Series]]) -> str:
    """gnuplot's script for bars in groups, a whisker from the least to the most; what has no figure has no bar."""
    lines = [
        "set terminal svg size 860,380 font 'sans-serif,12' background 'white'",
        f"set output {quoted(out)}",
        f"set title {quoted(title)} noenhanced",
        f"set ylabel {quoted(unit)} noenhanced",
        "set style data histograms",
        "set style histogram errorbars gap 1.5 lw 1",
        "set style fill solid 0.9 noborder",
        "set errorbars linecolor rgb '#333333'",
        "set grid ytics linecolor rgb '#dddddd'",
        "set border 3",
        "set xtics nomirror noenhanced",
        "set ytics nomirror",
        "set key outside top center horizontal noenhanced",
        "set format y '%.10g'",
    ]
    lines.append("set yrange [0:*]")
    plots = []
    for i, (name, series) in enumerate(bars.items()):
        lines.append(f"$data{i} << EOD")
        for group, s in zip(groups, series):
            label = group.replace('"', "")
            figures = f"{s.median} {min(s.values)} {max(s.values)}" if s.values else "NaN NaN NaN"
            lines.append(f'"{label}" {figures}')
        lines.append("EOD")
        plots.append(f"$data{i} using 2:3:4:xtic(1) title {quoted(name)} lc rgb '{COLOURS[i % len(COLOURS)]}'")
    return "\n".join(lines) + "\nplot " + ", ".join(plots) + "\n"


def missing() -> str | None:
    """Why nothing can be drawn here."""
    return None if shutil.which("gnuplot") else "gnuplot is not installed (gnuplot-nox), so there are no plots"


def bars(folder: str, name: str, title: str, unit: str, groups: list[str], series: dict[str, list[Series]]) -> str | None:
    """Draws `folder`/NAME.svg; its path relative to the document beside the folder, or None where nothing is drawn."""
    if missing() or not any(s.values for all_of_one in series.values() for s in all_of_one):
        return None
    os.makedirs(folder, exist_ok=True)
    script = bars_script(os.path.join(folder, name + ".svg"), title, unit, groups, series)
    subprocess.run(["gnuplot"], input=script, text=True, check=True, capture_output=True, timeout=60)
    return f"{os.path.basename(folder)}/{name}.svg"
