"""Tests of suite/callgrind.py: the output files are made up, so that they need no valgrind."""

import unittest

from suite.callgrind import Counted, parse, per_operation

OUTPUT = """\
# callgrind format
version: 1
positions: line
events: Ir
summary: 1000

fl=(1) a.cc
fn=(1) main
10 5
cfn=(2) serve_turn(millrace::reactor&)
calls=3 20
11 600
cfn=(3) malloc
calls=2 1
12 40

fn=(2)
20 100
cfn=(3)
calls=5 1
21 100
cfi=(4) malloc.c
cfn=(4) _int_malloc
calls=7 +3
* 70
totals: 1000
"""


class ReadingCallgrindsOutput(unittest.TestCase):
    def test_totals_and_calls_of_the_allocator(self):
        counted = parse(OUTPUT.splitlines(True))
        self.assertEqual(counted.instructions, 1000)
        self.assertEqual(counted.allocations, 7)

    def test_what_a_function_costs_with_all_that_it_calls(self):
        self.assertEqual(parse(OUTPUT.splitlines(True), ["serve_turn"]).within, {"serve_turn": 600})

    def test_a_function_that_was_never_called_costs_nothing(self):
        self.assertEqual(parse(OUTPUT.splitlines(True), ["client_turn"]).within, {"client_turn": 0})


class TheCostOfOneOperation(unittest.TestCase):
    few = Counted(1_000, 50, {"serve_turn": 500})
    many = Counted(5_000, 150, {"serve_turn": 2_500})

    def test_is_the_difference_of_two_runs(self):
        cost = per_operation(self.few, self.many, 100, None)
        self.assertEqual((cost.instructions, cost.allocations), (40, 1))

    def test_may_be_that_of_a_function(self):
        self.assertEqual(per_operation(self.few, self.many, 100, "serve_turn").instructions, 20)


if __name__ == "__main__":
    unittest.main()
