#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What weir takes from traffic between two namespaces, both ends on this machine, weir at the
# receiving end: one TCP stream with offloads and without, datagrams of 64 bytes, short connections.
# Each is counted by a second of processor time that both ends need for it together, the kernel's
# work in it: on a link that a processor fills that is the rate, and it does not move with what else
# the machine does. Each round measures all without weir and then with it; what counts is the median
# of the rounds' ratios, whose spread is printed beside it. JSON lines, as all benchmarks print.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
exec 3>&1 1>&2 # results only on standard output
READY_SECONDS=60
require_live iperf3 ethtool

ROUNDS=${WEIR_BENCH_ROUNDS:-7}
SECONDS_EACH=1
LOAD=$BUILD/tests/lib/load

result() { # NAME VALUE UNIT AGAINST
	printf '{"name": "%s", "value": %s, "unit": "%s", "against": "%s"}\n' "$@" >&3
}

# stream ADDRESS: Gbit a second of both ends' processor time.
stream() {
	on client iperf3 -J -c "$1" -t "$SECONDS_EACH" | python3 -c '
import json, sys
end = json.load(sys.stdin)["end"]
used = end["cpu_utilization_percent"]
percent = used["host_total"] + used["remote_total"]
print(end["sum_received"]["bytes"] * 8e-9 / (percent / 100 * end["sum_received"]["seconds"]))'
}

# ran: ns that the serving process has run until now.
ran() {
	awk '{ print $1 }' "/proc/$SERVING/schedstat"
}

# load MODE: of what it did, how many a second of both ends' processor time.
load() {
	local before done_ cpu_ns
	before=$(ran)
	read -r done_ _ cpu_ns < <(on client "$LOAD" "$1" 10.87.0.1 9000 "$SECONDS_EACH" | sed 's/[a-z_]*=//g')
	echo $((done_ * 1000000000 / (cpu_ns + $(ran) - before)))
}

# measure on|off: a value of each kind, on a line of its file.
measure() {
	stream 10.87.0.1 >>"$SCRATCH/tcp.$1"
	stream 10.87.1.1 >>"$SCRATCH/packets.$1"
	load datagrams >>"$SCRATCH/small.$1"
	load connect >>"$SCRATCH/connections.$1"
}

# tell FILE NAME UNIT BOUND
tell() {
	paste "$SCRATCH/$1.off" "$SCRATCH/$1.on" | python3 -c '
import json, statistics, sys
name, unit, bound = sys.argv[1:]
pairs = [[float(x) for x in line.split()] for line in sys.stdin]
ratios = sorted(on / off for off, on in pairs)
def say(what, value, unit, against):
    print(json.dumps({"name": name + what, "value": round(value, 3), "unit": unit, "against": against}))
say(".without", statistics.median(p[0] for p in pairs), unit, "information")
say(".with", statistics.median(p[1] for p in pairs), unit, "information")
say(".ratio", statistics.median(ratios), "ratio",
    f"{bound}; {len(ratios)} rounds, {ratios[0]:.3f} to {ratios[-1]:.3f}")
' "$2" "$3" "$4" >&3
}

host client server
for i in 0 1; do
	wire client "eth$i" server "eth$i"
	address client "eth$i" "10.87.$i.2/24"
	address server "eth$i" "10.87.$i.1/24"
done
plain client eth1
plain server eth1
on client sysctl -qw net.ipv4.ip_local_port_range="1024 65535"
behind server iperf3 -s >/dev/null
behind server "$LOAD" serve 9000
SERVING=$!
wait_for 10 listening server 5201
wait_for 10 listening server 9000
weir_config server
sed -i 's/events: true/events: false/' "$SCRATCH/server/weir.yaml"
measure warm
for ((i = 0; i < ROUNDS; i++)); do
	measure off
	rm -f "$SCRATCH"/server/weir.db* # each round begins with nothing
	start_or_leave server
	measure on
	weir_stop server
done
tell tcp throughput.tcp 'Gbit a CPU second' "one stream with offloads; at least 0.98"
tell packets throughput.packets 'Gbit a CPU second' "one stream without offloads; information"
tell small throughput.small 'packets a CPU second' "datagrams of 64 bytes; at least 0.95"
tell connections connections 'connections a CPU second' "short connections one after another; at least 0.95"
