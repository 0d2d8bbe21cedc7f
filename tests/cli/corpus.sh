#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Captures that nobody made for this: what each must say, and must not.
# timeout: 600

. "$(dirname "$0")/../lib.sh"
CORPUS=${WEIR_CORPUS:-none}
if [ ! -r "$CORPUS/README.md" ]; then
	skip "corpus" "no captures at \$WEIR_CORPUS"
	exit 0
fi

# hear FILE [OPTION…]: "kind NAME severity" of all that is said.
hear() {
	"$WEIR" replay -c /dev/null --rules "$TREE/rules" --json --signals "${@:2}" "$CORPUS/$1" 2>/dev/null | python3 -c '
import json, sys
for line in sys.stdin:
    one = json.loads(line)
    print(one["event.kind"], one["rule.name"], one["weir.severity"])' | sort -u >"$SCRATCH/heard"
}
alerts() {
	sed -n 's/^alert \([A-Z0-9_]*\) .*/\1/p' "$SCRATCH/heard" | sort | uniq | tr '\n' ' '
}
loud() { # signals above low
	grep -v '^alert' "$SCRATCH/heard" | grep -v ' low$\| informational$' | cut -d' ' -f2 | sort -u | tr '\n' ' '
}

signals() { # all of them
	grep -v '^alert' "$SCRATCH/heard" | cut -d' ' -f2 | sort -u | tr '\n' ' '
}

# file | its detections | signals above low | others that must be there ("only": and nothing else) | options
while IFS='|' read -r file detections signals also options; do
	# shellcheck disable=SC2086
	hear "$file" $options
	same "$file: detections" "$detections" "$(alerts)"
	same "$file: loud signals" "$signals" "$(loud)"
	for name in ${also#only }; do
		check "$file: $name" grep -q " $name " "$SCRATCH/heard"
	done
	[ "${also#only }" = "$also" ] || same "$file: nothing else" "${also#only } " "$(signals)"
done <<'END'
attack/scan-syn.pcap||PORT_SCAN |only PORT_SCAN|
attack/scan-vertical.zeek-conn.log||PORT_SCAN |only PORT_SCAN|
attack/ssh-guess.pcap|SSH_BRUTE_FORCE |SSH_BRUTE_FORCE ||
attack/smb-psexec-add-user.pcap|SMB_LATERAL_SPREAD_SERVICE |SMB_WRITE_EXECUTABLE |PRIVILEGED_ACCESS|
attack/smb-tool-copy.pcap|||SMB_PROGRAM_READ PRIVILEGED_ACCESS|
attack/c2-short.pcap|||PERIODIC_BEACON COMMAND_EXCHANGE|--home 147.32.0.0/16
attack/dns-tunnel-iodine.pcap|DNS_EXFILTRATION DNS_TUNNEL_DATA_TYPE |DNS_TUNNEL_DATA_TYPE |HIGH_ENTROPY_DNS|
attack/malware-trickbot.pcap|||HTTP_POST_TO_ADDRESS RARE_EXTERNAL_SOURCE|
attack/dns-bad-traffic.pcap|DNS_EXFILTRATION DNS_TUNNEL |DNS_TUNNEL |HIGH_ENTROPY_DNS|
benign/firefox-https.pcap||||
benign/teams.pcap||||
benign/netflix.pcap||||
benign/bittorrent.pcap||||
benign/smb2-files.pcap||||
END

for seed in 01-lateral-movement:LATERAL_MOVEMENT 02-c2-beaconing.signals:C2_BEACONING 04-backup-snapshot-targeting:BACKUP_TARGETING \
	07-large-volume-exfiltration:LARGE_VOLUME_EXFILTRATION 11-dns-based-exfiltration:DNS_EXFILTRATION 27-malware-delivery:MALWARE_DELIVERY; do
	check "seed ${seed%:*}: is read" "$WEIR" replay -c /dev/null --rules "$TREE/rules" "$CORPUS/seed/${seed%:*}.json"
	"$WEIR" replay -c /dev/null --rules "$TREE/rules" "$CORPUS/seed/${seed%:*}.json" >"$SCRATCH/said" 2>&1
	same "seed ${seed%:*}: once" "1 ${seed#*:}" "$(grep -oE '^[A-Z]+ +[A-Z0-9_]+ ' "$SCRATCH/said" | awk '{print $2}' | sort | uniq -c | awk '{print $1, $2}')"
	same "seed ${seed%:*}: critical" "CRITICAL" "$(grep -oE '^[A-Z]+ ' "$SCRATCH/said" | tr -d ' ')"
done

for file in "$CORPUS"/benign/*.pcap; do
	"$WEIR" replay -c /dev/null --rules "$TREE/rules" --json --events "$file" 2>/dev/null >"$SCRATCH/$(basename "$file").json"
done
python3 "$TREE/tests/lib/loop.py" 24 "$SCRATCH"/*.pcap.json | "$WEIR" replay -c /dev/null --rules "$TREE/rules" --json - >"$SCRATCH/said" 2>"$SCRATCH/errors"
same "a day of the benign captures looped: no detection" "" "$(cat "$SCRATCH/said")"
