#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Floods of SYNs, ACKs and UDP from ten million sources to an open, a closed and a dropped port, and
# spoofed queries to a name server, while others keep their connections. None of those is lost, and
# their bytes are exact to the end; every packet of the flood is told, by itself or in a number.
#
# alone: a flood takes a processor

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
. "$TREE/tests/lib/flood.sh"
require_live nft

ESTABLISHED=$(sized 500 5000)
PACKETS=$(sized 50000 1000000)
SYNS=$(sized 250000 4000000)
SOURCES=10000000
# What weir may take beside what it has at rest: 65,536 flows, and outputs that are behind.
MEMORY_MAX=$((192 * 1024))
events=$SCRATCH/target/events.json

ulimit -n 20000
host target others
wire target eth0 others eth0
address target eth0 10.88.0.2/24
address others eth0 10.88.0.1/24
# Answers to invented sources go there, and nowhere else.
on target ip route add default via 10.88.0.1
on others ip route add blackhole 0.0.0.0/1
# An answer that is sent again later, when its question is forgotten, would begin a flow.
on target sysctl -qw net.ipv4.tcp_syncookies=2
on target nft -f - <<-'END'
	table inet weir_test {
	    chain in { type filter hook input priority 0; tcp dport 82 drop; }
	    chain out { type filter hook output priority 0; icmp type destination-unreachable drop; }
	}
END
behind target python3 "$TRAFFIC" serve --tcp 80,8080
behind target python3 "$TREE/tests/lib/dnsd.py" 10.88.0.2
for port in 80 8080; do wait_for 10 listening target $port; done
wait_for 10 listening target 53 udp
# Every event is written out here, which costs more than the rest of weir: fewer are told one by one.
weir_config target
echo 'flow: { first_packets: 1600 }' >>"$SCRATCH/target/weir.yaml"
start_or_leave target -i eth0

behind others python3 "$TREE/tests/lib/hold.py" 10.88.0.2 8080 "$ESTABLISHED" "$SCRATCH/end" >"$SCRATCH/held"
holder=$!
wait_for $((30 * SLOW)) grep -q held "$SCRATCH/held"
sleep 2
before=$(memory target)
worked=$(cpu target)
received=$(counter target eth0 rx_packets)

# Each flood from other sources than the last: an ACK behind a SYN is no flood of ACKs.
floods=0
pour() { # KIND PORT PACKETS
	floods=$((floods + 1))
	flood others eth0 target eth0 10.88.0.2 -k "$1" -p "$2" -n "$3" -s "$SOURCES" -b "$((10 + floods)).0.0.0" >>"$SCRATCH/flooded"
}
pour syn 80 "$SYNS"
status_of target
same "flood/none of the established went" "$ESTABLISHED" "$(said target capture.tables.main.used)"
pour syn 81 "$PACKETS"
pour syn 82 "$PACKETS"
pour ack 80 "$PACKETS"
pour udp 9 "$PACKETS"
sleep 2.5
status_of target
same "flood/every packet is seen" "$(($(flood_sum sent) + ESTABLISHED))" \
	"$(said target capture.tables.half_open.inserted)"
# An answer may find its question forgotten: that begins a flow, which is told as one more.
pour dns 53 "$PACKETS"
asked=$EPOCHREALTIME
status_of target
answered=$EPOCHREALTIME
sleep 5
most=$(memory target)
worked=$(($(cpu target) - worked))
touch "$SCRATCH/end"
wait_for $((60 * SLOW)) _net_dead "$holder"
told_all target
received=$(($(counter target eth0 rx_packets) - received))
weir_stop target
same flood/stops 0 $?

sent=$(flood_sum sent)
check "flood/it was one" test "$sent" -ge $((SYNS + 4 * PACKETS))
same "flood/what arrives is counted" "$(counter others eth0 tx_packets)" \
	"$(said target capture.interfaces.0.received.packets)"
same "flood/none of it was promoted" "$ESTABLISHED" "$(said target capture.tables.half_open.promoted)"
# Connections, attempts at the target, attempts from it, and all bytes that are told.
read -r connections attempts answers bytes payload back <<-END
	$(python3 - "$events" <<-'PYTHON'
		import json, sys
		connections = attempts = answers = told = payload = back = 0
		seen = set() # of connections whose beginning was not seen there is no attempt
		for line in open(sys.argv[1], encoding="utf-8"):
		    record = json.loads(line)
		    kind, held = record.get("event.dataset"), record.get("destination.port") == 8080
		    if kind == "weir.connection":
		        connections += held and record.get("network.state") == "established"
		    elif kind == "weir.attempt":
		        attempts += record.get("event.count", 1) * (record["destination.ip"] == "10.88.0.2" and not held)
		        answers += record.get("event.count", 1) * (record.get("source.ip") == "10.88.0.2")
		    elif kind == "weir.flow":
		        if record.get("weir.midstream") and record.get("destination.port") in (80, 53):
		            seen.add((record["source.ip"], record["source.port"]))
		        told += record.get("source.bytes", 0) + record.get("destination.bytes", 0)
		        payload += held and record.get("source.payload_bytes", 0)
		        back += held and record.get("destination.payload_bytes", 0)
		print(connections, attempts + len(seen), answers, told, payload, back)
	PYTHON
	)
END
held=$(sed -n 's/^sent //p' "$SCRATCH/held")
same "flood/connections" "$ESTABLISHED" "$connections"
same "flood/bytes of the established" "$held $held" "$payload $back"
inserted=$(said target capture.tables.half_open.inserted)
same "flood/every one is told" "$((inserted - ESTABLISHED))" "$attempts"
check "flood/most answers find their question ($((inserted - ESTABLISHED - sent)) do not)" \
	test $((inserted - ESTABLISHED - sent)) -ge 0 -a $((inserted - ESTABLISHED - sent)) -le $((PACKETS / 2))
same "flood/answers are no attempts" 0 "$answers"
same "flood/told bytes" "$(said target capture.ip_bytes_told)" "$bytes"
check "flood/memory is bounded ($((most - before)) KiB more)" test $((most - before)) -lt "$MEMORY_MAX"
raised=$(query target 'select rule_name from detection' | sort | uniq -c | xargs)
check "flood/a few detections: $raised" test "$(query target 'select count(*) from detection')" -le 8
check "flood/SYNs are detected" has_detection target SYN_FLOOD
awk '{ print "    " $0 }' "$SCRATCH/flooded"
echo "figure: flood.rate $(flood_rate) SYN/s"
echo "figure: flood.weir_cpu $(awk "BEGIN { printf \"%.3f\", $worked * 1000 / $sent }") us/packet"
echo "figure: flood.memory $((most - before)) KiB"
echo "figure: flood.status $(awk "BEGIN { printf \"%.0f\", ($answered - $asked) * 1000 }") ms"
