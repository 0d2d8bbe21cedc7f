#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What differs live from kernel to kernel, in the time that a guest in plain emulation has: weir
# attaches, is killed, is started anew over what it left, counts, names the process, leaves nothing.
# timeout: 240

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live

host here there
wire here eth0 there eth0
address here eth0 10.88.0.2/24
address there eth0 10.88.0.1/24
behind there python3 "$TRAFFIC" serve --tcp 8080
wait_for $((5 * SLOW)) listening there 8080
events=$SCRATCH/here/events.json

start_or_leave here
attached here >"$SCRATCH/attached"
check "live/attaches" test -s "$SCRATCH/attached"
weir_stop here KILL

start_or_leave here
same "live/attaches over what a killed one left" "$(cat "$SCRATCH/attached")" "$(attached here)"
on here python3 "$TRAFFIC" talk 10.88.0.1 8080 5 100 >/dev/null
weir_stop here
same live/stops 0 $?
same "live/attempts" 5 "$(look count "$events" attempt destination.port=8080)"
same "live/of a process" 5 "$(look count "$events" attempt destination.port=8080 process.name=python3)"
same "live/nothing attached after it" "" "$(attached here)"
same "live/no pins" "" "$(find /sys/fs/bpf -name '*weir*' 2>/dev/null)"
