#!/usr/bin/env bash
# Bad input from the user: exit code 2, one sentence that says what, where and what would be right, nothing started.
source "$(dirname "$0")/lib.sh"

# refuses NAME PATTERN COMMAND...: exit code 2 within 20 s, and one line on standard error that matches PATTERN.
refuses() {
    local name=$1 pattern=$2 status; shift 2
    timeout 20 "$@" >"$work/out" 2>"$work/err" </dev/null
    status=$?
    echo "\$ $*: $status"; cat "$work/err"
    if [ $status != 2 ]; then not_ok "$name" "exit code $status instead of 2"
    elif [ "$(wc -l <"$work/err")" != 1 ]; then not_ok "$name" "$(wc -l <"$work/err") lines instead of one"
    elif ! grep -qE -- "$pattern" "$work/err"; then not_ok "$name" "'$(cat "$work/err")' does not match '$pattern'"
    else ok "$name"; fi
}
with_file() { printf '%s\n' "$1" >"$work/config.yaml"; }

kv=$bin/millrace-kv
refuses "an unknown flag" "shard" "$kv" --shard 2
refuses "a value that is no number" "shards" "$kv" --shards two
refuses "zero shards" "shards" "$kv" --net kernel --shards 0
refuses "more shards than cores" "shards.*core|core.*shards" "$kv" --net kernel --shards 999
refuses "a part of the log that is not there" "log: .*'tpc'.*arp" "$kv" --net kernel --log info,tpc=debug
refuses "a port out of range" "listen" "$kv" --net kernel --listen 70000
refuses "an address without a prefix" "prefix|/24" "$kv" --net tap:x --address 10.0.0.1
refuses "an address to bind that is none" "bind" "$kv" --net kernel --bind localhost
refuses "an address to bind that is not here" "bind" "$kv" --net kernel --bind 192.0.2.1
refuses "the address of a whole network" "address: 10.0.0.0/24" "$kv" --net tap:x --address 10.0.0.0/24
refuses "no address for our own stack" "address" "$kv" --net tap:x
refuses "a gateway for kernel sockets" "gateway: goes with our own stack" "$kv" --net kernel --gateway 10.0.0.1
refuses "a device of no known kind" "net" "$kv" --net carrier-pigeon --address 10.0.0.1/24
refuses "a PCI device that does not exist" "dpdk:|device" "$kv" --net dpdk:0000:ff:1f.7 --address 10.0.0.1/24
refuses "an interface that does not exist" "no-such-if" "$kv" --net af_packet:no-such-if0 --address 10.0.0.1/24
refuses "a configuration file that is not there" "nowhere.yaml" "$kv" --config "$work/nowhere.yaml"
with_file $'net: kernel\nshard: 2'
refuses "an unknown key in the file" "config.yaml:2" "$kv" --config "$work/config.yaml"
with_file $'net: kernel\nshards: many'
refuses "a mistyped value in the file" "config.yaml:2" "$kv" --config "$work/config.yaml"
with_file $'net: kernel\ntcp:\n  rto-min: 200 parsecs'
refuses "a wrong unit in the file" "config.yaml:3" "$kv" --config "$work/config.yaml"
with_file $'net: [kernel'
refuses "a file that is no YAML" "config.yaml:[0-9]" "$kv" --config "$work/config.yaml"

port=17381
serve "$bin/millrace-echo" --net kernel --bind 127.0.0.1 --listen $port
if wait_for 20 port_answers 127.0.0.1 $port; then
    refuses "a port in use" "$port" "$kv" --net kernel --bind 127.0.0.1 --listen $port
    check "the first server is unharmed" port_answers 127.0.0.1 $port
else
    not_ok "a port in use" "millrace-echo did not start on kernel sockets"
fi

as_nobody=(setpriv --reuid nobody --regid nogroup --clear-groups)
if [ "$(id -u)" != 0 ] || ! id nobody >/dev/null 2>&1; then
    skip "no permission for a TAP" "this is not root, who could give up permissions"
elif ! "${as_nobody[@]}" test -x "$kv"; then
    skip "no permission for a TAP" "an ordinary user cannot reach the build folder"
else
    chmod 755 "$work"
    refuses "no permission for a TAP" "TAP|tap|permission|privilege" \
        "${as_nobody[@]}" env HOME="$work" XDG_RUNTIME_DIR="$work" "$kv" --net tap:millrace9 --address 10.0.0.1/24
fi
check "--help ends with 0" "$kv" --help
check "--version ends with 0" "$kv" --version
