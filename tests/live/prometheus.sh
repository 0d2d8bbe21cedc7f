#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A real Prometheus scrapes a real weir: every query of the dashboard and every alert runs on what it has.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live prometheus curl

host a b
wire a veth-a b veth-b
address a veth-a 10.78.0.1/24
address b veth-b 10.78.0.2/24
weir_config a
printf 'metrics:\n  listen: 127.0.0.1:9477\n' >>"$SCRATCH/a/weir.yaml"
start_or_leave a
cat >"$SCRATCH/prometheus.yml" <<-END
	global: {scrape_interval: 1s, evaluation_interval: 1s}
	rule_files: [$TREE/deploy/prometheus/weir.rules.yml]
	scrape_configs:
	  - job_name: weir
	    static_configs: [{targets: ["127.0.0.1:9477"]}]
END
behind a prometheus --config.file="$SCRATCH/prometheus.yml" --storage.tsdb.path="$SCRATCH/prometheus" \
	--web.listen-address=127.0.0.1:9090 >"$SCRATCH/prometheus.said" 2>&1
behind b ping -q -i 0.2 10.78.0.1 >/dev/null

# query EXPRESSION: as Prometheus answers it.
query_of() {
	on a curl -s -m 10 -G --data-urlencode "query=$1" http://127.0.0.1:9090/api/v1/query
}
has_result() {
	query_of "$1" | grep -q '"result":\[{'
}
check "it scrapes" wait_for $((20 * SLOW)) has_result 'up{job="weir"} == 1 and on(instance) rate(weir_polls_total[4s]) > 0'
check "it is healthy" has_result 'weir_healthy == 1'
check "it counts what passes" has_result 'rate(weir_received_packets_total{interface="veth-a"}[10s]) > 0'

python3 - "$TREE/deploy/grafana/weir.json" <<-'END' >"$SCRATCH/queries"
	import json, sys
	for panel in json.load(open(sys.argv[1]))["panels"]:
	    for target in panel.get("targets", []):
	        text = target["expr"].replace("$__rate_interval", "10s").replace("$instance", ".*")
	        # What must have happened for there to be something.
	        quiet = "> 0" in text or "_decoding_" in text
	        print(panel["title"], "quiet" if quiet else "told", text, sep="\t")
END
while IFS=$'\t' read -r title kind text; do
	said=$(query_of "$text")
	case $kind:$said in
	told:*'"status":"success"'*'"result":[{'*) ok "query: $title: ${text:0:40}" ;;
	quiet:*'"status":"success"'*) ok "query: $title: ${text:0:40}" ;;
	*) not_ok "query: $title" "$text: ${said:0:200}" ;;
	esac
done <"$SCRATCH/queries"
said=$(on a curl -s -m 10 http://127.0.0.1:9090/api/v1/rules)
same "every alert runs" "13 ok" "$(grep -o '"health":"[a-z]*"' <<<"$said" | sort | uniq -c | sed 's/^ *//; s/"health":"\(.*\)"/\1/')"
same "none is raised" "" "$(grep -o '"state":"firing"' <<<"$said")"
