#!/usr/bin/env bash
# The installed package: a service is built against it twice, by find_package and by pkg-config, and runs.
source "$(dirname "$0")/lib.sh"

check install cmake --install "$build" --prefix "$work/prefix"
flags=()
grep -q 'MILLRACE_SANITIZE:BOOL=ON' "$build/CMakeCache.txt" && flags=(-fsanitize=address,undefined)
compiler=$(sed -n 's/^CMAKE_CXX_COMPILER:[A-Z]*=//p' "$build/CMakeCache.txt")
libraries=$(dirname "$(find "$work/prefix" -name millrace.pc -printf '%h')")
export LD_LIBRARY_PATH=$libraries

by_cmake() {
    cmake -G Ninja -S "$here/../package" -B "$work/cmake" -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_CXX_COMPILER="$compiler" \
        -DCMAKE_CXX_FLAGS="${flags[*]}" && cmake --build "$work/cmake"
}
check "a service builds with find_package(millrace)" by_cmake

by_pkg_config() {
    local words
    words=$(PKG_CONFIG_PATH=$libraries/pkgconfig pkg-config --cflags --libs millrace) || return 1
    # shellcheck disable=SC2086
    "$compiler" "${flags[@]}" -fno-lto "$here/../package/upper_case.cc" -o "$work/upper-case" $words
}
check "the same service builds with pkg-config" by_pkg_config

answers() {
    local line
    wait_for 20 port_answers 127.0.0.1 7777 || return 1
    exec 9<>/dev/tcp/127.0.0.1/7777 && echo "hello" >&9 && read -r -t 10 line <&9 && exec 9>&-
    [ "$line" = HELLO ]
}
serve "$work/cmake/upper-case" --net kernel --bind 127.0.0.1
check "it answers on kernel sockets" answers
check "SIGTERM ends it with 0" stop "$server"

# Every door stands alone: what is installed needs nothing that is not. The first that another one includes is compiled
# alone with that one.
doors_stand_alone() {
    local words
    words=$(PKG_CONFIG_PATH=$libraries/pkgconfig pkg-config --cflags millrace) || return 1
    cd "$work/prefix/include/millrace" || return 1
    # shellcheck disable=SC2016,SC2086
    printf '%s\n' */*.hh | grep -vxFf <(grep -hm1 '^#include' */*.hh | sed -nE 's/^#include "(.*)"/\1/p') |
        xargs -P "$(nproc)" -I{} bash -c \
        'echo "#include \"$1\"" | "$2" -x c++ -fsyntax-only -Wall ${*:3} - || { echo "$1"; exit 1; }' _ {} "$compiler" $words
}
[ -z "$full" ] || check "every installed header compiles alone" doors_stand_alone

# The whole programs among the examples of README.md and doc/ are what they claim to be.
examples_compile() {
    local words file n=0
    words=$(PKG_CONFIG_PATH=$libraries/pkgconfig pkg-config --cflags millrace) || return 1
    awk -v out="$work/example" '/^```cpp/ {text = ""; inside = 1; next}
        /^```/ && inside {inside = 0; if (text ~ /int main/) {file = out "." ++n ".cc"; printf "%s", text >file; close(file)}}
        inside {text = text $0 "\n"}' "$source_dir"/README.md "$source_dir"/doc/*.md
    for file in "$work"/example.*.cc; do
        # shellcheck disable=SC2086
        "$compiler" -fsyntax-only $words "$file" || return 1
        n=$((n + 1))
    done
    [ $n -ge 2 ]
}
check "the programs in README.md and doc/ compile" examples_compile

# doc/operating.md names every flag of every program.
flags_are_documented() {
    local program flag missing=0
    for program in echo kv perf; do
        for flag in $("$bin/millrace-$program" --help | sed -nE 's/^  (--[a-z0-9-]+).*/\1/p'); do
            grep -qF "\`$flag\`" "$source_dir/doc/operating.md" || { echo "$flag of millrace-$program"; missing=1; }
        done
    done
    return $missing
}
check "doc/operating.md names every flag" flags_are_documented
