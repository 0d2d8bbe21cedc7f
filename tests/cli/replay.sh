#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Files that are none, and where a replay may write.

. "$(dirname "$0")/../lib.sh"

replay() {
	"$WEIR" replay --rules "$TREE/rules" -c /dev/null "$@"
}

expect "missing file" 1 '^weir: .*/nonexistent\.pcap.*No such file' replay /nonexistent.pcap
expect "folder" 1 '^weir: ' replay "$SCRATCH"
printf 'this is a text, and no capture' >"$SCRATCH/text.pcap"
expect "no capture" 1 '^weir: .*text\.pcap' replay "$SCRATCH/text.pcap"
: >"$SCRATCH/empty"
expect "empty file" 1 '^weir: .*empty' replay "$SCRATCH/empty"
printf '\324\303\262\241\002\000\004\000\000\000\000\000\000\000\000\000\377\377\000\000\001\000\000\000' >"$SCRATCH/none.pcap"
check "capture without packets" replay "$SCRATCH/none.pcap"
expect "folder of the database is missing" 3 "^weir: .*$SCRATCH/no/such/x.db" replay --database "$SCRATCH/no/such/x.db" "$SCRATCH/none.pcap"
printf 'this is a text, long enough for a header of a database, and no database at all, but a text, a text, a text' >"$SCRATCH/text.db"
before=$(md5sum <"$SCRATCH/text.db")
expect "database that is none" 1 '^weir: .*text\.db is not' replay --database "$SCRATCH/text.db" "$SCRATCH/none.pcap"
same "what is no database is left alone" "$before" "$(md5sum <"$SCRATCH/text.db")"

# A disk that is full; the limit of a file's size stands for it.
full() {
	(
		trap '' XFSZ
		ulimit -f 100
		replay --quiet --database "$SCRATCH/full.db" "$TREE/tests/data/lateral-movement.pcap"
	)
}
expect "a database that cannot grow" 3 'records were not written' full

# What others recorded, packed and in a pipe; what is said at the end.
row() { # SECONDS PORT
	printf '{"ts":%s,"src_ip":"10.0.0.5","dest_ip":"10.0.0.9","dest_port":%s,"network.state":"rejected","protocol":"tcp"}\n' "$1" "$2"
}
for port in $(seq 1 40); do row "$((1700000000 + port / 10))" "$port"; done >"$SCRATCH/rows.json"
gzip -k "$SCRATCH/rows.json"
expect "packed rows make a signal" 0 'PORT_SCAN' replay --signals "$SCRATCH/rows.json.gz"
piped() {
	cat "$SCRATCH/rows.json" | replay --signals -
}
expect "rows in a pipe make a signal" 0 'PORT_SCAN' piped
expect "the summary says how much was read" 0 '^weir: .*rows\.json: flat JSON, 40 records$' replay "$SCRATCH/rows.json"
{
	cat "$SCRATCH/rows.json"
	row 1600000000 1
	echo '{"broken'
} >"$SCRATCH/late.json"
expect "the summary says what was wrong" 0 '41 records: passed over 1 bad lines; 2 of 82 events came too late.*--sort-window' replay "$SCRATCH/late.json"
expect "the window that it names takes them" 0 '^weir: [^;]*$' replay --sort-window 1d "$SCRATCH/rows.json"
expect "as an object" 0 '"late":2' replay --json "$SCRATCH/late.json"
same "quiet says nothing of them" "" "$(replay --quiet "$SCRATCH/rows.json" 2>&1 >/dev/null)"
expect "a window that is none" 2 '^weir: .*--sort-window soon' replay --sort-window soon "$SCRATCH/rows.json"

# Stopped in the middle of a pipe that stays open: all that was read is told.
mkfifo "$SCRATCH/pipe"
"$WEIR" replay --rules "$TREE/rules" -c /dev/null --json --events - <"$SCRATCH/pipe" >"$SCRATCH/stopped" 2>"$SCRATCH/words" &
pid=$!
exec 3>"$SCRATCH/pipe"
awk 'BEGIN { for (i = 0; i < 20000; i++)
	printf "{\"ts\":%d,\"src_ip\":\"10.0.0.5\",\"dest_ip\":\"10.0.0.9\",\"dest_port\":443}\n", 1700000000 + i }' >&3
check "the beginning of a pipe is told before its end" wait_for 60 test -s "$SCRATCH/stopped"
kill -TERM "$pid"
wait "$pid" 2>/dev/null
same "stopped by SIGTERM: the status is the signal's" 143 $?
exec 3>&-
check "it says that it was stopped" grep -q '^weir: warning: stopped by SIGTERM' "$SCRATCH/words"
records=$(sed -n 's/.*"records":\([0-9]*\).*/\1/p' "$SCRATCH/words")
same "all that was read is told" "$records" "$(grep -c '"event.dataset":"weir.attempt"' "$SCRATCH/stopped")"

# Kept events.
mkdir "$SCRATCH/kept"
expect "nothing was kept" 1 '^weir: .*kept: no events were kept in that time' replay --since 1d --archive "$SCRATCH/kept"
expect "no folder of kept events" 1 '^weir: .*nowhere: No such file' replay --since 1d --archive "$SCRATCH/nowhere"
expect "kept events or files" 2 '^weir: .*--since is for kept events' replay --since 1d "$SCRATCH/rows.json"
expect "an end before the beginning" 2 '^weir: --until is not after --since' replay --since 1d --until 2d
expect "an end without a beginning" 2 '^weir: .*--until' replay --until 1d "$SCRATCH/rows.json"
replay --quiet --json --events "$SCRATCH/rows.json" | grep '"event.kind":"event"' | gzip >"$SCRATCH/kept/20231114T22.jsonl.zst"
expect "kept events make a signal" 0 'PORT_SCAN' replay --signals --since 2023-11-14T22:00:00Z --archive "$SCRATCH/kept"
same "not those before" "" "$(replay --signals --since 2023-11-14T22:13:24Z --archive "$SCRATCH/kept" 2>/dev/null)"

# Signals that somebody else recorded.
found() { # NAME SECONDS
	printf '{"signal_type":"%s","src_ip":"192.168.1.45","dest_ip":"203.0.113.99","dest_port":8443,"severity":"HIGH","timestamp":%s,"count_of_mine":7}\n' "$1" "$((1700000000 + $2))"
}
{ found PERIODIC_BEACON 0 && found PERSISTENT_DESTINATION 60 && found COMMAND_EXCHANGE 120; } >"$SCRATCH/signals.json"
expect "recorded signals make a detection" 0 'C2_BEACONING' replay "$SCRATCH/signals.json"
same "the same one each time" "$(replay -q --json "$SCRATCH/signals.json")" "$(replay -q --json "$SCRATCH/signals.json")"
expect "their numbers are kept" 0 'count_of_mine 7' replay "$SCRATCH/signals.json"
found NO_SUCH_RULE 0 >"$SCRATCH/stranger.json"
expect "a signal of no rule is told" 0 '^weir: warning: a recorded signal NO_SUCH_RULE: no rule' replay "$SCRATCH/stranger.json"
