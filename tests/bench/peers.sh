#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# How fast others go through the same capture: that of bench_decoders (web, DNS, SMB and video), a
# run of each in turn, by its least processor time of all threads. tcpdump reads and writes it, and
# tells nothing; softflowd counts flows; Suricata decodes, here without rules; weir counts flows for
# the rules of lateral movement (weir_flows), and decodes and runs all of its rules. None of them
# opens a socket. JSON lines, as all benchmarks print; which are not
# installed is said.

. "$(dirname "$0")/../lib.sh"
exec 3>&1 1>&2 # results only on standard output

ROUNDS=2
CAPTURE=$SCRATCH/mixed.pcap
PATH=$PATH:/usr/sbin
CORE=$(($(nproc) - 1))

# A peer is a name here and a function of this name, which its program has too, but for our own.
PEERS="tcpdump softflowd suricata weir_flows weir"

tcpdump_run() {
	tcpdump -n -r "$CAPTURE" -w "$SCRATCH/written.pcap"
}
softflowd_run() {
	softflowd -d -r "$CAPTURE" -p "$SCRATCH/softflowd.pid" -c none
}
suricata_run() {
	mkdir -p "$SCRATCH/suricata" &&
		suricata -r "$CAPTURE" -l "$SCRATCH/suricata" -S /dev/null -k none --runmode single
}
own_run() { # RULES…
	"$WEIR" replay -c /dev/null "${@/#/--rules=$TREE/rules/}" --quiet --home 10.0.0.0/8 "$CAPTURE"
}
weir_flows_run() {
	own_run detections/lateral_movement.yml signals/{port_scan,connection_spike,privileged_access}.yml
}
weir_run() {
	own_run .
}

# Processor seconds of one run of peer $1, children included.
seconds_of() {
	local TIMEFORMAT='%U %S'

	{ time "$1_run" >"$SCRATCH/$1.said" 2>&1 || echo failed; } 2>&1 |
		awk '/failed/ { print; exit } { print $1 + $2 }'
}

is_there() {
	[[ $1 = weir* ]] || command -v "$1" >/dev/null
}

cd "$TREE" && TMPDIR=$SCRATCH "$BUILD/tests/bench/bench_decoders" --keep "$CAPTURE" || exit 1
PACKETS=$(python3 - "$CAPTURE" <<'END'
import struct, sys
count, file = 0, open(sys.argv[1], "rb")
file.seek(24)
while len(head := file.read(16)) == 16:
    file.seek(struct.unpack("<4I", head)[2], 1)
    count += 1
print(count)
END
)
taskset -cp "$CORE" $$ >/dev/null
for ((i = 0; i < ROUNDS; i++)); do
	for peer in $PEERS; do
		is_there "$peer" && seconds_of "$peer" >>"$SCRATCH/$peer.seconds"
	done
done
for peer in $PEERS; do
	if ! is_there "$peer"; then
		echo "peers: $peer is not installed"
	elif grep -q failed "$SCRATCH/$peer.seconds"; then
		echo "peers: $peer failed: $(tail -n 1 "$SCRATCH/$peer.said")"
	else
		sort -g "$SCRATCH/$peer.seconds" | awk -v peer="$peer" -v n="$PACKETS" 'NR == 1 {
			printf "{\"name\": \"replay.peers.%s.packets_per_second\", \"value\": %.6g, ", peer, n / $1
			printf "\"unit\": \"packets/s\", \"against\": \"information; %d packets, CPU of one core\"}\n", n }' >&3
	fi
done
