#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the documents say is what the sources say.

. "$(dirname "$0")/../lib.sh"
cd "$TREE" || exit

missing=$(sed -n 's/^.*X([A-Z_]*, "\([^"]*\)").*/\1/p' bpf/loss.h | while read -r words; do
	grep -qF "$words" docs/operations.md || echo "$words"
done)
same "every loss is explained" "" "$missing"

missing=$(sed -n 's/^\tEXIT_[A-Z_]* = \([0-9]\),.*/\1/p' user/base/error.h | while read -r status; do
	grep -q "^| $status | " docs/operations.md || echo "$status"
done)
same "every exit status is explained" "" "$missing"

missing=$(grep -oE '\]\([A-Za-z][^)#:]*\)' README.md CONTRIBUTING.md docs/*.md | while IFS=: read -r file link; do
	path=$(dirname "$file")/$(tr -d ']()' <<<"$link")
	[ -e "$path" ] || echo "$file: $path"
done)
same "links lead somewhere" "" "$missing"

missing=$(grep -ohE '(`|^    )make [a-z][a-z-]+($|[ `])' README.md CONTRIBUTING.md docs/*.md | tr -d '`' | sort -u | while read -r _ target; do
	grep -qE "^([a-z -]* )?$target( [a-z -]*)?:" Makefile || echo "make $target"
done)
same "every make target that is named is there" "" "$missing"

# 'tools/docs.sh' makes it true again.
sed '1,/^<!-- rules -->$/d' docs/catalogue.md >"$SCRATCH/page"
{
	echo
	"$WEIR" rules --document -c /dev/null --rules rules
} >"$SCRATCH/rules"
check "the catalogue is that of the rule files" diff "$SCRATCH/page" "$SCRATCH/rules"
