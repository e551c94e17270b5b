"""What tests/interop/run.py is made of: paths, the hosts at their ends, runs over them, and what to make of the figures."""
