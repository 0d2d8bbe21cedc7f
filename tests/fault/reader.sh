#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A program holds the database open, in the middle of a transaction, while hours' worth is written:
# its log stays below 64 MiB. Connections and signals are left out and counted, detections are not
# lost; when the reader ends, what waited is stored and the log is cut off.
#
# timeout: 900

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
. "$TREE/tests/lib/fault.sh"
require_live

BOUND=$((64 << 20))
knock_rules
# More signals than detections, so that the log fills in seconds.
cat >>"$RULES/knock.yml" <<'END'
---
title: Noise
id: 5b0a1d5e-2b1f-4f0e-8d55-0f6a3f0f2b03
name: noise
correlation:
    type: event_count
    rules: [attempts]
    group-by: [source.ip, source.port, destination.ip, destination.port]
    timespan: 10s
    condition: {gte: 1}
level: low
END
two_hosts
knock_config inside
sed -i 's/events: true/events: false/; s/signals: true/signals: false/' "$SCRATCH/inside/weir.yaml"
start_or_leave inside -i eth0
knock 1
check "reader/before" wait_for 10 stored 1

# The short form lets another writer fill three quarters of the log, of which weir knows nothing.
python3 - "$SCRATCH/inside/weir.db" "$SCRATCH/reading" "$(sized $((BOUND * 7 / 10)) 0)" <<'END' &
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("begin")
db.execute("select count(*) from signal").fetchall()
if int(sys.argv[3]):
    other = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=20)
    other.execute("create table filling (bytes blob)")
    other.execute("insert into filling values (zeroblob(?))", (int(sys.argv[3]),))
    other.close()
open(sys.argv[2], "w").close()
time.sleep(3600)
END
READER=$!
at_exit "kill $READER 2>/dev/null"
wait_for 30 test -e "$SCRATCH/reading"

log_bytes() { stat -c %s "$SCRATCH/inside/weir.db-wal"; }
most=0 knocks=0 rounds=$(sized 0 6)
left_out() {
	weir_status inside
	python3 - "$SCRATCH/inside/status" <<-'END'
		import json, sys
		lost = next(s for s in json.load(open(sys.argv[1]))["sinks"] if s["name"] == "sqlite")["lost"]
		sys.exit(not (lost.get("flows", 0) > 0 and lost.get("signals", 0) > 0))
	END
}
behind inside python3 -c '
import os, sys, time
most = 0
while True:
    try:
        most = max(most, os.stat(sys.argv[1]).st_size)
    except OSError:
        pass
    open(sys.argv[2] + ".new", "w").write(str(most))
    os.rename(sys.argv[2] + ".new", sys.argv[2])
    time.sleep(0.02)' "$SCRATCH/inside/weir.db-wal" "$SCRATCH/most"
for ((chunk = 0; chunk < 60; chunk++)); do
	knock $((1000 + 1000 * chunk)) $((1999 + 1000 * chunk))
	knocks=$((knocks + 1000))
	sleep 0.3
	! left_out || [ "$knocks" -lt $((rounds * 10000)) ] || break
done
check "reader/connections and signals are left out and counted" left_out
check "reader/status says so" status_is inside health degraded
most=$(cat "$SCRATCH/most")
check "reader/the log is bounded" test "$most" -le "$BOUND"
check "reader/the log was near its bound" test "$most" -ge $((BOUND / 4 * 3))

kill $READER
wait $READER 2>/dev/null
all_stored() {
	local lost
	lost=$(sink inside sqlite lost.detections)
	[ "$(($(detections inside KNOCK) + lost))" = $((knocks + 1)) ]
}
check "reader/each detection is stored or counted" wait_for 60 all_stored
same "reader/none is lost" 0 "$(sink inside sqlite lost.detections)"
knock 999
check "reader/goes on" wait_for 20 stored 999
# Once more, for what came while it recovered.
short_again() { [ "$(log_bytes)" -lt $((16 << 20)) ]; }
check "reader/the log is cut off" wait_for 20 short_again
figure reader.log_bytes "$(cat "$SCRATCH/most")" "at most, of $BOUND, with $knocks detections; lost: $(sink inside sqlite lost)"
weir_stop inside
same "reader/stops" 0 $?
same "reader/the database is whole" ok "$(query inside 'pragma integrity_check')"
