#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Attacks in variations (slow, fast, over IPv6, on other ports, to several) are each found beside
# ordinary work.
# timeout: 300

. "$(dirname "$0")/../lib.sh"
require_tool python3

python3 "$TREE/tests/lib/attacks.py" 1 | "$WEIR" replay -c /dev/null --rules "$TREE/rules" --json - >"$SCRATCH/said" 2>"$SCRATCH/errors"
python3 "$TREE/tests/lib/attacks.py" --expected >"$SCRATCH/expected"

# found KEY DETECTION…: one of them names that host or process tree.
found() {
	python3 - "$SCRATCH/said" "$@" <<-'END'
		import json, sys
		said, key, names = sys.argv[1], sys.argv[2], sys.argv[3:]
		heard = {one["rule.name"] for one in map(json.loads, open(said))
		         if one["event.kind"] == "alert" and key in map(str, one.values())}
		sys.exit(0 if heard & set(names) else f"of {key}: {sorted(heard)}")
	END
}

while IFS='|' read -r name key detections; do
	# shellcheck disable=SC2086
	check "$name: $detections" found "$key" $detections
done <"$SCRATCH/expected"
check "there were some" test "$(wc -l <"$SCRATCH/expected")" -ge 32
