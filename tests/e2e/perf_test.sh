#!/usr/bin/env bash
# millrace-perf from end to end: every workload over kernel loopback, bad input, a server that is not there or dies, and
# the bare link and thousands of connections over memif.
source "$(dirname "$0")/lib.sh"

perf=$bin/millrace-perf
port=17391
serve "$perf" server --net kernel --bind 127.0.0.1 --listen $port
server_pid=$server
wait_for 20 port_answers 127.0.0.1 $port || { not_ok start "no answer on port $port"; exit 0; }
lasting() { local how_long=$1; shift; client=("$perf" client --server 127.0.0.1:$port --warm-up 50ms --duration "$how_long" --log error); }
lasting 300ms

# complete COMMAND...: ends with 0 and prints figures that are not partial.
complete() {
    timeout 60 "$@" >"$work/out" 2>"$work/err" || { cat "$work/out" "$work/err"; return 1; }
    cat "$work/out"
    ! grep -q PARTIAL "$work/out" && [ ! -s "$work/err" ]
}
for workload in rr crr resp-get resp-set; do
    check "$workload over kernel loopback" complete "${client[@]}" --workload $workload --connections 4
done
# In long messages: under the sanitizers a quarter of a MiB in short ones takes longer than the measurement.
for workload in read write rw; do
    check "$workload over kernel loopback" complete "${client[@]}" --workload $workload --connections 4 --message 16KiB
done
check "pipelined and mixed" complete "${client[@]}" --workload resp-get --pipeline 16 --mix 50 --keys 1000
check "an open loop" complete "${client[@]}" --rate 500 --connections 5
counted() {
    "$perf" client --server 127.0.0.1:$port --requests 777 --connections 10 --json --server-pid "$server_pid" --log error \
        >"$work/out" && cat "$work/out" && grep -q '"partial":false,"error":"","requests":777,.*"server_cpu_seconds"' "$work/out"
}
check "a count of requests, with the server's CPU time, as JSON" counted
progress() {
    lasting 2500ms
    "${client[@]}" --progress >"$work/out" 2>"$work/err" && cat "$work/err" &&
        [ "$(grep -c '^[0-9]* s: [0-9]* requests/s, p50 ' "$work/err")" -ge 1 ]
}
check "a line of progress each second" progress
lasting 300ms
check "two thousand connections over kernel loopback" complete "${client[@]}" --connections 2000

# fails_with CODE PATTERN COMMAND...: one sentence on standard error, no table that is not marked.
fails_with() {
    local code=$1 pattern=$2 status; shift 2
    timeout 60 "$@" >"$work/out" 2>"$work/err"
    status=$?
    cat "$work/out" "$work/err"
    [ $status = "$code" ] && [ "$(wc -l <"$work/err")" = 1 ] && grep -qE -- "$pattern" "$work/err" &&
        { [ ! -s "$work/out" ] || grep -qE '^PARTIAL|"partial":true' "$work/out"; }
}
check "a wrong workload" fails_with 2 "none of rr, crr" "${client[@]}" --workload rrr
check "a size of nothing" fails_with 2 "--message: 0B" "${client[@]}" --message 0B
check "a duration without a unit" fails_with 2 "--duration" "$perf" client --server 127.0.0.1:$port --duration 5
check "a flag without an effect" fails_with 2 "--keys: has no effect on rr" "${client[@]}" --keys 5
check "a flag of the client's for a server" fails_with 2 "--rate: this is for the client" "$perf" server --rate 5
check "a process that is not there" fails_with 2 "no process 4194304" "${client[@]}" --server-pid 4194304
check "a server that is not there" fails_with 1 "cannot connect to 127.0.0.1:1:.*is a server running there" \
    "$perf" client --server 127.0.0.1:1 --log error
few_descriptors() { (ulimit -n 100; fails_with 2 "--connections: 200 need .* may have 100" "${client[@]}" --connections 200); }
if grep -q 'MILLRACE_SANITIZE:BOOL=ON' "$build/CMakeCache.txt"; then
    skip "more connections than descriptors" "the sanitizers need descriptors of their own"
else
    check "more connections than descriptors" few_descriptors
