#!/usr/bin/env bash
# run.sh BUILD [PATTERN]: runs the test programs of a build, then the end-to-end scripts; those whose name contains
# PATTERN. E2E=no leaves the scripts out, E2E_FULL=1 gives them their full length. Prints what failed and why something was skipped, then one line: N passed, N failed, N skipped.
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
build=$(readlink -f "$1")
pattern=${2:-}
logs=$build/test-logs
rm -rf "$logs"; mkdir -p "$logs"
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}
export LSAN_OPTIONS=${LSAN_OPTIONS:-suppressions=$here/lsan.supp:print_suppressions=0}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}

# One test program: its log, and a line of counts in NAME.counts.
run_program() {
    local program=$1 name; name=$(basename "$program")
    local log=$logs/$name.log report=$logs/$name.report status
    timeout --kill-after=10 600 "$program" --color_output=no --log_level=test_suite --log_sink=stdout \
        --report_level=short --report_sink="$report" >"$log" 2>&1 </dev/null
    status=$?
    count() { sed -nE "s/^ *([0-9]+) test cases? out of [0-9]+ $1.*/\1/p" "$report" 2>/dev/null | head -n 1; }
    local passed failed skipped
    passed=$(count passed); failed=$(count failed); skipped=$(count skipped)
    passed=${passed:-0}; failed=${failed:-0}; skipped=${skipped:-0}
    # A crash, a time-out or a leak found at the end is a failure even where every case passed.
    [ $status = 0 ] || [ "$failed" != 0 ] || failed=1
    if [ ! -s "$report" ] && [ "$failed" = 0 ]; then failed=1; fi
    echo "$passed $failed $skipped" >"$logs/$name.counts"
    sed -nE 's/.*Test (case|suite) "([^"]*)" is skipped because (precondition failed: ?)?(.*)/\2: skipped, because \4/p' "$log" |
        sed "s/^/$name: /"
    if [ "$failed" != 0 ]; then
        echo "FAILED $name (exit code $status)"
        grep -vE '(Entering|Leaving) test (case|suite|module)' "$log" | tail -n 60 | sed 's/^/    /'
    fi
}

# One end-to-end script: lines "ok NAME", "not ok NAME: why" and "skip NAME: because ..." on its standard output.
run_script() {
    local script=$1 name; name=$(basename "$script" .sh)
    local log=$logs/e2e.$name.log out=$logs/e2e.$name.out status
    timeout --kill-after=10 900 "$script" "$build" >"$out" 2>"$log" </dev/null
    status=$?
    local passed failed skipped
    passed=$(grep -c '^ok ' "$out"); failed=$(grep -c '^not ok ' "$out"); skipped=$(grep -c '^skip ' "$out")
    [ $status = 0 ] || [ "$failed" != 0 ] || failed=1
    echo "$passed $failed $skipped" >"$logs/e2e.$name.counts"
    sed -nE "s/^skip (.*): because (.*)/e2e.$name: \1: skipped, because \2/p" "$out"
    if [ "$failed" != 0 ]; then
        echo "FAILED e2e.$name (exit code $status)"
        { grep '^not ok ' "$out"; tail -n 40 "$log"; } | sed 's/^/    /'
    fi
}

export -f run_program run_script
export logs build
# Backwards, because the longest are called sim.* and the last to end should be short.
find "$build/tests" -maxdepth 1 -type f -executable -name "*_test" 2>/dev/null | grep -F "/" |
    { if [ -n "$pattern" ]; then grep -F -- "$pattern"; else cat; fi; } | sort --reverse |
    xargs -r -P "$(nproc)" -I{} bash -c 'run_program {}'
# Each works in a network namespace of its own, or on ports of its own, and most of its time it waits.
for script in "$here"/e2e/*_test.sh; do
    [ "${E2E:-}" != no ] || break
    case "e2e.$(basename "$script")" in *"$pattern"*) echo "$script" ;; esac
done | xargs -r -P "$(nproc)" -I{} bash -c 'run_script {}'

cat "$logs"/*.counts 2>/dev/null |
    awk '{p += $1; f += $2; s += $3} END {printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 || p == 0}'
