#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Ordinary days raise no detection: the first day of a network, when everything is new, and the
# second, when learning is over. Signals above low are those of many connections alone.
# timeout: 600

. "$(dirname "$0")/../lib.sh"
require_tool python3

echo 'learn: {days: 1}' >"$SCRATCH/weir.yml"
python3 "$TREE/tests/lib/day.py" 3 2 | "$WEIR" replay -c "$SCRATCH/weir.yml" --rules "$TREE/rules" --json --signals - >"$SCRATCH/said" 2>"$SCRATCH/errors"
python3 - "$SCRATCH/said" >"$SCRATCH/loud" <<'END'
import json, sys
for line in open(sys.argv[1]):
    one = json.loads(line)
    if one["event.kind"] == "alert" or one["weir.severity"] not in ("informational", "low"):
        print(one["event.kind"], one["rule.name"])
END
same "no detection in two ordinary days" "" "$(grep alert "$SCRATCH/loud" | sort | uniq -c)"
same "no loud signal" "" "$(grep -v 'alert\|CONNECTION_SPIKE\|PRIVILEGED_ACCESS' "$SCRATCH/loud" | sort | uniq -c)"
check "there was something to look at" test "$(wc -l <"$SCRATCH/said")" -gt 1000
