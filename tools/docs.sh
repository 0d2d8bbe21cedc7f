#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# docs.sh [BUILD]: writes anew what is printed from tables: deploy/weir.yaml, the keys in
# docs/configuration.md, docs/fields.md, docs/metrics.md, docs/catalogue.md. Tests say when that is needed.

set -euo pipefail
cd "$(dirname "$0")/.."
WEIR=${1:-build}/weir

# Replaces what stands behind a heading of a page by what a command prints.
replace() {
	local page=$1 mark=$2
	shift 2
	{
		sed "/^$mark\$/q" "$page"
		echo
		"$@"
	} >"$page.new"
	mv "$page.new" "$page"
}

"$WEIR" help --sample >deploy/weir.yaml
replace docs/configuration.md '## Keys' "$WEIR" help --keys
replace docs/metrics.md '## The metrics' "$WEIR" help --metrics
replace docs/fields.md '## Fields' "$WEIR" help --fields
replace docs/catalogue.md '<!-- rules -->' "$WEIR" rules --document -c /dev/null --rules rules
