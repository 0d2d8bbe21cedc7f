# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What shell tests share; source it first: . "$(dirname "$0")/../lib.sh"
#
# A test says what it found one line a case, on standard output, and tests/run counts them:
#     ok NAME
#     not ok NAME — why
#     skip NAME — reason
# All else that it prints is shown and not counted. It leaves with 1 if a case failed.
#
# Set here: TREE (the source tree), BUILD, WEIR (the program), SCRATCH (a folder removed on exit).

set -u
TREE=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
BUILD=${BUILD:-build}
case $BUILD in /*) ;; *) BUILD=$TREE/$BUILD ;; esac
WEIR=${WEIR:-$BUILD/weir}
SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/weir-test.XXXXXX")
export LC_ALL=C.UTF-8

_failed=0
_at_exit=()

ok() { # NAME
	printf 'ok %s\n' "$1"
}

not_ok() { # NAME WHY
	printf 'not ok %s — %s\n' "$1" "${2:-failed}"
	_failed=$((_failed + 1))
}

skip() { # NAME REASON
	printf 'skip %s — %s\n' "$1" "$2"
}

# check NAME COMMAND…: ok if the command succeeds; its output is shown if it does not.
check() {
	local name=$1 said
	shift
	if said=$("$@" 2>&1); then
		ok "$name"
	else
		not_ok "$name" "'$*' left with $?"
		[ -z "$said" ] || printf '%s\n' "$said" | sed 's/^/    /'
	fi
}

# same NAME EXPECTED ACTUAL
same() {
	if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "expected '$2', got '$3'"; fi
}

# expect NAME STATUS PATTERN COMMAND…: ok if the command leaves with STATUS and its output (both
# streams) matches the extended regular expression. The output stays in $SCRATCH/said.
expect() {
	local name=$1 status=$2 pattern=$3 got=0
	shift 3
	"$@" >"$SCRATCH/said" 2>&1 </dev/null || got=$?
	if [ "$got" -ne "$status" ]; then
		not_ok "$name" "'$*' left with $got, expected $status"
		head -n 20 "$SCRATCH/said" | sed 's/^/    /'
	elif ! grep -Eq -- "$pattern" "$SCRATCH/said"; then
		not_ok "$name" "'$*' did not say /$pattern/"
		head -n 20 "$SCRATCH/said" | sed 's/^/    /'
	else
		ok "$name"
	fi
}

# wait_for SECONDS COMMAND…: true as soon as the command succeeds, tried ten times a second.
wait_for() {
	local tries=$(($1 * 10))
	shift
	while ! "$@" >/dev/null 2>&1; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.1
	done
}

# require_tool TOOL…: leaves with one visible skip if a program is missing.
require_tool() {
	local tool
	for tool in "$@"; do
		if ! command -v "$tool" >/dev/null 2>&1; then
			skip "$(basename "$0")" "$tool is not installed"
			exit 0
		fi
	done
}

# require_python MODULE…: PYTHON is an interpreter that has them, or the test leaves with one visible
# skip. A distribution's modules are for its own interpreter, whatever stands before it in PATH.
require_python() {
	for PYTHON in python3 /usr/bin/python3; do
		! "$PYTHON" -c 'import importlib, sys; [importlib.import_module(m) for m in sys.argv[1:]]' "$@" 2>/dev/null || return 0
	done
	skip "$(basename "$0")" "no Python has the modules $*"
	exit 0
}

require_root() {
	if [ "$(id -u)" -ne 0 ]; then
		skip "$(basename "$0")" "needs root"
		exit 0
	fi
}

# sized SHORT LONG: the first in `make test`, the second in `make test-fault`.
sized() {
	if [ "${WEIR_FAULT:-}" = long ]; then echo "$2"; else echo "$1"; fi
}

# at_exit 'COMMAND': runs when the test leaves, whatever the reason; the last registered first.
at_exit() {
	_at_exit+=("$1")
}

_leave() {
	local status=$? i
	trap - EXIT INT TERM HUP
	for ((i = ${#_at_exit[@]} - 1; i >= 0; i--)); do eval "${_at_exit[i]}"; done
	rm -rf "$SCRATCH"
	[ "$status" -ne 0 ] || [ "$_failed" -eq 0 ] || status=1
	exit "$status"
}
trap _leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
