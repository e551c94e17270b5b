"""Tests of gate.py as a program: what it says and its exit code where it cannot count."""

import os
import subprocess
import sys
import tempfile
import unittest

GATE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gate.py")


def run(build: str, *arguments: str, path: str = "/nonexistent"):
    return subprocess.run([sys.executable, GATE, *arguments, build], env={"PATH": path}, capture_output=True, text=True,
                          check=False)


class TheGate(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.build = folder.name

    def configure(self, build_type: str):
        with open(os.path.join(self.build, "CMakeCache.txt"), "w", encoding="utf-8") as file:
            file.write(f"CMAKE_BUILD_TYPE:STRING={build_type}\nCMAKE_CXX_COMPILER:FILEPATH={sys.executable}\n")

    def test_says_why_it_is_skipped_where_valgrind_is_missing(self):
        self.configure("RelWithDebInfo")
        done = run(self.build)
        self.assertEqual((done.returncode, done.stdout), (0, "gate: skipped, because valgrind is not installed\n"))

    def test_accepts_nothing_without_valgrind(self):
        self.configure("RelWithDebInfo")
        self.assertEqual(run(self.build, "--accept").returncode, 1)

    def test_refuses_a_debug_build(self):
        self.configure("Debug")
        done = run(self.build)
        self.assertEqual(done.returncode, 2)
        self.assertIn("is no release build", done.stderr)

    def test_refuses_what_is_no_build(self):
        done = run(self.build)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("has no CMakeCache.txt", done.stderr)


if __name__ == "__main__":
    unittest.main()
