#!/usr/bin/env bash
# What a running service tells about its cycles: with its metrics when asked, and as a table at its end.
source "$(dirname "$0")/lib.sh"

port=17995
serve "$bin/millrace-echo" --net kernel --bind 127.0.0.1 --listen $port --costs
wait_for 20 port_answers 127.0.0.1 $port || { not_ok start "no answer on port $port"; exit 0; }

said() { grep -qE "$1" "$server_log"; }
kill -USR1 "$server"
check "SIGUSR1 shows cycles by kind of work" wait_for 20 said '^millrace_cost_cycles_total\{work="tcp_in",shard="0"\} '
check "their rate" said '^millrace_cost_cycles_per_second\{shard="0"\} [1-9]'
check "stalls" said '^millrace_reactor_stalls_total\{shard="0"\} [0-9]'
check "and the table as comments" wait_for 20 said '^# all work '
check "SIGTERM ends it with 0" stop "$server"
check "and --costs prints the table" said '^all work .*'
check "with what the time went into" said '^of the time: .* asleep; [1-9][0-9]* MHz$'
