#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What is said through a router that translates addresses is told once, with the client's own
# address, though the router sees each packet on three interfaces and under two tuples.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live nft dig curl

TALKS=5

host client router server
wire client eth0 router port0
wire router up0 server eth0
on router ip link add br0 type bridge
on router ip link set port0 master br0
on router ip link set br0 up
address client eth0 10.87.0.2/24
address router br0 10.87.0.1/24
address router up0 198.51.100.1/24
address server eth0 198.51.100.9/24
on client ip route add default via 10.87.0.1
if ! echo 'table ip nat { chain out { type nat hook postrouting priority 100; oifname "up0" masquerade; }; }' |
	on router nft -f - 2>"$SCRATCH/nft"; then
	skip decoding_nat "this kernel has no NAT in nftables: $(head -n 1 "$SCRATCH/nft")"
	exit 0
fi
mkdir "$SCRATCH/www"
echo hello >"$SCRATCH/www/words.txt"
behind server python3 "$TREE/tests/lib/dnsd.py" 198.51.100.9
behind server python3 -m http.server --directory "$SCRATCH/www" 8080 >/dev/null 2>&1
wait_for 10 listening server 53 udp
wait_for 10 listening server 8080
start_or_leave router
events=$SCRATCH/router/events.json

for i in $(seq "$TALKS"); do
	on client dig +tries=1 +time=2 @198.51.100.9 "n$i.test" A >/dev/null
	on client curl -s -o /dev/null "http://198.51.100.9:8080/words.txt?n$i"
done
told() { [ "$(look count "$events" http)" -ge "$TALKS" ]; }
wait_for $((8 * SLOW)) told
weir_stop router
same decoding_nat/stops 0 $?
same "decoding_nat/each request once" "$TALKS" "$(look count "$events" http)"
same "decoding_nat/the client's own address" "$TALKS" "$(look count "$events" http source.ip=10.87.0.2 destination.port=8080)"
for type in query answer; do
	same "decoding_nat/each $type once" "$TALKS" "$(look count "$events" dns dns.type=$type)"
	same "decoding_nat/each $type is the client's" "$TALKS" "$(look count "$events" dns dns.type=$type source.ip=10.87.0.2)"
done
