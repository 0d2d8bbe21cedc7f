#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# weir on a real Kubernetes of one node (node.sh): installed by its chart, it names the pod that scans
# another, with namespace, labels and owner; its pod is killed, upgraded and rolled back; a ConfigMap's
# rule takes effect; what is left in the end is nothing. As root, after `make all`; not part of `make test`.
# Programs are kept in ${XDG_CACHE_HOME:-~/.cache}/weir/kubernetes, some 250 MB.

. "$(dirname "$0")/../lib.sh"
require_root
require_tool python3 openssl ip nsenter sqlite3 busybox unshare
HERE=$TREE/tests/kubernetes
export CACHE=${WEIR_KUBERNETES:-${XDG_CACHE_HOME:-$HOME/.cache}/weir/kubernetes}
export RUN=$SCRATCH/node
STATE=$SCRATCH/state # /var/lib/weir of the node
LOOK=$TREE/tests/lib/look.py

node() { "$HERE/node.sh" "$@"; }
kubectl() { node exec kubectl "$@"; }
helm() { node exec helm "$@"; }
weir() { kubectl -n weir exec daemonset/weir -- weir "$@"; } # in the pod
query() { sqlite3 -readonly -cmd '.timeout 2000' "$STATE/weir.db" "$1" 2>&1; }

# ---- what is needed ----

if ! nice "$HERE/setup.sh" "$CACHE" >"$SCRATCH/setup.said" 2>&1; then
	skip kubernetes "$(tail -n 1 "$SCRATCH/setup.said")"
	exit 0
fi
busybox=$(readlink -f "$(command -v busybox)")
if ldd "$busybox" >/dev/null 2>&1; then
	skip kubernetes "$busybox is not static"
	exit 0
fi
mkdir -p "$RUN/images" "$STATE"
libraries=$(ldd "$WEIR" | grep -oE '/[^ ]+' | sort -u | sed 's/.*/&=&/')
for tag in 1 2; do
	# shellcheck disable=SC2086 # a word each
	python3 "$HERE/image.py" "$RUN/images/weir$tag.tar" "localhost/weir:$tag" /usr/bin/weir "$WEIR=/usr/bin/weir" \
		"$TREE/rules=/usr/share/weir/rules" $libraries
done
python3 "$HERE/image.py" "$RUN/images/box.tar" localhost/box:1 /bin/busybox "$busybox=/bin/busybox"
echo "figure: kubernetes, image of weir $(($(stat -c %s "$RUN/images/weir1.tar") >> 20)) MiB"

at_exit 'node stop'
if ! node start; then
	not_ok kubernetes/node "$(tail -n 5 "$RUN/log/node.log")"
	exit 1
fi
cat >"$SCRATCH/values.yaml" <<-END
	image: {repository: localhost/weir, tag: "1", pullPolicy: Never}
	state: {hostPath: $STATE}
	hostRoot: {enabled: false}
	logins: {enabled: false}
	config:
	  json: {path: /var/lib/weir/events.json, events: true}
	rules:
	  scan.yml: |
	    title: An attempt
	    id: 5b0a1d5e-2b1f-4f0e-8d55-0f6a3f0f3e01
	    name: pod_attempt
	    logsource: {category: network, service: attempt}
	    detection: {tcp: {network.transport: tcp}, condition: tcp}
	    level: informational
	    ---
	    title: A pod that scans
	    id: 5b0a1d5e-2b1f-4f0e-8d55-0f6a3f0f3e02
	    name: pod_scan
	    correlation:
	      type: value_count
	      rules: [pod_attempt]
	      group-by: [source.ip]
	      timespan: 1m
	      condition: {field: destination.port, gte: 30}
	    weir: {raise: detection}
	    level: high
END

# ---- installed ----

kubectl create namespace weir >/dev/null
kubectl label namespace weir pod-security.kubernetes.io/enforce=privileged >/dev/null
check "kubernetes/the API takes the plain manifests" kubectl apply --dry-run=server --validate=strict -f "$TREE/deploy/kubernetes/weir.yaml"
check "kubernetes/installs by its chart" helm install weir "$TREE/deploy/kubernetes/weir" -n weir -f "$SCRATCH/values.yaml" --wait --timeout 120s
if ! weir status >"$SCRATCH/status"; then
	kubectl -n weir describe pods | tail -n 30
	kubectl -n weir logs daemonset/weir | tail -n 20
