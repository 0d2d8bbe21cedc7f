#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Calls to order, from packets alone: once a minute to a server without a name that signs its own
# certificate; and, among the same visits, a program that tells its maker how it is.

. "$(dirname "$0")/../lib.sh"

replay() {
	"$WEIR" replay --rules "$TREE/rules" -c /dev/null --quiet "$@" | grep -v '^ '
}

expect "a beacon is a detection, on the first day" 0 '^CRITICAL  C2_BEACONING .*198\.51\.100\.66' replay "$TREE/tests/data/beacon.pcap"
same "it is the only one" 1 "$(replay "$TREE/tests/data/beacon.pcap" | grep -c .)"
replay --json --signals "$TREE/tests/data/beacon.pcap" >"$SCRATCH/signals"
check "the reason is the certificate" grep -q 'self_signed' "$SCRATCH/signals"
same "telemetry is none" "" "$(replay "$TREE/tests/data/telemetry.pcap")"
replay --json --events "$TREE/tests/data/telemetry.pcap" >"$SCRATCH/events"
check "its certificate was read" grep -q '"tls.server.issuer":"CN=Known CA,O=Known"' "$SCRATCH/events"
same "none of its channels is unusual" 0 "$(grep -c '"channel.unusual"' "$SCRATCH/events")"

