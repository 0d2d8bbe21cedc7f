#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The unit as systemd reads it: no word that it does not know, and how much it leaves open.

. "$(dirname "$0")/../lib.sh"
require_tool systemd-analyze
MOST=2.5

sed "s,@BINDIR@,/usr/bin,g" "$TREE/deploy/systemd/weir.service" >"$SCRATCH/weir.service"
if ! systemd-analyze security --offline=true --no-pager "$SCRATCH/weir.service" >"$SCRATCH/security" 2>&1; then
	if grep -q 'unrecognized option\|needs an argument' "$SCRATCH/security"; then
		skip "exposure" "this systemd-analyze reads no unit that is not loaded (250 does)"
		exit 0
	fi
	not_ok "the unit is read" "$(head -n 3 "$SCRATCH/security")"
fi
same "every setting is known" "" "$(grep -iE 'unknown (key|lvalue|section)|failed to parse|ignoring' "$SCRATCH/security")"
exposure=$(sed -n 's/^.*Overall exposure level for weir.service: \([0-9.]*\) .*/\1/p' "$SCRATCH/security")
printf 'figure: unit.exposure %s of 10\n' "$exposure"
check "exposure is at most $MOST" python3 -c 'import sys; sys.exit(not 0 < float(sys.argv[1]) <= float(sys.argv[2]))' "${exposure:-99}" "$MOST"
