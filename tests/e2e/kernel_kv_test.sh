#!/usr/bin/env bash
# millrace-kv on kernel sockets over loopback: the same clients, no privilege; and how little it uses when idle.
source "$(dirname "$0")/lib.sh"
command -v redis-benchmark >/dev/null || { skip kernel_kv "redis-tools is not installed"; exit 0; }

port=17382
requests=5000
[ -z "$full" ] || requests=100000
serve "$bin/millrace-kv" --net kernel --bind 127.0.0.1 --listen $port --shards $(($(nproc) > 1 ? 2 : 1))
wait_for 20 port_answers 127.0.0.1 $port || { not_ok start "no answer on port $port"; exit 0; }

benchmark() {
    timeout 300 redis-benchmark -p $port -t ping,set,get,incr,mset -n "$requests" -c 50 -q "$@" >"$work/benchmark" 2>&1 &&
        tr '\r' '\n' <"$work/benchmark" | grep 'requests per second'
}
check "redis-benchmark with 50 connections" benchmark
check "redis-benchmark pipelined by 16" benchmark -P 16

check_idle "idle, it uses under 2 % of a core" "$server"
check "SIGTERM ends it with 0" stop "$server"
