#!/usr/bin/env bash
# The benchmarks' own logic: medians, tables, comparing with the baseline. Needs neither valgrind nor a build.
source "$(dirname "$0")/lib.sh"

command -v python3 >/dev/null || { skip bench_tools "python3 is not installed"; exit 0; }
cd "$source_dir/tests/bench" || exit 1
python3 -B -m unittest discover --verbose --top-level-directory . --pattern '*_test.py' >"$work/results" 2>&1
status=$?
cat "$work/results"
# "test_name (module.Class...) ... ok", or FAIL, ERROR, skipped 'why'
while read -r name verdict; do
    case "$verdict" in
        ok) ok "$name" ;;
        skipped*) skip "$name" "${verdict#skipped }" ;;
        *) not_ok "$name" "$verdict" ;;
    esac
done < <(sed -nE 's/^(test_[a-z0-9_]+) \(.*\) \.\.\. (ok|FAIL|ERROR|skipped .*)$/\1 \2/p' "$work/results")
[ $status = 0 ] || not_ok bench_tools "unittest ended with code $status"
