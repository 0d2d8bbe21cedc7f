#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What weir costs when nothing happens: 10,000 connections are open and silent; processor time over
# 20 s and resident memory, and those of the child that decodes, with how often it wakes. JSON lines,
# as all benchmarks print.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
exec 3>&1 1>&2 # results only on standard output
require_live

FLOWS=${WEIR_BENCH_FLOWS:-10000}
IDLE_SECONDS=20
SETTLE_SECONDS=10

result() { # NAME VALUE UNIT AGAINST
	printf '{"name": "%s", "value": %s, "unit": "%s", "against": "%s"}\n' "$@" >&3
}

# Processor time of process $1 and all its threads, in ticks.
ticks() {
	sed 's/.*) //' "/proc/$1/stat" | awk '{ print $12 + $13 }'
}

host client server
wire client eth0 server eth0
address client eth0 10.86.0.2/24
address server eth0 10.86.0.1/24
ulimit -n $((FLOWS + 1000)) || { not_ok bench/idle "cannot open $FLOWS files" && exit 1; }
behind server python3 "$TRAFFIC" serve --tcp 8080,8081
wait_for 10 listening server 8081
weir_config client
sed -i 's/events: true/events: false/' "$SCRATCH/client/weir.yaml"
start_or_leave client
behind client python3 "$TRAFFIC" hold 10.86.0.1 8080 2 "$FLOWS" 120 >"$SCRATCH/held"
wait_for 60 grep -q '^held' "$SCRATCH/held" || { not_ok bench/idle "cannot hold $FLOWS connections" && exit 1; }
sleep "$SETTLE_SECONDS"

# How often process $1 has slept until now.
sleeps() {
	awk '/^voluntary_ctxt_switches/ { print $2 }' "/proc/$1/status"
}
mib() { # PROCESS FIELD
	awk -v name="$2:" '$1 == name { printf "%.1f", $2 / 1024 }' "/proc/$1/status"
}

pid=${WEIR_PID[client]}
child=$(pgrep -P "$pid" -f decoding-child)
slept=$(sleeps "$child")
before=$(ticks "$pid")
start=$(date +%s.%N)
sleep "$IDLE_SECONDS"
after=$(ticks "$pid")
end=$(date +%s.%N)
percent=$(awk -v t=$((after - before)) -v hz="$(getconf CLK_TCK)" -v s="$start" -v e="$end" 'BEGIN { printf "%.2f", 100 * t / hz / (e - s) }')
resident=$(mib "$pid" VmRSS)
slept=$(awk -v n=$(($(sleeps "$child") - slept)) -v s="$start" -v e="$end" 'BEGIN { printf "%.2f", n / (e - s) }')
on client "$WEIR" status --json >"$SCRATCH/status" 2>/dev/null
result idle.cpu_percent "$percent" "% of a core" "at most 1"
result idle.rss_mib "$resident" MiB "at most 40"
result idle.decoding_rss_mib "$(mib "$child" VmRSS)" MiB "most of it the program's own pages"
result idle.decoding_own_mib "$(mib "$child" RssAnon)" MiB "beside the ring"
result idle.decoding_wakes "$slept" "a second" "at most 1"
weir_stop client || not_ok bench/idle "weir left with $?"
