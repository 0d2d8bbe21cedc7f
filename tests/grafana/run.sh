#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# `make test-grafana`: the dashboard against the types that Grafana publishes as @grafana/schema. It takes
# npm's registry, and some 35 MB for as long as it runs; tests/cli/prometheus.sh is what needs no network.

. "$(dirname "$0")/../lib.sh"
require_tool npm node python3
DASHBOARD=$TREE/deploy/grafana/weir.json
PACKAGES=(@grafana/schema@13.2.3 typescript@5.9.3)
FOUND=0

cd "$SCRATCH" || exit
if ! npm install --no-audit --no-fund --no-save --ignore-scripts "${PACKAGES[@]}" >npm 2>&1; then
	skip grafana "npm has no ${PACKAGES[*]}: $(grep -v '^$' npm | tail -n 1)"
	exit 0
fi

# errors FILE: what the compiler finds in a dashboard.
errors() {
	{ python3 "$TREE/tests/grafana/typed.py" "$1" >board.ts; } 2>&1 || return
	node_modules/.bin/tsc --noEmit --strict --skipLibCheck --target es2022 --module nodenext board.ts 2>&1
}
same "the dashboard is one of Grafana's" "" "$(errors "$DASHBOARD")"

# A check that finds nothing would say the same.
for fault in 's/"displayMode": "list"/"displayMode": "lst"/' 's/"graphMode"/"graphMod"/' 's/"w": 12/"W": 12/' \
	's/"lineWidth"/"linewidth"/' 's/"graphTooltip": 1/"graphTooltip": 7/' 's/"legendFormat"/"legendformat"/' \
	's/"schemaVersion": [0-9]*/"schemaVersion": "new"/'; do
	sed "$fault" "$DASHBOARD" >wrong.json
	if errors wrong.json >/dev/null; then not_ok "it finds $fault"; else FOUND=$((FOUND + 1)); fi
done
check "it would find others" test "$FOUND" = 7
