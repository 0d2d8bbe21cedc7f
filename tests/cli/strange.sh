#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Names that an attacker chose (escape codes, quotes, newlines, zeroes, what is no UTF-8, what turns
# the direction of text, 64 KiB of it) come out as valid JSON, as one line, and harmless on a terminal.

. "$(dirname "$0")/../lib.sh"
require_tool python3 sqlite3

strange() {
	python3 "$TREE/tests/lib/strange.py" "$@"
}
replay() {
	"$WEIR" replay --quiet -c /dev/null --rules "$SCRATCH/rules.yml" --signals --events "$@"
}
# What is shown on a terminal: without colours all that is obeyed comes from elsewhere.
terminal() {
	NO_COLOR=1 TERM=xterm script -qec "$(printf '%q ' "$@")" /dev/null
}

strange rules "$SCRATCH/rules.yml"
strange events "$SCRATCH/events.json"
strange capture "$SCRATCH/capture.pcap"
for input in events.json capture.pcap; do
	check "$input is read" replay --json --database "$SCRATCH/$input.db" "$SCRATCH/$input"
	replay --json "$SCRATCH/$input" >"$SCRATCH/said.json" 2>"$SCRATCH/errors.txt"
	replay "$SCRATCH/$input" >"$SCRATCH/said.txt" 2>/dev/null
	check "$input: JSON is valid and obeys nobody" strange json <"$SCRATCH/said.json"
	check "$input: text obeys nobody" strange text <"$SCRATCH/said.txt"
	found=$(grep -c '"event.kind":"alert"' "$SCRATCH/said.json")
	check "$input: names were found ($found)" test "$found" -ge 15
	same "$input: all of them are stored" "$(sed -n 's/.*"event.id":"\([^"]*\)","event.kind":"alert".*/\1/p' "$SCRATCH/said.json" | sort -u | wc -l)" \
		"$(sqlite3 "$SCRATCH/$input.db" 'select count(*) from detection')"
	sqlite3 "$SCRATCH/$input.db" 'select json_object("r", json(record), "k", json(keys), "m", message) from detection
		union all select json_object("r", json(record), "k", json(keys), "v", json(values_json)) from signal' >"$SCRATCH/stored"
	check "$input: what is stored obeys nobody" strange json <"$SCRATCH/stored"
	"$WEIR" detections --database "$SCRATCH/$input.db" >"$SCRATCH/list"
	check "$input: the list obeys nobody" strange text <"$SCRATCH/list"
	"$WEIR" detections --json --database "$SCRATCH/$input.db" >"$SCRATCH/list"
	check "$input: as JSON too" strange json <"$SCRATCH/list"
	for id in $(sqlite3 "$SCRATCH/$input.db" 'select id from detection'); do
		"$WEIR" detections show "$id" --database "$SCRATCH/$input.db"
	done >"$SCRATCH/shown"
	check "$input: each, shown whole, obeys nobody" strange text <"$SCRATCH/shown"
done
same "a bad line is told once" 1 "$(grep -c 'is not valid UTF-8: passed over' <(replay "$SCRATCH/events.json" 2>&1 >/dev/null))"

if command -v script >/dev/null; then
	terminal "$WEIR" detections --database "$SCRATCH/events.json.db" >"$SCRATCH/list"
	check "a terminal is told nothing by the list" strange text <"$SCRATCH/list"
	terminal "$WEIR" replay --quiet -c /dev/null --rules "$SCRATCH/rules.yml" --signals --events "$SCRATCH/events.json" >"$SCRATCH/list"
	check "nor by a replay" strange text <"$SCRATCH/list"
else
	skip "on a terminal" "script is not installed"
fi
