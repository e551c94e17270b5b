"""Tests of suite/load.py: what is made of reports and metrics."""

import unittest

from suite.figures import NotMeasured
from suite.load import Load, busy_cycles, parse_report


class Reports(unittest.TestCase):
    def test_that_are_partial_are_none(self):
        with self.assertRaisesRegex(NotMeasured, "partial: the server has gone"):
            parse_report('{"partial": true, "error": "the server has gone"}')

    def test_that_missed_their_rate_are_none(self):
        with self.assertRaisesRegex(NotMeasured, "asked for 2000 requests/s, only 1234 were answered"):
            parse_report('{"partial": false, "settings": {"rate": 2000}, "requests_per_second": 1234.4}')

    def test_that_nearly_reached_their_rate_will_do(self):
        report = parse_report('{"partial": false, "settings": {"rate": 2000}, "requests_per_second": 1970}')
        self.assertEqual(report["requests_per_second"], 1970)

    def test_that_are_no_json_are_none(self):
        with self.assertRaisesRegex(NotMeasured, "no JSON"):
            parse_report("1234 requests/s")


class TheCostOfARequest(unittest.TestCase):
    def test_is_without_idle_turns_and_sleep(self):
        def cycles(work, n):
            return {f'millrace_cost_cycles_total{{work="{work}"}}': n}
        before = cycles("tasks", 100)
        after = cycles("tasks", 700) | cycles("tcp_in", 400) | cycles("idle", 9000) | cycles("sleep", 9000)
        self.assertEqual(busy_cycles(before, after), 1000)

    def test_is_that_of_the_process_where_cycles_are_not_counted(self):
        self.assertEqual(Load({}, cpu_us=3.5).busy_us, 3.5)
        self.assertEqual(Load({}, cycles=2000, cpu_us=3.5, cycles_per_second=2e9).busy_us, 1.0)


if __name__ == "__main__":
    unittest.main()
