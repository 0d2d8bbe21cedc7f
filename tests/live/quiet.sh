#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Ordinary traffic: bursts of page loads from many servers, a big download, an intranet, a clock
# that is asked regularly. Nothing is detected, and no signal is above `low`.
# alone: nothing else may be there to detect

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live iperf3

TRAFFIC_SECONDS=22
OUTSIDE=(198.51.100.1 198.51.100.2 198.51.100.3 198.51.100.4 198.51.100.5 198.51.100.6)

host user servers
wire user eth0 servers eth0
address user eth0 10.78.0.2/24 198.51.100.100/24
address servers eth0 10.78.0.1/24 "${OUTSIDE[@]/%//24}"
behind servers python3 "$TRAFFIC" serve --tcp 80,443 --udp 123
behind servers iperf3 -s -B 198.51.100.1 >/dev/null
wait_for 10 listening servers 443
wait_for 10 listening servers 5201
start_or_leave user

behind user python3 "$TRAFFIC" web "$TRAFFIC_SECONDS" "${OUTSIDE[@]}" >"$SCRATCH/web"
browser=$!
behind user python3 "$TRAFFIC" web "$TRAFFIC_SECONDS" 10.78.0.1 >"$SCRATCH/intranet"
behind user python3 "$TRAFFIC" ntp 198.51.100.2 "$TRAFFIC_SECONDS" 1 >"$SCRATCH/ntp"
on user iperf3 -c 198.51.100.1 -R -t 3 >"$SCRATCH/iperf" 2>&1 || not_ok quiet/download "$(tail -n 1 "$SCRATCH/iperf")"
wait_for $((TRAFFIC_SECONDS + 30)) _net_dead "$browser"
# The last windows with all of it in them close.
sleep 14
on user "$WEIR" status --json >"$SCRATCH/status"
weir_stop user
same quiet/stops 0 $?

cost() { look value "$SCRATCH/status" "$1"; }
check "quiet/weir is as small as it says" test "$(cost cost.memory_bytes)" -lt $((44 << 20))
check "quiet/so is what decodes" test "$(cost decoding.own_memory_bytes)" -lt $((8 << 20))
check "quiet/weir says its processor time" test "$(cost cost.cpu_seconds)" != 0

check "quiet/pages were read" grep -q '^read [1-9]' "$SCRATCH/web"
check "quiet/clock was asked" grep -q '^asked' "$SCRATCH/ntp"
check "quiet/weir saw it" test "$(look tuples "$SCRATCH/user/events.json" connection)" -gt 50
check "quiet/weir saw the download" test "$(look bytes "$SCRATCH/user/events.json" destination.port=5201)" -gt 50000000
same "quiet/no detection" 0 "$(query user 'select count(*) from detection')"
same "quiet/no signal above low" "" \
	"$(query user "select distinct rule_name || ' ' || severity from signal where severity not in ('low', 'informational')")"
same "quiet/syslog is silent" 0 "$(grep -c DETECTION "$SCRATCH/user/syslog" 2>/dev/null)"
