#!/usr/bin/env bash
# Our TCP and the Linux kernel's over one wire that is no perfect one: every byte arrives, the table has all its rows,
# and nothing is left behind.
source "$(dirname "$0")/lib.sh"

command -v python3 >/dev/null || { skip interop "python3 is not installed"; exit 0; }
interop=$source_dir/tests/interop
tests=$(cd "$interop" && PYTHONPATH=../bench python3 -B -m unittest discover --top-level-directory . --pattern '*_test.py' 2>&1)
status=$?
echo "$tests"
check "what is made of the figures" test $status = 0

[ -x "$bin/millrace-interop-wire" ] || { skip interop "millrace-interop-wire is not built"; exit 0; }
export TMPDIR=$work/tmp
mkdir "$TMPDIR"

"$interop/run.py" --intact "$build" >"$work/intact" 2>"$work/err"
cat "$work/intact" "$work/err"
if grep -q '^interop: skipped, because' "$work/err"; then
    skip interop "$(sed -n 's/^interop: skipped, because //p' "$work/err")"
    exit 0
fi
check "every byte arrives from Linux and to Linux" grep -q '^intact, millrace connected to Linux:' "$work/intact"
check "the same with Linux as the one that connects" grep -q '^intact, Linux connected to millrace:' "$work/intact"

how=--moment paths=2
[ -z "$full" ] || { how=--quick; paths=5; }
table() { timeout 120 "$interop/run.py" $how "$build" >"$work/table" 2>"$work/err"; local s=$?; cat "$work/err" "$work/table"; return $s; }
check "goodput is measured over every path" table
check "the table has a row for each path" test "$(grep -cE '^\| [0-9.]+ ms, .* \| [0-9.]+, \*{0,2}[0-9.]+\*{0,2} \| ' "$work/table")" = $paths
check "it says that it is no measurement" grep -q 'A smoke run' "$work/table"
check "it says who lost" grep -qE "At least Linux's goodput .* in [0-9]+ of [0-9]+ cells" "$work/table"

# What was started is told by the folder that it was given, and by the wire's name.
nothing_is_left() {
    local p
    for p in /proc/[0-9]*; do
        [ "$p" != "/proc/$$" ] && tr '\0' '\n' <"$p/environ" 2>/dev/null | grep -qxF "MILLRACE_INTEROP_INSIDE=1" &&
            tr '\0' '\n' <"$p/environ" 2>/dev/null | grep -qxF "TMPDIR=$TMPDIR" && return 1
    done
    test -z "$(ls -A "$TMPDIR")"
}
check "no process and no file is left" wait_for 5 nothing_is_left
"$interop/run.py" --moment "$build" >/dev/null 2>&1 &
interrupted=$!
sleep 1.5
kill -TERM $interrupted
wait $interrupted
status=$?
check "SIGTERM ends it" test $status = 143
check "nor is anything left by one that was ended" wait_for 5 nothing_is_left
