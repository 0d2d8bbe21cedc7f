#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A weir takes the place of the one that runs, under traffic: what cannot start leaves the other in
# charge, whoever dies on the way too; what can goes on with tables, hooks, windows and open
# connections, and nothing is missed, nothing told twice. Where that cannot be it begins anew and
# says why.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live tcpdump unshare

HEIR=$TREE/tests/lib/heir.py
PROGRAM=$WEIR
READY_SECONDS=$((3 * READY_SECONDS)) # a clean start loads twice
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
value() { look value "$SCRATCH/$1/status" "$2"; }
many() { query here "select count(*) from signal where rule_name = 'MANY_ATTEMPTS'"; }
has_many() { [ "$(many)" = 1 ]; }
told() { look count "$events" "$@"; }

capture here eth0 "$SCRATCH/wire.pcap" -s 160 ip
start_or_leave here
first=${WEIR_PID[here]}
behind here python3 "$TRAFFIC" chat 10.83.0.1 8002 100 >"$SCRATCH/said.chat"
chat=$!
on here python3 "$TRAFFIC" talk 10.83.0.1 8001 10 300 >/dev/null
sleep 1.2

# One that fails before it is prepared changes nothing.
echo 'title: [' >"$RULES/wrong.yml"
expect "upgrade/one with a fault does not start" 1 'wrong\.yml:[0-9]+:' \
	on here "$WEIR" run --take-over -c "$SCRATCH/here/weir.yaml"
rm "$RULES/wrong.yml"
expect "upgrade/nor one for an interface that is not there" 1 'no interface matches' \
	on here "$WEIR" run --take-over -c "$SCRATCH/here/weir.yaml" -i eth7
expect "upgrade/without being asked none takes over" 3 'another weir .*' \
	on here "$WEIR" run -c "$SCRATCH/here/weir.yaml"

# Nor does one that dies on the way, or says what makes no sense.
expect "upgrade/one dies with the offer" 0 'offered 16 maps' on here python3 "$HEIR" ask offer
expect "upgrade/one dies with the state" 0 'got [0-9]+ bytes' on here python3 "$HEIR" ask state
expect "upgrade/one dies before the last word" 0 'got [0-9]+ bytes' on here python3 "$HEIR" ask "done"
expect "upgrade/one talks nonsense" 0 'no: ' on here python3 "$HEIR" ask nonsense
# And the next weir itself, at each of its messages: to the one that runs (hand.h), of which it has sent its
# first one and not its last, or in between to the process that attaches for it, as it puts its programs
# in the hooks.
TAKE='weoh\\2' DONE='weoh\\5' # as strace shows them
after_take=0
if command -v strace >/dev/null 2>&1; then
	for ((step = 1; step < 12; step++)); do
		status=0
		on here strace -o "$SCRATCH/trace" -e trace=sendmsg -e "inject=sendmsg:error=EPIPE:signal=KILL:when=$step" \
			"$WEIR" run --take-over -c "$SCRATCH/here/weir.yaml" >"$SCRATCH/killed" 2>&1 || status=$?
		same "upgrade/one is killed at its message $step" 137 "$status" || cat "$SCRATCH/killed"
		if grep -q "$TAKE.*= [0-9]" "$SCRATCH/trace"; then after_take=$((after_take + 1)); fi
		if grep -q "$DONE" "$SCRATCH/trace"; then break; fi
	done
	check "upgrade/one is killed at its last message" grep -q "$DONE" "$SCRATCH/trace"
	check "upgrade/one is killed as its programs stand in the hooks" test "$after_take" -ge 1
else
	skip "upgrade/one is killed at each message" "strace is not installed"
fi
check "upgrade/the first goes on" kill -0 "$first"
same "upgrade/and says how often it had to" "$((3 + after_take))" "$(grep -c 'this one goes on' "$SCRATCH/here/said")"
attached here >"$SCRATCH/attached"

