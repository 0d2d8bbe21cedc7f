#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# check.sh BUILD: what a reviewer should not have to look for.

set -u
cd "$(dirname "$0")/.." || exit
BUILD=${1:-build}
failed=0

tell() { # NAME STATUS
	if [ "$2" -eq 0 ]; then
		echo "ok $1"
	else
		echo "not ok $1"
		failed=1
	fi
}

tracked() {
	if git rev-parse --git-dir >/dev/null 2>&1; then git ls-files -- "$@"; else find . -path ./build -prune -o -name "${1##*/}" -print; fi
}

# Versions differ in what they make of the same style; .clang-format is written for 14.
if clang-format --version 2>/dev/null | grep -q 'version 14\.'; then
	tracked '*.c' '*.cc' '*.h' | grep -v '^vmlinux/' | xargs clang-format --dry-run -Werror
	tell clang-format $?
else
	echo "skip clang-format — version 14 is not installed"
fi

if command -v shellcheck >/dev/null; then
	# SC2034: what a sourced file sets is used by those that source it.
	{ tracked '*.sh'; echo .ci/run; } | xargs shellcheck -x -S warning -e SC2034
	tell shellcheck $?
else
	echo "skip shellcheck — not installed"
fi

tracked '*.sh' | while read -r script; do bash -n "$script" || exit 1; done
tell bash $?
{ tracked '*.py'; echo tests/run; } | PYTHONDONTWRITEBYTECODE=1 xargs python3 -c '
import ast, sys
for path in sys.argv[1:]: ast.parse(open(path).read(), path)'
tell python $?

unmarked=$(tracked '*.c' '*.cc' '*.h' '*.sh' '*.py' | grep -v '^vmlinux/' | xargs grep -L SPDX-License-Identifier)
[ -z "$unmarked" ] || echo "without a licence: $unmarked"
[ -z "$unmarked" ]
tell licences $?

"$BUILD/weir" check rules
tell rules $?
exit $failed
