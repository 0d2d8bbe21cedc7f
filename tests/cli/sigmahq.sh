#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 120
#
# The public rules of SigmaHQ, from $WEIR_SIGMA (a checkout of it): all that are for events which
# weir has load as they are, all others are skipped with the reason, and nothing is a fault.
# Prints what was loaded and why the rest was skipped.

. "$(dirname "$0")/../lib.sh"

folders="rules rules-emerging-threats rules-threat-hunting rules-placeholder rules-compliance deprecated"

if [ ! -d "${WEIR_SIGMA:-}/rules" ]; then
	for folder in $folders unsupported; do
		skip "SigmaHQ: $folder" "WEIR_SIGMA names no checkout of SigmaHQ/sigma"
	done
	exit 0
fi

reasons() { # FILE
	sed -nE "s/^[^:]+:[0-9]+:[0-9]+: warning: //p" "$1" |
		sed -E "s/^weir has no '(.*)' events of product '(.*)':.*/no events: \1 of \2/
			s/^weir has no events of (category|service|product) '([^']*)'( of [^:]*)?:.*/no events: \2\3/
			s/^(unknown field '[^']*'):.*/\1/
			s/^(placeholder) .*/\1 without a value/" | sort | uniq -c | sort -rn
}

for folder in $folders; do
	expect "SigmaHQ: $folder" 0 '' "$WEIR" check -c /dev/null --lenient "$WEIR_SIGMA/$folder"
	tail -n 1 "$SCRATCH/said"
	same "SigmaHQ: $folder: no fault" "" "$(grep -vE ': warning: |^[0-9]+ rules?: ' "$SCRATCH/said")"
	reasons "$SCRATCH/said" | head -n 12
done
# Of old Sigma: aggregations by timeframe, and collections.
expect "SigmaHQ: unsupported" 1 "of old Sigma" "$WEIR" check -c /dev/null --lenient "$WEIR_SIGMA/unsupported"
same "SigmaHQ: unsupported: why" "" "$(grep -vE ": warning: |of old Sigma|has no 'title'|unknown key 'new_fields'|faults in the rules" "$SCRATCH/said")"
