#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Ten thousand connections, each shorter than a poll: all are reported, whole. Bytes agree three
# ways: buffers at the hooks with the interface's counters, flows with tcpdump's IP bytes (no
# offloads, so that each buffer is a packet), packets with its packets.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live tcpdump ethtool

CONNECTIONS=10000
CLIENTS=4
if [ -n "${WEIR_SLOW:-}" ]; then CONNECTIONS=400; fi

host client server
wire client eth0 server eth0
address client eth0 10.79.0.2/24
address server eth0 10.79.0.1/24
plain client eth0
plain server eth0
behind server python3 "$TRAFFIC" serve --tcp 8080
wait_for 10 listening server 8080
capture client eth0 "$SCRATCH/short.pcap" ip
received=$(counter client eth0 rx_bytes)
sent=$(counter client eth0 tx_bytes)
start_or_leave client

clients=()
for ((i = 0; i < CLIENTS; i++)); do
	behind client python3 "$TRAFFIC" talk 10.79.0.1 8080 $((CONNECTIONS / CLIENTS)) 200 >>"$SCRATCH/talked"
	clients+=($!)
done
for pid in "${clients[@]}"; do wait_for $((30 * SLOW)) _net_dead "$pid"; done
same "short/all connections were made" "$CLIENTS" "$(grep -c talked "$SCRATCH/talked")"

# Closed flows linger for 5 s; then a poll ends them.
wait_for $((20 * SLOW)) ended client "$CONNECTIONS"
capture_stop || not_ok short/capture "tcpdump lost packets"
weir_status client
received=$(($(counter client eth0 rx_bytes) - received))
sent=$(($(counter client eth0 tx_bytes) - sent))
weir_stop client
same short/stops 0 $?

events=$SCRATCH/client/events.json
same "short/attempts" "$CONNECTIONS" "$(look tuples "$events" attempt destination.port=8080)"
same "short/connections" "$CONNECTIONS" \
	"$(look count "$events" connection destination.port=8080 network.state=established)"
same "short/each ends once" "$CONNECTIONS" "$(look count "$events" flow destination.port=8080 flow.ended=true)"
same "short/IP bytes are tcpdump's" "$(look capture-bytes "$SCRATCH/short.pcap")" "$(look bytes "$events")"
same "short/packets are tcpdump's" "$(look capture-packets "$SCRATCH/short.pcap")" \
	"$(look packets "$events")"
same "short/received buffers are the interface's" "$received" "$(look hook "$SCRATCH/client/status" eth0 in)"
same "short/sent buffers are the interface's" "$sent" "$(look hook "$SCRATCH/client/status" eth0 out)"
