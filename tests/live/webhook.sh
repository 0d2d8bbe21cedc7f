#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A webhook whose server is slow, chatty, busy, broken, elsewhere or gone: all that was detected
# reaches it, in order; a kill of weir loses none; and weir's own connection to it is none of its
# events.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
. "$TREE/tests/lib/fault.sh"
require_live

two_hosts
knock_rules
mode=$SCRATCH/mode
log=$SCRATCH/posted
: >"$log"
echo ok >"$mode"
serve() {
	behind outside python3 "$TREE/tests/lib/httpd.py" 10.78.0.2 8080 "$mode" "$log"
	SERVER=$!
	wait_for 10 listening outside 8080
}
knock_config inside
echo "a secret" >"$SCRATCH/token"
cat >>"$SCRATCH/inside/weir.yaml" <<-END
	spool: {path: $SCRATCH/spool, size: 1MiB}
	webhook: {url: 'http://10.78.0.2:8080/hook', timeout: 400ms, token_file: $SCRATCH/token}
END
# The ports of the detections that it has, in the order in which they came.
posted() {
	python3 -c '
import json, sys
print(*[json.loads(line)["destination.port"] for line in open(sys.argv[1])])' "$log"
}
has_posted() { [ "$(posted)" = "$*" ]; }
waits() { [ "$(sink inside webhook spool.records)" = "$1" ]; }
says() { sink inside webhook error | grep -q -- "$1"; }

serve
start_or_leave inside -i eth0
knock 1000
check "webhook/it is posted" wait_for 10 has_posted 1000
check "webhook/own connections are none of its events" \
	test "$(look count "$SCRATCH/inside/events.json" attempt destination.port=8080)" = 0
same "webhook/the status says where to" http://10.78.0.2:8080 "$(sink inside webhook server)"

# ---- servers that are no good ----

told=(1000)
port=1001
fails() { # MODE WORDS
	echo "$1" >"$mode"
	knock $port
	check "webhook/$1: it is told" wait_for 10 says "$2"
	check "webhook/$1: it waits" wait_for 5 waits 1
	echo ok >"$mode"
	told+=("$port")
	port=$((port + 1))
	check "webhook/$1: it goes out then" wait_for 10 has_posted "${told[@]}"
}
fails slow "timed out"
fails busy "answers 429"
fails broken 'answers 500: .x1B.31mtrace'
fails elsewhere "which is not followed"
echo megabytes >"$mode"
knock $port
told+=("$port")
check "webhook/megabytes: it is cut off" wait_for 10 has_posted "${told[@]}"
echo unknown >"$mode"
knock 1999
refused() { [ "$(sink inside webhook failed)" = 1 ] && says 'answers 404'; }
check "webhook/unknown: it is given up" wait_for 10 refused
echo ok >"$mode"

# ---- nobody there, and weir killed ----

kill "$SERVER"
wait "$SERVER" 2>/dev/null
knock 2000 2009
told+=({2000..2009})
check "webhook/gone: all wait" wait_for 10 waits 10
check "webhook/gone: status says so" status_is inside health degraded
weir_stop inside KILL
start_or_leave inside -i eth0
check "webhook/killed: all wait still" wait_for 10 waits 10
knock 2010
told+=(2010)
serve
check "webhook/back: all are posted, in order" wait_for 15 has_posted "${told[@]}"
check "webhook/back: nothing waits" wait_for 5 waits 0
check "webhook/back: it is well" wait_for 5 status_is inside health healthy
weir_stop inside
same "webhook/stops" 0 $?
same "webhook/the spool is nobody else's" "drwx------" "$(stat -c %A "$SCRATCH/spool/webhook")"