fi
check "a bare link over kernel sockets" fails_with 2 "no device for frames" "$perf" bare-link client --net kernel
check "both ends in one process" complete "$perf" --self --requests 2000 --connections 10
check "both ends: connections one after the other${full:+, more than there are ports}" \
    complete "$perf" --self --workload crr --requests "$((full ? 40000 : 2000))" --connections 10
interrupted_itself() {
    timeout --preserve-status --signal "$1" 2 "$perf" --self --duration 1m >"$work/out" 2>"$work/err"
    [ $? = 1 ] && grep -q '^PARTIAL: rr' "$work/out" && [ "$(wc -l <"$work/err")" = 1 ]
}
check "both ends, interrupted" interrupted_itself INT
check "both ends, terminated" interrupted_itself TERM

dies() {
    lasting 20s
    "${client[@]}" --connections 3 >"$work/out" 2>"$work/err" &
    local measuring=$! status
    sleep 1
    kill -KILL "$server_pid"
    wait $measuring
    status=$?
    cat "$work/out" "$work/err"
    [ $status = 1 ] && grep -q '^PARTIAL: rr' "$work/out" && [ "$(wc -l <"$work/err")" = 1 ]
}
check "a server that dies in mid-run" dies

# A server that answers what no echo server does: nonsense, or right a hundred times and then nothing, or the end.
cat >"$work/bad_server.py" <<'PYTHON'
import socket, sys, threading
how, port = sys.argv[1], int(sys.argv[2])
def serve(connection):
    n = 0
    while data := connection.recv(65536):
        n += 1
        if how == "nonsense":
            connection.sendall(b"!" * len(data))
        elif n <= 100:
            connection.sendall(data)
        elif how == "closes":
            return connection.close()
listener = socket.create_server(("127.0.0.1", port), backlog=100)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
PYTHON
# badly HOW PORT WORKLOAD PATTERN: what the client says of such a server; figures, if there are some, are marked.
badly() {
    serve python3 "$work/bad_server.py" "$1" "$2"
    wait_for 20 port_answers 127.0.0.1 "$2" || return 1
    fails_with 1 "$4" "$perf" client --server "127.0.0.1:$2" --duration 1s --warm-up 50ms --log error --connections 2 \
        --workload "$3"
    local status=$?
    kill "$server"
    return $status
}
if command -v python3 >/dev/null; then
    check "a server that answers nonsense" badly nonsense 17392 rr "sent wrong bytes after 0 right ones"
    check "a server that is no Redis server" badly nonsense 17393 resp-set "answered '!*' to a SET"
    check "a server that closes in mid-run" badly closes 17394 rr "127.0.0.1:17394 closed the connection"
    check "a server that falls silent in mid-run" badly silent 17395 rr "has not answered within 2s of the end"
else
    skip "servers that answer badly" "python3 is not installed"
fi

mkdir -p "$work/run"
bare=("$perf" bare-link)
serve "${bare[@]}" server --net "memif:server,$work/run/bare.sock"
if wait_for 20 test -S "$work/run/bare.sock"; then
    check "the bare link, there and back" complete "${bare[@]}" client --net "memif:client,$work/run/bare.sock" \
        --warm-up 50ms --duration 500ms
    check "the bare link, one way" complete "${bare[@]}" client --net "memif:client,$work/run/bare.sock" --bulk \
        --message 1514 --warm-up 50ms --duration 500ms
    check "the reflector ends with 0" stop "$server"
else
    not_ok "the bare link" "no memif socket"
fi
memif_server_dies() {
    local socket=$work/run/echo.sock measuring status
    serve "$bin/millrace-echo" --net "memif:server,$socket" --address 10.79.0.1/24 --listen 7
    wait_for 20 test -S "$socket" || return 1
    "$perf" client --net "memif:client,$socket" --address 10.79.0.2/24 --server 10.79.0.1:7 --duration 4s --log error \
        >"$work/out" 2>"$work/err" &
    measuring=$!
    sleep 3
    kill -KILL "$server"
    wait $measuring
    status=$?
    cat "$work/out" "$work/err"
    [ $status = 1 ] && grep -q '^PARTIAL: rr' "$work/out" && [ "$(wc -l <"$work/err")" = 1 ]
}
check "a memif server that dies in mid-run" memif_server_dies
check "a bare link with nobody at the other end" fails_with 2 "memif:server first" "${bare[@]}" client \
    --net "memif:client,$work/run/nobody.sock"
