"""Tests of suite/figures.py."""

import unittest

from suite.figures import NotMeasured, Series, interleave, number, ratio, series_of, spread


class ASeries(unittest.TestCase):
    def test_has_the_median_of_its_rounds(self):
        self.assertEqual(Series([3, 1, 2]).median, 2)
        self.assertEqual(Series([4, 1, 2, 3]).median, 2.5)

    def test_is_written_with_its_range(self):
        self.assertEqual(spread(Series([1234.2, 1300, 1200])), "1,234 (1,200 to 1,300)")

    def test_of_one_round_has_no_range(self):
        self.assertEqual(spread(Series([0.5])), "0.500")

    def test_without_a_round_says_why(self):
        self.assertEqual(spread(Series([], "redis-server is not installed")), "not measured: redis-server is not installed")

    def test_that_broke_off_is_marked(self):
        self.assertEqual(spread(Series([7.0], "it died")), "7.00, partial: it died")
        self.assertFalse(Series([7.0], "it died").complete)

    def test_numbers_keep_three_digits(self):
        self.assertEqual([number(n) for n in (1234567, 123.4, 12.34, 1.234, 0.1234)],
                         ["1,234,567", "123", "12.3", "1.23", "0.123"])


class ARatio(unittest.TestCase):
    def test_compares_neighbours_in_time(self):
        self.assertEqual(ratio(Series([2, 9]), Series([1, 3])).values, [2, 3])

    def test_of_what_was_not_measured_says_why(self):
        self.assertEqual(spread(ratio(Series([1]), Series([], "no link"))), "not measured: no link")


class Interleaving(unittest.TestCase):
    def test_goes_round_in_turns_and_every_other_round_backwards(self):
        order = []
        interleave(3, {"a": lambda: order.append("a"), "b": lambda: order.append("b")})
        self.assertEqual("".join(order), "abbaab")

    def test_goes_on_without_what_cannot_be_measured(self):
        def broken():
            raise NotMeasured("no device")
        results = interleave(2, {"a": lambda: 1, "b": broken})
        self.assertEqual(series_of(results["a"], float).values, [1, 1])
        b = series_of(results["b"], float)
        self.assertEqual((b.values, b.why, len(results["b"])), ([], "no device", 1))


if __name__ == "__main__":
    unittest.main()
