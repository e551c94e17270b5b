"""Tests of judge/paths.py."""

import unittest

from judge.paths import ALL, CEILING, GRID, Path


class Paths(unittest.TestCase):
    def test_the_grid_has_every_loss_at_every_round_trip(self):
        self.assertEqual(len(GRID), 16)
        self.assertEqual(len({p.name for p in ALL}), len(ALL))

    def test_a_queue_holds_the_bandwidth_delay_product_but_some_packets_at_least(self):
        self.assertEqual(Path(200).queue_packets, 1651)
        self.assertEqual(Path(0.1).queue_packets, 50)
        self.assertEqual(Path(50, queue_bdp=0.1, also="shallow").queue_packets, 41)

    def test_half_a_round_trip_is_the_delay_of_the_wire(self):
        self.assertIn("25000us", Path(50).wire_arguments(1))
        self.assertIn("50us", Path(0.1).wire_arguments(1))

    def test_only_what_impairs_is_asked_of_the_wire(self):
        self.assertNotIn("--loss", Path(10).wire_arguments(1))
        self.assertIn("0.1%", Path(10, 0.1).wire_arguments(1))
        self.assertIn("5000us", Path(10, reorder_percent=1, hold_ms=5).wire_arguments(1))

    def test_loss_is_expected_to_cost_cubic_but_not_bbr(self):
        self.assertLess(Path(200, 1).expected("cubic"), 1)
        self.assertEqual(Path(200, 1).expected("bbr"), CEILING)
        self.assertEqual(Path(200).expected("cubic"), CEILING)

    def test_long_paths_are_measured_longer(self):
        self.assertEqual(Path(0.1).seconds, 4)
        self.assertEqual(Path(200).seconds, 10)


if __name__ == "__main__":
    unittest.main()
