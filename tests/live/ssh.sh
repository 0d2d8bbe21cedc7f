#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A real sshd, on port 443: wrong passwords are told one by one and are guessing; as many log-ins by
# key, behind keys that are refused, are not. The guest of the server is in a /etc of its own.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live ssh ssh-keygen sshpass openssl unshare
if [ ! -x /usr/sbin/sshd ]; then
	skip ssh "there is no /usr/sbin/sshd"
	exit 0
fi

GUESSES=12

host client server
wire client eth0 server eth0
address client eth0 10.82.0.2/24 10.82.0.3/24
address server eth0 10.82.0.1/24

# The folder is what the package's service makes at its start.
mkdir -p /run/sshd "$SCRATCH/keys"
for key in host guest other1 other2; do ssh-keygen -q -t ed25519 -N '' -f "$SCRATCH/$key"; done
cp "$SCRATCH/guest.pub" "$SCRATCH/keys/guest"
chmod 755 "$SCRATCH" "$SCRATCH/keys"
cp /etc/passwd "$SCRATCH/passwd"
(umask 077 && cp /etc/shadow "$SCRATCH/shadow")
echo 'guest:x:4242:4242::/:/bin/sh' >>"$SCRATCH/passwd"
echo "guest:$(openssl passwd -6 right):19000:0:99999:7:::" >>"$SCRATCH/shadow"
cat >"$SCRATCH/sshd_config" <<END
Port 443
HostKey $SCRATCH/host
AuthorizedKeysFile $SCRATCH/keys/%u
PasswordAuthentication yes
KbdInteractiveAuthentication no
MaxStartups 100
PidFile none
StrictModes no
UsePAM no
END
# shellcheck disable=SC2016
behind server unshare --mount bash -c 'mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/shadow" /etc/shadow &&
	exec /usr/sbin/sshd -D -e -f "$1/sshd_config"' - "$SCRATCH" 2>"$SCRATCH/sshd.said"
wait_for 10 listening server 443
start_or_leave client

# ssh_as ADDRESS OPTION…: runs `true` there.
ssh_as() {
	on client ssh -F none -b "$1" -p 443 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR \
		-c chacha20-poly1305@openssh.com "${@:2}" guest@10.82.0.1 true </dev/null
}

for ((i = 0; i < GUESSES; i++)); do
	SSHPASS=no$i on client sshpass -e ssh -F none -b 10.82.0.2 -p 443 -o StrictHostKeyChecking=no \
		-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o PubkeyAuthentication=no -o NumberOfPasswordPrompts=1 \
		-c chacha20-poly1305@openssh.com guest@10.82.0.1 true >/dev/null 2>&1 </dev/null
	ssh_as 10.82.0.3 -o IdentitiesOnly=yes -o BatchMode=yes -i "$SCRATCH/other1" -i "$SCRATCH/other2" -i "$SCRATCH/guest" ||
		not_ok ssh/key "the guest's key was refused"
done
same "ssh/the server saw the guesses" "$GUESSES" "$(grep -c '^Failed password for guest' "$SCRATCH/sshd.said")"

wait_for $((20 * SLOW)) ended client $((2 * GUESSES))
wait_for $((20 * SLOW)) has_detection client SSH_BRUTE_FORCE
weir_stop client
same ssh/stops 0 $?

events=$SCRATCH/client/events.json
same "ssh/each guess is a failure" "$GUESSES" \
	"$(look count "$events" login source.ip=10.82.0.2 event.outcome=failure network.protocol=ssh)"
same "ssh/no guess is a success" 0 "$(look count "$events" login source.ip=10.82.0.2 event.outcome=success)"
same "ssh/each log-in by key is a success" "$GUESSES" \
	"$(look count "$events" login source.ip=10.82.0.3 event.outcome=success)"
same "ssh/no refused key is a guess" 0 "$(look count "$events" login source.ip=10.82.0.3 event.outcome=failure)"
same "ssh/only guessing is a detection" "10.82.0.2" \
	"$(query client "select distinct json_extract(keys, '\$.\"source.ip\"') from detection where rule_name like 'SSH_%'")"
