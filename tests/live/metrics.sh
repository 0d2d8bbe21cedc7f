#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Metrics by HTTP: right in form and in number, from a process that has given up everything, and
# whoever asks slowly, wrongly or without end holds up nobody.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live curl

SOCKET=$SCRATCH/a/metrics.sock
URL=http://127.0.0.1:9477/metrics
host a b
wire a veth-a b veth-b
address a veth-a 10.77.0.1/24
address b veth-b 10.77.0.2/24

metrics_config() { # LISTEN [MORE]
	weir_config a
	printf 'metrics:\n  listen: %s\n%s' "$1" "${2:-}" >>"$SCRATCH/a/weir.yaml"
}

# ask [OPTION…]: what the endpoint answers, in $SCRATCH/page; prints the status.
ask() {
	on a curl -s -m 10 -o "$SCRATCH/page" -w '%{http_code}' "$@" $URL
}

value() { # SERIES
	sed -n "s/^$1 //p" "$SCRATCH/page"
}

workers() {
	pgrep -P "$(look value "$SCRATCH/a/status" metrics.pid)"
}

metrics_config 10.77.0.1:9477
expect "an address that others reach takes a word more" 1 'weir.yaml:[0-9]+:1: metrics.listen is .10.77.0.1:9477., which other hosts reach: set metrics.remote' \
	"$WEIR" check -c "$SCRATCH/a/weir.yaml"
metrics_config nonsense
expect "nonsense is none" 1 'metrics.listen is .nonsense.: give an address with a port' "$WEIR" check -c "$SCRATCH/a/weir.yaml"
metrics_config 10.77.0.1:9477 $'  remote: true\n'
check "with the word it is taken" "$WEIR" check -c "$SCRATCH/a/weir.yaml"

metrics_config 127.0.0.1:9477
start_or_leave a
on b ping -q -c 3 -i 0.2 10.77.0.1 >/dev/null
sleep 1.5
same "the older text" 200 "$(ask)"
if command -v promtool >/dev/null; then
	check "promtool finds no fault" promtool check metrics <"$SCRATCH/page"
else
	skip "promtool finds no fault" "promtool is not installed"
fi
weir_status a
same "packets are those of the status" "$(look value "$SCRATCH/a/status" capture.interfaces.0.received.packets)" \
	"$(value 'weir_received_packets_total{interface="veth-a"}')"
same "it is healthy" 1 "$(value weir_healthy)"
same "OpenMetrics" 200 "$(sleep 1; ask -H 'Accept: application/openmetrics-text;version=1.0.0,text/plain;q=0.5')"
same "its end is marked" "# EOF" "$(tail -n 1 "$SCRATCH/page")"
# Debian's module is Debian's python's.
parser=$(for python in python3 /usr/bin/python3; do
	"$python" -c 'import prometheus_client.openmetrics.parser' 2>/dev/null && echo "$python" && break
done)
if [ -n "$parser" ]; then
	check "a parser of OpenMetrics takes it" "$parser" -c '
import sys
from prometheus_client.openmetrics.parser import text_string_to_metric_families
families = list(text_string_to_metric_families(open(sys.argv[1]).read()))
assert len(families) > 50, len(families)' "$SCRATCH/page"
else
	skip "a parser of OpenMetrics takes it" "python3-prometheus-client is not installed"
fi

# Those that this host has no cause to tell: threat lists, conversations, losses, another's reasons.
"$WEIR" help --metrics | sed -n 's/^| `\(weir_[a-z_]*\)`.*/\1/p' | sort >"$SCRATCH/table"
sed -n 's/^\(weir_[a-z_]*\).*/\1/p' "$SCRATCH/page" | sort -u >"$SCRATCH/told"
same "every metric of the table is told" "weir_filter_suppressed_signals_total weir_login_records_total weir_logins_total weir_malformed_messages_total weir_sink_lost_records_total weir_threat_indicators weir_threat_list_age_seconds weir_threat_list_failing" \
	"$(comm -23 "$SCRATCH/table" "$SCRATCH/told" | tr '\n' ' ' | sed 's/ $//')"
same "and no other" "" "$(comm -13 "$SCRATCH/table" "$SCRATCH/told")"
on a "$WEIR" metrics >"$SCRATCH/once"
same "'weir metrics' prints the same" "$(grep -c '^# HELP' "$SCRATCH/page")" "$(grep -c '^# HELP' "$SCRATCH/once")"

weir_status a
worker=$(workers)
same "it holds no right" 0000000000000000 "$(sed -n 's/^CapPrm:\t//p' "/proc/$worker/status")"
same "its calls are filtered" 2 "$(sed -n 's/^Seccomp:\t//p' "/proc/$worker/status")"

same "nothing else is there" 404 "$(on a curl -s -m 5 -o /dev/null -w '%{http_code}' http://127.0.0.1:9477/)"
same "nothing is written" 405 "$(ask -X POST -d x=1)"
same "a head that is too long" "closed" "$(ask -H "X: $(head -c 100000 /dev/zero | tr '\0' x)" >"$SCRATCH/code"; [[ $(<"$SCRATCH/code") != 200 ]] && echo closed)"

# More callers than there are places, who say nothing, say it slowly, and do not read.
cat >"$SCRATCH/hostile.py" <<-'END'
	import socket, time
	held = []
	for i in range(60):
	    s = socket.create_connection(("127.0.0.1", 9477))
	    s.setblocking(False)
	    held.append(s)
	print("there", flush=True)
	end = time.monotonic() + 20
	while time.monotonic() < end:
	    for i, s in enumerate(held):
	        try:
	            s.send(b"G" if i % 3 else b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 20)
	        except OSError:
	            pass
	    time.sleep(0.3)
END
behind a python3 "$SCRATCH/hostile.py" >"$SCRATCH/hostile"
hostile=$!
wait_for 5 grep -q there "$SCRATCH/hostile"
codes=$(for _ in 1 2 3; do ask; echo; sleep 1; done | sort | uniq -c | tr -s ' \n' ' ')
same "who asks is answered among sixty who hold on" " 3 200 " "$codes"
kill "$hostile"
wait_for 5 ask >/dev/null
check "those who held on were cut, and counted" test "$(value weir_metrics_cut_connections_total)" -gt 20
before=$(value weir_polls_total)
sleep 2.2
ask >/dev/null
check "weir polls as ever" test "$(value weir_polls_total)" -ge $((before + 2))
same "no poll was late by a second" 0 "$(look value "$SCRATCH/a/status" polls.late_max_ms | awk '{print int($1 / 1000)}')"

kill -SEGV "$worker"
wait_for 5 test ! -e "/proc/$worker"
answers() { [ "$(ask)" = 200 ]; }
check "a worker that dies is followed by another" wait_for 5 answers
weir_status a
same "which is counted" 1 "$(look value "$SCRATCH/a/status" metrics.restarts)"
metrics_pid=$(look value "$SCRATCH/a/status" metrics.pid)
weir_stop a
same "nothing of it stays" "" "$(ps -o pid= -p "$metrics_pid"; on a ss -Hltn 'sport = :9477')"

metrics_config "unix:$SOCKET"
start_or_leave a
URL=http://weir/metrics
same "a Unix socket" 200 "$(ask --unix-socket "$SOCKET")"
same "which others may not open" 660 "$(stat -c %a "$SOCKET")"
weir_stop a KILL 2>/dev/null
same "after a kill" 137 $?
start_or_leave a
same "it is taken again" 200 "$(wait_for 5 test -S "$SOCKET"; ask --unix-socket "$SOCKET")"
weir_stop a
check "and gone at the end" test ! -e "$SOCKET"
