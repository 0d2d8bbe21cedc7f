#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A member of the group weir, who may not read the configuration, sees what weir has to say: status, top,
# and what the database holds; nobody else does.

# /etc, with a group and a configuration of its own: seen by this test and what it starts alone.
if [ "$(id -u)" -eq 0 ] && [ -z "${WEIR_ETC:-}" ]; then
	WEIR_ETC=$(mktemp -d) && cp -a /etc/. "$WEIR_ETC" && mkdir -p "$WEIR_ETC/weir" && chmod 755 "$WEIR_ETC" "$WEIR_ETC/weir" &&
		rm -rf "$WEIR_ETC/weir/weir.d"
	grep -q '^weir:' "$WEIR_ETC/group" || echo weir:x:4242: >>"$WEIR_ETC/group"
	echo 'database: /nonexistent/of/the/configuration.db' >"$WEIR_ETC/weir/weir.yaml"
	chmod 600 "$WEIR_ETC/weir/weir.yaml"
	export WEIR_ETC
	# shellcheck disable=SC2016
	exec unshare --mount bash -c 'mount --bind "$WEIR_ETC" /etc; exec bash "$0" "$@"' "$0" "$@"
fi
. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
at_exit 'rm -rf "${WEIR_ETC:-}"'
require_live setpriv

host here there
wire here eth0 there eth0
address here eth0 10.84.0.2/24
address there eth0 10.84.0.1/24
behind there python3 "$TRAFFIC" serve --tcp 8080
many_rule 3 10s
# A program and a database that they may reach.
chmod 755 "$SCRATCH"
cp "$WEIR" "$SCRATCH/weir"
weir_config here
echo 'lateness: 0s' >>"$SCRATCH/here/weir.yaml"
start_or_leave here -i eth0
for port in 1 2 3 4; do on here python3 "$TRAFFIC" talk 10.84.0.1 $port 1 1 >/dev/null 2>&1; done
has_signal() { [ "$(query here 'select count(*) from signal')" -gt 0 ]; }
wait_for $((10 * SLOW)) has_signal || not_ok readers/signal "$(cat "$SCRATCH/here/said")"

group=$(getent group weir | cut -d: -f3)
db=$SCRATCH/here/weir.db
as() { # GROUPS COMMAND…
	local groups=$1
	shift
	(cd / && nsenter --net="/run/netns/$NET-here" setpriv --reuid 65534 --regid 65534 --groups "$groups" "$SCRATCH/weir" "$@")
}
if ! as "$group" version >/dev/null 2>&1; then
	skip readers "another user cannot run what lies in $SCRATCH"
	exit 0
fi
expect "readers/the configuration is not theirs" 3 'weir.yaml' as "$group" check
expect "readers/status" 0 'is healthy' as "$group" status
expect "readers/top, with a database named" 0 'PROCESS +PID' as "$group" top --once --database "$db"
same "readers/top says nothing of the configuration then" 0 "$(grep -c configuration "$SCRATCH/said")"
expect "readers/top, by the usual database" 0 'may not be read by you' as "$group" top --json --count 1
expect "readers/detections" 0 'no detections' as "$group" detections --database "$db"
expect "readers/signals" 0 MANY_ATTEMPTS as "$group" signals --database "$db"
expect "readers/flows" 0 . as "$group" flows --database "$db"
expect "readers/a configuration that was asked for" 3 'weir.yaml' as "$group" top --once -c /etc/weir/weir.yaml
expect "readers/support" 0 'status.json' as "$group" support -o "/tmp/weir-support-$$.tar.gz"
rm -f "/tmp/weir-support-$$.tar.gz"
expect "readers/others are refused" 3 'group weir' as 65534 top --once --database "$db"
weir_stop here
