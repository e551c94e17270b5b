#!/usr/bin/env bash
# millrace-kv on our own TCP over a TAP device, driven by the unmodified Redis clients, on one and on two shards.
source "$(dirname "$0")/lib.sh"
in_namespace tap_kv
command -v redis-benchmark >/dev/null || { skip tap_kv "redis-tools is not installed"; exit 0; }

requests=5000
[ -z "$full" ] || requests=100000
client=(timeout 20 redis-cli -h 10.77.0.2)

answers() {  # answers EXPECTED COMMAND...
    local expected=$1 got; shift
    got=$("${client[@]}" "$@")
    [ "$got" = "$expected" ] || { echo "$*: '$got' instead of '$expected'"; return 1; }
}
benchmark() {
    timeout 300 redis-benchmark -h 10.77.0.2 -t ping,set,get,incr,mset -n "$requests" -q "$@" >"$work/benchmark" 2>&1
    local status=$?
    tr '\r' '\n' <"$work/benchmark" | grep 'requests per second'
    [ $status = 0 ] && [ "$(tr '\r' '\n' <"$work/benchmark" | grep -c 'requests per second')" = 6 ]
}
keys_on_all_shards() {
    local i
    for i in $(seq 50); do echo "SET key:$i value:$i"; done | "${client[@]}" >/dev/null || return 1
    for i in $(seq 50); do answers "value:$i" get "key:$i" || return 1; done
    answers "$(printf 'value:1\nvalue:2\nvalue:3')" mget key:1 key:2 key:3
}
# metric NAME SHARD: of the newest snapshot in the server's log.
metric() { grep "^millrace_$1{shard=\"$2\"}" "$server_log" | tail -n 1 | sed 's/.* //'; }
# Both shards got connections, and each was opened, served and counted on one of them.
connections_stay_on_their_shard() {
    local s connections=0
    kill -USR1 "$server"
    wait_for 10 grep -q '^millrace_tcp_unknown_flow_total{shard="1"}' "$server_log" || return 1
    sleep 0.5
    for s in 0 1; do
        echo "shard $s: $(metric tcp_accepted_total $s) accepted, $(metric kv_connections_total $s) served," \
            "$(metric kv_commands_total $s) commands, $(metric net_steered_out_total $s) frames steered away"
        [ "$(metric tcp_accepted_total $s)" -gt 0 ] && [ "$(metric kv_commands_total $s)" -gt 0 ] &&
            [ "$(metric tcp_accepted_total $s)" = "$(metric kv_connections_total $s)" ] || return 1
        connections=$((connections + $(metric kv_connections_total $s)))
    done
    [ $connections -ge 600 ]  # what redis-benchmark alone made
}

for shards in 1 2; do
    if [ "$shards" -gt "$(nproc)" ]; then skip "$shards shards" "this machine has fewer cores"; continue; fi
    serve_on_tap millrace-kv --listen 6379 --shards $shards || { not_ok "start on $shards shards" "no ping"; continue; }
    check "$shards shards: PING" answers PONG ping
    check "$shards shards: SET" answers OK set greeting hello
    check "$shards shards: GET" answers hello get greeting
    check "$shards shards: INCR" answers 1 incr counter
    check "$shards shards: keys of either shard on any connection" keys_on_all_shards
    check "$shards shards: redis-benchmark with 50 connections" benchmark -c 50
    check "$shards shards: redis-benchmark pipelined by 16" benchmark -c 50 -P 16
    [ $shards = 1 ] || check "$shards shards: every connection stays on its shard" connections_stay_on_their_shard
    check_idle "$shards shards: idle, it uses under 2 % of a core" "$server"
    check "$shards shards: SIGTERM ends it with 0" stop "$server"
    wait_for 20 sh -c '! ip link show millrace0'
done
