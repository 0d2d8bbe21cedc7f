#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Interfaces that come and go, as on a host of short-lived containers: made, named anew, spoken over
# and deleted, 100 a minute (short: 30 in about 10 s). weir watches each, and afterwards holds no
# descriptor and no memory for any of them.
#
# alone: memory and descriptors of few seconds are compared

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live

ROUNDS=$(sized 30 1000)
WARM=$((ROUNDS / 3)) # tables grow to their size
EVERY=$(sized 0.25 0.35)
GROWTH_KIB=$(sized 1024 2048)

host here there
wire here eth0 there eth0
address here eth0 10.89.0.2/24
address there eth0 10.89.0.1/24
behind there python3 "$TRAFFIC" serve --tcp 8080 --udp 123
wait_for 10 listening there 8080
events=$SCRATCH/here/events.json
start_or_leave here

# come NUMBER: one interface's life, with a datagram each way. Addresses change: none is remembered.
come() {
	local name=c$1 net=10.90.$(($1 / 64 % 256)) at=$(($1 % 64 * 4))
	wire here "$name" there "$name" || return
	on here ip link set "$name" down
	on here ip link set "$name" name "n$1"
	on here ip link set "n$1" up
	on here ip address add "$net.$((at + 2))/30" dev "n$1"
	on there ip address add "$net.$((at + 1))/30" dev "$name"
	sleep "$EVERY"
	on here bash -c "exec 3<>/dev/udp/$net.$((at + 1))/123 && echo weir >&3 && read -N 1 -t 5 -u 3" && answered=$((answered + 1))
	on here ip link del "n$1"
}
# The poll of memory and descriptors is of the engine's process: it holds the hooks.
# The least of some looks: files are opened for a moment all the time.
descriptors() {
	local i
	for ((i = 0; i < 10; i++)); do
		find "/proc/${WEIR_PID[here]}/fd" -mindepth 1 2>/dev/null | wc -l
		sleep 0.1
	done | sort -n | head -n 1
}
resident() { awk '/^VmRSS:/ { print $2 }' "/proc/${WEIR_PID[here]}/status"; }
# What weir says it watches, when it has seen the last one go.
watched() { weir_status here && look value "$SCRATCH/here/status" capture.interfaces | grep -o "'name'" | wc -l; }
settled() { [ "$(watched)" -eq 1 ]; }

answered=0 started=$(date +%s%N)
for ((i = 0; i < WARM; i++)); do come $i; done
wait_for $((5 * SLOW)) settled
sleep 1
fds=$(descriptors) memory=$(resident)
for (( ; i < ROUNDS; i++)); do come $i; done
took=$((($(date +%s%N) - started) / 1000000))
check "churn/only the one that stayed is watched" wait_for $((5 * SLOW)) settled
sleep 1
now=$(descriptors)
check "churn/no descriptor is left" test "$now" -le "$fds"
grown=$(($(resident) - memory))
check "churn/memory does not grow" test "$grown" -le "$GROWTH_KIB"
same "churn/each was answered" "$ROUNDS" "$answered"
weir_stop here
same churn/stops 0 $?
same "churn/each was watched: its datagram is one attempt" "$ROUNDS" \
	"$(look count "$events" attempt network.transport=udp destination.port=123)"
same "churn/nothing is left" "" "$(attached here | grep weir_)"
echo "figure: churn.rate $((ROUNDS * 60000 / took)) interfaces/min"
echo "figure: churn.descriptors_growth $((now - fds)) descriptors"
echo "figure: churn.memory_growth $grown KiB"
