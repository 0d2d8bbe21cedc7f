#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What was stored is listed again: `weir signals` and `weir flows` over a replayed scan.

. "$(dirname "$0")/../lib.sh"
DB=$SCRATCH/weir.db
PCAP=$TREE/tests/data/lateral-movement.pcap

"$WEIR" replay -c /dev/null --rules "$TREE/rules" --database "$DB" "$PCAP" >"$SCRATCH/replay" 2>&1 || not_ok "replay" "left with $?"
stored() {
	local verb=$1
	shift
	"$WEIR" "$verb" -c /dev/null --database "$DB" "$@"
}

expect "signals" 0 '^20[0-9-]+ [0-9:]+ +(critical|high) +PORT_SCAN +source\.ip=' stored signals
same "signals, all of them" "$(sqlite3 "$DB" 'select count(*) from signal')" "$(stored signals --json | wc -l)"
expect "signals of a rule" 0 'PORT_SCAN' stored signals --rule port_scan
same "signals of a rule, no other" "" "$(stored signals --rule port_scan --json | grep -v '"rule.name":"PORT_SCAN"')"
same "signals at a level" "$(sqlite3 "$DB" "select count(*) from signal where severity in ('high', 'critical')")" \
	"$(stored signals --level high --json | wc -l)"
expect "signals about nobody" 0 '^no signals$' stored signals --host 192.0.2.99
expect "signals since a time that is none" 2 'is no time' stored signals --since soon
same "the newest signal" "$(stored signals --json | tail -n 1)" "$(stored signals --json -n 1)"
expect "a limit that is none" 2 'is no count' stored signals --limit 0

expect "flows" 0 '^20[0-9-]+ [0-9:]+ +[0-9.]+:[0-9]+ +[0-9.]+:[0-9]+ +tcp +' stored flows
total=$(sqlite3 "$DB" 'select count(*) from flow')
same "flows, all of them" "$total" "$(stored flows --json -n 100000 | wc -l)"
source=$(sqlite3 "$DB" 'select source_ip from flow limit 1')
same "flows of a host" "$(sqlite3 "$DB" "select count(*) from flow where '$source' in (source_ip, destination_ip)")" \
	"$(stored flows --host "$source" --json -n 100000 | wc -l)"
expect "flows of nobody" 0 '^no connections$' stored flows --host 192.0.2.99
check "flows are JSON" bash -c "'$WEIR' flows -c /dev/null --database '$DB' --json | python3 -c 'import json, sys; [json.loads(l) for l in sys.stdin]'"
expect "no database" 1 'database .*nothing' stored flows --database "$SCRATCH/nothing.db"
expect "no signals are of a level" 2 'no level|is none' stored signals --level hgih
