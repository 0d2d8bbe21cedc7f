#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Whom weir shares a host with. Programs of others (XDP by libxdp, tc filters, TCX, a cgroup's) are
# the same before, during and after its run, in every byte, and each packet reaches each of them.
# Interfaces that are renamed, moved away and back, made anew under the same index, and devices upon
# devices: watched again within 2 s, and all that they carry counted once.
# alone: it counts by the names of foreign programs on the machine

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live bpftool clang ethtool

RESYNC_SECONDS=$((2 * SLOW))
BURST=20                      # datagrams each way
BURST_BYTES=$((BURST * 2 * 76)) # 48 bytes in UDP and IPv4
FOREIGN=$TREE/tests/lib/foreign.py

host here there away
addresses=0
# lay IF: a wire to `there`, with the next network: 10.88.N.2 here, .1 there.
lay() {
	addresses=$((addresses + 1))
	wire here "$1" there "$1"
	plain here "$1"
	plain there "$1"
	number "$1" $addresses
}
# number IF N: gives its ends the Nth network. Neighbours are known, so that no ARP is counted.
number() {
	address here "$1" "10.88.$2.2/24"
	address there "$1" "10.88.$2.1/24"
}
known() { # IF N
	on here ip neighbour replace "10.88.$2.1" dev "$1" lladdr "$(of there "$1" address)"
	on there ip neighbour replace "10.88.$2.2" dev "$1" lladdr "$(of here "$1" address)"
}
of() { on "$1" ip -j link show "$2" | python3 -c 'import json, sys; print(json.load(sys.stdin)[0][sys.argv[1]])' "$3"; }
burst() { on here python3 "$TRAFFIC" ntp "$1" "$BURST" 0 >/dev/null; }
talk() { on here python3 "$TRAFFIC" talk "$1" 8080 2 200 >/dev/null; }
hooked() { [ "$(attached here | grep -c "^$1 .*weir_")" -eq 2 ]; }
unhooked() { [ -z "$(attached "$1" | grep weir_)" ]; }
behind there python3 "$TRAFFIC" serve --tcp 8080 --udp 123
wait_for 10 listening there 8080

# ---- the neighbours, on eth0 and in a cgroup ----

lay eth0
known eth0 1
tree=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
cgroup=$tree/$NET
mkdir -p "$cgroup" "$SCRATCH/bpf" && mount -t bpf bpf "$SCRATCH/bpf"
at_exit 'umount "$SCRATCH/bpf"; rmdir "$cgroup"'
clang -target bpf -O2 -g -I"/usr/include/$(uname -m)-linux-gnu" -c "$TREE/tests/lib/foreign.bpf.c" -o "$SCRATCH/foreign.o" ||
	{ not_ok neighbours/build "clang could not build tests/lib/foreign.bpf.c" && exit 1; }
expected=0
settle() { # NAME FILE: the neighbour is there, or why not
	if [ "$?" -eq 0 ]; then expected=$((expected + 1)); else skip "neighbours/$1" "$(head -n 1 "$2")"; fi
}
bpftool prog loadall "$SCRATCH/foreign.o" "$SCRATCH/bpf/foreign" 2>"$SCRATCH/why" ||
	{ skip neighbours "bpftool cannot load programs: $(head -n 1 "$SCRATCH/why")" && exit 0; }
on here tc qdisc add dev eth0 clsact
for side in ingress egress; do
	on here tc filter add dev eth0 "$side" pref 7 handle 0x77 bpf da obj "$SCRATCH/foreign.o" sec "tc" 2>"$SCRATCH/why"
	settle "tc $side" "$SCRATCH/why"
done
on here tc filter add dev eth0 ingress pref 300 protocol ip matchall action ok 2>"$SCRATCH/why" ||
	skip "neighbours/matchall" "$(head -n 1 "$SCRATCH/why")"
