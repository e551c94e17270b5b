#!/usr/bin/env bash
# Two processes over memif, with neither root nor hugepages: millrace-perf against millrace-echo.
source "$(dirname "$0")/lib.sh"

as_user=()
if [ "$(id -u)" = 0 ]; then
    as_user=(setpriv --reuid nobody --regid nogroup --clear-groups)
    chmod 755 "$work"
fi
mkdir -p "$work/run"; chmod 777 "$work/run"
export HOME=$work/run XDG_RUNTIME_DIR=$work/run
"${as_user[@]}" test -x "$bin/millrace-echo" || { skip memif "an ordinary user cannot reach the build folder"; exit 0; }

serve "${as_user[@]}" "$bin/millrace-echo" --net "memif:server,$work/run/memif.sock" --address 10.78.0.1/24 --listen 7
wait_for 20 test -S "$work/run/memif.sock" || { not_ok start "no memif socket"; exit 0; }

rr() {
    timeout 60 "${as_user[@]}" "$bin/millrace-perf" client --workload rr --net "memif:client,$work/run/memif.sock" \
        --address 10.78.0.2/24 --server 10.78.0.1:7 --message 64 --connections "$1" --duration 2s
}
check "64 bytes on 1 connection" rr 1
check "64 bytes on 50 connections, after the peer left and another came" rr 50
check "the server survives its peer and ends with 0" stop "$server"
