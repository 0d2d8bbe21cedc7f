#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A weir takes the place of the one that runs, under traffic: what cannot start leaves the other in
# charge; what can goes on with its windows and its open detections, and tells nothing twice.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live tcpdump

many_rule 15 30m

host here there
wire here eth0 there eth0
plain here eth0
plain there eth0
address here eth0 10.83.0.2/24
address there eth0 10.83.0.1/24
behind there python3 "$TRAFFIC" serve --tcp 8001,8002
wait_for 10 listening there 8002
events=$SCRATCH/here/events.json
value() { look value "$SCRATCH/here/status" "$1"; }
talk() { on here python3 "$TRAFFIC" talk 10.83.0.1 8001 "$1" 300 >/dev/null; }
many() { query here "select count(*) from signal where rule_name = 'MANY_ATTEMPTS'"; }
has_many() { [ "$(many)" = 1 ]; }
no_more_than() { [ "$1" -le "$2" ]; }

capture here eth0 "$SCRATCH/wire.pcap" ip
start_or_leave here
first=${WEIR_PID[here]}
behind here python3 "$TRAFFIC" hold 10.83.0.1 8002 1 1 600 >"$SCRATCH/held"
wait_for $((5 * SLOW)) grep -q held "$SCRATCH/held"
talk 10
sleep 1.5

# One that fails before it is prepared changes nothing.
echo 'title: [' >"$RULES/wrong.yml"
expect "upgrade/one with a fault does not start" 1 'wrong\.yml:[0-9]+:' \
	on here "$WEIR" run --take-over -c "$SCRATCH/here/weir.yaml"
rm "$RULES/wrong.yml"
expect "upgrade/nor one for an interface that is not there" 1 'no interface matches' \
	on here "$WEIR" run --take-over -c "$SCRATCH/here/weir.yaml" -i eth7
expect "upgrade/without being asked none takes over" 3 'another weir .*' \
	on here "$WEIR" run -c "$SCRATCH/here/weir.yaml"
check "upgrade/the first goes on" kill -0 "$first"
attached here >"$SCRATCH/attached"

# One that can, while connections are made.
(for _ in $(seq 40); do on here python3 "$TRAFFIC" talk 10.83.0.1 8001 1 300 >/dev/null; done) &
talking=$!
cp "$SCRATCH/here/said" "$SCRATCH/here/said.first"
weir_start here --take-over
same "upgrade/takes over" 0 $?
check "upgrade/says so" grep -q "took over from the weir that was here (pid $first)" "$SCRATCH/here/said"
check "upgrade/goes on from the state" grep -q 'going on from the state' "$SCRATCH/here/said"
wait "$talking"
status=0
wait "$first" || status=$?
same "upgrade/the first left as it should" 0 "$status"
same "upgrade/attached as the first was" "$(cat "$SCRATCH/attached")" "$(attached here)"
weir_status here
same "upgrade/status says from whom" "$first" "$(value capture.taken_over_from)"
gap=$(value capture.blind_gap_ns)
echo "figure: upgrade, blind gap at most $((gap / 1000000)) ms"
check "upgrade/the gap is short" no_more_than "$gap" $((10 * SLOW * 1000000000))
wait_for $((20 * SLOW)) has_many
same "upgrade/the window goes on over it" 1 "$(many)"
weir_stop here
same upgrade/stops 0 $?
check "upgrade/the recording is whole" capture_stop

# What came in the gap is not seen, or in its middle: never more than once.
attempts=$(look count "$events" attempt destination.port=8001)
connections=50
check "upgrade/no attempt twice" no_more_than "$attempts" "$connections"
echo "figure: upgrade, attempts missed $((connections - attempts)) of $connections"
check "upgrade/the others once" test "$attempts" -ge 30
seen=$(look bytes "$events") wire=$(look capture-bytes "$SCRATCH/wire.pcap")
check "upgrade/no byte twice" no_more_than "$seen" "$wire"
echo "figure: upgrade, bytes missed $((wire - seen)) of $wire"
same "upgrade/the open connection was begun once" 1 "$(look count "$events" attempt destination.port=8002)"
same "upgrade/and ended once: it is idle" 1 "$(look count "$events" flow destination.port=8002 flow.ended=true)"
same "upgrade/nothing attached" "" "$(attached here)"

# Where no weir runs it is a start like any other.
start_or_leave here --take-over
weir_status here
same "upgrade/from none" "" "$(value capture.taken_over_from 2>/dev/null | grep -x "$first")"
weir_stop here
same "upgrade/stops again" 0 $?
