"""Tests of what suite/parts/ reads from the programs it runs."""

import os
import tempfile
import unittest

from suite.document import Section
from suite.figures import Missing, NotMeasured
from suite.load import Load
from suite.parts import core, counts, flows, goodput, kernel, kv


class WhatProgramsSay(unittest.TestCase):
    def test_core_bench(self):
        text = "then on a ready future          3.1 ns   (best 2.8)\ncall of async()      52.0 ns   (best 51.0)\n"
        self.assertEqual(core.parse_lines(text), {"then on a ready future": 3.1, "call of async()": 52.0})

    def test_echo_bench(self):
        self.assertEqual(counts.parse_segments("x\nthe server received 12 segments and sent 11 in 40 turns\n"), (12, 11))

    def test_flows_bench(self):
        self.assertEqual(flows.parse('{"connections": 10, "idle": 900.5}\n'), {"connections": 10, "idle": 900.5})

    def test_redis_benchmark(self):
        text = "GET: rps=1.0 (overall: 2.0)\rGET: 71428.57 requests per second, p50=0.3 msec\n"
        self.assertEqual(kernel.parse_redis_benchmark(text), 71428.57)

    def test_a_program_that_says_nothing_of_use_was_not_measured(self):
        for parse in (core.parse_lines, counts.parse_segments, flows.parse, kernel.parse_redis_benchmark):
            with self.assertRaises(NotMeasured):
                parse("nothing\n")


class TheTablesOfFlows(unittest.TestCase):
    def run_of(self, cycles):
        return {"cycles_per_request": cycles, "opened_per_second": 5e5, "longest_opening_us": 40, "resident_bytes": 1000, "cycles_per_line": 23}

    def test_compare_with_ten_connections(self):
        section = Section("flows")
        flows.table_of_time(section, {10: [self.run_of(1000)], 100_000: [self.run_of(2500)]})
        self.assertIn("| 100,000 | 2,500 | 2.50 | 500 | 40 | 23 |", section.blocks[-1])
        self.assertEqual(section.reached["flows-x100000"].values, [2.5])

    def test_have_no_million_where_there_is_no_memory(self):
        section = Section("flows")
        flows.table_of_time(section, {10: [self.run_of(1000)], 1_000_000: [Missing("1,000,000 connections: too many")]})
        self.assertEqual((section.failed, section.skipped), ([], ["1,000,000 connections: too many"]))


class TheTablesOfGoodput(unittest.TestCase):
    def difference(self, kept, computed):
        with tempfile.TemporaryDirectory() as folder:
            os.makedirs(os.path.join(folder, "tests", "sim"))
            with open(os.path.join(folder, "tests", "sim", "x.md"), "w", encoding="utf-8") as file:
                file.write(kept)
            return goodput.difference("x", computed, folder)

    def test_are_compared_line_by_line(self):
        self.assertEqual(self.difference("| a | 1.0 |\n| b | 2.0 |\n", "| a | 1.0 |\n| b | 2.0 |\n"), "")
        told = self.difference("| a | 1.0 |\n| b | 2.0 |\n", "| a | 1.0 |\n| b | 3.0 |\n")
        self.assertIn("-| b | 2.0 |\n+| b | 3.0 |", told)
        self.assertNotIn("| a |", told)

    def test_are_missed_where_there_is_no_file(self):
        self.assertEqual(goodput.difference("x", "", "/nowhere"), "tests/sim/x.md is not there")


class TheKeyValueTable(unittest.TestCase):
    def load(self, rate, cpu):
        return Load({"requests_per_second": rate, "latency_us": {"p50": 1, "p99": 2, "p999": 3}}, cpu_us=cpu)

    def test_compares_requests_per_core_second(self):
        section = Section("kv")
        rows = kv.rows_of(section, "GET", 1, 50, {"ours": [self.load(2e6, 0.5)], "redis": [self.load(5e4, 20)]})
        self.assertEqual(rows[0][3:7], ["millrace-kv", "2,000", "0.500", "40.0"])
        self.assertEqual(rows[1][3:7], ["redis-server", "50.0", "20.0", ""])
        self.assertTrue(section.whole)

    def test_has_no_ratio_where_a_server_is_missing(self):
        section = Section("kv")
        results = {"ours": [self.load(2e6, 0.5)], "redis": [Missing("redis-server is not installed")]}
        rows = kv.rows_of(section, "GET", 1, 50, results)
        self.assertEqual(rows[0][6], "not measured: redis-server is not installed")
        self.assertEqual((section.failed, section.skipped), ([], ["redis-server is not installed"]))


if __name__ == "__main__":
    unittest.main()
