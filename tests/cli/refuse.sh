#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `weir run` where it may not, and `weir status` where nothing runs.

. "$(dirname "$0")/../lib.sh"

# The program where anybody can read it.
bare() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid 65534 --regid 65534 --clear-groups "$@"
	else
		"$@"
	fi
}
# In a network namespace of its own; without root by way of a user namespace.
alone() {
	if [ "$(id -u)" -eq 0 ]; then unshare -n "$@"; else unshare -rn "$@"; fi
}
cp "$WEIR" "$SCRATCH/weir"
chmod 755 "$SCRATCH" "$SCRATCH/weir"

expect "not root" 3 "^weir: not root: run 'sudo weir run'" bare "$SCRATCH/weir" run -c /dev/null --database none
expect "machine, not root" 3 '^missing +capabilities' \
	bare "$SCRATCH/weir" check --system -c /dev/null "$SCRATCH"
expect "what may not be asked is not said to be missing" 3 '^note +TCX +not known' \
	bare "$SCRATCH/weir" check --system -c /dev/null "$SCRATCH"
if alone true 2>/dev/null; then
	expect "nothing runs" 6 "^weir: not running in this network namespace" alone "$WEIR" status
	expect "nothing runs, as JSON" 6 "not running" alone "$WEIR" status --json
	expect "nothing to reload" 6 "not running" alone "$WEIR" reload
else
	skip "nothing runs" "no network namespace of one's own here"
fi

# What answers nonsense, or not at all.
if alone true 2>/dev/null && command -v python3 >/dev/null; then
	answer() { # TEXT
		alone python3 - "$WEIR" "$1" <<'END'
import socket, subprocess, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind("\0weir")
listener.listen(1)
child = subprocess.Popen([sys.argv[1], "status"], stderr=subprocess.STDOUT)
peer, _ = listener.accept()
peer.sendall(sys.argv[2].encode().decode("unicode_escape").encode("latin1"))
peer.close()
sys.exit(child.wait())
END
	}
	expect "nonsense for an answer" 3 'the answer makes no sense' answer '{"health": '
	expect "no object" 3 'the answer makes no sense' answer '[1]'
	expect "silence" 3 'answers only root' answer ''
	expect "healthy" 0 '^weir 1.2 is healthy, process 7' answer '{"health": "healthy", "version": "1.2", "pid": 7}'
	expect "degraded" 5 '^weir 1.2 is degraded' answer '{"health": "degraded", "version": "1.2", "x": {"lost": 5}}'
	expect "what it says is clean" 5 'a\?\[2J' answer '{"health": "degraded", "x": "a\\u001b[2J"}'
fi
