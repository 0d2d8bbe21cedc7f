#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# weir is killed in the middle of an attack: after the next start the second half meets the first,
# and there is one detection. A damaged state is set aside. Rules change while it runs.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live

mkdir -p "$SCRATCH/rules"
RULES=$SCRATCH/rules
{
	attempts_rule
	cat <<'END'
title: First step
id: 5b0a1d5e-2b1f-4f0e-8d55-0f6a3f0f1a02
name: first_step
correlation:
    type: value_count
    rules: [attempts]
    group-by: [source.ip]
    timespan: 30m
    condition: {field: destination.port, gte: 4}
level: low
---
title: Second step
id: 5b0a1d5e-2b1f-4f0e-8d55-0f6a3f0f1a03
name: second_step
correlation:
    type: event_count
    rules: [attempts]
    group-by: [source.ip]
    timespan: 30m
    condition: {gte: 8}
level: low
---
title: Both steps
id: 5b0a1d5e-2b1f-4f0e-8d55-0f6a3f0f1a04
name: both_steps
correlation:
    type: temporal_ordered
    rules: [first_step, second_step]
    group-by: [source.ip]
    timespan: 30m
level: high
END
} >"$RULES/steps.yml"

host outside inside
wire outside eth0 inside eth0
address outside eth0 10.78.0.2/24
address inside eth0 10.78.0.1/24
behind inside python3 "$TRAFFIC" serve --tcp 1001,1002,1003,1004
wait_for 10 listening inside 1004

STATE=$SCRATCH/inside/weir.db.state
knock() { # PORT…
	local port
	for port; do on outside python3 "$TRAFFIC" talk 10.78.0.1 "$port" 1 10 >/dev/null; done
}
has_signal() {
	[ "$(query inside "select count(*) from signal where rule_name = '$1'")" -gt 0 ] 2>/dev/null
}
# written: true once a snapshot was begun and written after the given one: the next may have been on
# its way already.
written_since() {
	weir_status inside
	[ "$(look value "$SCRATCH/inside/status" state.written)" -gt "$(($1 + 1))" ] 2>/dev/null
}
written() {
	weir_status inside
	look value "$SCRATCH/inside/status" state.written
}
said() { grep -q "$1" "$SCRATCH/inside/said"; }

start_or_leave inside
knock 1001 1002 1003 1004
wait_for 20 has_signal FIRST_STEP
count=$(written)
wait_for 20 written_since "$count"
check state/written test -s "$STATE"
weir_stop inside KILL
same state/killed 137 $?

start_or_leave inside
check "state/goes on after a kill" said 'going on from the state'
same "state/not yet" 0 "$(detections inside BOTH_STEPS)"
knock 1001 1002 1003 1004
wait_for 20 has_detection inside BOTH_STEPS
same "state/found across a kill" 1 "$(detections inside BOTH_STEPS)"
same "state/the first step once" 1 "$(query inside "select count(*) from signal where rule_name = 'FIRST_STEP'")"
id=$(query inside "select id from detection")

# An orderly stop and start: the open detection goes on, and is announced once.
knock 1001
sleep 5
weir_stop inside
same state/stops 0 $?
start_or_leave inside
knock 1001 1002
sleep 12 # the lateness, and what is not told at once
same "state/the same detection" "$id" "$(query inside 'select id from detection' | xargs)"
same "state/announced once" 1 "$(grep -c DETECTION "$SCRATCH/inside/syslog")"

# A filter, by reload: the windows go on, the source is allowed at once.
cat >"$RULES/allow.yml" <<'END'
title: Allow the outside host
id: 5b0a1d5e-2b1f-4f0e-8d55-0f6a3f0f1a05
logsource: {category: network, service: attempt}
filter:
    rules: [attempts]
    selection: {source.ip: 10.78.0.2}
    condition: not selection
END
expect "state/reload" 0 '^reloaded: [0-9]+ rules go on' on inside "$WEIR" reload
before=$(query inside 'select count from detection')
knock 1001 1002 1003
sleep 12
same "state/the filter is in force" "$before" "$(query inside 'select count from detection')"

# What is wrong changes nothing, and is printed with its place.
echo 'title: [' >"$RULES/wrong.yml"
expect "state/a wrong reload" 1 'wrong\.yml:[0-9]+:[0-9]+: ' on inside "$WEIR" reload
kill -HUP "${WEIR_PID[inside]}"
wait_for 5 said 'not reloaded'
check "state/goes on after a wrong reload" weir_status inside
rm "$RULES/wrong.yml"
kill -HUP "${WEIR_PID[inside]}"
wait_for 5 said '^weir: reloaded'
check "state/SIGHUP reloads" said '^weir: reloaded'

# A damaged one is set aside, with a word, and everything begins anew.
weir_stop inside
printf 'x' | dd of="$STATE" bs=1 seek=100 conv=notrunc status=none
start_or_leave inside
check "state/damage is told" said 'is not used and was set aside'
check "state/damage is kept" compgen -G "$STATE.bad-*"
weir_stop inside
