"""Tests of suite/baseline.py."""

import unittest

from suite.baseline import BadBaseline, Entry, compare, format_entries, parse_entries, tools_of


def entry(instructions: float, allocations: float = 0.0, name: str = "echo") -> Entry:
    return Entry(name, instructions, allocations, "64-byte echo")


class ComparingWithTheBaseline(unittest.TestCase):
    def test_three_percent_more_are_tolerated(self):
        self.assertTrue(compare([entry(1000)], [entry(1030)]).passed)

    def test_more_than_three_percent_fail_and_say_what_got_dearer_and_by_how_much(self):
        compared = compare([entry(1000)], [entry(1031)])
        self.assertFalse(compared.passed)
        self.assertEqual(compared.dearer, ["echo (64-byte echo): instructions 1031.0, was 1000.0 (+3.1 %)"])

    def test_cheaper_by_more_than_three_percent_passes_and_is_told(self):
        compared = compare([entry(1000)], [entry(960)])
        self.assertTrue(compared.passed)
        self.assertEqual(compared.cheaper, ["echo (64-byte echo): instructions 960.0, was 1000.0 (-4.0 %)"])

    def test_cheaper_by_less_is_not_worth_a_word(self):
        self.assertEqual(compare([entry(1000)], [entry(980)]).cheaper, [])

    def test_one_more_instruction_of_a_small_primitive_fails(self):
        self.assertFalse(compare([entry(17)], [entry(18)]).passed)
        self.assertTrue(compare([entry(17)], [entry(17.4)]).passed)

    def test_one_allocation_in_twenty_requests_fails(self):
        compared = compare([entry(1000)], [entry(1000, 0.05)])
        self.assertEqual(compared.dearer, ["echo (64-byte echo): allocations 0.050, were 0.000"])

    def test_one_allocation_less_is_told(self):
        self.assertEqual(len(compare([entry(1000, 1.0)], [entry(1000)]).cheaper), 1)

    def test_what_is_no_longer_counted_fails(self):
        self.assertFalse(compare([entry(1000)], []).passed)

    def test_what_has_no_baseline_fails(self):
        self.assertFalse(compare([], [entry(1000)]).passed)


class TheBaselineFile(unittest.TestCase):
    def test_what_is_written_is_read_again(self):
        entries = [entry(3401.2), entry(17.0, 1.0, "timer")]
        text = format_entries(entries, "g++ 12; glibc 2.36")
        self.assertEqual(parse_entries(text), entries)
        self.assertEqual(tools_of(text), "g++ 12; glibc 2.36")

    def test_a_line_that_is_none_is_named(self):
        with self.assertRaisesRegex(BadBaseline, "line 2: 'echo many 0 x'"):
            parse_entries("# name\necho many 0 x\n")
        with self.assertRaisesRegex(BadBaseline, "line 1"):
            parse_entries("echo 17\n")

    def test_a_name_stands_once(self):
        with self.assertRaisesRegex(BadBaseline, "line 2: echo was there before"):
            parse_entries("echo 17 0 x\necho 17 0 x\n")


if __name__ == "__main__":
    unittest.main()
