"""Tests of suite/plots.py: what gnuplot is told."""

import unittest

from suite.figures import Series
from suite.plots import bars_script


class BarsInGroups(unittest.TestCase):
    script = bars_script("x.svg", "it's", "k/s", ["1", "50"], {"echo": [Series([2, 1, 3]), Series([], "no link")]})

    def test_stand_at_the_median_and_reach_from_the_least_to_the_most(self):
        self.assertIn('"1" 2 1 3\n', self.script)

    def test_are_missing_where_nothing_was_measured(self):
        self.assertIn('"50" NaN NaN NaN\n', self.script)

    def test_quote_what_they_are_called(self):
        self.assertIn("set title 'it''s'", self.script)


if __name__ == "__main__":
    unittest.main()
