#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Other people's programs on the same interface: theirs stay, and go on seeing every packet, while
# weir runs, is asked for a hook that is theirs, and leaves.
# alone: it counts by the names of foreign programs on the machine

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live bpftool clang tc

host here there
wire here eth0 there eth0
address here eth0 10.82.0.2/24
address there eth0 10.82.0.1/24
behind there python3 "$TRAFFIC" serve --tcp 8080
wait_for 10 listening there 8080
events=$SCRATCH/here/events.json

clang -target bpf -O2 -g -I"/usr/include/$(uname -m)-linux-gnu" -c "$TREE/tests/lib/foreign.bpf.c" -o "$SCRATCH/foreign.o" ||
	{ not_ok hooks/build "clang could not build tests/lib/foreign.bpf.c" && exit 1; }
on here tc qdisc add dev eth0 clsact
for side in ingress egress; do
	on here tc filter add dev eth0 "$side" pref 100 bpf da obj "$SCRATCH/foreign.o" sec "tc" 2>"$SCRATCH/tc" ||
		{ skip hooks "tc cannot load a BPF filter: $(head -n 1 "$SCRATCH/tc")" && exit 0; }
done

# seen HOW: packets that the foreign programs of this host have counted. HOW: tc or xdp.
seen() { on here python3 "$LOOK" counted "foreign_$1"; }
talk() { on here python3 "$TRAFFIC" talk 10.82.0.1 8080 "$1" 100 >/dev/null; }
filters() { on here tc filter show dev eth0 "$1" | grep -c foreign_tc; }

talk 2
before=$(seen tc)
check "hooks/the foreign filters count" test "$before" -gt 0
start_or_leave here
talk 5
with=$(seen tc)
check "hooks/the foreign filters count beside weir" test "$with" -ge $((before + 5 * 10))
weir_stop here
same "hooks/weir counts beside them" 5 "$(look count "$events" attempt destination.port=8080)"
same "hooks/their ingress filter stays" 1 "$(filters ingress)"
same "hooks/their egress filter stays" 1 "$(filters egress)"
same "hooks/weir's are gone" "" "$(attached here | grep weir_)"
talk 1
check "hooks/they go on when weir is gone" test "$(seen tc)" -gt "$with"

# XDP is the same on all kernels; a guest has no time for it.
[ -z "${WEIR_SLOW:-}" ] || exit 0

# XDP: the slot is taken. weir says who holds it, and counts by tc.
if on here ip link set dev eth0 xdp obj "$SCRATCH/foreign.o" sec xdp 2>"$SCRATCH/xdp"; then
	: >"$events"
	start_or_leave here --hook xdp
	said=$(cat "$SCRATCH/here/said" && on here "$WEIR" status 2>&1)
	check "hooks/weir says who holds XDP" grep -q foreign_xdp <<<"$said"
	before=$(seen xdp)
	talk 5
	check "hooks/the foreign XDP program goes on" test "$(seen xdp)" -gt "$before"
	weir_stop here
	same "hooks/weir counts by tc instead" 5 "$(look count "$events" attempt destination.port=8080)"
	check "hooks/the foreign XDP program stays" grep -q '^eth0 xdp foreign_xdp' <<<"$(attached here)"
	on here ip link set dev eth0 xdp off
else
	skip hooks/xdp "no XDP on veth here: $(head -n 1 "$SCRATCH/xdp")"
fi

# XDP: the slot is free.
: >"$events"
start_or_leave here --hook eth0=xdp
check "hooks/weir takes a free XDP slot" grep -q 'weir: watching .*eth0 (xdp' "$SCRATCH/here/said"
talk 5
weir_stop here
same "hooks/XDP counts connections" 5 "$(look count "$events" connection destination.port=8080 network.state=established)"
same "hooks/XDP is gone" "" "$(attached here | grep weir_)"
