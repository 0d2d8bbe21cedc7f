#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Interfaces come and go while weir runs: one that appears is watched, one that vanished and came
# back too, with its connections counted once each. One that was never there is an error.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live

host here there
on here ip link add dummy0 type dummy 2>/dev/null && on here ip link set dummy0 up
wire here eth0 there eth0
address here eth0 10.83.0.2/24
address there eth0 10.83.0.1/24
behind there python3 "$TRAFFIC" serve --tcp 8080
wait_for 10 listening there 8080
events=$SCRATCH/here/events.json
attempts() { look count "$events" attempt "$@"; }
unhooked() { ! attached here | grep -q weir_; }
hooked() { [ "$(attached here | grep -c "^$1 .*weir_")" -eq 2 ]; }

start_or_leave here
on here python3 "$TRAFFIC" talk 10.83.0.1 8080 3 100 >/dev/null

wire here eth1 there eth1
address here eth1 10.83.1.2/24
address there eth1 10.83.1.1/24
check "interfaces/one that appears is watched" wait_for $((5 * SLOW)) hooked eth1
on here python3 "$TRAFFIC" talk 10.83.1.1 8080 4 100 >/dev/null

on here ip link del eth0
sleep 1.5
check "interfaces/weir survives one that vanishes" kill -0 "${WEIR_PID[here]}"
wire here eth0 there eth0
address here eth0 10.83.0.2/24
address there eth0 10.83.0.1/24
check "interfaces/one that returns is watched" wait_for $((5 * SLOW)) hooked eth0
on here python3 "$TRAFFIC" talk 10.83.0.1 8080 5 100 >/dev/null
# A connection that is open when its interface vanishes is told all the same.
behind here python3 "$TRAFFIC" hold 10.83.1.1 8080 1 1 30 >"$SCRATCH/held"
wait_for $((5 * SLOW)) grep -q held "$SCRATCH/held"
on here ip link del eth1
sleep 2
weir_stop here
same interfaces/stops 0 $?
same "interfaces/each connection once" 8 "$(attempts destination.ip=10.83.0.1)"
same "interfaces/those of the one that appeared" 5 "$(attempts destination.ip=10.83.1.1)"

# One that was asked for by name, and is given another.
start_or_leave here -i eth0
rename() { on here ip link set "$1" down && on here ip link set "$1" name "$2" && on here ip link set "$2" up; }
rename eth0 lan0
check "interfaces/one renamed is not what was asked for" wait_for $((5 * SLOW)) unhooked
rename lan0 eth0
check "interfaces/one that has its name again is watched" wait_for $((5 * SLOW)) hooked eth0
both_told() {
	[ "$(query here "select group_concat(fact, ' ') from (select fact from health where fact like 'interface_%' order by rowid)")" = \
		"interface_gone interface_returned" ]
}
check "interfaces/both are told" wait_for $((5 * SLOW)) both_told
weir_stop here

expect "interfaces/one that is not there" 1 "weir: .*nosuch0.*" \
	on here timeout "$READY_SECONDS" "$WEIR" run --database none --rules "$RULES" -i nosuch0
