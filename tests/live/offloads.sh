#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What offloads make of packets. The client's interface sends buffers of up to 64 KiB and merges what
# it receives; a router cuts them behind it; tcpdump on a plain server tells what the wire carried.
# Bytes and packets of flows are the same there: TCP over both versions of IP, UDP that its sender had
# cut (UDP_SEGMENT), and tunnels whose packets are cut inside. Jumbo frames beside it, by XDP and
# tc, in several pieces each.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live tcpdump ethtool

UPLOAD=2000000
BATCHES=20
[ -z "${WEIR_SLOW:-}" ] || { UPLOAD=300000 && BATCHES=3; }

host client router server
wire client eth0 router in0
wire router out0 server eth0
address client eth0 10.91.1.2/24 2001:db8:91:1::2/64
address router in0 10.91.1.1/24 2001:db8:91:1::1/64
address router out0 10.91.2.1/24 2001:db8:91:2::1/64
address server eth0 10.91.2.2/24 2001:db8:91:2::2/64
on router sysctl -qw net.ipv6.conf.all.forwarding=1
for end in "client 1" "server 2"; do
	set -- $end
	on "$1" ip route add 10.91.0.0/16 via "10.91.$2.1"
	on "$1" ip route add 2001:db8:91::/48 via "2001:db8:91:$2::1"
done
plain server eth0
plain router out0
plain router in0 # veth merges only what comes from such
on router ip link set out0 gso_max_segs 1 2>/dev/null # also what is no TCP
on client ethtool -K eth0 gro on 2>/dev/null
# One packet after the other would be merged with none: it waits a little for the next.
on client unshare -m sh -c 'mount -t sysfs sysfs /sys && cd /sys/class/net/eth0 &&
	echo 500000 >gro_flush_timeout && echo 10 >napi_defer_hard_irqs' 2>/dev/null

wire client eth1 server eth1
for end in client server; do
	on $end ip link set eth1 mtu 9000
	plain $end eth1
done
address client eth1 10.91.3.2/24
address server eth1 10.91.3.1/24

# tunnel NUMBER KIND WORD…: a device `KIND` at both ends, 10.91.NUMBER.2 and .1; true if there is one.
tunnel() {
	local number=$1 kind=$2
	shift 2
	if ! on client ip link add "$kind" type "$kind" remote 10.91.2.2 "$@" 2>"$SCRATCH/why"; then
		skip "offloads/$kind" "$(head -n 1 "$SCRATCH/why")"
		return 1
	fi
	on server ip link add "$kind" type "$kind" remote 10.91.1.2 "$@"
	for end in "client 2" "server 1"; do
		set -- $end
		on "$1" ip link set "$kind" mtu 1400 up
		address "$1" "$kind" "10.91.$number.$2/24"
	done
	captured+=("$kind")
}
declare -A filter=([tcp]="ip and tcp port 8080" [six]="ip6 and tcp port 8086" [udp]="udp port 9000" [jumbo]="ip"
	[vxlan]="udp port 4789" [geneve]="udp port 6081" [gre]="ip proto 47")
declare -A told=([tcp]="destination.ip=10.91.2.2 destination.port=8080" [six]="destination.ip=2001:db8:91:2::2"
	[udp]="destination.port=9000" [jumbo]="destination.ip=10.91.3.1"
	[vxlan]="destination.port=4789" [geneve]="destination.port=6081" [gre]="network.transport=gre")
captured=(tcp six udp jumbo)
tunnel 11 vxlan id 11 dstport 4789
tunnel 12 geneve id 12
tunnel 13 gre

behind server python3 "$TRAFFIC" serve --tcp 8080 --udp 9000
behind server python3 "$TRAFFIC" serve --tcp 8086 --six
wait_for $((5 * SLOW)) listening server 9000 udp
wait_for $((5 * SLOW)) listening server 8086
events=$SCRATCH/client/events.json
start_or_leave client --hook eth1=xdp
declare -A capture_pid
for name in "${captured[@]}"; do
	interface=eth0
	[ "$name" != jumbo ] || interface=eth1
	capture server "$interface" "$SCRATCH/$name.pcap" "${filter[$name]}"
	capture_pid[$name]=$CAPTURE_PID
done
sent=$(counter client eth1 tx_bytes)

push() { on client python3 "$TRAFFIC" "$@" >"$SCRATCH/pushed" 2>&1 || not_ok "offloads/traffic" "$*: $(cat "$SCRATCH/pushed")"; }
push upload 10.91.2.2 8080 $UPLOAD
push upload 2001:db8:91:2::2 8086 $UPLOAD
push segments 10.91.2.2 9000 $BATCHES 1200
push upload 10.91.3.1 8080 $UPLOAD
for name in "${captured[@]:4}"; do
	push upload "$(on server ip -j -4 address show "$name" | grep -o '10\.91\.[0-9]*\.1' | head -n 1)" 8080 $UPLOAD
done
sleep 0.5 # last acknowledgements
weir_status client
sent=$(($(counter client eth1 tx_bytes) - sent))
for name in "${captured[@]}"; do kill -INT "${capture_pid[$name]}"; done
for name in "${captured[@]}"; do
	wait_for 5 _net_dead "${capture_pid[$name]}"
	grep -q '^0 packets dropped by kernel' "$SCRATCH/$name.pcap.said" || not_ok "offloads/$name" "tcpdump lost packets"
done
weir_stop client
same offloads/stops 0 $?

for name in "${captured[@]}"; do
	same "offloads/$name: IP bytes are the wire's" "$(look capture-bytes "$SCRATCH/$name.pcap")" "$(look bytes "$events" ${told[$name]})"
	same "offloads/$name: packets are the wire's" "$(look capture-packets "$SCRATCH/$name.pcap")" \
		"$(look packets "$events" ${told[$name]})"
done

# side INTERFACE received|sent KEY: what the client's hook there says.
side() {
	python3 - "$SCRATCH/client/status" "$@" <<-'END'
		import json, sys
		path, name, way, key = sys.argv[1:]
		found = [i for i in json.load(open(path))["capture"]["interfaces"] if i["name"] == name]
		print(found[0][way][key])
	END
}
# Else nothing of this was tried.
check "offloads/what was sent was offloaded" test "$(side eth0 sent packets)" -gt $(($(side eth0 sent buffers) * 2))
if on client ethtool -k eth0 2>/dev/null | grep -q '^generic-receive-offload: on'; then
	check "offloads/what was received was merged" test "$(side eth0 received packets)" -gt "$(side eth0 received buffers)"
fi
if "$WEIR" check -c /dev/null --system "$RULES" | grep -q '^ok  *XDP fragments'; then
	same "offloads/jumbo frames by XDP in the driver" "xdp native" "$(side eth1 received hook)"
else
	skip "offloads/jumbo frames by XDP in the driver" "this kernel's XDP has no frames of several pieces"
fi
same "offloads/jumbo: wire bytes sent are the interface's" "$sent" "$(side eth1 sent wire_bytes)"
check "offloads/jumbo: frames are" test "$(side eth1 received buffer_bytes)" -gt $(($(side eth1 received buffers) * 3000))
same "offloads/nothing was lost" "" "$(look losses "$SCRATCH/client/status")"
