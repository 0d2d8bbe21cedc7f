#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A flood of SYNs from invented sources hides no connection that is answered, and what the half-open
# tables could not hold is told as a number: attempts add up to what was inserted, bytes to what was
# counted.
# alone: a flood takes a processor

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live hping3 nft

ANSWERED=500
host here there
wire here eth0 there eth0
address here eth0 10.87.0.2/24
address there eth0 10.87.0.1/24
on here ip route add default via 10.87.0.1
# Some of the invented sources could not be answered: none is.
on here nft 'add table ip weir; add chain ip weir in { type filter hook input priority 0; }; add rule ip weir in tcp dport 81 drop'
behind here python3 "$TRAFFIC" serve --tcp 8080
wait_for 10 listening here 8080
start_or_leave here -i eth0
events=$SCRATCH/here/events.json

# As many as the agent can tell one by one with all events written out, however fast the machine sends.
behind there timeout 8 hping3 -q -S -p 81 --rand-source -i u5 -c 30000 10.87.0.2 >/dev/null 2>&1
sleep 1
check "attach_flood/connections in it" \
	on there python3 "$TRAFFIC" talk 10.87.0.2 8080 "$ANSWERED" 100
sleep 6
says_status() { # it has other things to do at first
	weir_status here
	look value "$SCRATCH/here/status" capture.flows
}
wait_for 20 says_status
weir_stop here
same attach_flood/stops 0 $?
same "attach_flood/each answered connection" "$ANSWERED" \
	"$(look count "$events" connection destination.port=8080 network.state=established)"

# number PATH…: of the status, summed up
number() {
	local sum=0 path
	for path in "$@"; do sum=$((sum + $(look value "$SCRATCH/here/status" "capture.$path"))); done
	echo "$sum"
}
inserted=$(number tables.half_open.inserted)
check "attach_flood/it was a flood" test "$inserted" -gt 20000
told=$(python3 - "$events" <<-'END'
	import json, sys
	count = 0
	for line in open(sys.argv[1], encoding="utf-8"):
	    record = json.loads(line)
	    if record.get("event.dataset", "").endswith("attempt"):
	        count += record.get("event.count", 1)
	print(count)
END
)
# Answers whose question was forgotten meanwhile are no attempts.
check "attach_flood/every first packet is told ($told of $inserted)" \
	test $((inserted - told)) -ge 0 -a $((inserted - told)) -le 20
# The flood's packets have 40 bytes: those of what was told as a number are the ones unattributed.
same "attach_flood/bytes add up" "$(($(number tables.half_open.told_as_numbers) * 40))" \
	"$(number bytes_unattributed)"
