#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# weir's process is stopped for a while and traffic goes on. Afterwards nothing is unaccounted for:
# each packet of the interface is in a connection or in the number of a flood, and each record of a
# first packet was read or is counted as lost.
#
# timeout: 300
#
# alone: how fast records come decides what is lost

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
. "$TREE/tests/lib/fault.sh"
require_live

SECONDS_STOPPED=$(sized 3 30)
FLOWS=$(sized 5000 60000)

two_hosts
# Packets there go no further, and nobody answers.
on inside ip route add blackhole 10.99.0.0/16
on outside ip route add 10.99.0.0/16 via 10.78.0.1
knock_rules
knock_config inside
echo 'flow: {ring: 64KiB}' >>"$SCRATCH/inside/weir.yaml"
start_or_leave inside -i eth0

# send COUNT FIRST SECONDS: so many datagrams, each a connection of its own.
send() {
	on outside python3 - "$@" <<-'END'
		import socket, sys, time
		count, first, seconds = map(int, sys.argv[1:])
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 22)
		begin = time.monotonic()
		for i in range(first, first + count):
		    s.sendto(b"x" * 20, (f"10.99.{i >> 12 & 255}.1", 1000 + (i & 4095)))
		    if i % 100 == 0:
		        time.sleep(max(0, begin + seconds * (i - first) / count - time.monotonic()))
	END
}
facts() { # kernel packets, ours, records, lost records
	weir_status inside
	python3 - "$SCRATCH/inside/status" <<-'END'
		import json, sys
		capture = json.load(open(sys.argv[1]))["capture"]
		one = capture["interfaces"][0]
		lost = {loss["reason"]: loss["count"] for loss in capture["losses"]}
		print(one["kernel"]["received_packets"], one["received"]["packets"], capture["records"],
		      lost["RING_FULL"] + lost["BUDGET"], lost["RING_FULL"])
	END
}
packets() { look packets "$SCRATCH/inside/events.json" source.ip=10.78.0.2 network.transport=udp; }
# So many at once from one host are a flood: some are told as numbers alone.
numbers() {
	weir_status inside
	look value "$SCRATCH/inside/status" capture.tables.half_open.told_as_numbers
}
told() { echo $(($(packets) + $(numbers))); }
all_told() { [ "$(told)" -ge $((2 * FLOWS)) ]; }

# Half of it while weir reads, half while it is stopped.
read -r kernel0 ours0 records0 lost0 _ < <(facts)
send "$FLOWS" 0 2
kill -STOP "${WEIR_PID[inside]}"
send "$FLOWS" "$FLOWS" "$SECONDS_STOPPED"
kill -CONT "${WEIR_PID[inside]}"
check "consumer/all is told" wait_for $((20 * SLOW)) all_told
read -r kernel ours records lost ring < <(facts)

same "consumer/packets in connections, and told as numbers" $((2 * FLOWS)) "$(told)"
same "consumer/packets of the interface" $((kernel - kernel0)) $((ours - ours0))
same "consumer/records read or counted as lost" $((2 * FLOWS)) $((records - records0 + lost - lost0))
check "consumer/some were lost" test "$ring" -gt 0
late() { told inside poll_late 1 && told inside loss 1; }
check "consumer/health says so" wait_for 5 late
weir_stop inside
same "consumer/stops" 0 $?
figure consumer.unaccounted $((2 * FLOWS - (records - records0) - (lost - lost0))) \
	"of $((2 * FLOWS)) records, with $lost lost and counted, over $SECONDS_STOPPED s"
