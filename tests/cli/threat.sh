#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Threat lists: a capture held against them, their faults, and what `weir check` says of them.

. "$(dirname "$0")/../lib.sh"

CAPTURE=$TREE/tests/data/ordinary.pcap
CONFIG=$SCRATCH/weir.yaml
mkdir "$SCRATCH/lists"

# lists ENTRY…: a configuration with these.
lists() {
	{
		printf 'threat:\n    lists:\n'
		printf '        - %s\n' "$@"
	} >"$CONFIG"
}

replay() {
	"$WEIR" replay -c "$CONFIG" --rules "$TREE/rules" -q "$@"
}


printf '# seen by us\n93.184.216[.]1\n' >"$SCRATCH/lists/mine.txt"
lists "{path: $SCRATCH/lists/mine.txt, name: seen-by-us, level: high}"
expect "an address on a list is told" 0 'THREAT_INTEL_MATCH.*93\.184\.216\.1' replay "$CAPTURE"
check "with the list's name and age" grep -Eq 'seen-by-us \(ipv4-addr, [0-9.e-]+ days old\)' "$SCRATCH/said"
check "at the list's level" grep -Eqi 'high' "$SCRATCH/said"

printf '203.0.113.77\nother.example\n' >"$SCRATCH/lists/mine.txt"
same "another list is silent" "" "$(replay "$CAPTURE" 2>&1)"

printf 'seen,dst_ip\n2024-01-01,93.184.216.2\n' | gzip >"$SCRATCH/lists/c2.csv.gz"
touch -d '100 days ago' "$SCRATCH/lists/c2.csv.gz"
lists "{path: $SCRATCH/lists, level: critical, max_age: 7d}"
rm "$SCRATCH/lists/mine.txt"
expect "a folder, a table, compressed" 0 '93\.184\.216\.2' replay "$CAPTURE"
expect "a stale one is told" 0 'threat list lists is stale: it was changed 100 days ago' replay "$CAPTURE"

printf '10.0.0.0/8\n0.0.0.0/0\n93.0.0.0/8\ncom\nco.uk\n1.1.1.1\n10.0.0.1\n' >"$SCRATCH/lists/mine.txt"
lists "$SCRATCH/lists/mine.txt"
same "a list of all the world rings at nothing" "" "$(replay "$CAPTURE" 2>/dev/null)"
expect "it is said why" 0 'mine\.txt:1: .10\.0\.0\.0/8.: refused: it is a private or reserved address' replay "$CAPTURE"

lists /nonexistent/list.txt
expect "a list that is not there stops nothing" 0 'threat list list: /nonexistent/list\.txt: No such file' replay "$CAPTURE"
expect "but is a fault to check" 1 'No such file' "$WEIR" check -c "$CONFIG" --rules "$TREE/rules"
printf '93.184.216.1\nnonsense\n10.0.0.1\n' >"$SCRATCH/lists/mine.txt"
lists "$SCRATCH/lists/mine.txt"
expect "check says what is on a list" 0 '^threat list mine: 1 indicator, 1 refused, 1 not understood$' \
	"$WEIR" check -c "$CONFIG" --rules "$TREE/rules"

# fault NAME LINE:COLUMN PATTERN ENTRY
fault() {
	lists "$4"
	expect "$1" 1 "^$CONFIG:$2: $3" "$WEIR" run -c "$CONFIG" --print-config
}
fault "a level that is none" 3:33 "level of threat.lists is 'hihg': give low, medium, high or critical" '{path: /x.txt, level: hihg}'
fault "a part that is none" 3:33 "an entry of threat.lists has no 'levle': nearest is 'level'" '{path: /x.txt, levle: high}'
fault "an entry without a path" 3:11 "threat.lists is 'name=x': give" '{name: x}'
fault "an age that is none" 3:35 "max_age of threat.lists is 'old'" '{path: /x.txt, max_age: old}'
lists "{path: $SCRATCH/lists/mine.txt, max_age: 7d, column: dst ip, all: true}"
"$WEIR" run -c "$CONFIG" --print-config >"$SCRATCH/printed.yaml"
expect "what is printed can be read" 0 'name: mine, level: medium, format: auto, column: "dst ip", max_age: 7d, all: true' \
	"$WEIR" run -c "$SCRATCH/printed.yaml" --print-config
