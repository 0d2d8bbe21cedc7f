#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Alerts and dashboard: they name metrics that there are, and promtool tries the alerts.

. "$(dirname "$0")/../lib.sh"
RULES=$TREE/deploy/prometheus/weir.rules.yml
DASHBOARD=$TREE/deploy/grafana/weir.json

"$WEIR" help --metrics | sed -n 's/^| `\(weir_[a-z_]*\)`.*/\1/p' | sort -u >"$SCRATCH/there"
for file in "$RULES" "$DASHBOARD"; do
	same "$(basename "$file") names metrics that there are" "" \
		"$(grep -oE '\bweir_[a-z_]+' "$file" | sort -u | comm -23 - "$SCRATCH/there")"
done
check "the dashboard is whole" python3 - "$DASHBOARD" <<-'END'
	import json, sys
	board = json.load(open(sys.argv[1]))
	panels = board["panels"]
	assert len({p["id"] for p in panels}) == len(panels), "an id twice"
	for p in panels:
	    g = p["gridPos"]
	    assert g["x"] + g["w"] <= 24, p["title"]
	    if p["type"] != "row":
	        assert p["title"] and p["targets"] and all(t["expr"] for t in p["targets"]), p["title"]
	        assert p["fieldConfig"]["defaults"]["unit"], p["title"]
END
require_tool promtool
check "promtool reads the alerts" promtool check rules "$RULES"
check "they are raised, and silent, when they should" promtool test rules "${RULES%.yml}.test.yml"
