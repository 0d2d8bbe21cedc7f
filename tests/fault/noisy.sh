#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Fifty containers on one host: one opens connections as fast as it can, to somebody who answers
# none, the others make a few now and then, and one scans slowly. What the others do is seen.
#
# alone: what it opens takes a processor

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
. "$TREE/tests/lib/flood.sh"
require_live

ROUNDS=$(sized 10 100) # connections of each of the quiet
SYNS=$(sized 150000 3000000)
SCAN_EVERY=$(sized 0.12 1)
QUIET=48
events=$SCRATCH/here/events.json

groups=$(findmnt -n -o TARGET -t cgroup2 | tail -n 1)
if [ -z "$groups" ]; then
	skip noisy "no cgroup2"
	exit 0
fi
group() { echo "$groups/$NET-$1"; }
leave_groups() { rmdir "$groups/$NET"-* 2>/dev/null; }
for ((i = 0; i < QUIET; i++)); do mkdir "$(group $i)"; done
mkdir "$(group noisy)" "$(group scanner)"
at_exit leave_groups
# in_group NAME COMMAND…: there, and in the background.
in_group() {
	local procs
	procs=$(group "$1")/cgroup.procs
	shift
	(echo $BASHPID >"$procs" && "$@") &
	_net_pids+=($!)
}

host here there
wire here eth0 there eth0
address here eth0 10.92.0.2/24
address there eth0 10.92.0.1/24
on there ip route add blackhole default
behind there python3 "$TRAFFIC" serve --tcp 8080
wait_for 10 listening there 8080
# Every event is written out here, which costs more than the rest of weir: fewer are told one by one.
weir_config here
echo 'flow: { first_packets: 1600 }' >>"$SCRATCH/here/weir.yaml"
start_or_leave here -i eth0

in_group noisy flood here eth0 there eth0 10.92.0.1 -p 9 -s 1 -b 10.92.0.2 -n "$SYNS" >"$SCRATCH/flooded"
noisy=$!
in_group scanner on here python3 "$TREE/tests/lib/knock.py" 10.92.0.2 10.92.0.1 2000 30 "$SCAN_EVERY"
quiet=($!)
for ((i = 0; i < QUIET; i++)); do
	in_group $i on here bash -c "for ((n = 0; n < $ROUNDS; n++)); do
		exec 3<>/dev/tcp/10.92.0.1/8080 && echo hello >&3 && read -r said <&3 && echo \$said
		exec 3>&-; sleep 0.3; done" >>"$SCRATCH/talked"
	quiet+=($!)
done
for pid in "${quiet[@]}"; do wait_for $((90 * SLOW)) _net_dead "$pid"; done
made=$(grep -c hello "$SCRATCH/talked")
check "noisy/all quiet ones were served" test "$made" -eq $((QUIET * ROUNDS))
wait_for 90 _net_dead "$noisy"
scanned() { [ "$(query here "select count(*) from signal where rule_name = 'PORT_SCAN'")" -gt 0 ] 2>/dev/null; }
check "noisy/the slow scan is found" wait_for $((25 * SLOW)) scanned
weir_stop here
same noisy/stops 0 $?

seen=$(look count "$events" connection destination.port=8080 network.state=established)
check "noisy/the connections of the quiet are seen ($seen of $made)" test $((seen * 100)) -ge $((made * 99))
ports=$(look field "$events" attempt destination.ip=10.92.0.1 destination.port | grep -c '^20[0-2][0-9]$')
check "noisy/ports of the scan are told ($ports of 30)" test "$ports" -ge 29
echo "figure: noisy.rate $(flood_rate) SYN/s"
echo "figure: noisy.seen $(awk "BEGIN { printf \"%.2f\", $seen * 100 / $made }") percent"
