#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A connection is named by what its client asked for: one address, three clients, each with a name of
# its own; who asks anew has the new one; who was not seen to ask has one of theirs.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live dig

host one two there
wire one eth0 there eth0
wire two eth0 there eth1
address one eth0 10.88.0.2/24 10.88.0.3/24
address two eth0 10.88.1.2/24
address there eth0 10.88.0.1/24
address there eth1 10.88.1.1/24
address there lo 192.0.2.7/32
on one ip route add default via 10.88.0.1
on two ip route add default via 10.88.1.1
behind there python3 "$TREE/tests/lib/dnsd.py" 10.88.0.1
behind there python3 "$TREE/tests/lib/dnsd.py" 10.88.1.1
behind there python3 "$TRAFFIC" serve --tcp 7001,7002,7003,7004
wait_for 10 listening there 53 udp
wait_for 10 listening there 7004
events=$SCRATCH/there/events.json

start_or_leave there
confined() {
	weir_status there
	[ "$(look value "$SCRATCH/there/status" decoding.confined)" = True ]
}
wait_for $((5 * SLOW)) confined || not_ok names/ready "$(cat "$SCRATCH/there/status")"

ask() { on "$1" dig +tries=1 +time=2 "@$2" "$3" A >/dev/null; }
use() { on "$1" python3 "$TRAFFIC" talk 192.0.2.7 "$2" 1 300 >/dev/null; }
ask one 10.88.0.1 first.test
ask two 10.88.1.1 second.test
use one 7001
use two 7002
ask one 10.88.0.1 third.test
use one 7003
on one ip route change default via 10.88.0.1 src 10.88.0.3
use one 7004

named() { # PORT SOURCE NAME…
	local port=$1 source=$2 name
	shift 2
	for name in "$@"; do
		[ "$(look count "$events" connection "destination.port=$port" "source.ip=$source" "destination.domain=$name")" -ge 1 ] && return
	done
	return 1
}
named_so() { # WHAT PORT SOURCE NAME…
	local what=$1
	shift
	if wait_for $((12 * SLOW)) named "$@"; then
		ok "names/$what"
	else
		not_ok "names/$what" "$* $(grep -h "\"destination.port\":$1" "$events" | grep -c weir.connection) connections"
	fi
}
named_so "what the client asked for" 7001 10.88.0.2 first.test
named_so "another client, another name" 7002 10.88.1.2 second.test
named_so "what it asked for last" 7003 10.88.0.2 third.test
named_so "one that does not ask has a name of others" 7004 10.88.0.3 second.test third.test
weir_stop there
same "names/stops" 0 $?