fi
check "kubernetes/it is healthy" grep -q 'is healthy' "$SCRATCH/status"
may() { kubectl auth can-i "$@" --as=system:serviceaccount:weir:weir; }
same "kubernetes/its account may watch pods" yes "$(may watch pods -A 2>/dev/null)"
same "kubernetes/and no secrets" no "$(may get secrets -n weir 2>/dev/null)"
same "kubernetes/nor ConfigMaps elsewhere" no "$(may list configmaps -n default 2>/dev/null)"

cat >"$SCRATCH/shop.yaml" <<-'END'
	{apiVersion: v1, kind: Namespace, metadata: {name: shop}}
	---
	apiVersion: apps/v1
	kind: Deployment
	metadata: {name: web, namespace: shop}
	spec:
	  selector: {matchLabels: {app: web}}
	  template:
	    metadata: {labels: {app: web}}
	    spec:
	      containers:
	        - {name: httpd, image: 'localhost/box:1', imagePullPolicy: Never, args: [httpd, -f, -p, '8080'], workingDir: /bin}
	---
	apiVersion: apps/v1
	kind: Deployment
	metadata: {name: prober, namespace: shop}
	spec:
	  selector: {matchLabels: {app: prober}}
	  template:
	    metadata: {labels: {app: prober, team: red}}
	    spec:
	      terminationGracePeriodSeconds: 1
	      containers:
	        - {name: box, image: 'localhost/box:1', imagePullPolicy: Never, args: [sleep, '100000']}
END
kubectl apply -f "$SCRATCH/shop.yaml" >/dev/null
check "kubernetes/pods to look at" kubectl -n shop rollout status deployment --timeout 60s
web=$(kubectl -n shop get pods -l app=web -o 'jsonpath={.items[0].status.podIP}')
prober=$(kubectl -n shop get pods -l app=prober -o 'jsonpath={.items[0].metadata.name}')
probe() { kubectl -n shop exec deployment/prober -- /bin/busybox sh -c "$1"; }

# ---- a pod that scans another ----

probe "for port in \$(/bin/busybox seq 1 60); do /bin/busybox nc -w 1 $web \$port </dev/null; done" >/dev/null 2>&1
scanned() { [ "$(query "select count(*) from detection where rule_name = 'POD_SCAN'")" -gt 0 ]; }
check "kubernetes/the scan is detected" wait_for 30 scanned
of_sample() { # FIELD: of the flows that the detection shows
	query "select distinct json_extract(sample.value, '\$.\"$1\"') from detection, json_each(record, '\$.\"weir.samples\"') sample
		where rule_name = 'POD_SCAN' and json_extract(sample.value, '\$.\"$1\"') is not null"
}
same "kubernetes/it names the pod" "$prober" "$(of_sample orchestrator.resource.name)"
same "kubernetes/its namespace" shop "$(of_sample orchestrator.namespace)"
same "kubernetes/its owner" "Deployment prober" "$(of_sample orchestrator.resource.parent.type) $(of_sample orchestrator.resource.parent.name)"
same "kubernetes/its container" "box localhost/box:1" "$(of_sample container.name) $(of_sample container.image.name)"
labels=$(of_sample orchestrator.resource.label)
check "kubernetes/its labels" grep -q '"app:prober".*"team:red"' <<<"$labels"
id=$(query "select id from detection where rule_name = 'POD_SCAN' limit 1")
expect "kubernetes/people are shown it" 0 "of shop/$prober \\(Deployment prober\\)" weir detections show "$id"

# ---- rules that a team brings ----

cat >"$SCRATCH/team.yml" <<-'END'
	title: Shop
	id: 5b0a1d5e-2b1f-4f0e-8d55-0f6a3f0f3e03
	name: team_shop
	logsource: {category: network, service: connection}
	detection: {web: {destination.port: 8080, kubernetes.namespace: shop}, condition: web}
	weir: {raise: detection}
	level: low
END
kubectl -n weir create configmap team-shop --from-file="$SCRATCH/team.yml" >/dev/null
kubectl -n weir label configmap team-shop weir/rules=true >/dev/null
has_rule() { weir status --json | grep -q '"TEAM_SHOP"'; }
check "kubernetes/a team's ConfigMap takes effect" wait_for 20 has_rule
probe "/bin/busybox nc -w 1 $web 8080 </dev/null" >/dev/null 2>&1
shopped() { [ "$(query "select count(*) from detection where rule_name = 'TEAM_SHOP'")" -gt 0 ]; }
check "kubernetes/and detects" wait_for 30 shopped

