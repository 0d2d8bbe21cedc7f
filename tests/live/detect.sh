#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A host scans three others with nmap and opens sessions on what it found. Both sides say so: one
# detection, one line. A capture of the same traffic says the same when it is replayed.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live nmap tcpdump ethtool

PORTS=1-60,445,3389
SIDES=(attacker victims)
TOLD=(PORT_SCAN CONNECTION_SPIKE PRIVILEGED_ACCESS 10.77.0.2 10.77.0.1)
[ -z "${WEIR_SLOW:-}" ] || PORTS=1-25,445,3389 SIDES=(attacker) TOLD=(PRIVILEGED_ACCESS)
# On a slow machine the sessions, which make it critical, come more than 5 s after the scan: the one
# line says what was known by then, and the database what it came to.
SAID='(high|critical)'
# Times of live events and of the capture's packets differ by this much at most: one timer tick.
TICK_MS=10

host attacker victims
wire attacker eth0 victims eth0
address attacker eth0 10.77.0.2/24
address victims eth0 10.77.0.11/24 10.77.0.12/24 10.77.0.13/24
plain attacker eth0
plain victims eth0
behind victims python3 "$TRAFFIC" serve --tcp 22,445,3389
wait_for 10 listening victims 3389
for name in "${SIDES[@]}"; do
	weir_config "$name"
	# Processes and listeners of the whole machine are in no capture.
	echo 'owners: {enabled: false}' >>"$SCRATCH/$name/weir.yaml"
	start_or_leave "$name"
done
capture attacker eth0 "$SCRATCH/scan.pcap"

on attacker nmap -n -Pn -sT --max-retries 1 -p "$PORTS" 10.77.0.11-13 >"$SCRATCH/nmap" 2>&1 ||
	not_ok detect/nmap "$(tail -n 1 "$SCRATCH/nmap")"
for target in 10.77.0.11 10.77.0.12 10.77.0.13; do
	for port in 22 445 3389; do on attacker python3 "$TRAFFIC" talk "$target" "$port" 1 300 >/dev/null; done
done

# The spike's first window closes within its 10 s step and the lateness of 3 s.
for name in "${SIDES[@]}"; do wait_for $((30 + 5 * SLOW)) has_detection "$name" LATERAL_MOVEMENT; done
# Another step, in which a second one would come.
sleep 12
capture_stop || not_ok detect/capture "tcpdump lost packets"

for name in "${SIDES[@]}"; do
	same "detect/one on $name" 1 "$(detections "$name" LATERAL_MOVEMENT)"
	same "detect/no other on $name" 1 "$(query "$name" 'select count(*) from detection')"
	same "detect/severity on $name" critical "$(query "$name" 'select severity from detection limit 1')"
	same "detect/source on $name" 10.77.0.2 \
		"$(query "$name" "select json_extract(keys, '\$.\"source.ip\"') from detection limit 1")"
	same "detect/signals on $name" "CONNECTION_SPIKE PORT_SCAN PRIVILEGED_ACCESS" \
		"$(query "$name" 'select distinct s.rule_name from detection_signal d join signal s on s.id = d.signal_id
			order by 1' | xargs)"
	same "detect/syslog on $name" 1 "$(grep -c 'weir\[[0-9]*\]: DETECTION ' "$SCRATCH/$name/syslog")"
	check "detect/syslog's words on $name" grep -Eq \
		"weir\[[0-9]+\]: DETECTION LATERAL_MOVEMENT $SAID id=[^ ]+ source\.ip=10\.77\.0\.2 signals=[A-Z_,]+ technique=T1021" \
		"$SCRATCH/$name/syslog"
done

id=$(query attacker 'select id from detection limit 1')
expect detect/list 0 LATERAL_MOVEMENT "$WEIR" detections --database "$SCRATCH/attacker/weir.db"
for word in "${TOLD[@]}"; do
	expect "detect/show tells $word" 0 "$word" "$WEIR" detections --database "$SCRATCH/attacker/weir.db" show "$id"
done

for name in "${SIDES[@]}"; do
	weir_stop "$name"
	same "detect/stops on $name" 0 $?
	same "detect/still one on $name" 1 "$(query "$name" 'select count(*) from detection')"
	same "detect/evidence stored on $name" yes \
		"$(query "$name" "select case when count(*) > 0 then 'yes' else 'no' end from flow")"
done

# The same traffic from the capture.
expect detect/replay 0 . "$WEIR" replay --json --signals --rules "$RULES" --database none "$SCRATCH/scan.pcap"
cp "$SCRATCH/said" "$SCRATCH/replay.json"
check "detect/replay gives the live signals" look alike "$SCRATCH/attacker/events.json" \
	"$SCRATCH/replay.json" "$TICK_MS"
