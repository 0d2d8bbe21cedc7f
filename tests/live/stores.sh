#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Outputs for stores of documents and logs, from a weir that is confined as ever: Elasticsearch's _bulk
# (a stand-in), Kafka (the brokers that librdkafka has for tests), journald's own protocol, a file.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
. "$TREE/tests/lib/fault.sh"
require_live

two_hosts
knock_rules
log=$SCRATCH/documents
: >"$log"
echo bulk >"$SCRATCH/mode"
behind outside python3 "$TREE/tests/lib/httpd.py" 10.78.0.2 9200 "$SCRATCH/mode" "$log"
behind inside python3 "$TREE/tests/lib/syslogd.py" "$SCRATCH/journald" "$SCRATCH/journal"
wait_for 10 listening outside 9200
wait_for 10 test -S "$SCRATCH/journald"
knock_config inside
cat >>"$SCRATCH/inside/weir.yaml" <<-END
	spool: {path: $SCRATCH/spool}
	elastic: {url: 'http://10.78.0.2:9200', signals: false, flows: true, file: $SCRATCH/bulk}
	kafka: {brokers: 'localhost:9092', signals: none, options: {test.mock.num.brokers: '1'}}
	journal: {enabled: true, socket: $SCRATCH/journald}
END
start_or_leave inside -i eth0
knock 1000 1009

# The ports of the documents of a kind, sorted, each as often as it is there.
documents() { # KIND
	python3 - "$SCRATCH/bulk" "$1" <<-'END'
		import json, sys
		lines = open(sys.argv[1]).read().splitlines()
		ports = []
		for action, document in zip(lines[::2], lines[1::2]):
		    document = json.loads(document)
		    assert json.loads(action) == {"create": {"_id": document["event.id"]}}
		    if document["event.kind"] == sys.argv[2]:
		        ports.append(document["destination.port"])
		print(*sorted(ports))
	END
}
all="$(echo {1000..1009})"
has() { [ "$(documents "$1")" = "$all" ]; }
check "stores/file: detections" wait_for 15 has alert
settled() { [ "$(sink inside elastic written)" -ge 10 ] && [ "$(sink inside elastic spool.records)" = 0 ]; }
check "stores/elastic: all are written" wait_for 30 settled
same "stores/elastic: none is lost" 0 "$(($(sink inside elastic failed) + $(sink inside elastic dropped)))"
same "stores/elastic: as many documents" 10 "$(grep -o '"_id":"[^"]*"' "$log" | sort -u | wc -l)"
kafka() { [ "$(sink inside kafka written)" = 10 ]; }
check "stores/kafka: all are written" wait_for 20 kafka
journal() { [ "$(grep -o 'WEIR_DESTINATION_PORT=[0-9]*' "$SCRATCH/journal" | sort | tr -dc '0-9\n' | tr '\n' ' ')" = "$all " ]; }
check "stores/journal: all are there, with their fields" wait_for 10 journal
check "stores/journal: and their rule" grep -q 'WEIR_RULE=KNOCK\\n' "$SCRATCH/journal"
weir_stop inside
same "stores/stops" 0 $?
check "stores/file: connections, as they end" has event
