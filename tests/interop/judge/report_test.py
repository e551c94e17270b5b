"""Tests of judge/report.py."""

import os
import tempfile
import unittest

from judge import report
from judge.paths import Path
from judge.runs import Outcome

PATH = Path(50, 1)
OURS, TO_OURS, LINUX = ("ours", "cubic", "linux"), ("linux", "cubic", "ours"), ("linux", "cubic", "linux")


def outcomes(who, *mbits, path=PATH, **more):
    return [Outcome(path.name, *who, i, mbit, **more) for i, mbit in enumerate(mbits)]


def results(*parts):
    return report.Results([o for part in parts for o in part])


class Comparing(unittest.TestCase):
    def test_runs_that_lost_the_same_packets_are_compared(self):
        r = results(outcomes(OURS, 4, 6, 50), outcomes(LINUX, 2, 2, 100))
        self.assertEqual(report.compare(r, [PATH], [OURS])[0].ratio, 2)

    def test_a_run_without_its_like_is_not_compared(self):
        r = results(outcomes(OURS, 4, 6), outcomes(LINUX, 2))
        self.assertEqual(report.compare(r, [PATH], [OURS])[0].ratio, 2)
        self.assertIsNone(report.compare(results(outcomes(OURS, 4)), [PATH], [OURS])[0].ratio)

    def test_less_than_linux_by_more_than_chance_is_lost_and_named(self):
        r = results(outcomes(OURS, 1.8, dropped=3, sent_again=4), outcomes(TO_OURS, 1.95), outcomes(LINUX, 2))
        comparisons = report.compare(r, [PATH], [OURS, TO_OURS])
        self.assertEqual([c.lost for c in comparisons], [True, False])
        sentences = report.losers(r, comparisons)
        self.assertEqual(len(sentences), 1)
        self.assertIn("50 ms, 1 %, millrace (CUBIC) to Linux: 0.90", sentences[0])
        self.assertIn("4 sent again for 3 lost", sentences[0])

    def test_a_table_has_a_row_for_each_path_and_says_what_is_missing(self):
        r = results(outcomes(OURS, 4), outcomes(LINUX, 2), outcomes(OURS, 0, path=Path(10), why_not="it rained"))
        text = report.main_table(r, [PATH, Path(10)], [OURS, LINUX])
        self.assertIn("| 50 ms, 1 % | 4.0, 2.00 | 2.0 |", text)
        self.assertIn("| 10 ms, 0 % | not measured: it rained | not measured: it was not asked for |", text)

    def test_a_run_that_came_to_nothing_is_named_once(self):
        r = results(outcomes(OURS, 0, 0, why_not="it rained"))
        self.assertEqual(r.failures, ["50 ms, 1 %, millrace (CUBIC) to Linux: it rained (2 times)"])

    def test_a_wire_that_was_late_is_named(self):
        short = Path(0.1)
        r = results(outcomes(OURS, 4, late_us=900), outcomes(OURS, 4, path=short, late_us=900))
        self.assertEqual([s.split(":")[0] for s in report.late_wires(r, [PATH, short])], [short.name])

    def test_the_whole_counts_what_was_won(self):
        r = results(outcomes(OURS, 1), outcomes(TO_OURS, 2), outcomes(LINUX, 2))
        self.assertIn("in 1 of 2 cells", report.markdown(r, [PATH], [OURS, TO_OURS, LINUX], "head"))


class Keeping(unittest.TestCase):
    def test_what_is_kept_is_read_again_and_goes_on(self):
        with tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "results.json")
            self.assertEqual(report.Results.load(file).next_round, 0)
            kept = report.Results(file=file)
            for outcome in outcomes(OURS, 1, 2):
                kept.add(outcome)
            self.assertEqual(report.Results.load(file).outcomes, kept.outcomes)
            self.assertEqual(report.Results.load(file).next_round, 2)


if __name__ == "__main__":
    unittest.main()
