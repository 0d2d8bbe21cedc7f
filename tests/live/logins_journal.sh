#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Log-ins from a journal: a journald of the test's own, in mounts that nobody else sees.

if [ "${1:-}" != inside ] && [ "$(id -u)" -eq 0 ] && command -v unshare >/dev/null; then
	exec unshare -m --propagation private bash "$0" inside
fi
# alone: the journal has to look at who writes while that lives

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live logger setpriv
JOURNALD=/lib/systemd/systemd-journald
if [ ! -x "$JOURNALD" ] || [ ! -s /etc/machine-id ]; then
	skip logins_journal.sh "systemd-journald is not installed, or the machine has no id"
	exit 0
fi

mkdir -p /run/systemd /run/log
for folder in /run/systemd /run/log /var/log; do
	mount -t tmpfs tmpfs "$folder" || {
		skip logins_journal.sh "file systems cannot be mounted here"
		exit 0
	}
done
mkdir -p /run/systemd/journal
"$JOURNALD" >/dev/null 2>&1 &
_net_pids+=($!)
wait_for 10 test -S /run/systemd/journal/dev-log || {
	skip logins_journal.sh "systemd-journald does not start here"
	exit 0
}

# A process that is called sshd, and lives until the journal has looked at it.
cp "$(command -v logger)" "$SCRATCH/sshd"
chmod 755 "$SCRATCH" "$SCRATCH/sshd"
say() { # [COMMAND…]: lines of standard input, as sshd's
	{
		cat
		sleep 2
	} | "$@" "$SCRATCH/sshd" -t sshd -p auth.info -u /run/systemd/journal/dev-log
}
told() { # COUNT OUTCOME
	[ "$(grep '"event.provider":"journal"' "$SCRATCH/here/events.json" | grep -c "\"event.outcome\":\"$2\"")" -eq "$1" ]
}

host here
echo "Failed password for before from 203.0.113.9 port 7 ssh2" | say env
WEIR_LOGINS=auto
start_or_leave here -i lo
for i in $(seq 1 25); do echo "Failed password for root from 203.0.113.9 port $i ssh2"; done | say env
check "logins_journal/failures are a detection" wait_for $((20 * SLOW)) has_detection here LOGIN_FAILURES
check "logins_journal/each is told once, and none of before" wait_for $((10 * SLOW)) told 25 failure
echo "Accepted password for root from 203.0.113.9 port 99 ssh2" | say setpriv --reuid 65534 --regid 65534 --clear-groups
echo "Accepted password for anna from 203.0.113.9 port 99 ssh2" | say env
check "logins_journal/one that works is a detection" wait_for $((20 * SLOW)) has_detection here LOGIN_AFTER_FAILURES
same "logins_journal/who is not the system is not believed" "" \
	"$(grep '"event.dataset":"weir.login"' "$SCRATCH/here/events.json" | grep '"event.outcome":"success"' | grep -v '"user.name":"anna"')"
weir_stop here
same "logins_journal/a good end" 0 $?
