#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `weir check` and `weir rules`: faults of rules with their place, status 1.

. "$(dirname "$0")/../lib.sh"
RULES=$SCRATCH/rules
mkdir "$RULES"

expect "shipped rules are right" 0 '^[0-9]+ rules: [1-9][0-9]* makes? detections, [1-9]' "$WEIR" check "$TREE/rules"
expect "a fresh build finds them by itself" 0 'LATERAL_MOVEMENT' "$WEIR" rules -c /dev/null
expect "they are listed" 0 '^LATERAL_MOVEMENT +detection +high ' "$WEIR" rules --rules "$TREE/rules"
check "one JSON object a line" python3 -c '
import json, subprocess, sys
rows = [json.loads(l) for l in subprocess.check_output(sys.argv[1:], text=True).splitlines()]
assert any(r["name"] == "LATERAL_MOVEMENT" and r["kind"] == "detection" for r in rows), rows
' "$WEIR" rules --rules "$TREE/rules" --json

rule() { # a base rule with $1 as its selection
	cat >"$RULES/one.yml" <<END
title: One
id: 7d2fb3a8-7c35-4ae0-9d83-3d6a1a2a5d01
name: one
status: test
description: For this test.
level: low
logsource: {category: network, service: attempt}
detection:
    selection:
        $1
    condition: selection
END
}
rule 'destination.port: 22'
expect "a right rule" 0 '^1 rule: ' "$WEIR" check "$RULES"
rule 'destination.prot: 22'
expect "wrong field" 1 "^$RULES/one.yml:10:9: .*destination\.port" "$WEIR" check "$RULES"
rule 'destination.port: twenty'
expect "wrong type" 1 "^$RULES/one.yml:10:[0-9]+: " "$WEIR" check "$RULES"
rule 'destination.port: [22'
expect "no YAML" 1 "^$RULES/one.yml:[0-9]+:[0-9]+: " "$WEIR" check "$RULES"
printf '\324\303\262\241\002\000\004\000\000\000\000\000\000\000\000\000\377\377\000\000\001\000\000\000' >"$SCRATCH/none.pcap"
expect "nothing starts with a wrong rule" 1 'fault' "$WEIR" replay --rules "$RULES" "$SCRATCH/none.pcap"
expect "no such rules" 1 '/nonexistent/rules' "$WEIR" check /nonexistent/rules
rule "destination.ip|expand: '%Servers%'"
expect "a placeholder without a value" 1 "placeholder '%Servers%' is not defined" "$WEIR" check "$RULES"
printf "placeholders: {Servers: ['10.0.0.*', 192.0.2.1]}\n" >"$SCRATCH/placeholders.yaml"
expect "a placeholder with values" 0 '^1 rule: ' "$WEIR" check -c "$SCRATCH/placeholders.yaml" "$RULES"
rule 'destination.prot: 22'
expect "another's rule is skipped where that was asked" 0 '^0 rules: .* 1 skipped' "$WEIR" check --lenient "$RULES"