behind here python3 "$FOREIGN" tcx eth0 ingress "$SCRATCH/bpf/foreign/foreign_tcx" >"$SCRATCH/tcx" 2>&1
wait_for $((5 * SLOW)) test -s "$SCRATCH/tcx"
grep -q held "$SCRATCH/tcx"
settle tcx "$SCRATCH/tcx"
bpftool cgroup attach "$cgroup" egress pinned "$SCRATCH/bpf/foreign/foreign_cgroup" multi 2>"$SCRATCH/why"
settle cgroup "$SCRATCH/why"
if command -v xdp-loader >/dev/null; then
	on here xdp-loader load -m skb -s xdp eth0 "$SCRATCH/foreign.o" >"$SCRATCH/why" 2>&1
else
	on here ip link set dev eth0 xdpgeneric obj "$SCRATCH/foreign.o" sec xdp 2>"$SCRATCH/why"
fi
settle xdp "$SCRATCH/why"
if ! command -v xdp-loader >/dev/null; then
	skip "neighbours/dispatcher" "xdp-loader is not installed"
elif ! on here xdp-loader status eth0 | grep -q xdp_dispatcher; then
	skip "neighbours/dispatcher" "libxdp makes none on this kernel: it cannot replace parts of programs"
fi

foreign() { on here python3 "$FOREIGN" "$1" "$cgroup" 2>&1; }
# reached WHEN: a burst from inside the cgroup adds itself to every counter.
reached() {
	foreign count | sort >"$SCRATCH/before"
	(echo 0 >"$cgroup/cgroup.procs" && burst 10.88.1.1)
	foreign count | sort >"$SCRATCH/after"
	same "neighbours/each packet reaches each, $1" "$expected reached by $BURST" \
		"$(join -j 1 <(sed 's/\(.*\) /\1\t/; s/ /_/g' "$SCRATCH/before") <(sed 's/\(.*\) /\1\t/; s/ /_/g' "$SCRATCH/after") |
			awk '{ by[$3 - $2]++ } END { for (n in by) printf "%s%d reached by %d", s, by[n], n, s = ", " }')"
}

foreign show >"$SCRATCH/shown"
reached "before weir"
start_or_leave here --hook eth0=xdp
same "neighbours/the same while weir runs" "$(cat "$SCRATCH/shown")" "$(foreign show)"
reached "beside weir"

# ---- interfaces come, go and change ----

events=$SCRATCH/here/events.json
declare -A talked burst_of
# carried NAME ADDRESS IF…: these interfaces are watched in time, and carry something to ADDRESS.
carried() {
	local name=$1 address=$2 each
	shift 2
	for each in "$@"; do
		check "neighbours/$name: $each is watched in time" wait_for $RESYNC_SECONDS hooked "$each"
	done
	talk "$address" && burst "$address" || not_ok "neighbours/$name" "no answer from $address"
	talked[$address]=$((${talked[$address]:-0} + 2))
	burst_of[$address]=$((${burst_of[$address]:-0} + BURST_BYTES))
}

lay eth1
carried appeared 10.88.2.1 eth1
on here ip link set eth1 name lan1 2>/dev/null ||
	{ on here ip link set eth1 down && on here ip link set eth1 name lan1 && on here ip link set lan1 up; }
carried renamed 10.88.2.1 lan1

index=$(of here lan1 ifindex)
on here ip link set lan1 netns "$NET-away"
check "neighbours/moved: nothing of weir's goes with it" wait_for $RESYNC_SECONDS unhooked away
on away ip link set lan1 netns "$NET-here"
on here ip link set lan1 up
on here ip address add 10.88.2.2/24 dev lan1
carried "moved and back" 10.88.2.1 lan1

on here ip link del lan1 && on here ip link add lan1 index "$index" type veth peer name eth1 netns "$NET-there"
on here ip link set lan1 up
on there ip link set eth1 up
on here ip address add 10.88.2.2/24 dev lan1
on there ip address add 10.88.2.1/24 dev eth1
carried "made anew under its index" 10.88.2.1 lan1
if attached here | grep -q '^lan1 .*tcx'; then
	skip "neighbours/a filter taken away" "this kernel has TCX: its hooks go with weir only"
else
	on here tc qdisc del dev lan1 clsact
	check "neighbours/a filter taken away is put back in time" wait_for $RESYNC_SECONDS hooked lan1
fi

# device KIND: true if the command before it made the device; else says why it is left out.
device() {
	[ "$?" -eq 0 ] && return
	skip "neighbours/$1" "$(head -n 1 "$SCRATCH/why")"
	return 1
}

