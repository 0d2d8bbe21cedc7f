#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A weir that is started anew whenever it ends, as in a pod: when another takes its place it stays
# behind, idle, until it is stopped, or until nobody watches any more.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live

many_rule 15 30m
host here there
wire here eth0 there eth0
address here eth0 10.95.0.2/24
address there eth0 10.95.0.1/24

child() { pgrep -P "$1" -x weir; }
ended() { ! kill -0 "$1" 2>/dev/null; }
left_with() { # NAME STATUS PID: once it has ended
	local status=0
	wait "$3" || status=$?
	same "$1" "$2" "$status"
}
capabilities() { awk '$1 == "CapPrm:" { print $2 }' "/proc/$1/status"; }
threads() { ls "/proc/$1/task" | wc -l; }

start_or_leave here --take-over --stay
first=${WEIR_PID[here]}
engine=$(child "$first")
check "stay/weir runs in a child" test -n "$engine"
same "stay/the process above it has no rights" 0000000000000000 "$(capabilities "$first")"
expect "stay/it is running" 0 '^weir .* is ' on here "$WEIR" status --running
kill -HUP "$first"
check "stay/signals are handed on" wait_for $((5 * SLOW)) grep -q '^weir: reloaded' "$SCRATCH/here/said"

cgroups=$(awk '$3 == "cgroup2" {print $2; exit}' /proc/mounts)
if [ -n "$cgroups" ] && mkdir "$cgroups/weir-stay-$$"; then
	at_exit 'rmdir "$cgroups/weir-stay-$$"'
	expect "stay/whoever shares its cgroup has one of his own" 0 '^weir .* is ' on here "$WEIR" status --running --own
	# shellcheck disable=SC2016 # for the shell inside
	elsewhere() { bash -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$cgroups/weir-stay-$$" "$@"; }
	expect "stay/who is in another container has none" 6 "in another container.* process $engine\$" \
		elsewhere nsenter --net="/run/netns/$NET-here" "$WEIR" status --running --own
	expect "stay/and sees that one runs" 0 '^weir .* is ' elsewhere nsenter --net="/run/netns/$NET-here" "$WEIR" status --running
else
	skip stay/own "there is no cgroup2 hierarchy"
fi

cp "$SCRATCH/here/said" "$SCRATCH/here/said.first"
weir_start here --take-over --stay
same "stay/another takes over" 0 $?
second=${WEIR_PID[here]}
check "stay/the first's child has ended" wait_for $((5 * SLOW)) ended "$engine"
check "stay/the first stays" kill -0 "$first"
same "stay/idle: with one thread" 1 "$(threads "$first")"
expect "stay/whoever asks there is answered by the second" 0 "process $(child "$second")\b" on here "$WEIR" status --running --own
sleep 3
check "stay/and takes nothing back" kill -0 "$(child "$second")"

weir_start here --take-over --stay
third=${WEIR_PID[here]}
kill "$first"
left_with "stay/told to stop it ends well" 0 "$first"
kill "$third"
left_with "stay/told to stop, one that watches ends well" 0 "$third"
expect "stay/nobody is running" 6 'not running' on here "$WEIR" status --running
left_with "stay/one that is left alone wants to be started again" 6 "$second"
check "stay/and says why" grep -q 'no weir has watched here' "$SCRATCH/here/said"

start_or_leave here --stay
kill -KILL "$(child "${WEIR_PID[here]}")"
left_with "stay/a child that was killed ends it" 137 "${WEIR_PID[here]}"
