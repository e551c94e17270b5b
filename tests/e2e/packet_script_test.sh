#!/usr/bin/env bash
# millrace-packet-script's exit codes, with and without --strict, and what it says of each script.
source "$(dirname "$0")/lib.sh"

play=$bin/millrace-packet-script
[ -x "$play" ] || { skip packet_script "$play was not built"; exit 0; }
cd "$work" || exit 1

cat >passes.pkt <<'TXT'
+0 socket(..., SOCK_STREAM, IPPROTO_TCP) = 3
+0 bind(3, ..., ...) = 0
+0 listen(3, 1) = 0
+0 < S 0:0(0) win 1000 <mss 1000>
+0 > S. 0:0(0) ack 1 <mss 1460>
TXT
sed 's/ack 1 /ack 2 /' passes.pkt >fails.pkt
{ cat passes.pkt; echo '+0 epoll_create(1) = 5'; } >asks_for_more.pkt
echo '+0 nonsense' >cannot_be_parsed.pkt
: >empty.pkt
mkdir folder.pkt
awk '/^```/ { if (inside++) exit; next } inside' "$source_dir/doc/packet_scripts.md" >of_the_documentation.pkt

# ends NAME CODE PATTERN ARGUMENT...: with this exit code, and a line that matches on either output.
ends() {
    local name=$1 code=$2 pattern=$3 status; shift 3
    timeout 20 "$play" "$@" >out 2>&1 </dev/null
    status=$?
    echo "\$ millrace-packet-script $*: $status"; cat out
    if [ $status != "$code" ]; then not_ok "$name" "exit code $status instead of $code"
    elif ! grep -qE -- "$pattern" out; then not_ok "$name" "no line matches '$pattern'"
    else ok "$name"; fi
}

ends "all passed" 0 '^1 passed, 0 failed, 0 unsupported$' passes.pkt
ends "the example of the documentation" 0 '^1 passed, 0 failed, 0 unsupported$' of_the_documentation.pkt
ends "a script that fails" 1 '^fails.pkt:5: FAILED: ack 1 instead of 2' fails.pkt
ends "a script that cannot be parsed fails" 1 '^cannot_be_parsed.pkt:[0-9]+: FAILED' cannot_be_parsed.pkt
ends "what fails counts, whatever passes" 1 '^2 passed, 1 failed, 0 unsupported$' passes.pkt fails.pkt passes.pkt
ends "what is not supported is forgiven" 0 '^asks_for_more.pkt:6: unsupported: .*epoll_create' asks_for_more.pkt
ends "a flag that nobody knows is not supported" 0 'unsupported: .*frobnicate' --frobnicate=1 passes.pkt

ends "--strict forgives what passed" 0 '^2 passed, 0 failed, 0 unsupported$' --strict passes.pkt passes.pkt
ends "--strict does not forgive what is not supported" 3 '^1 passed, 0 failed, 1 unsupported$' --strict passes.pkt asks_for_more.pkt
ends "--strict stands anywhere" 3 '^1 passed, 0 failed, 1 unsupported$' asks_for_more.pkt passes.pkt --strict
ends "--strict and an unknown flag of scripts" 3 'unsupported: .*frobnicate' --strict --frobnicate=1 passes.pkt
ends "--strict: what failed comes first" 1 '^0 passed, 1 failed, 1 unsupported$' --strict asks_for_more.pkt fails.pkt

ends "a flag of scripts holds for each" 1 '^passes.pkt:5: FAILED: other options' --mss=1400 passes.pkt
ends "a flag of scripts with a value that is none" 1 'FAILED: --mss takes a number' --mss=large passes.pkt
ends "a file that is not there" 2 'cannot read nowhere.pkt: No such file' passes.pkt nowhere.pkt
ends "what was played before it is told all the same" 2 '^passes.pkt: passed$' passes.pkt nowhere.pkt
ends "a folder is no script" 2 'cannot read folder.pkt: Is a directory' folder.pkt
ends "an empty script asks for nothing" 0 '^empty.pkt: passed$' empty.pkt
ends "no file at all" 2 '^usage: millrace-packet-script'
ends "a flag of its own that is not there" 2 'no flag --strictly; see --help' --strictly passes.pkt
ends "--help" 0 '3 with --strict' --help
ends "--verbose shows every packet of what passed" 0 '> S\. 0:0\(0\) ack 1' --verbose passes.pkt
