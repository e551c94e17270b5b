# What the end-to-end scripts share; sourced. A script is called with the build's folder, and prints "ok NAME",
# "not ok NAME: why" or "skip NAME: because why" on its standard output; all else goes to standard error.
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
source_dir=$(readlink -f "$here/../..")
build=$(readlink -f "$1")
bin=$build/bin
work=$(mktemp -d)
exec 3>&1 1>&2  # the verdicts go to 3, the noise of commands to standard error
full=${E2E_FULL:-}
servers=()

ok() { echo "ok $1" >&3; }
not_ok() { echo "not ok $1: $2" >&3; }
skip() { echo "skip $1: because $2" >&3; }
# check NAME COMMAND...: ok if the command succeeds.
check() {
    local name=$1; shift
    if "$@"; then ok "$name"; else not_ok "$name" "failed: $*"; fi
}

# serve COMMAND...: starts a server, remembered for the end of the script; its pid is in $server, its log in $server_log.
serve() {
    server_log=$work/server.${#servers[@]}.log
    "$@" >"$server_log" 2>&1 &
    server=$!
    servers+=("$server")
}
# stop PID: SIGTERM, at most 20 seconds of patience; its exit code.
stop() {
    kill -TERM "$1" 2>/dev/null
    local i
    for i in $(seq 200); do kill -0 "$1" 2>/dev/null || break; sleep 0.1; done
    kill -KILL "$1" 2>/dev/null && echo "had to kill $1"
    wait "$1"
}
finish() {
    local p
    for p in "${servers[@]}"; do kill -0 "$p" 2>/dev/null && { kill -TERM "$p"; wait "$p"; }; done 2>/dev/null
    for p in "$work"/server.*.log; do [ -s "$p" ] && { echo "--- $p"; tail -n 15 "$p"; }; done
    rm -rf "$work"
}
trap finish EXIT

# wait_for SECONDS COMMAND...: until the command succeeds.
wait_for() {
    local deadline=$((SECONDS + $1)); shift
    until "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $deadline ] || return 1
        sleep 0.1
    done
}
port_answers() { (exec 9<>"/dev/tcp/$1/$2") 2>/dev/null; }

# idle PID: the process uses under 2 % of a core over some seconds in which nobody asks it anything.
idle() {
    local before after seconds=5
    sleep 1
    before=$(awk '{print $14 + $15}' "/proc/$1/stat")
    sleep $seconds
    after=$(awk '{print $14 + $15}' "/proc/$1/stat")
    echo "idle: $((after - before)) ticks of $(getconf CLK_TCK)/s in $seconds s"
    [ $((after - before)) -lt $((seconds * $(getconf CLK_TCK) * 2 / 100)) ]
}
check_idle() {
    if grep -q 'MILLRACE_SANITIZE:BOOL=ON' "$build/CMakeCache.txt"; then
        skip "$1" "the sanitizers' own work would be measured"
    else
        check "$1" idle "$2"
    fi
}

# Runs the rest of the calling script inside a network namespace of its own, or says why not.
in_namespace() {
    [ -z "${IN_NAMESPACE:-}" ] || { ip link set lo up; return 0; }
    local enter=(unshare --net)
    [ "$(id -u)" = 0 ] || enter=(unshare --user --map-root-user --net)
    if ! "${enter[@]}" true 2>/dev/null; then skip "$1" "network namespaces are not allowed here"; exit 0; fi
    if ! "${enter[@]}" test -w /dev/net/tun; then skip "$1" "/dev/net/tun is not there or may not be opened"; exit 0; fi
    trap - EXIT; rm -rf "$work"
    IN_NAMESPACE=1 exec "${enter[@]}" "$BASH" "$0" "$build" >&3
}

# serve_on_tap PROGRAM ARGUMENTS...: starts a server at 10.77.0.2 on TAP millrace0; the kernel's end is 10.77.0.1.
serve_on_tap() {
    local program=$1; shift
    serve "$bin/$program" --net tap:millrace0 --address 10.77.0.2/24 "$@"
    wait_for 20 ip link show millrace0 || { echo "no TAP appeared"; return 1; }
    ip address add 10.77.0.1/24 dev millrace0 && ip link set millrace0 up
    wait_for 10 ping -c 1 -W 1 10.77.0.2
}
