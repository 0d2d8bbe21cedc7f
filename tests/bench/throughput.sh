#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What weir takes from one iperf3 stream between two namespaces, both ends on this machine, with
# and without offloads; runs with and without weir alternate. For information: such a figure moves
# by some per cent from run to run. JSON lines, as all benchmarks print.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
exec 3>&1 1>&2 # results only on standard output
require_live iperf3 ethtool

ROUNDS=3
SECONDS_A_ROUND=2

result() { # NAME VALUE UNIT AGAINST
	printf '{"name": "%s", "value": %s, "unit": "%s", "against": "%s"}\n' "$@" >&3
}

# One round, Gbit/s received.
round() {
	on client iperf3 -J -c 10.87.0.1 -t "$SECONDS_A_ROUND" |
		python3 -c 'import json, sys; print(json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"] / 1e9)'
}

median() {
	sort -g | awk '{ v[NR] = $1 } END { printf "%.2f", v[int((NR + 1) / 2)] }'
}

# measure NAME: rounds without and with weir, in turn.
measure() {
	local i off on_
	for ((i = 0; i < ROUNDS; i++)); do
		round >>"$SCRATCH/$1.off"
		start_or_leave server
		round >>"$SCRATCH/$1.on"
		weir_stop server
	done
	off=$(median <"$SCRATCH/$1.off")
	on_=$(median <"$SCRATCH/$1.on")
	result "throughput.$1.without" "$off" Gbit/s information
	result "throughput.$1.with" "$on_" Gbit/s information
	result "throughput.$1.ratio" "$(awk -v a="$on_" -v b="$off" 'BEGIN { printf "%.3f", b ? a / b : 0 }')" "" information
}

host client server
wire client eth0 server eth0
address client eth0 10.87.0.2/24
address server eth0 10.87.0.1/24
behind server iperf3 -s >/dev/null
wait_for 10 listening server 5201
weir_config server
sed -i 's/events: true/events: false/' "$SCRATCH/server/weir.yaml"
measure offloads
plain client eth0
plain server eth0
measure packets
