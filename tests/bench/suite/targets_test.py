"""Tests of suite/targets.py."""

import unittest

from suite.document import Section, document
from suite.figures import Series
from suite.targets import TARGETS, Target, rows


class ATarget(unittest.TestCase):
    def test_is_reached_by_the_median_at_the_bound(self):
        least, most = Target("w", 2, 3), Target("w", 2, 1, at_most=True)
        self.assertEqual([least.verdict(Series([v])) for v in (1.9, 2, 3)], ["**missed**", "reached", "moonshot"])
        self.assertEqual([most.verdict(Series([v])) for v in (2.1, 2, 1)], ["**missed**", "reached", "moonshot"])
        self.assertEqual(least.verdict(Series([1, 1, 9])), "**missed**")

    def test_of_a_broken_series_is_not_judged(self):
        self.assertEqual(Target("w", 1).verdict(Series([5.0], "the server died")), "not measured")
        self.assertEqual(Target("w", 1).verdict(Series([], "no memif")), "not measured")

    def test_without_a_moonshot_shows_none(self):
        self.assertEqual(rows({"shards": Series([2.0])}),
                         [[TARGETS["shards"].work, "at least 1.90", "", "2.00", "reached"]])


class TheDocument(unittest.TestCase):
    def test_begins_with_the_targets_that_parts_have_measured(self):
        section = Section("Shards")
        section.reach("shards", Series([1.0]))
        text = document("Machine: m.", [section])
        self.assertLess(text.index("Machine: m."), text.index("## Beside the targets"))
        self.assertLess(text.index("**missed**"), text.index("## Shards"))

    def test_has_no_such_table_where_none_was_measured(self):
        self.assertNotIn("targets", document("Machine: m.", [Section("Shards")]))

    def test_knows_every_target_that_a_part_reaches(self):
        with self.assertRaises(KeyError):
            Section("Shards").reach("no such", Series([1.0]))


if __name__ == "__main__":
    unittest.main()
