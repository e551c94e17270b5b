"""Tests of judge/schedule.py."""

import threading
import unittest

from judge import runs, schedule
from judge.paths import Path

CUBIC = [("ours", "cubic", "linux"), ("linux", "cubic", "linux")]


class Jobs(unittest.TestCase):
    def test_what_is_compared_has_the_same_seeds(self):
        todo = schedule.jobs([Path(10), Path(200, 1)], CUBIC, 2, 1)
        seeds = {who: sorted((j.path.name, j.round) for j in todo if j.who == who) for who in CUBIC}
        self.assertEqual(seeds[CUBIC[0]], seeds[CUBIC[1]])
        self.assertEqual(len(set(seeds[CUBIC[0]])), len(seeds[CUBIC[0]]))

    def test_a_path_that_carries_little_is_asked_more_often(self):
        todo = schedule.jobs([Path(10), Path(200, 1)], CUBIC[:1], 1, 1)
        self.assertEqual([j.path.rtt_ms for j in todo], [10, 200, 200, 200])

    def test_an_algorithm_that_ours_lacks_is_measured_once(self):
        todo = schedule.jobs([Path(10)], [*CUBIC, ("linux", "bbr", "linux")], 3, 1)
        self.assertEqual([j.algorithm for j in todo].count("bbr"), 1)
        self.assertEqual([j.algorithm for j in todo].count("cubic"), 6)

    def test_linux_is_compared_with_itself_by_each_algorithm_that_either_has(self):
        who = schedule.senders(["cubic"], ["cubic", "bbr"])
        self.assertEqual(who, [("ours", "cubic", "linux"), ("linux", "cubic", "ours"), ("linux", "cubic", "linux"),
                               ("linux", "bbr", "linux")])

    def test_the_shortest_path_has_the_machine_for_itself(self):
        short, long = (runs.Job(p, "linux", "cubic", "linux", 1) for p in (Path(0.1), Path(50)))
        self.assertGreater(runs.weight(short), 10)
        self.assertEqual(runs.weight(long), 1)


class Running(unittest.TestCase):
    def run_all(self, weights, capacity):
        lock, at_once, most, done = threading.Lock(), 0, 0, []

        def work(weight):
            nonlocal at_once, most
            with lock:
                at_once += weight
                most = max(most, at_once)
            threading.Event().wait(0.01)
            with lock:
                at_once -= weight
            return weight
        schedule.run_all(weights, lambda w: w, capacity, work, done.append)
        self.assertEqual(sorted(done), sorted(weights))
        return most

    def test_no_more_runs_at_once_than_the_machine_carries(self):
        self.assertLessEqual(self.run_all([1.0] * 6 + [0.5] * 4, 2.0), 2.0)

    def test_what_is_too_much_for_it_runs_alone(self):
        self.assertEqual(self.run_all([0.5, 100.0, 0.5], 1.0), 100.0)


if __name__ == "__main__":
    unittest.main()
