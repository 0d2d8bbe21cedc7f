#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# `weir top` in real terminals: a connection that moves is seen with its process, sorted, filtered,
# searched, opened, paused; narrow terminals, none at all, no colour; a detection leads to its
# connections.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live
require_python pyte
SCREEN=$TREE/tests/lib/screen.py

host here there
wire here eth0 there eth0
address here eth0 10.91.0.2/24
address there eth0 10.91.0.1/24
behind there python3 "$TRAFFIC" serve --tcp 8080,8081
wait_for 5 listening there 8081

expect "top/nobody answers" 6 'weir: not running' on here "$WEIR" top --once
mkdir "$SCRATCH/rules"
cat >"$SCRATCH/rules/test.yml" <<'END'
title: A connection to port 8081
id: 6c0d7c1e-6a3c-4b8b-9f3e-0d8f3f6f6a51
name: to_8081
logsource: {category: network, service: attempt}
detection:
    selection: {destination.port: 8081}
    condition: selection
level: high
END
RULES=$SCRATCH/rules
weir_start here || not_ok top/starts

# Two connections that go on: of python3, some bytes ten times a second.
for port in 8080 8081; do
	behind here python3 -c "
import socket, time
s = socket.create_connection(('10.91.0.1', $port))
while True:
    s.sendall(b'x' * $((port == 8081 ? 2000 : 100)))
    time.sleep(0.1)
"
done

# screen NAME SIZE WHAT…: of the live screen.
screen() {
	local name=$1 size=$2
	shift 2
	check "top/$name" on here env TERM=xterm-256color "$PYTHON" "$SCREEN" "$size" "$@" -- \
		"$WEIR" top -c "$SCRATCH/here/weir.yaml"
}

screen "what moves, with its process" 120x24 see:healthy see:10.91.0.1:8081 see:python3 see:packets/s wait:3 \
	'save:'"$SCRATCH/seen" keys:q end:0
check "top/the busier one stands first" awk '/:8081/ { a = NR } /:8080/ { b = NR } END { exit !(a && b && a < b) }' "$SCRATCH/seen"
screen "a filter" 120x24 see:10.91.0.1:8080 keys:f8081\\r see:filter unseen:10.91.0.1:8080 see:10.91.0.1:8081 \
	keys:\\x1b see:10.91.0.1:8080 keys:q end:0
screen "a search, then all that is known of it" 120x24 see::8080 keys:/8080\\r\\r see:community_id \
	see:source.port keys:\\x1b unseen:community_id keys:q end:0
screen "order by another column, reversed" 120x24 see::8081 keys:\<\<r 'see:reverse' keys:q end:0
screen "pause" 120x24 see::8081 keys:p see:paused keys:p unseen:paused keys:q end:0
screen "processes" 120x24 see::8081 keys:2 see:COMMAND see:python3 keys:q end:0
screen "the mouse" 120x24 see::8081 click:2,14 see:COMMAND click:2,2 see:DESTINATION click:4,5 click:4,5 \
	see:community_id keys:qq end:0
screen "help" 120x24 see::8081 'keys:?' 'see:select a row' keys:qq end:0
screen "a narrow terminal" 40x8 see:8081 see:SUM/S keys:q end:0
screen "a tiny one" 9x3 keys:q end:0
screen "a terminal that shrinks and grows" 120x24 see:SOURCE size:50x10 unseen:SOURCE see:DESTINATION size:140x30 see:SOURCE \
	keys:q end:0

screen "a detection, what is known of it, its connections" 120x24 keys:3 see:TO_8081 keys:\\r see:Why keys:\\x1b \
	unseen:Why keys:o see:filter see:10.91.0.1:8081 keys:q end:0

check "top/no colour" on here env TERM=vt100 NO_COLOR=1 LC_ALL=C "$PYTHON" "$SCREEN" 80x24 see:10.91.0.1:8081 keys:q end:0 -- \
	"$WEIR" top -c "$SCRATCH/here/weir.yaml"
expect "top/no such terminal" 3 "weir: terminal 'nothing' cannot show it" \
	on here env TERM=nothing python3 -c 'import pty, os, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))' \
	"$WEIR" top -c "$SCRATCH/here/weir.yaml"
expect "top/once" 0 'python3 .*10\.91\.0\.1:8081' on here "$WEIR" top --once -c "$SCRATCH/here/weir.yaml"
expect "top/as JSON" 0 '"destination.port":8081' on here "$WEIR" top --json --count 1 -c "$SCRATCH/here/weir.yaml"
expect "top/as JSON, filtered" 0 '"flows_matching":1,' on here "$WEIR" top --json --count 1 -f 8080 -c "$SCRATCH/here/weir.yaml"
expect "top/wrong count" 2 'no count' on here "$WEIR" top --limit 0
weir_stop here
same top/stops 0 $?
