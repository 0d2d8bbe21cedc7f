#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What flows cost weir, without rules (what these keep is theirs: tests/bench/idle.sh): memory with 10,000, 100,000 and 1,000,000 answered ones (the agent's, with
# what it maps of the kernel's, and all of the kernel's tables); processor time while a million are
# polled and say nothing, and while 100,000 have a packet each second. JSON lines, as all benchmarks
# print.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
exec 3>&1 1>&2 # results only on standard output
require_live

SECONDS_MEASURED=20
SETTLE_SECONDS=25 # what began is told, and memory of the burst given back
RATE=${WEIR_BENCH_RATE:-60000}
PORT=9000

result() { # NAME VALUE UNIT AGAINST
	printf '{"name": "%s", "value": %s, "unit": "%s", "against": "%s"}\n' "$@" >&3
}

network() {
	host client server
	wire client eth0 server eth0
	address client eth0 10.86.0.2/24
	address server eth0 10.86.0.1/24
	# Neither end says anything of its own to the counted sources.
	on client ip route add blackhole 11.0.0.0/8
	on server ip route add blackhole 11.0.0.0/8
}

status() { # FIELD
	on client "$WEIR" status --json >"$SCRATCH/status" 2>/dev/null
	look value "$SCRATCH/status" "$1"
}

# The kernel's tables of process $1, in MiB: what each map says that it takes.
kernel_mib() {
	cat "/proc/$1"/fdinfo/* 2>/dev/null | awk '
		$1 == "memlock:" { bytes = $2 }
		$1 == "map_id:" && !seen[$2]++ { sum += bytes }
		END { printf "%.1f", sum / 1048576 }'
}

mib() { # PROCESS FIELD
	awk -v name="$2:" '$1 == name { printf "%.1f", $2 / 1024 }' "/proc/$1/status"
}

# percent NAME AGAINST COMMAND…: processor time of weir while COMMAND runs so long.
percent() {
	local name=$1 against=$2 before after start end
	shift 2
	before=$(status cost.cpu_seconds)
	start=$(date +%s.%N)
	"$@"
	end=$(date +%s.%N)
	after=$(status cost.cpu_seconds)
	result "$name" "$(awk -v b="$before" -v a="$after" -v s="$start" -v e="$end" 'BEGIN { printf "%.2f", 100 * (a - b) / (e - s) }')" \
		"% of a core" "$against"
}

# datagrams FROM TO FIRST NUMBER [OPTION…]: one of each of so many flows.
datagrams() {
	flood "$1" eth0 "$2" eth0 10.86.0.1 -k udp -p "$PORT" -r "$RATE" -s "$4" -n "$4" \
		-b "11.$(($3 >> 16)).$(($3 >> 8 & 255)).$(($3 & 255))" "${@:5}" >/dev/null
}

# Answered soon enough: fewer at once than the table of the unanswered holds.
AT_ONCE=20000
answered() { # NUMBER
	local first count
	for ((first = 0; first < $1; first += AT_ONCE)); do
		count=$(($1 - first < AT_ONCE ? $1 - first : AT_ONCE))
		datagrams client server "$first" "$count"
		datagrams server client "$first" "$count" -a
	done
}

# flows NUMBER: weir anew, and so many flows that were answered.
flows() {
	local pid
	start_or_leave client
	pid=${WEIR_PID[client]}
	answered "$1"
	sleep "$SETTLE_SECONDS"
	result "memory.flows_$1.now" "$(status flows.now)" flows "$1"
	result "memory.flows_$1.rss_mib" "$(mib "$pid" VmRSS)" MiB "the counters that it maps among them"
	result "memory.flows_$1.own_mib" "$(mib "$pid" RssAnon)" MiB "the agent's own"
	result "memory.flows_$1.kernel_mib" "$(kernel_mib "$pid")" MiB "all tables, as large as the host's memory makes them"
}

# A datagram of each of NUMBER flows each second.
active() {
	for _ in $(seq "$SECONDS_MEASURED"); do RATE=$1 datagrams client server 0 "$1"; done
}

network
weir_config client
mkdir "$SCRATCH/none"
sed -i "s/events: true/events: false/; s|^rules:.*|rules: [$SCRATCH/none]|" "$SCRATCH/client/weir.yaml"
for number in ${WEIR_BENCH_FLOWS:-10000 100000 1000000}; do
	flows "$number"
	case $number in
	100000) percent poll.hundred_thousand_active.cpu_percent "at most 10" active "$number" ;;
	1000000) percent poll.million_flows.cpu_percent "at most 2" sleep "$SECONDS_MEASURED" ;;
	esac
	weir_stop client || not_ok bench/flows "weir left with $?"
done
