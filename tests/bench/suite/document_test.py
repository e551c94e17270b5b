"""Tests of suite/document.py."""

import unittest

from suite.document import Section, document, table
from suite.figures import Series


class ATable(unittest.TestCase):
    def test_is_markdown(self):
        self.assertEqual(table(["a", "b"], [["1", "2"]]), "| a | b |\n|---|---|\n| 1 | 2 |")

    def test_keeps_bars_and_line_ends_in_their_cell(self):
        self.assertEqual(table(["a"], [["x|y\nz"]]).splitlines()[2], "| x\\|y z |")

    def test_has_a_cell_for_every_column(self):
        with self.assertRaises(ValueError):
            table(["a", "b"], [["1"]])


class AnUnfinishedRun(unittest.TestCase):
    def test_is_said_before_its_table_and_before_everything(self):
        section = Section("Echo")
        section.check(Series([1.0, 2.0], "the server died"))
        section.table(["a"], [["1"]])
        text = document("Machine: m.", [section, Section("Bulk")])
        self.assertFalse(section.whole)
        self.assertTrue(text.startswith("# Benchmarks\n\n**INCOMPLETE: not everything could be measured in: Echo.**"))
        self.assertLess(text.index("**INCOMPLETE: the server died**"), text.index("| a |"))

    def test_says_the_same_reason_once(self):
        section = Section("Echo")
        section.check(Series([], "no memif"), Series([], "no memif"))
        self.assertEqual(section.failed, ["no memif"])

    def test_a_whole_one_says_nothing(self):
        section = Section("Echo")
        section.check(Series([1.0]))
        self.assertNotIn("INCOMPLETE", document("Machine: m.", [section]))


if __name__ == "__main__":
    unittest.main()
