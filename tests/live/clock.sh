#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The wall clock is set ahead and back, while weir runs and while it does not: no event is late, no
# window is lost, nothing is told twice, no duration is negative, and each time is shown by the
# clock that was in force. Only weir's clock is set, not the machine's.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live tcpdump

HOUR=3600
YEAR=$((365 * 24 * HOUR))
clock_set() { # SECONDS
	python3 -c 'import struct, sys; open(sys.argv[1], "r+b").write(struct.pack("=q", int(sys.argv[2]) * 10**9))' \
		"$SCRATCH/clock" "$1"
}
head -c 8 /dev/zero >"$SCRATCH/clock"
# For weir alone: a shell that sets it and becomes weir.
cat >"$SCRATCH/weir" <<END
#!/bin/sh
LD_PRELOAD=$BUILD/tests/lib/wallclock.so WEIR_TEST_CLOCK=$SCRATCH/clock exec $WEIR "\$@"
END
chmod +x "$SCRATCH/weir"
WEIR=$SCRATCH/weir

many_rule 11 10m

host here there
wire here eth0 there eth0
plain here eth0
plain there eth0
address here eth0 10.86.0.2/24
address there eth0 10.86.0.1/24
behind there python3 "$TRAFFIC" serve --tcp 8001,8002,8003,8004,8005,8006
wait_for 10 listening there 8006
events=$SCRATCH/here/events.json

# phase PORT SECONDS: the clock is set to that, then 2 connections, and what they say has left.
talk() { on here python3 "$TRAFFIC" talk 10.86.0.1 "$1" 2 500 >/dev/null; }
told() { [ "$(look count "$events" flow "destination.port=$1" flow.ended=true)" = 2 ]; }
phase() {
	clock_set "$2"
	sleep 1.2
	talk "$1"
	wait_for $((20 * SLOW)) told "$1"
}
# shown PORT SECONDS: the attempts there have times of a clock that is so far ahead.
shown() {
	python3 - "$events" "$1" "$2" <<'END'
import datetime, json, sys
port, ahead = int(sys.argv[2]), int(sys.argv[3])
now = datetime.datetime.now(datetime.timezone.utc)
found = 0
for line in open(sys.argv[1], encoding="utf-8"):
    event = json.loads(line)
    if event.get("event.dataset") == "weir.attempt" and event.get("destination.port") == port:
        at = datetime.datetime.fromisoformat(event["@timestamp"].replace("Z", "+00:00"))
        off = (at - now).total_seconds() - ahead
        found += 1
        if not -1200 < off < 5:
            sys.exit(f"{event['@timestamp']} is {off:.0f} s off")
sys.exit(0 if found == 2 else f"{found} attempts")
END
}
negative() {
	python3 - "$events" <<'END'
import json, sys
for line in open(sys.argv[1], encoding="utf-8"):
    event = json.loads(line)
    if event.get("event.duration", 0) < 0 or event.get("event.start", "") > event.get("event.end", "~"):
        print(line)
END
}
many() { query here "select count(*) from signal where rule_name = 'MANY_ATTEMPTS'"; }
has_many() { [ "$(many)" = 1 ]; }
value() { look value "$SCRATCH/here/status" "$1"; }

capture here eth0 "$SCRATCH/wire.pcap" ip
start_or_leave here
phase 8001 0
phase 8002 "$HOUR"
phase 8003 -"$HOUR"
phase 8004 "$YEAR"
weir_status here
same "clock/every step is noticed" 3 "$(value capture.clock_steps)"
same "clock/no event is late" 0 "$(value engine.late)"
check "clock/the state goes on being written" test "$(value state.written)" -ge 3
same "clock/steps are told" 3 "$(query here "select count(*) from health where fact = 'clock_step'")"
weir_stop here
same clock/stops 0 $?

# Set back by a year and an hour while weir does not run: what is remembered is of the future.
clock_set -"$HOUR"
start_or_leave here
phase 8005 -"$HOUR"
same "clock/nothing yet" 0 "$(many)"
phase 8006 0
wait_for $((15 * SLOW)) has_many
same "clock/the window goes on over all of it" 1 "$(many)"
weir_status here
same "clock/no event is late after a start in the past" 0 "$(value engine.late)"
weir_stop here
same "clock/stops again" 0 $?
check "clock/the recording is whole" capture_stop

same "clock/each attempt once" 12 "$(look count "$events" attempt)"
same "clock/each end once" 12 "$(look count "$events" flow flow.ended=true)"
same "clock/every byte once" "$(look capture-bytes "$SCRATCH/wire.pcap")" "$(look bytes "$events")"
same "clock/no negative duration" "" "$(negative)"
check "clock/shown as it was" shown 8001 0
check "clock/shown an hour ahead" shown 8002 "$HOUR"
check "clock/shown an hour back" shown 8003 -"$HOUR"
check "clock/shown a year ahead" shown 8004 "$YEAR"
check "clock/shown in the past after a start" shown 8005 -"$HOUR"
check "clock/shown as it is again" shown 8006 0

# A start with a clock that is a year ahead deletes nothing for its age (what the test itself has
# stored of that year is taken out first: the newest row tells how far the clock has come).
sqlite3 "$SCRATCH/here/weir.db" "delete from health where time > (unixepoch() + 86400) * 1000000"
rows=$(query here 'select count(*) from signal')
same "clock/there is something to delete" 1 "$rows"
clock_set "$YEAR"
start_or_leave here
sleep 1.5
weir_stop here
same "clock/nothing is deleted for a clock that is wrong" "$rows" "$(query here 'select count(*) from signal')"
