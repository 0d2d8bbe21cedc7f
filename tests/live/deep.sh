#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Deep headers with offloads on: on veth the programs can read few bytes of most buffers directly,
# and these connections carry IPv4 options, or IPv6 hop-by-hop and destination options, in each
# packet. Buffers are of many segments. Ports, payload and IP bytes are right all the same.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live

PUSHED=3000000
if [ -n "${WEIR_SLOW:-}" ]; then PUSHED=300000; fi
FOUR_HEADERS=$((20 + 36 + 32)) # IPv4, options, TCP with timestamps
SIX_HEADERS=$((40 + 16 + 72 + 32))
SYN_MORE=8 # a SYN's TCP options beyond timestamps

host client server
wire client eth0 server eth0
address client eth0 10.85.0.2/24 fd00:85::2/64
address server eth0 10.85.0.1/24 fd00:85::1/64
behind server python3 "$TRAFFIC" serve --tcp 8080
behind server python3 "$TRAFFIC" serve --tcp 8086 --six
wait_for 10 listening server 8080
wait_for 10 listening server 8086
start_or_leave client
start_or_leave server

on client python3 "$TRAFFIC" deep 10.85.0.1 8080 "$PUSHED" >/dev/null || not_ok deep/ipv4 "no connection with options"
on client python3 "$TRAFFIC" deep fd00:85::1 8086 "$PUSHED" >/dev/null || not_ok deep/ipv6 "no connection with extension headers"
wait_for $((12 * SLOW)) ended client 2
for name in client server; do
	weir_status "$name"
	weir_stop "$name"
	same "deep/stops on $name" 0 $?
	events=$SCRATCH/$name/events.json
	for family in "8080 $FOUR_HEADERS" "8086 $SIX_HEADERS"; do
		read -r port headers <<<"$family"
		same "deep/one connection to $port on $name" 1 \
			"$(look count "$events" connection destination.port="$port" network.state=established)"
		same "deep/payload to $port on $name" "$PUSHED $PUSHED" "$(look payload "$events" destination.port="$port")"
		same "deep/IP bytes to $port on $name" "$SYN_MORE" \
			"$(look overhead "$events" "$headers" destination.port="$port")"
	done
	same "deep/nothing was unreadable on $name" "" "$(look losses "$SCRATCH/$name/status")"
done