# A bridge with a port here: both see each packet.
lay eth2
on here ip link add br0 type bridge 2>"$SCRATCH/why"
if device bridge; then
	on here ip address flush dev eth2
	on here ip link set eth2 master br0
	address here br0 10.88.3.2/24
	on here ip link set br0 up
	carried bridge 10.88.3.1 eth2 br0
fi

# A VLAN of a wire: its packets pass both, with the tag and without.
lay eth3
on here ip link add eth3.7 link eth3 type vlan id 7 2>"$SCRATCH/why" && on there ip link add eth3.7 link eth3 type vlan id 7
if device VLAN; then
	for each in here there; do on $each ip link set eth3.7 up; done
	number eth3.7 70
	carried VLAN 10.88.70.1 eth3 eth3.7
fi

# A bond of two wires.
on here ip link add bond0 type bond mode active-backup miimon 100 2>"$SCRATCH/why" && on there ip link add bond0 type bond mode active-backup miimon 100
if device bond; then
	for each in eth4 eth5; do
		wire here $each there $each
		for end in here there; do
			on $end ip link set $each down
			on $end ip link set $each master bond0
		done
	done
	for each in here there; do on $each ip link set bond0 up; done
	number bond0 71
	carried bond 10.88.71.1 eth4 eth5 bond0
	on here ip link set eth4 down
	carried "bond, its first wire down" 10.88.71.1 bond0
fi

# Frames without Ethernet headers.
behind here python3 "$TREE/tests/lib/tun.py" "/run/netns/$NET-here" "/run/netns/$NET-there" tun0 >"$SCRATCH/why" 2>&1
wait_for $((3 * SLOW)) grep -q joined "$SCRATCH/why"
if device tun; then
	for each in here there; do on $each ip link set tun0 up; done
	number tun0 72
	carried tun 10.88.72.1 tun0
fi

# WireGuard over eth0: what is inside is one flow, the datagrams around it another. Its name is of
# this run only: wireguard-go keeps a socket of that name for the whole machine.
wireguard() { # HOST IF
	on "$1" ip link add "$2" type wireguard 2>"$SCRATCH/why" && return
	command -v wireguard-go >/dev/null || return
	behind "$1" wireguard-go --foreground "$2" >"$SCRATCH/why.go" 2>&1
	wait_for 3 on "$1" wg show "$2" || cp "$SCRATCH/why.go" "$SCRATCH/why"
	on "$1" wg show "$2" >/dev/null 2>&1
}
if ! command -v wg >/dev/null; then
	skip neighbours/WireGuard "wg is not installed"
else
	here=h$NET there=t$NET
	wireguard here "$here" && wireguard there "$there"
	if device WireGuard; then
		for each in here there; do (umask 077 && wg genkey >"$SCRATCH/$each.key"); done
		for each in "here $here there 1 2" "there $there here 2 1"; do
			set -- $each
			on $1 wg set $2 listen-port 51820 private-key "$SCRATCH/$1.key" peer "$(wg pubkey <"$SCRATCH/$3.key")" \
				allowed-ips 10.88.73.0/24 endpoint "10.88.1.$4:51820"
			on $1 ip link set $2 up
			on $1 ip address add "10.88.73.$5/24" dev $2
		done
		carried WireGuard 10.88.73.1 "$here"
	fi
fi

# ---- and after ----

sleep $((1 * SLOW))
check "neighbours/weir is well" kill -0 "${WEIR_PID[here]}"
weir_stop here
same neighbours/stops 0 $?
for address in "${!talked[@]}"; do
	same "neighbours/$address: each connection once" "${talked[$address]}" \
		"$(look count "$events" attempt destination.ip="$address" destination.port=8080)"
	same "neighbours/$address: each byte once" "${burst_of[$address]}" "$(look bytes "$events" destination.ip="$address" destination.port=123)"
done
same "neighbours/nothing of weir's is left" "" "$(attached here | grep weir_)"
reached "after weir"
same "neighbours/the same after weir" "$(cat "$SCRATCH/shown")" "$(foreign show)"
