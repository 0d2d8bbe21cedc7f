#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Threat lists of a weir that runs: a match, lists that change under it, a broken one, a reload.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live

LIST=$SCRATCH/c2.txt
host here there
wire here eth0 there eth0
address here eth0 203.0.113.1/24
address there eth0 203.0.113.5/24 203.0.113.6/24 203.0.113.7/24
mkdir "$SCRATCH/www"
behind there python3 -m http.server -d "$SCRATCH/www" 8000 >/dev/null 2>&1
wait_for 10 listening there 8000

# list ADDRESS…: written beside and renamed, as whoever keeps lists should.
list() {
	printf '%s\n' "$@" >"$LIST.new"
	mv "$LIST.new" "$LIST"
}

visit() { # ADDRESS
	on here python3 -c '
import socket, sys
s = socket.create_connection((sys.argv[1], 8000), 5)
s.sendall(b"GET / HTTP/1.0\r\n\r\n")
s.recv(100)' "$1"
}

matched() { # ADDRESS
	query here "select message from detection where rule_name = 'THREAT_INTEL_MATCH'" | grep -qF "$1 is on the threat list"
}

listed() { # NAME VALUE: of the first list in the status
	[ "$(on here "$WEIR" status --json | python3 -c '
import json, sys
print(json.load(sys.stdin)["threat"]["lists"][0].get(sys.argv[1], ""))' "$1")" = "$2" ]
}

list 203.0.113.5
weir_config here
printf 'threat:\n  lists:\n    - {path: %s, name: c2, level: critical}\n' "$LIST" >>"$SCRATCH/here/weir.yaml"
start_or_leave here

visit 203.0.113.6
visit 203.0.113.5
check "threat/a listed address is a detection" wait_for $((20 * SLOW)) matched 203.0.113.5
same "threat/at the list's level" critical \
	"$(query here "select severity from detection where rule_name = 'THREAT_INTEL_MATCH'")"
same "threat/another address is none" 1 "$(detections here THREAT_INTEL_MATCH)"

list 203.0.113.5 203.0.113.6
check "threat/a list that changes is read again" wait_for $((20 * SLOW)) listed indicators 2
visit 203.0.113.6
check "threat/what is new on it is met" wait_for $((20 * SLOW)) matched 203.0.113.6

printf '<html>not found</html>\n' >"$LIST"
broken() { on here "$WEIR" status --json | grep -q 'nothing in it is an indicator'; }
check "threat/one that is none any more is told" wait_for $((20 * SLOW)) broken
check "threat/what it had stays" listed indicators 2
expect "threat/weir is degraded" 5 'degraded' on here "$WEIR" status

list 203.0.113.7
sed -i 's/level: critical/level: low/' "$SCRATCH/here/weir.yaml"
expect "threat/reload" 0 '' on here "$WEIR" reload
check "threat/reads the lists anew, at their levels" wait_for $((20 * SLOW)) listed level low
visit 203.0.113.7
check "threat/and they are met" wait_for $((20 * SLOW)) matched 203.0.113.7
same "threat/at the new level" low \
	"$(query here "select severity from detection where message like '203.0.113.1: 203.0.113.7 %'")"
weir_stop here
same "threat/a good end" 0 $?
