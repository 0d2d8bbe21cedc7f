#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The worked example of docs/writing-rules.md works.

. "$(dirname "$0")/../lib.sh"
RULES=$SCRATCH/rules
mkdir "$RULES"

block() { # the N-th YAML block of the page
	awk -v n="$1" '/^```yaml$/ { at++; next } /^```$/ { if (at == n) exit; next } at == n' "$TREE/docs/writing-rules.md"
}
{
	block 1
	echo ---
	block 2
} >"$RULES/printer_tour.yml"
block 3 >"$RULES/printer_tour.cases.yml"
expect "its rules load" 0 '^2 rules: 1 makes detections' "$WEIR" check "$RULES"
expect "its cases hold" 0 '^3 cases, 0 failed; 0 gaps$' "$WEIR" rules test -c /dev/null --rules "$RULES"
expect "beside the shipped rules too" 0 '^3 cases, 0 failed; 0 gaps$' "$WEIR" rules test -c /dev/null --rules "$TREE/rules" "$RULES/printer_tour.yml"
sed -i 's/printers >= 3/printers >= 4/' "$RULES/printer_tour.yml"
expect "a rule that is changed fails them" 1 'PRINTER_TOUR said nothing' "$WEIR" rules test -c /dev/null --rules "$RULES"
sed -i 's/printers >= 4/printers >= 3/' "$RULES/printer_tour.yml"
block 4 | sed 's/10\.0\.0\.77/10.0.0.5/' >"$RULES/filter.yml"
expect "its filter takes the events out" 1 'PRINTER_TOUR said nothing' "$WEIR" rules test -c /dev/null --rules "$RULES"
