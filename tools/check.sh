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
	tracked '*.c' '*.h' | grep -v '^vmlinux/' | xargs clang-format --dry-run -Werror
	tell clang-format $?
else
	echo "skip clang-format — version 14 is not installed"
fi

if command -v shellcheck >/dev/null; then
	{ tracked '*.sh'; echo .ci/run; } | xargs shellcheck -x
	tell shellcheck $?
else
	echo "skip shellcheck — not installed"
fi

for script in $(tracked '*.sh'); do bash -n "$script" || failed=1; done
python3 -m py_compile tests/run $(tracked '*.py')
tell python $?

unmarked=$(tracked '*.c' '*.h' '*.sh' '*.py' | grep -v '^vmlinux/' | xargs grep -L SPDX-License-Identifier)
[ -z "$unmarked" ] || echo "without a licence: $unmarked"
tell licences $([ -z "$unmarked" ]; echo $?)

"$BUILD/weir" check rules
tell rules $?
exit $failed
