#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Every way to stop: what was seen is told, nothing of weir's stays attached, and what a killed
# instance left is taken away by the next. A second instance refuses.
# alone: it looks for pins on the whole machine

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live bpftool

host here there
wire here eth0 there eth0
address here eth0 10.81.0.2/24
address there eth0 10.81.0.1/24
behind there python3 "$TRAFFIC" serve --tcp 8080
wait_for 10 listening there 8080
events=$SCRATCH/here/events.json

same "stop/nothing attached before" "" "$(attached here)"
start_or_leave here
attached here >"$SCRATCH/attached"
check "stop/attaches" test -s "$SCRATCH/attached"

expect "stop/a second instance refuses" 3 'weir: another weir .*' \
	on here timeout "$READY_SECONDS" "$WEIR" run --database none --rules "$RULES"
check "stop/the first goes on" kill -0 "${WEIR_PID[here]}"
same "stop/the first stays attached" "$(cat "$SCRATCH/attached")" "$(attached here)"

# A connection that is open when weir stops.
behind here python3 "$TRAFFIC" hold 10.81.0.1 8080 1 1 60 >"$SCRATCH/held"
wait_for $((5 * SLOW)) grep -q held "$SCRATCH/held"
weir_stop here TERM
same "stop/SIGTERM: status" 0 $?
same "stop/SIGTERM: nothing attached" "" "$(attached here)"
same "stop/SIGTERM: the open connection was told" 1 "$(look count "$events" connection destination.port=8080)"
check "stop/SIGTERM: its bytes too" test "$(look bytes "$events" destination.port=8080)" -gt 200

if [ -z "${WEIR_SLOW:-}" ]; then
	weir_start here
	weir_stop here INT
	same "stop/Ctrl-C: status" 0 $?
	same "stop/Ctrl-C: nothing attached" "" "$(attached here)"
fi

weir_start here
weir_stop here KILL
same "stop/SIGKILL: status" 137 $?
on here python3 "$TRAFFIC" talk 10.81.0.1 8080 3 100 >/dev/null
weir_start here
same "stop/SIGKILL: the next one starts" 0 $?
same "stop/SIGKILL: the next one attaches as the first did" \
	"$(cat "$SCRATCH/attached")" "$(attached here)"
on here python3 "$TRAFFIC" talk 10.81.0.1 8080 5 100 >/dev/null
weir_stop here
same "stop/SIGKILL: the next one stops" 0 $?
same "stop/SIGKILL: the next one counts each once" 6 "$(look count "$events" attempt destination.port=8080)"
same "stop/SIGKILL: nothing attached after that" "" "$(attached here)"
same "stop/no pins" "" "$(find /sys/fs/bpf -name '*weir*' 2>/dev/null)"
