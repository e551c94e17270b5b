#!/usr/bin/env bash
# Every part of ./dev bench runs, for a moment each: the document is whole, and nothing is left behind.
source "$(dirname "$0")/lib.sh"

command -v python3 >/dev/null || { skip bench "python3 is not installed"; exit 0; }
[ -n "$full" ] || { skip bench "it takes a minute: E2E_FULL=1 runs it"; exit 0; }
for program in echo-bench kv-bench core-bench flows-bench sim-goodput; do
    [ -x "$bin/millrace-$program" ] || { skip bench "millrace-$program is not built"; exit 0; }
done

export TMPDIR=$work/tmp
mkdir "$TMPDIR"
check "every part runs" timeout 600 "$source_dir/tests/bench/run.py" --quick "$build"
check "the document says that it is no measurement" grep -q 'A smoke run' "$build/bench/benchmarks.md"
check "it has a table of every part" test "$(grep -c '^|---' "$build/bench/benchmarks.md")" -ge 12
check "no file is left" test -z "$(ls -A "$TMPDIR")"
check "no process is left" bash -c '! grep -qF "memif:server,$1" /proc/[0-9]*/cmdline 2>/dev/null' _ "$TMPDIR"

timeout --signal TERM 3 "$source_dir/tests/bench/run.py" --quick "$build" kv
check "a run that is ended writes no table" test ! -e "$build/bench/benchmarks.md"
check "a run that is ended leaves no file" test -z "$(ls -A "$TMPDIR")"
