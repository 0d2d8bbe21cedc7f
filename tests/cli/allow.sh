#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A detection closed as a false positive, with a filter that keeps it from coming back.

. "$(dirname "$0")/../lib.sh"

mkdir "$SCRATCH/rules"
cat >"$SCRATCH/rules/ports.yml" <<'END'
title: any attempt
id: 0d1f9a52-6f0c-4bd7-9d0b-3a8f6f3c1e11
name: any_attempt
logsource: {category: network, service: attempt}
detection: {s: {network.transport: tcp}, condition: s}
level: low
---
title: Three ports
id: 6f1f6a70-21f1-4a53-8f6c-0c9f3a1f7d22
name: three_ports
correlation:
    type: value_count
    rules: [any_attempt]
    group-by: [source.ip, observer.ingress.interface.name]
    timespan: 1m
    condition: {field: destination.port, gte: 3}
weir: {raise: detection}
level: high
END

for port in 1 2 3; do
	printf '{"@timestamp":"2026-01-02T03:04:0%s.000000Z","event.kind":"event","event.dataset":"weir.attempt","source.ip":"10.0.0.5","destination.ip":"192.0.2.1","destination.port":%s,"network.transport":"tcp","observer.ingress.interface.name":"et*h\\"0"}\n' $port $port
done >"$SCRATCH/events.json"

found() {
	"$WEIR" replay -c /dev/null --rules "$SCRATCH/rules" --json "$@" "$SCRATCH/events.json" | grep -c '"event.kind":"alert"'
}

detections() {
	"$WEIR" detections -c /dev/null --database "$SCRATCH/weir.db" "$@"
}

same "found without a filter" 1 "$(found --database "$SCRATCH/weir.db")"
id=$(detections --json | sed 's/.*"event.id":"\([^"]*\)".*/\1/')
expect "--allow belongs to close" 2 'belongs to close' detections ack "$id" --allow
expect "no folder to write to" 3 'is a folder' detections close "$id" --as false-positive --allow --rules "$SCRATCH/rules/ports.yml"
expect "closed, allowed and shown" 0 "wrote $SCRATCH/rules/local-allow-${id:0:8}.yml" detections close "$id" --as false-positive --allow --rules "$SCRATCH/rules"
check "by its keys" grep -q 'source.ip: "10.0.0.5"' "$SCRATCH/said"
check "as plain text" grep -qF 'observer.ingress.interface.name: "et\\*h\"0"' "$SCRATCH/said"
check "nothing else was written" test "$(find "$SCRATCH/rules" -type f | wc -l)" -eq 2
expect "it is closed" 0 'closed' detections
expect "it loads with the rules" 0 '2 rules: 1 makes detections.* 1 filter' "$WEIR" check -c /dev/null "$SCRATCH/rules"
expect "it is listed" 0 "Allow THREE_PORTS as in ${id:0:8} +1 " "$WEIR" rules -c /dev/null --rules "$SCRATCH/rules"
expect "as what it was closed" 0 'state +closed as false-positive' detections show "$id"
expect "in JSON too" 0 '"weir.closed_as":"false-positive"' detections --json
expect "what is closed is not acknowledged" 1 '^weir: detection .* is closed' detections ack "$id"
expect "closing says its object" 0 "^\\{\"event.id\":\"$id\",\"weir.state\":\"closed\"\\}\$" detections close "$id" --json
same "not found with it" 0 "$(found)"
sed -i 's/^        - 6f1f6a70.*/        - THREE_PORTS/' "$SCRATCH/rules/local-allow-${id:0:8}.yml"
same "nor with the rule's name as it is shown" 0 "$(found)"
sed -i 's/"10.0.0.5"/"10.0.0.6"/' "$SCRATCH/events.json"
same "another case is found" 1 "$(found)"
