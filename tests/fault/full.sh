#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A main table that is too small: what finds no room is counted and told as health, coverage is
# less; none of those that stand in it goes, and when others end, all is as before.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
. "$TREE/tests/lib/flood.sh"
require_live

SLOTS=1024
FIRST=1000
MORE=$(sized 200 2000)
events=$SCRATCH/target/events.json
ulimit -n 20000

host target others
wire target eth0 others eth0
address target eth0 10.93.0.2/24
address others eth0 10.93.0.1/24
behind target python3 "$TRAFFIC" serve --tcp 8080,8081
wait_for 10 listening target 8080
weir_config target
echo "flow: { slots: $SLOTS }" >>"$SCRATCH/target/weir.yaml"
start_or_leave target -i eth0

hold() { # PORT COUNT END
	behind others python3 "$TREE/tests/lib/hold.py" 10.93.0.2 "$1" "$2" "$SCRATCH/$3" >"$SCRATCH/held-$3"
	wait_for $((30 * SLOW)) grep -q held "$SCRATCH/held-$3"
}
hold 8080 "$FIRST" first
first=$!
sleep 2
weir_status target
same "full/before" 0 $?
same "full/nearly full" "$FIRST" "$(said target capture.tables.main.used)"
hold 8081 "$MORE" more
more=$!
sleep 3
weir_status target
same "full/degraded" 5 $?
same "full/full, and none of them went" "$SLOTS" "$(said target capture.tables.main.used)"
check "full/coverage is less" python3 -c "import sys; sys.exit(not $(said target capture.coverage) < 1)"
lost() { python3 -c 'import json, sys; print([l["count"] for l in json.load(open(sys.argv[1]))["capture"]["losses"] if l["reason"] == "TABLE_FULL"][0])' "$SCRATCH/target/status"; }
check "full/counted: $(lost)" test "$(lost)" -ge $((FIRST + MORE - SLOTS))
health() { query target "select count(*) from health where fact = '$1'"; }
same "full/told" 1 "$(health table_full)"
touch "$SCRATCH/first"
wait_for 60 _net_dead "$first"
over() { [ "$(health table_full_over)" = 1 ]; }
check "full/and that it is over" wait_for $((40 * SLOW)) over
touch "$SCRATCH/more"
wait_for 60 _net_dead "$more"
sleep 2
weir_status target
same "full/healthy again" 0 $?
weir_stop target
same full/stops 0 $?
for each in "8080 first" "8081 more"; do
	read -r port end <<<"$each"
	sent=$(sed -n 's/^sent //p' "$SCRATCH/held-$end")
	same "full/bytes of the $end" "$sent $sent" "$(look payload "$events" destination.port="$port")"
done
