#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A flood of SYNs from invented sources to a service that others use meanwhile: the target says so,
# once, and says nothing else. The same number of connections that are completed is no flood.
# alone: a flood takes a processor

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live hping3

COMPLETED=1500
host target others
wire target eth0 others eth0
address target eth0 10.88.0.2/24
address others eth0 10.88.0.1/24
# Answers to invented sources go there, and nowhere else.
on target ip route add default via 10.88.0.1
behind target python3 "$TRAFFIC" serve --tcp 80,8080
wait_for 10 listening target 80
wait_for 10 listening target 8080
start_or_leave target -i eth0

check "flood/clients are served" on others python3 "$TRAFFIC" talk 10.88.0.2 8080 "$COMPLETED" 50
behind others timeout 12 hping3 -q -S -p 80 --rand-source -i u1000 10.88.0.2 >/dev/null 2>&1
check "flood/clients are served in it" on others python3 "$TRAFFIC" talk 10.88.0.2 80 20 50
wait_for $((25 * SLOW)) has_detection target SYN_FLOOD
# Steps in which a second one would come.
sleep 4
weir_stop target
same flood/stops 0 $?

same "flood/one detection, no other" "SYN_FLOOD" "$(query target 'select rule_name from detection' | xargs)"
same "flood/severity" high "$(query target 'select severity from detection')"
same "flood/target" "10.88.0.2 80" \
	"$(query target "select json_extract(keys, '\$.\"destination.ip\"') || ' ' || json_extract(keys, '\$.\"destination.port\"') from detection")"
expect "flood/words" 0 'SYN flood to 10\.88\.0\.2 port 80: [1-9][0-9]{3,} attempts in 10 seconds' \
	"$WEIR" detections --database "$SCRATCH/target/weir.db"
same "flood/syslog" 1 "$(grep -c 'weir\[[0-9]*\]: DETECTION SYN_FLOOD ' "$SCRATCH/target/syslog")"
