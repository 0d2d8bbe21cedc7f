#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A router whose client sits behind a bridge and whose uplink is masqueraded: weir sees each packet
# on the bridge's port, the bridge and the uplink, under two tuples. Each connection is one, with
# the client's own address, and its bytes are counted once. Likewise inwards through DNAT.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live nft tcpdump ethtool

OUT=20
IN=10

host client router server
wire client eth0 router port0
wire router up0 server eth0
on router ip link add br0 type bridge
on router ip link set port0 master br0
on router ip link set br0 up
address client eth0 10.80.0.2/24
address router br0 10.80.0.1/24
address router up0 198.51.100.1/24
address server eth0 198.51.100.9/24
on client ip route add default via 10.80.0.1
for end in "client eth0" "router port0" "router up0" "router br0" "server eth0"; do plain $end; done
if ! on router nft -f - 2>"$SCRATCH/nft" <<-END; then
	table ip nat {
		chain out { type nat hook postrouting priority 100; oifname "up0" masquerade; }
		chain in { type nat hook prerouting priority -100; iifname "up0" tcp dport 8080 dnat to 10.80.0.2:80; }
	}
END
	skip nat "this kernel has no NAT in nftables: $(head -n 1 "$SCRATCH/nft")"
	exit 0
fi
behind server python3 "$TRAFFIC" serve --tcp 443
behind client python3 "$TRAFFIC" serve --tcp 80
wait_for 10 listening server 443
wait_for 10 listening client 80
start_or_leave router
capture client eth0 "$SCRATCH/client.pcap" ip

on client python3 "$TRAFFIC" talk 198.51.100.9 443 "$OUT" 5000 >/dev/null || not_ok nat/out "no connection through the router"
on server python3 "$TRAFFIC" talk 198.51.100.1 8080 "$IN" 5000 >/dev/null || not_ok nat/in "no connection through the router"
events=$SCRATCH/router/events.json
wait_for $((15 * SLOW)) ended router $((OUT + IN))
capture_stop || not_ok nat/capture "tcpdump lost packets"
weir_stop router
same nat/stops 0 $?

same "nat/out: one connection each" "$OUT" "$(look count "$events" connection destination.port=443)"
same "nat/out: the client's own address" "$OUT" \
	"$(look count "$events" connection source.ip=10.80.0.2 destination.ip=198.51.100.9)"
same "nat/out: one attempt each" "$OUT" "$(look count "$events" attempt destination.port=443)"
same "nat/in: one connection each" "$IN" "$(look count "$events" connection source.ip=198.51.100.9)"
same "nat/in: the server's own address" "$IN" \
	"$(look count "$events" connection source.ip=198.51.100.9 destination.ip=10.80.0.2 destination.port=80)"
same "nat/nothing else" $((OUT + IN)) "$(look count "$events" connection)"
same "nat/bytes once" "$(look capture-bytes "$SCRATCH/client.pcap")" "$(look bytes "$events")"
