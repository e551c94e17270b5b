"""Tests of suite/stage.py."""

import os
import shutil
import sys
import unittest

from suite.figures import Missing, NotMeasured
from suite.stage import Stage, parse_metrics

SLEEPER = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]


class Metrics(unittest.TestCase):
    def test_of_all_shards_are_added_up_and_keep_their_other_labels(self):
        text = ('# HELP x\nmillrace_kv_keys{shard="0"} 3\nmillrace_kv_keys{shard="1"} 4\n'
                'millrace_cost_cycles_total{shard="0",work="idle"} 1e3\nnoise 7\n')
        self.assertEqual(parse_metrics(text), {"millrace_kv_keys": 7, 'millrace_cost_cycles_total{work="idle"}': 1000})


@unittest.skipUnless(shutil.which("setpriv"), "setpriv (util-linux) is not installed")
class AStage(unittest.TestCase):
    def test_leaves_neither_processes_nor_files(self):
        with Stage("/nowhere") as stage:
            server = stage.serve("sleeper", SLEEPER, lambda: True)
            folder = stage.folder
            self.assertTrue(os.path.isdir(folder))
        self.assertIsNotNone(server.process.returncode)
        self.assertFalse(os.path.exists(folder))

    def test_says_what_a_server_said_that_did_not_start(self):
        with Stage("/nowhere") as stage, self.assertRaisesRegex(NotMeasured, "echo did not start: no device"):
            stage.serve("echo", [sys.executable, "-c", "import sys; sys.exit('no device')"], lambda: False)

    def test_says_so_even_of_one_that_seemed_ready(self):
        with Stage("/nowhere") as stage, self.assertRaisesRegex(NotMeasured, "echo did not start: wrong MTU"):
            stage.serve("echo", [sys.executable, "-S", "-c", "import sys; sys.exit('wrong MTU')"], lambda: True)

    def test_says_why_a_program_failed(self):
        with Stage("/nowhere") as stage, self.assertRaisesRegex(NotMeasured, "ended with code 3"):
            stage.run([sys.executable, "-c", "import sys; sys.exit(3)"], 60)

    def test_waits_for_a_program_only_so_long(self):
        with Stage("/nowhere") as stage, self.assertRaisesRegex(NotMeasured, "took longer than"):
            stage.run(SLEEPER, 0.2)

    def test_says_which_program_is_not_there(self):
        with Stage("/nowhere") as stage, self.assertRaisesRegex(Missing, "millrace-perf is not installed"):
            stage.run([stage.program("millrace-perf")], 60)


if __name__ == "__main__":
    unittest.main()
