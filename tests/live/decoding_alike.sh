#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The same packets, live and from a capture, give the same decoded events. Captures made by the
# project always; those of a corpus too, where WEIR_CORPUS names its folder.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live tcpreplay tcpdump ip

# Slow enough for a budget and a machine that others use too.
SPEED=(--mbps 20 --quiet)

host here there
wire here eth0 there eth0
# Captures hold segments that were not cut yet.
on here ip link set eth0 mtu 65535
on there ip link set eth0 mtu 65535
events=$SCRATCH/here/events.json

ethernet() { # tcpreplay sends no other frames
	tcpdump -r "$1" -c 1 2>&1 >/dev/null | grep -q 'link-type EN10MB'
}

dataset() { # one that is in it for certain
	case $1 in */spoken.pcap) echo tls ;; *) echo connection ;; esac
}

# Events of packets: processes begin on the whole machine, whoever's they are.
decoded() { grep -cvE '"weir\.(process|listener)"' "$events"; }
settled() { # all that was sent is decoded: nothing came for two looks
	local before
	before=$(decoded)
	sleep 3
	[ "$before" = "$(decoded)" ]
}

same_both_ways() { # NAME CAPTURE
	local name=$1 from=$2 replayed=$SCRATCH/replay.json
	if ! ethernet "$from"; then
		skip "alike/$name" "its frames are not those of Ethernet"
		return
	fi
	rm -f "$events"
	start_or_leave here
	# Whole packets, with the times at which they came.
	capture here eth0 "$SCRATCH/seen.pcap" -s 0
	on there tcpreplay -i eth0 "${SPEED[@]}" "$from" >"$SCRATCH/tcpreplay" 2>&1
	wait_for $((20 * SLOW)) settled
	capture_stop
	weir_status here
	weir_stop here
	"$WEIR" replay --json --events --quiet --database none --rules "$RULES" "$SCRATCH/seen.pcap" >"$replayed" 2>/dev/null
	check "alike/$name" look decoded-alike "$events" "$replayed"
	[ -z "${3:-}" ] || check "alike/$name: there is something to compare" test "$(look count "$events" "$3")" -gt 0
}

for capture in "$TREE"/tests/data/*.pcap; do
	same_both_ways "$(basename "$capture" .pcap)" "$capture" "$(dataset "$capture")"
done
if [ -z "${WEIR_CORPUS:-}" ]; then
	skip "alike/corpus" "WEIR_CORPUS names no folder"
	exit
fi
for capture in "$WEIR_CORPUS"/*/*.pcap; do
	[ "$(stat -c %s "$capture")" -gt 20000000 ] || same_both_ways "$(basename "$capture" .pcap)" "$capture"
done
