#!/usr/bin/env bash
# run.sh BUILD: counts and times a release build and prints the result as Markdown, as it stands in
# doc/benchmarks.md. Repeated figures are medians with their range; what is compared runs in turn.
set -euo pipefail
build=$(readlink -f "$1")
bin=$build/bin
work=$(mktemp -d)
servers=()
trap 'for p in "${servers[@]}"; do kill "$p" 2>/dev/null || true; done; rm -rf "$work"' EXIT
cmake --build "$build" --target millrace-{echo,perf,echo-bench,link-bench,core-bench} -- --quiet >&2

cores=$(nproc)
last=$((cores - 1))
rounds=5

# median_of FILE: "median (least to most)" of its numbers.
median_of() {
    sort -g "$1" | awk '{v[NR] = $1} END {printf "%s (%s to %s)", v[int((NR + 1) / 2)], v[1], v[NR]}'
}

cat <<TXT
# Benchmarks

What millrace costs, as \`./dev bench\` printed it. Machines are shared and drift: compare figures of one run only.

Machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1), $cores cores, Linux $(uname -r); DPDK $(pkg-config --modversion libdpdk), no hugepages.

## Instructions and allocations per echo

One thread, two stacks and an instant link between them: no device, no second core, exact counts. The server's share is the
inclusive cost of its turns: device, IP, TCP, the echo coroutine, timers. (\`valgrind --tool=callgrind --collect-atstart=no
--toggle-collect=serve_turn*\` on \`millrace-echo-bench --requests N\`: the difference of two N divided by that of N.)

| 64-byte echo | instructions on the server | allocations, client and server |
|---|---|---|
TXT

instructions() {  # instructions REQUESTS CONNECTIONS
    valgrind --tool=callgrind --collect-atstart=no --toggle-collect='serve_turn*' --callgrind-out-file="$work/callgrind" \
        "$bin/millrace-echo-bench" --requests "$1" --connections "$2" >/dev/null 2>&1
    sed -n 's/^\(summary\|totals\): //p' "$work/callgrind" | head -n 1
}
# Allocations of a whole run, all of them; the difference of two runs is those of the requests.
allocations() {
    valgrind --tool=memcheck --leak-check=no "$bin/millrace-echo-bench" --requests "$1" --connections "$2" 2>&1 >/dev/null |
        sed -n 's/.*total heap usage: \([0-9,]*\) allocs.*/\1/p' | tr -d ,
}
if command -v valgrind >/dev/null; then
    for connections in 1 50; do
        few=$(instructions 5000 $connections); many=$(instructions 25000 $connections)
        few_allocations=$(allocations 5000 $connections); many_allocations=$(allocations 25000 $connections)
        printf '| %s connections | %s | %s |\n' $connections $(((many - few) / 20000)) \
            "$(awk "BEGIN {printf \"%.4f\", ($many_allocations - $few_allocations) / 20000}")"
    done
else
    echo "| | valgrind is not installed | |"
fi
cat <<'TXT'

The one allocation is the benchmark's client, which writes text into an empty send buffer; a server's turn of a warm echo
allocates nothing (`tests/tcp/host/stack_test.cc`).
TXT

echo
echo "## A frame received and sent again, no stack"
echo
echo "\`millrace-link-bench\`: the in-process link, and a pair of memif ports in one process."
echo
echo '```'
for device in link memif; do "$bin/millrace-link-bench" $device 64 32 1000000 2>/dev/null || echo "$device: not to be had here"; done
echo '```'

echo
echo "## The primitives of core/"
echo
echo '`millrace-core-bench`'
echo
echo '```'
"$bin/millrace-core-bench"
echo '```'

cat <<TXT

## Requests per second, two processes

\`millrace-perf client --workload rr --message 64\` against \`millrace-echo\`, one shard each, pinned to core 0 and $last, memif (neither
root nor hugepages) beside kernel sockets on loopback, in turn; medians of $rounds rounds of 2 s (least to most).

| connections | network | requests/s | p50 us | p99 us |
|---|---|---|---|---|
TXT

kernel_port=17390
"$bin/millrace-echo" --net "memif:server,$work/memif.sock" --address 10.78.0.1/24 --cpus 0 --listen 7 --log error >&2 &
servers+=($!)
"$bin/millrace-echo" --net kernel --bind 127.0.0.1 --cpus 0 --listen $kernel_port --log error >&2 &
servers+=($!)
for _ in $(seq 100); do [ -S "$work/memif.sock" ] && (exec 9<>/dev/tcp/127.0.0.1/$kernel_port) 2>/dev/null && break; sleep 0.1; done

# rr NETWORK CONNECTIONS: one round; adds its figures to files.
rr() {
    local where=(--net kernel --server 127.0.0.1:$kernel_port) json
    [ "$1" = kernel ] || where=(--net "memif:client,$work/memif.sock" --address 10.78.0.2/24 --server 10.78.0.1:7)
    json=$("$bin/millrace-perf" client --workload rr --message 64 --connections "$2" --duration 2s --cpus $last --json \
        --log error "${where[@]}")
    sed 's/.*"requests_per_second":\([0-9]*\).*/\1/' <<<"$json" >>"$work/$1.$2.rate"
    sed 's/.*"p50":\([0-9.]*\).*/\1/' <<<"$json" >>"$work/$1.$2.p50"
    sed 's/.*"p99":\([0-9.]*\).*/\1/' <<<"$json" >>"$work/$1.$2.p99"
}
for connections in 1 50; do
    for _ in $(seq $rounds); do
        rr memif $connections
        rr kernel $connections
    done
    for network in memif kernel; do
        echo "| $connections | $network | $(median_of "$work/$network.$connections.rate") |" \
            "$(median_of "$work/$network.$connections.p50") | $(median_of "$work/$network.$connections.p99") |"
    done
done
