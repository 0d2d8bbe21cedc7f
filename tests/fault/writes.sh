#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A file system that refuses: no space, an error of the disk, read-only, writes that are short.
#
# Each change of the database in turn refuses once: it is tried again and nothing is missing. Then
# all of a running weir's files refuse for a while: it lives, syslog goes on, status and health say
# so; when the fault ends, what waited is stored and health says that too.
#
# timeout: 3600

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
. "$TREE/tests/lib/fault.sh"
require_live

knock_rules
FAULTS=(ENOSPC EIO EROFS SHORT)
REAL=$WEIR
mkdir -p "$SCRATCH/once"
faulty once

# ---- each change of the database, once ----

stores() { # [AFTER FAULT]
	rm -rf "$SCRATCH/once"
	mkdir "$SCRATCH/once"
	python3 "$TREE/tests/lib/faulty.py" new "$CONTROL"
	[ $# = 0 ] || fault fail "$2" "$1" 1
	timeout 60 "$WEIR" replay -c /dev/null --rules "$TREE/rules" --database "$SCRATCH/once/weir.db" \
		"$TREE/tests/data/lateral-movement.pcap" >"$SCRATCH/replayed" 2>&1
}
rows() {
	sqlite3 "$SCRATCH/once/weir.db" 'pragma integrity_check; select count(*) from detection;
		select count(*) from signal; select count(*) from detection_signal' | xargs
}
# The file is made by its first changes: where these refuse, weir says so and does not begin.
began() { ! grep -q 'weir: database .*: .*: ' "$SCRATCH/replayed" || grep -q 'well again' "$SCRATCH/replayed"; }

check "writes/without a fault" stores
EXPECTED=$(rows)
check "writes/it stores something" grep -Eq "^ok [1-9]" <<<"$EXPECTED"
read -r CALLS _ < <(fault calls)
STEP=$(sized "$CALLS" 1)
tried=0 refused=0 bad=0
for name in "${FAULTS[@]}"; do
	for ((n = $(sized $((CALLS / 8 + tried * (CALLS / 4))) 0); n < CALLS; n += STEP)); do
		tried=$((tried + 1))
		stores "$n" "$name"
		got=$?
		if [ "$got" = 3 ] && ! began && [ "$(grep -c . "$SCRATCH/replayed")" -gt 0 ]; then
			refused=$((refused + 1))
		elif [ "$got" != 0 ] || [ "$(rows)" != "$EXPECTED" ]; then
			bad=$((bad + 1))
			printf '    change %s, %s: left with %s, has %s for %s\n' "$n" "$name" "$got" "$(rows)" "$EXPECTED"
			tail -n 3 "$SCRATCH/replayed" | sed 's/^/        /'
		fi
	done
done
same "writes/nothing is missing after one fault" 0 "$bad"
figure writes.changes "$CALLS" "changes of the database in one run"
figure writes.faults "$tried" "faults, of which $refused before it began, and said"

# ---- all of them, for a while ----

two_hosts
WEIR=$REAL
knock_config inside
# It is tried again only after 10 s.
[ "$(sized no yes)" = no ] ||
	echo "archive: {enabled: true, path: $SCRATCH/inside/events}" >>"$SCRATCH/inside/weir.yaml"
faulty inside
start_or_leave inside
port=2000
knock $port
check "writes/before" wait_for 10 stored $port

sinks_fail() { [ "$(sink inside sqlite error)" != 0 ] && [ "$(sink inside "$SCRATCH/inside/events.json" error)" != 0 ]; }
# Something has to be written for that.
all_well() { knock 1999 && status_is inside health healthy || ! grep -q '"error"' "$SCRATCH/inside/status"; }
for name in $(sized "EIO" "${FAULTS[*]:0:3} ENOSPC EIO EROFS"); do
	port=$((port + 1))
	fault fail "$name"
	knock $port
	check "writes/$name: syslog goes on" wait_for 10 announced $port
	check "writes/$name: status says so" wait_for 10 sinks_fail
	check "writes/$name: the state says so" wait_for 10 status_is inside health degraded
	same "writes/$name: it is not stored" "" "$(stored $port && echo stored)"
	fault well
	check "writes/$name: then it is stored" wait_for 10 stored $port
	port=$((port + 1))
	knock $port
	check "writes/$name: all is well again" wait_for 20 all_well
	check "writes/$name: and goes on" wait_for 10 stored $port
done
check "writes/alive" kill -0 "${WEIR_PID[inside]}"
check "writes/health tells the beginning" wait_for 5 told inside output_failing 2
check "writes/health tells the end" wait_for 5 told inside output_recovered 2
check "writes/health tells the state's" wait_for 5 told inside state_recovered 1
weir_stop inside
same "writes/stops" 0 $?
same "writes/the database is whole" ok "$(query inside 'pragma integrity_check')"
check "writes/every JSON line is whole" python3 -c '
import json, sys
for line in open(sys.argv[1]): json.loads(line)' "$SCRATCH/inside/events.json"
figure writes.lost_lines "$(grep -o 'events.json: [0-9]* lines' "$SCRATCH/inside/said" | grep -oE '[0-9]+ ' || echo 0)" "lines of JSON, counted"
