#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What a flood of SYNs from random sources to an open port costs its sender, in whose time the
# receiving kernel runs, with weir at the receiving end and without; and how many of 20,000 short
# connections that come by another interface meanwhile weir reports, with how many bytes, at what
# cost of its own. JSON lines, as all benchmarks print.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
exec 3>&1 1>&2 # results only on standard output
READY_SECONDS=60
require_live pgrep

ROUNDS=${WEIR_BENCH_ROUNDS:-5}
PACKETS=200000    # a round
FLOOD=1000000     # beside the connections
CONNECTIONS=20000 # in
SPREAD_SECONDS=8
LOAD=$BUILD/tests/lib/load

result() { # NAME VALUE UNIT AGAINST
	printf '{"name": "%s", "value": %s, "unit": "%s", "against": "%s"}\n' "$@" >&3
}

# cost: ns of its sender's processor time a packet.
cost() {
	flood attacker eth0 server eth0 10.87.0.1 -p 9001 -n "$PACKETS" | sed 's/.*cpu_ns=//'
}

# family PROCESS: it and what it started, comma-separated.
family() {
	local all=$1 children=$1
	while children=$(pgrep -d, -P "$children"); do all=$all,$children; done
	echo "$all"
}

# spent: seconds of processor time of all of weir; resident: MiB of all of it, each at its most.
spent() {
	local pids
	pids=$(family "${WEIR_PID[server]}")
	for pid in ${pids//,/ }; do sed 's/.*) //' "/proc/$pid/stat"; done |
		awk -v hz="$(getconf CLK_TCK)" '{ t += $12 + $13 } END { printf "%.2f", t / hz }'
}
resident() {
	local pids
	pids=$(family "${WEIR_PID[server]}")
	for pid in ${pids//,/ }; do grep -h VmHWM "/proc/$pid/status"; done |
		awk '{ kb += $2 } END { printf "%.1f", kb / 1024 }'
}

# wire_bytes: IP bytes that the clients' interface of the server has carried, both ways.
wire_bytes() {
	echo $(($(counter server eth1 rx_bytes) + $(counter server eth1 tx_bytes) - 14 * ($(counter server eth1 rx_packets) + $(counter server eth1 tx_packets))))
}

# connections: 20,000 while the flood arrives.
connections() {
	flood attacker eth0 server eth0 10.87.0.1 -p 9001 -n "$FLOOD" -r $((FLOOD / SPREAD_SECONDS)) >"$SCRATCH/flooded" &
	on client "$LOAD" connect 10.87.1.1 9000 "$SPREAD_SECONDS" "$CONNECTIONS" >"$SCRATCH/talked"
	wait $!
	cat "$SCRATCH/flooded" "$SCRATCH/talked"
}

host attacker server client
wire attacker eth0 server eth0
wire client eth1 server eth1
address attacker eth0 10.87.0.2/24
address server eth0 10.87.0.1/24
address client eth1 10.87.1.2/24
address server eth1 10.87.1.1/24
# Answers to random sources end there. No ARP among the clients' packets.
on server ip route add default via 10.87.0.2
on attacker sysctl -qw net.ipv4.ip_forward=0
on client ip neighbour replace 10.87.1.1 lladdr "$(mac server eth1)" dev eth1
on server ip neighbour replace 10.87.1.2 lladdr "$(mac client eth1)" dev eth1
behind server "$LOAD" serve 9000
behind server "$LOAD" serve 9001
wait_for 10 listening server 9000
wait_for 10 listening server 9001

weir_config server
cp "$SCRATCH/server/weir.yaml" "$SCRATCH/with-events"
sed -i 's/events: true/events: false/' "$SCRATCH/server/weir.yaml"
cost >"$SCRATCH/warm"
for ((i = 0; i < ROUNDS; i++)); do
	cost >>"$SCRATCH/off"
	rm -f "$SCRATCH"/server/weir.db* # each round begins with nothing
	start_or_leave server
	cost >>"$SCRATCH/on"
	weir_stop server
done
paste "$SCRATCH/off" "$SCRATCH/on" | python3 -c '
import json, statistics, sys
pairs = [[float(x) for x in line.split()] for line in sys.stdin]
ratios = sorted(on / off for off, on in pairs)
def say(what, value, unit, against):
    print(json.dumps({"name": "flood.sender." + what, "value": round(value, 3), "unit": unit, "against": against}))
say("without", statistics.median(p[0] for p in pairs), "ns a packet", "information")
say("with", statistics.median(p[1] for p in pairs), "ns a packet", "information")
say("ratio", statistics.median(ratios), "ratio",
    f"at most 1.25; {len(ratios)} rounds, {ratios[0]:.3f} to {ratios[-1]:.3f}")' >&3

# What it costs weir; nothing is written out but what it always writes.
start_or_leave server
before=$(spent)
connections
sleep 7 # closed flows linger
result flood.agent.cpu_seconds "$(awk -v a="$(spent)" -v b="$before" 'BEGIN { printf "%.2f", a - b }')" s \
	"at most 1.4; all processes of weir, the million SYNs and 20,000 connections"
result flood.agent.rss_mib "$(resident)" MiB "at most 60; the most each of its processes had, shared pages in each"
weir_stop server

# What it saw: each event is written out.
rm -f "$SCRATCH"/server/weir.db*
cp "$SCRATCH/with-events" "$SCRATCH/server/weir.yaml"
start_or_leave server
bytes=$(wire_bytes)
connections
bytes=$(($(wire_bytes) - bytes))
sleep 12
weir_stop server
python3 - "$SCRATCH/server/events.json" "$CONNECTIONS" "$bytes" <<-'END' >&3
	import json, sys
	path, number, expected = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
	made, seen = 0, 0
	for line in open(path, encoding="utf-8"):
	    if '"destination.port":9000' not in line.replace(" ", ""):
	        continue
	    event = json.loads(line)
	    if event["event.dataset"] == "weir.flow":
	        seen += event.get("source.bytes", 0) + event.get("destination.bytes", 0)
	    elif event["event.dataset"] == "weir.connection" and event.get("network.state") == "established":
	        made += event.get("event.count", 1) # each connection is told once
	def say(name, value, unit, against):
	    print(json.dumps({"name": "flood." + name, "value": round(value, 6), "unit": unit, "against": against}))
	say("connections_seen.ratio", made / number, "ratio", "1.0: all of 20,000 among a million SYNs")
	say("connections_bytes.ratio", seen / expected, "ratio", "1.0: IP bytes of the interface they came by")
END
