"""What the benchmarks are written in: tests/bench/run.py times, tests/bench/gate.py counts."""
