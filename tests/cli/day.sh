#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Ordinary days raise no detection: a day of a network that begins to learn, and two days of one
# that has learned after the first. Signals above low are those of many connections alone.
# timeout: 600

. "$(dirname "$0")/../lib.sh"
require_tool python3

replay() { # SEED DAYS [KEY: VALUE]
	echo "${3:-}" >"$SCRATCH/weir.yml"
	python3 "$TREE/tests/lib/day.py" "$1" "$2" | "$WEIR" replay -c "$SCRATCH/weir.yml" --rules "$TREE/rules" --json --signals - >"$SCRATCH/said"
	python3 - "$SCRATCH/said" >"$SCRATCH/loud" <<'END'
import json, sys
for line in open(sys.argv[1]):
    one = json.loads(line)
    if one["event.kind"] == "alert" or one["weir.severity"] not in ("informational", "low"):
        print(one["event.kind"], one["rule.name"])
END
}
for seed in 1 2; do
	replay $seed 1
	same "no detection on the first day, seed $seed" "" "$(grep alert "$SCRATCH/loud" | sort | uniq -c)"
	same "no loud signal, seed $seed" "" "$(grep -v 'CONNECTION_SPIKE\|PRIVILEGED_ACCESS' "$SCRATCH/loud" | sort | uniq -c)"
done
check "there was something to look at" test "$(wc -l <"$SCRATCH/said")" -gt 500
replay 3 2 'learn: {days: 1}'
same "no detection when it is learned what is usual" "" "$(grep alert "$SCRATCH/loud" | sort | uniq -c)"