# ---- killed ----

restarts() { kubectl -n weir get pods -o 'jsonpath={.items[*].status.containerStatuses[0].restartCount}'; }
engine() { weir status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["pid"])'; }
node exec kill -KILL "$(engine)"
restarted() { [ "$(restarts)" = 1 ] && weir status --running; }
check "kubernetes/killed, it is started again" wait_for 60 restarted
check "kubernetes/and knows the team's rule" has_rule

# ---- upgraded, and rolled back ----

# Connections go on meanwhile: from ports of their own, so that one that is counted twice shows.
talk() { # FIRST NUMBER
	probe "i=$1; while [ \$i -lt $(($1 + $2)) ]; do /bin/busybox nc -w 1 -p \$i $web 8080 </dev/null; /bin/busybox usleep 100000; i=\$((i + 1)); done" >/dev/null 2>&1
}
counted() { # FIRST NUMBER: attempts from these ports, and how many ports they are
	python3 - "$STATE/events.json" "$1" "$2" <<-'END'
		import collections, json, sys
		first, number = int(sys.argv[2]), int(sys.argv[3])
		seen = collections.Counter()
		for line in open(sys.argv[1]):
		    record = json.loads(line)
		    port = record.get("source.port", 0)
		    if record.get("event.dataset") == "weir.attempt" and record.get("destination.port") == 8080 and first <= port < first + number:
		        seen[port] += 1
		print(max(seen.values(), default=0), len(seen))
	END
}
replaced() { # NAME FIRST COMMAND…: while connections are made
	local name=$1 first=$2 before most ports
	shift 2
	before=$(engine)
	talk "$first" 100 &
	check "kubernetes/$name" "$@"
	check "kubernetes/$name: its pod is the only one" wait_for 60 bash -c \
		"[ \"\$('$HERE/node.sh' exec kubectl -n weir get pods -o name | wc -l)\" = 1 ]"
	wait $!
	check "kubernetes/$name: it watches" weir status --running
	check "kubernetes/$name: it is another process" test "$before" != "$(engine)"
	same "kubernetes/$name: nothing was started twice" 0 "$(restarts)"
	sleep 8 # until what is late is told
	read -r most ports <<<"$(counted "$first" 100)"
	same "kubernetes/$name: no connection twice" 1 "$most"
	check "kubernetes/$name: few are missed" test "$ports" -ge 80
	echo "figure: kubernetes, $name: connections missed $((100 - ports)) of 100"
}
replaced upgrade 20000 helm upgrade weir "$TREE/deploy/kubernetes/weir" -n weir -f "$SCRATCH/values.yaml" --set image.tag=2 --wait --timeout 120s
replaced rollback 21000 helm rollback weir 1 -n weir --wait --timeout 120s
check "kubernetes/detections stay" scanned

# ---- configuration that changes ----

sed 's/gte: 30/gte: 20/' "$SCRATCH/values.yaml" >"$SCRATCH/values2.yaml"
pod=$(kubectl -n weir get pods -o name)
reloaded() { weir status --json | python3 -c 'import json, sys; sys.exit(json.load(sys.stdin)["reload"]["done"] < 1)'; }
helm upgrade weir "$TREE/deploy/kubernetes/weir" -n weir -f "$SCRATCH/values2.yaml" >/dev/null
check "kubernetes/rules of the chart change live" wait_for 100 reloaded
same "kubernetes/in the same pod" "$pod" "$(kubectl -n weir get pods -o name)"

# ---- gone ----

check "kubernetes/uninstalls" helm uninstall weir -n weir --wait --timeout 60s
gone() { ! kubectl -n weir get pods -o name | grep -q .; }
check "kubernetes/its pod is gone" wait_for 60 gone
same "kubernetes/nothing is attached" "" "$(node exec python3 "$LOOK" attached)"
same "kubernetes/nothing is pinned" "" "$(node exec find /sys/fs/bpf -mindepth 1 ! -name '*.debug')"
same "kubernetes/no process is left" "" "$(node exec pgrep -x 'weir|weir-.*')"
same "kubernetes/no object is left" "" "$(kubectl get clusterrole,clusterrolebinding,priorityclass -o name | grep weir)"
