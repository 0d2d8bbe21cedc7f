#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Short connections while SYNs from random sources arrive, each seen with its bytes; and a slow scan
# of 30 ports in the same time, found.
#
# alone: a flood takes a processor

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
. "$TREE/tests/lib/flood.sh"
require_live

CONNECTIONS=$(sized 3000 20000)
SYNS=$(sized 200000 6000000)
RATE=$(sized 40000 100000) # for 5 s, or 60 s
SCAN_EVERY=$(sized 0.15 2)
CLIENTS=4
events=$SCRATCH/target/events.json

host target others
wire target eth0 others eth0
address target eth0 10.91.0.2/24
address others eth0 10.91.0.1/24 10.91.0.3/24
on others sysctl -qw net.ipv4.ip_local_port_range="1024 65000" net.ipv4.tcp_tw_reuse=1
on target ip route add blackhole default
behind target python3 "$TRAFFIC" serve --tcp 80,8080
wait_for 10 listening target 80
wait_for 10 listening target 8080
# Every event is written out here, which costs more than the rest of weir: fewer are told one by one.
weir_config target
echo 'flow: { first_packets: 1600 }' >>"$SCRATCH/target/weir.yaml"
start_or_leave target -i eth0
before=$(memory target)
worked=$(cpu target)

flood others eth0 target eth0 10.91.0.2 -p 80 -n "$SYNS" -r "$RATE" >"$SCRATCH/flooded" &
flood=$!
behind others python3 "$TREE/tests/lib/knock.py" 10.91.0.3 10.91.0.2 2000 30 "$SCAN_EVERY"
scan=$!
clients=()
for ((i = 0; i < CLIENTS; i++)); do
	behind others python3 "$TRAFFIC" talk 10.91.0.2 8080 $((CONNECTIONS / CLIENTS)) 200 >>"$SCRATCH/talked"
	clients+=($!)
done
for pid in "${clients[@]}"; do wait_for $((60 * SLOW)) _net_dead "$pid"; done
wait "$flood"
wait_for 90 _net_dead "$scan"
scanned() { [ "$(query target "select count(*) from signal where rule_name = 'PORT_SCAN'")" -gt 0 ] 2>/dev/null; }
check "busy/the slow scan is found" wait_for $((25 * SLOW)) scanned
worked=$(($(cpu target) - worked))
most=$(memory target)
weir_stop target
same busy/stops 0 $?

same "busy/all connections were made" "$CLIENTS" "$(grep -c talked "$SCRATCH/talked")"
same "busy/each is seen" "$CONNECTIONS" \
	"$(look count "$events" connection destination.port=8080 network.state=established)"
same "busy/with its bytes" "$((CONNECTIONS * 200)) $((CONNECTIONS * 200))" \
	"$(look payload "$events" destination.port=8080)"
same "busy/every SYN is told" "$(flood_sum sent)" "$(look sum "$events" attempt destination.port=80)"
check "busy/the scanner is named" test "$(query target "select count(*) from signal where rule_name = 'PORT_SCAN' and keys like '%10.91.0.3%'")" -gt 0
echo "figure: busy.rate $(flood_rate) SYN/s"
echo "figure: busy.weir_cpu $worked ms"
echo "figure: busy.memory $((most - before)) KiB"
