#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Other network namespaces watched from inside: by name, by process, and all. What a container says
# over its wire is told once, though the host's end of the wire and a bridge carry it too, and of which
# process it is; what it says to itself is told beside what others say to themselves. Namespaces and
# interfaces that come are watched within 2 s, and one that nobody else has any more ends.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live

RESYNC_SECONDS=$((2 * SLOW))
CONNECTIONS=5
host host one two
events=$SCRATCH/host/events.json

# Two containers on a bridge of the host; each has an interface of the same name and index.
on host ip link add br0 type bridge 2>"$SCRATCH/why" || { skip namespaces "$(head -n 1 "$SCRATCH/why")" && exit 0; }
on host ip link set br0 up
address host br0 10.92.0.1/24
join() { # HOST NUMBER
	wire "$1" eth0 host "v$1"
	on host ip link set "v$1" master br0
	address "$1" eth0 "10.92.0.$2/24"
}
join one 11
join two 12
index() { on "$1" ip -j link show eth0 | grep -o '"ifindex":[0-9]*'; }
same "namespaces/indexes are alike" "$(index one)" "$(index two)"
for each in one two host; do behind $each python3 "$TRAFFIC" serve --tcp 8080; done
for each in one two host; do wait_for $((5 * SLOW)) listening $each 8080; done

talk() { on "$1" python3 "$TRAFFIC" talk "$2" 8080 $CONNECTIONS 300 >/dev/null || not_ok namespaces/talk "no answer from $2"; }
hooked() { [ "$(attached "$1" | grep -c "^$2 .*weir_")" -eq 2 ]; }
unhooked() { ! attached "$1" | grep -q weir_; }
attempts() { look count "$events" attempt destination.port=8080 "$@"; }

# ---- by name ----

start_or_leave host --lo --netns "$NET-one" --netns "$NET-t*"
check "namespaces/the ready line names them" grep -q "weir: watching .*$NET-one/eth0 (tc).*" "$SCRATCH/host/said"
for each in one two; do
	check "namespaces/$each: eth0 is watched" hooked $each eth0
	check "namespaces/$each: lo is watched" hooked $each lo
done
talk one 10.92.0.12
talk one 10.92.0.1
talk host 10.92.0.11
for each in one two; do talk $each 127.0.0.1; done

# Whoever takes a hook away, and what comes later.
on one tc qdisc del dev eth0 clsact
check "namespaces/a hook that was taken away is put back" wait_for $RESYNC_SECONDS hooked one eth0
on two ip link add dummy1 type dummy 2>/dev/null || on two ip link add dummy1 type veth peer name dummy2
on two ip link set dummy1 up
check "namespaces/an interface that comes is watched" wait_for $RESYNC_SECONDS hooked two dummy1
host three
join three 13
check "namespaces/a namespace that comes is watched" wait_for $RESYNC_SECONDS hooked three eth0
talk three 10.92.0.11

weir_status host
same "namespaces/all are entered" 3 "$(look value "$SCRATCH/host/status" capture.namespaces.entered | grep -o "'name'" | wc -l)"
same "namespaces/none is left out" 0 "$(look value "$SCRATCH/host/status" capture.namespaces.not_entered)"
check "namespaces/the engine gave up what its visitor has" grep -q '"CAP_SYS_ADMIN"' <(python3 -c '
import json, sys
print(json.dumps(json.load(open(sys.argv[1]))["privilege"]["given_up"]))' "$SCRATCH/host/status")

# Nobody but weir would hold it.
on host ip link show vthree >/dev/null || not_ok namespaces/three "its wire is not there"
ip netns pids "$NET-three" | xargs -r kill
ip netns del "$NET-three"
wire_gone() { ! on host ip link show vthree; }
check "namespaces/one that ends is let go" wait_for $RESYNC_SECONDS wire_gone

weir_stop host
same namespaces/stops 0 $?
for each in one two; do check "namespaces/$each: nothing of weir's is left" unhooked $each; done
same "namespaces/$each: no qdisc is left" "" "$(on two tc qdisc show | grep clsact)"
same "namespaces/between containers, each once" $CONNECTIONS "$(attempts source.ip=10.92.0.11 destination.ip=10.92.0.12)"
same "namespaces/to the host, each once" $CONNECTIONS "$(attempts source.ip=10.92.0.11 destination.ip=10.92.0.1)"
same "namespaces/from the host, each once" $CONNECTIONS "$(attempts destination.ip=10.92.0.11 source.ip=10.92.0.1)"
same "namespaces/of the one that came" $CONNECTIONS "$(attempts source.ip=10.92.0.13)"
same "namespaces/two that speak to themselves" $((2 * CONNECTIONS)) "$(attempts destination.ip=127.0.0.1)"
bytes=$(look bytes "$events" destination.port=8080 destination.ip=10.92.0.12)
check "namespaces/bytes once" test "$bytes" -lt $((CONNECTIONS * 2000))
same "namespaces/the interface is named by its namespace" "$NET-one/lo
$NET-two/lo" "$(look field "$events" attempt destination.ip=127.0.0.1 observer.ingress.interface.name | sort)"
if [ "$(look field "$events" attempt destination.ip=10.92.0.1 source.ip=10.92.0.11 process.name)" = python3 ]; then
	same "namespaces/whose it was" python3 "$(look field "$events" attempt source.ip=10.92.0.11 destination.ip=10.92.0.12 process.name)"
else
	skip "namespaces/whose it was" "this kernel does not tell whose a socket is"
fi

# ---- a killed one, and by process ----

start_or_leave host --netns "$NET-one"
weir_stop host KILL
check "namespaces/a killed one leaves its filters" hooked one eth0
: >"$events"
behind one sleep 600
start_or_leave host --netns "pid:$!"
for side in ingress egress; do
	same "namespaces/the next one replaces them, $side" 1 "$(on one tc filter show dev eth0 $side | grep -c weir_)"
done
talk one 127.0.0.1 # no --lo
talk one 10.92.0.1
weir_stop host
check "namespaces/and takes them away" unhooked one
same "namespaces/lo only if it was asked for" "0 $CONNECTIONS" "$(attempts destination.ip=127.0.0.1) $(attempts destination.ip=10.92.0.1)"

# Without the right to enter it says so.
if command -v setpriv >/dev/null; then
	expect "namespaces/without the right" 3 "weir: .*CAP_SYS_ADMIN" on host setpriv --bounding-set -sys_admin --inh-caps -sys_admin \
		timeout "$READY_SECONDS" "$WEIR" run --database none --rules "$RULES" --netns all
fi
