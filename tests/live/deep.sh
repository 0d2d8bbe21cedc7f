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
FOUR_PORTS=(8080 8081 8082)
SIX_PORTS=(8086 8087 8088)
behind server python3 "$TRAFFIC" serve --tcp 8080,8081,8082
behind server python3 "$TRAFFIC" serve --tcp 8086,8087,8088 --six
wait_for 10 listening server 8082
wait_for 10 listening server 8088
start_or_leave client
start_or_leave server

# Segments that both hosts have sent again, ever: a busy machine makes TCP repeat itself, and what
# is on the wire twice is counted twice.
repeated() {
	local name
	for name in client server; do
		on "$name" awk '/^Tcp:/ && $13 ~ /^[0-9]+$/ { print $13 }' /proc/net/snmp
	done | awk '{ sum += $1 } END { print sum }'
}

# push NAME ADDRESS PORT…: over one port after the other, until nothing was sent twice; says which.
push() {
	local name=$1 to=$2 port before
	shift 2
	for port in "$@"; do
		before=$(repeated)
		on client python3 "$TRAFFIC" deep "$to" "$port" "$PUSHED" >/dev/null ||
			not_ok "deep/$name" "no connection to $port" >&2
		echo "$port" >>"$SCRATCH/pushed"
		if [ "$(repeated)" = "$before" ]; then
			echo "$port"
			return
		fi
	done
}

four=$(push ipv4 10.85.0.1 "${FOUR_PORTS[@]}")
six=$(push ipv6 fd00:85::1 "${SIX_PORTS[@]}")
wait_for $((12 * SLOW)) ended client "$(wc -l <"$SCRATCH/pushed")"
for name in client server; do
	weir_status "$name"
	weir_stop "$name"
	same "deep/stops on $name" 0 $?
	events=$SCRATCH/$name/events.json
	for family in "${four:-none} $FOUR_HEADERS" "${six:-none} $SIX_HEADERS"; do
		read -r port headers <<<"$family"
		if [ "$port" = none ]; then
			skip "deep/bytes on $name" "TCP sent segments twice in each of three tries"
			continue
		fi
		same "deep/one connection to $port on $name" 1 \
			"$(look count "$events" connection destination.port="$port" network.state=established)"
		same "deep/payload to $port on $name" "$PUSHED $PUSHED" "$(look payload "$events" destination.port="$port")"
		same "deep/IP bytes to $port on $name" "$SYN_MORE" \
			"$(look overhead "$events" "$headers" destination.port="$port")"
	done
	same "deep/nothing was unreadable on $name" "" "$(look losses "$SCRATCH/$name/status")"
done