# Some that can, while connections are made as fast as they can be; one in a container's own
# namespace of processes.
behind here python3 "$TRAFFIC" busy 10.83.0.1 8001 100 >"$SCRATCH/said.busy"
busy=$!
printf '#!/bin/sh\nexec unshare --pid --fork --kill-child -- %q "$@"\n' "$PROGRAM" >"$SCRATCH/contained"
chmod +x "$SCRATCH/contained"
for step in one two three; do
	before=${WEIR_PID[here]}
	[ "$step" = two ] && WEIR=$SCRATCH/contained || WEIR=$PROGRAM
	weir_start here --take-over
	same "upgrade/$step takes over" 0 $? || weir_said here
	check "upgrade/$step says so" grep -q 'took over from the weir that was here (pid [0-9]*)' "$SCRATCH/here/said"
	status=0
	wait "$before" || status=$?
	same "upgrade/the one before $step left as it should" 0 "$status"
	same "upgrade/attached as the first was, after $step" "$(cat "$SCRATCH/attached")" "$(attached here)"
	WEIR=$PROGRAM weir_status here
	same "upgrade/it was handed over to $step" "handed over 0" \
		"$(value here capture.start) $(value here capture.blind_gap_ns)"
done
WEIR=$PROGRAM
check "upgrade/goes on from the state" grep -q 'going on from the state' "$SCRATCH/here/said"
sleep 1
kill "$busy"
wait "$busy"
connections=$(($(cut -d' ' -f2 "$SCRATCH/said.busy") + 10))
wait_for $((20 * SLOW)) has_many
same "upgrade/the window goes on over all" 1 "$(many)"
kill "$chat"
wait "$chat"
sleep 1
weir_stop here
same upgrade/stops 0 $?
check "upgrade/the recording is whole" capture_stop

# Nothing is missed, nothing is told twice.
echo "figure: upgrade, connections over three upgrades $connections"
same "upgrade/each connection once" "$connections $connections $connections" \
	"$(told attempt destination.port=8001) $(told connection destination.port=8001) $(told flow destination.port=8001 flow.ended=true)"
same "upgrade/the open one once, from its beginning" "1 1 1 0" \
	"$(told attempt destination.port=8002) $(told connection destination.port=8002) $(told flow destination.port=8002 flow.ended=true) $(told flow destination.port=8002 weir.midstream=true)"
same "upgrade/all bytes" "$(look capture-bytes "$SCRATCH/wire.pcap")" "$(look bytes "$events")"
said=$(cut -d' ' -f2 "$SCRATCH/said.chat")
same "upgrade/all that the open one carried" "$said $said" "$(look payload "$events" destination.port=8002)"
same "upgrade/health events know of it" 3 "$(query here "select count(*) from health where fact = 'handed_over'")"
same "upgrade/nothing attached" "" "$(attached here)"

# What cannot be gone on with is not: a clean start, which says why.
start_or_leave here
for fault in layout state; do
	case $fault in
	layout) why='its tables are of another layout' ;;
	state) why='its state is not whole' ;;
	esac
	behind here python3 "$HEIR" leave "$fault" "/run/netns/$NET-there" >"$SCRATCH/heir"
	wait_for 5 grep -q listens "$SCRATCH/heir"
	weir_start there --take-over
	same "upgrade/a fault of $fault: it starts" 0 $? || weir_said there
	check "upgrade/a fault of $fault: it says why" grep -q "a clean start: $why" "$SCRATCH/there/said"
	weir_status there
	same "upgrade/a fault of $fault: so does the status" "clean $why" \
		"$(value there capture.start) $(value there capture.start_why)"
	weir_stop there
	same "upgrade/a fault of $fault: it stops" 0 $?
done
weir_status here
same "upgrade/whoever was asked meanwhile goes on" "clean" "$(value here capture.start)"
weir_stop here
same "upgrade/and stops" 0 $?
same "upgrade/nothing attached in the end" "" "$(attached here)$(attached there)"
