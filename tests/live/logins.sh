#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A real sshd that logs to a file, and guesses that fail: weir sees them in the log, beside what it
# makes of their packets.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/../lib/net.sh"
require_root
require_tool sshpass ssh-keygen ssh
SSHD=$(PATH=$PATH:/usr/sbin command -v sshd) || {
	skip logins.sh "sshd is not installed"
	exit 0
}
require_live

host server guest
wire server eth0 guest eth0
address server eth0 10.91.0.1/24
address guest eth0 10.91.0.2/24

mkdir -p /run/sshd
ssh-keygen -q -t ed25519 -N '' -f "$SCRATCH/host_key"
ssh-keygen -q -t ed25519 -N '' -f "$SCRATCH/key"
cp "$SCRATCH/key.pub" "$SCRATCH/authorized"
cat >"$SCRATCH/sshd_config" <<END
HostKey $SCRATCH/host_key
PidFile none
UsePAM no
PasswordAuthentication yes
PermitRootLogin yes
StrictModes no
AuthorizedKeysFile $SCRATCH/authorized
MaxStartups 100
END
: >"$SCRATCH/auth.log"
behind server "$SSHD" -D -f "$SCRATCH/sshd_config" -E "$SCRATCH/auth.log"
wait_for 10 listening server 22 || {
	skip logins.sh "sshd does not start here: $(tail -n 1 "$SCRATCH/auth.log")"
	exit 0
}

WEIR_LOGINS=$SCRATCH/auth.log
start_or_leave server

hosts=(-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR)
guess() { # USER PASSWORD
	on guest sshpass -p "$2" ssh "${hosts[@]}" -o PubkeyAuthentication=no -o NumberOfPasswordPrompts=1 \
		"$1@10.91.0.1" true </dev/null >/dev/null 2>&1
}
for i in $(seq 1 24); do guess "nobody$i" "wrong$i"; done
same "logins/sshd logged the guesses" 24 "$(grep -c '^Failed password' "$SCRATCH/auth.log")"

check "logins/guesses that fail are a detection" wait_for $((20 * SLOW)) has_detection server LOGIN_FAILURES
told() { # COUNT OUTCOME
	[ "$(grep '"event.provider":"auth.log"' "$SCRATCH/server/events.json" | grep '"source.ip":"10.91.0.2"' |
		grep '"destination.ip":"10.91.0.1"' | grep -c "\"event.outcome\":\"$2\"")" -eq "$1" ]
}
check "logins/each guess is told once" wait_for $((10 * SLOW)) told 24 failure

# Rotated in between, as logrotate does with a process that goes on writing.
cp "$SCRATCH/auth.log" "$SCRATCH/auth.log.1"
: >"$SCRATCH/auth.log"
on guest ssh "${hosts[@]}" -i "$SCRATCH/key" root@10.91.0.1 true </dev/null >/dev/null 2>&1
guesses=24
if grep -q '^Accepted publickey' "$SCRATCH/auth.log"; then
	check "logins/one that works after them is a detection" wait_for $((20 * SLOW)) has_detection server LOGIN_AFTER_FAILURES
	guesses=25
else
	skip logins/after "root cannot log in by key here: $(tail -n 1 "$SCRATCH/auth.log")"
fi

counted() {
	[ "$(on server "$WEIR" status --json |
		python3 -c 'import json, sys; print(json.load(sys.stdin)["logins"]["sources"][0]["logins"])')" = "$guesses" ]
}
check "logins/the status counts them" wait_for 10 counted
weir_stop server
same "logins/a good end" 0 $?
