#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Configurations and rules with faults: each is read or refused with a place, none crashes or hangs
# the program that reads it. And a running weir that is told to reload again and again: it loses no
# connection, no descriptor and no memory.
#
# timeout: 3600

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
. "$TREE/tests/lib/fault.sh"
require_live

MUTATIONS=$(sized 200 10000)
RELOADS=$(sized 20 1000)

# ---- mutated files ----

said=$(python3 "$TREE/tests/lib/mutate.py" "$SCRATCH/mutated" "$MUTATIONS" "$WEIR" "$BUILD/weir-asan" \
	"$TREE/deploy/weir.yaml" "$TREE/rules")
read -r read refused placeless bad checked <<<"$(tail -n 1 <<<"$said")"
same "config/none crashes, hangs or leaves otherwise" 0 "$bad"
same "config/each fault has its place" 0 "$placeless"
[ "$bad$placeless" = 00 ] || head -n 12 <<<"$said"
check "config/some are refused, some are not" test "$read" -gt 0 -a "$refused" -gt 0
figure config.mutations "$MUTATIONS" "files, $refused refused, $read read, $checked by the program with sanitizers"

# ---- reloads ----

two_hosts
knock_rules
knock_config inside
# Each reload has other rules than the one before.
cp "$RULES/knock.yml" "$SCRATCH/knock.yml"
start_or_leave inside -i eth0
pid=${WEIR_PID[inside]}
descriptors() { find "/proc/$pid/fd" -mindepth 1 | wc -l; }
memory() { awk '/^RssAnon:/ { print $2 }' "/proc/$pid/status"; }
reload() {
	sed "s/timespan: 10s/timespan: $((10 + $1 % 7))s/" "$SCRATCH/knock.yml" >"$RULES/knock.yml"
	on inside "$WEIR" reload >"$SCRATCH/reloaded" 2>&1
}
refused=0 port=1000
warm=$((RELOADS / 4))
for ((i = 0; i < RELOADS; i++)); do
	knock $port $((port + 4))
	port=$((port + 5))
	reload "$i" || refused=$((refused + 1))
	if [ "$i" = "$warm" ]; then
		descriptors_before=$(descriptors) memory_before=$(memory)
	fi
done
all_seen() { [ "$(look tuples "$SCRATCH/inside/events.json" attempt network.transport=tcp)" = $((5 * RELOADS)) ]; }
same "config/all reloads are done" 0 "$refused"
check "config/no connection is lost" wait_for 15 all_seen
lag=$(($(descriptors) - descriptors_before))
check "config/no more descriptors" test "$lag" -le 2
# Twenty connections and reloads leave some kilobytes; a ruleset that stays is a hundred. What a
# reload took is given back within 20 s.
small() {
	grown=$(($(memory) - memory_before))
	[ "$grown" -le $((2048 + RELOADS * 4)) ]
}
check "config/no more memory" wait_for 25 small
small
check "config/alive" kill -0 "$pid"
weir_stop inside
same "config/stops" 0 $?
figure config.reloads "$RELOADS" "reloads, $((5 * RELOADS)) connections, $lag descriptors and $grown KiB more"
