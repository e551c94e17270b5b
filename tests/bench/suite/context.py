"""What every part is given."""

from dataclasses import dataclass

from suite import plots
from suite.document import Section
from suite.load import Pace
from suite.stage import Stage


@dataclass
class Context:
    """`programs` is where those of the build are; `plot_folder` where plots go, beside the document."""

    programs: str
    pace: Pace
    plot_folder: str

    def stage(self) -> Stage:
        return Stage(self.programs)

    def plot(self, section: Section, name: str, title: str, unit: str, groups: list[str], series: dict) -> None:
        section.plot(plots.bars(self.plot_folder, name, title, unit, groups, series), title)
