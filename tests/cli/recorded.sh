#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Signals that others recorded become the detection of their rules, with the numbers that they had.

. "$(dirname "$0")/../lib.sh"

row() { # NAME TIME MORE
	printf '{"signal_type":"%s","src_ip":"10.1.2.3","dest_ip":"198.51.100.9","dest_port":8443,%s,"severity":"HIGH","timestamp":"2026-02-04T14:%s:00Z"}\n' "$1" "$3" "$2"
}

{
	row PERIODIC_BEACON 30 '"connections":12,"own_interval_of_the_sensor":60.2'
	row PERSISTENT_DESTINATION 33 '"total_bytes_sent":4520'
	row COMMAND_EXCHANGE 36 '"response_ratio":6.04'
} >"$SCRATCH/signals.json"

# The sanitizers see names that outlive their row.
"$BUILD/weir-asan" replay --rules "$TREE/rules" -c /dev/null --json "$SCRATCH/signals.json" >"$SCRATCH/out" 2>"$SCRATCH/err"
same "it is read" 0 $?
same "one detection" 1 "$(grep -c '"event.kind":"alert"' "$SCRATCH/out")"
found=$(python3 - "$SCRATCH/out" <<'END'
import json, sys
record = [json.loads(line) for line in open(sys.argv[1])][-1]
values = record["weir.values"]
print(record["rule.name"], *(f"{n}={v['value']}" for n, v in sorted(values.items())))
END
)
same "its values are those of the rows" \
	"C2_BEACONING COMMAND_EXCHANGE.response_ratio=6.04 PERIODIC_BEACON.connections=12 PERIODIC_BEACON.own_interval_of_the_sensor=60.2 PERSISTENT_DESTINATION.total_bytes_sent=4520" \
	"$found"
