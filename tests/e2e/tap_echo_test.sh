#!/usr/bin/env bash
# millrace-echo on our own TCP over a TAP device, with the Linux kernel as the peer.
source "$(dirname "$0")/lib.sh"
in_namespace tap_echo

mebibytes=32 connections=300 at_once=200
[ -z "$full" ] || { mebibytes=1024; connections=10000; at_once=1000; }

serve_on_tap millrace-echo --listen 7 || { not_ok start "millrace-echo does not answer a ping"; exit 0; }

check ping ping -c 5 -i 0.2 -q 10.77.0.2
check "ping of 1472 bytes, the whole MTU" ping -c 3 -i 0.2 -q -s 1472 -M do 10.77.0.2
check "ping of 8000 bytes, in fragments" ping -c 3 -i 0.2 -q -s 8000 10.77.0.2

# Bytes each way at once; socat half-closes when its input ends, and the echo answers the rest.
both_ways() {
    head -c "${mebibytes}M" /dev/urandom | tee >(sha256sum | cut -d' ' -f1 >"$work/sent") |
        socat -t 60 -b 262144 - TCP:10.77.0.2:7 | sha256sum | cut -d' ' -f1 >"$work/received"
    sleep 0.2
    echo "sent $(cat "$work/sent"), received $(cat "$work/received")"
    [ -s "$work/sent" ] && cmp "$work/sent" "$work/received"
}
start=$(date +%s.%N)
check "$mebibytes MiB each way with equal SHA-256" both_ways
echo "$mebibytes MiB each way in $(echo "$(date +%s.%N) $start" | awk '{printf "%.2f", $1 - $2}') s"

in_a_row() {
    local i line
    for i in $(seq "$connections"); do
        exec 9<>/dev/tcp/10.77.0.2/7 || { echo "connection $i refused"; return 1; }
        echo "line $i" >&9
        read -r -t 10 line <&9
        exec 9>&-
        [ "$line" = "line $i" ] || { echo "connection $i answered '$line'"; return 1; }
    done
}
check "$connections connections opened and closed in a row" in_a_row

all_at_once() {
    local i line fds=()
    ulimit -n 4096 2>/dev/null
    for i in $(seq "$at_once"); do
        local fd
        exec {fd}<>/dev/tcp/10.77.0.2/7 || { echo "connection $i refused"; return 1; }
        fds+=("$fd")
    done
    for fd in "${fds[@]}"; do echo "hello from $fd" >&"$fd"; done
    for fd in "${fds[@]}"; do
        read -r -t 10 line <&"$fd"
        [ "$line" = "hello from $fd" ] || { echo "$fd answered '$line'"; return 1; }
    done
    for fd in "${fds[@]}"; do exec {fd}>&-; done
}
check "$at_once connections at once" all_at_once

# Peers that send and never read must not take the server's buffers from the others.
lives_beside_deaf_clients() {
    local i line result=0
    for i in $(seq 12); do timeout 8 "$BASH" -c 'exec 9<>/dev/tcp/10.77.0.2/7; cat /dev/zero >&9' & done 2>/dev/null
    sleep 4
    ping -c 2 -i 0.2 -W 2 -q 10.77.0.2 || result=1
    exec 9<>/dev/tcp/10.77.0.2/7 && echo "anybody there" >&9 && read -r -t 5 line <&9
    exec 9>&-
    [ "$line" = "anybody there" ] || result=1
    sleep 5
    return $result
}
check "12 clients that never read leave the others their answers" lives_beside_deaf_clients

refused() { ! (exec 9<>/dev/tcp/10.77.0.2/9) 2>/dev/null; }
check "a port without a listener refuses" refused

check "SIGTERM ends it with 0" stop "$server"
