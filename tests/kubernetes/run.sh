#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# weir on a real Kubernetes of one node (node.sh): installed by its chart, it names the pod that scans
# another, with namespace, labels and owner; rules of ConfigMaps take effect, and wrong ones do not; the
# API goes and comes back; its pod is killed, upgraded and rolled back; what is left in the end is
# nothing. As root, after `make all`; not part of `make test`.
# Programs are kept in ${XDG_CACHE_HOME:-~/.cache}/weir/kubernetes, some 250 MB.

. "$(dirname "$0")/../lib.sh"
require_root
require_tool python3 openssl ip nsenter sqlite3 busybox unshare tc bpftool
HERE=$TREE/tests/kubernetes
CHART=$TREE/deploy/kubernetes/weir
export CACHE=${WEIR_KUBERNETES:-${XDG_CACHE_HOME:-$HOME/.cache}/weir/kubernetes}
export RUN=$SCRATCH/node
STATE=$SCRATCH/state # /var/lib/weir of the node
LOOK=$TREE/tests/lib/look.py

node() { "$HERE/node.sh" "$@"; }
kubectl() { node exec kubectl "$@"; }
helm() { node exec helm "$@"; }
weir() { kubectl -n weir exec daemonset/weir -- weir "$@"; } # in the pod
query() { sqlite3 -readonly -cmd '.timeout 2000' "$STATE/weir.db" "$1" 2>&1; }
detected() { [ "$(query "select count(*) from detection where rule_name = '$1'")" -gt "${2:-0}" ]; }
of_status() { # PATH: a value of the status, asked for past the API, in the node's network namespace
	node exec "$WEIR" status --json >"$SCRATCH/status.json" 2>/dev/null
	python3 "$LOOK" value "$SCRATCH/status.json" "$1" 2>&1
}
is() { [ "$(of_status "$1")" = "$2" ]; }
from_here() { HERE_BYTES=$(stat -c %s "$STATE/events.json"); }
since_here() { tail -c +$((HERE_BYTES + 1)) "$STATE/events.json"; } # events that came then
restarts() { kubectl -n weir get pods -o 'jsonpath={.items[*].status.containerStatuses[0].restartCount}'; }

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
if ! "$TREE/deploy/container/root.sh" "$BUILD" "$SCRATCH/image" >"$SCRATCH/image.said" 2>&1; then
	not_ok kubernetes/image "$(tail -n 1 "$SCRATCH/image.said")"
	exit 1
fi
for tag in 1 2; do
	python3 "$HERE/image.py" "$RUN/images/weir$tag.tar" "localhost/weir:$tag" /usr/bin/weir "$SCRATCH/image=/"
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
	terminationGracePeriodSeconds: 10
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

# ---- the chart, by the schemas of this API ----

kubectl get --raw /openapi/v2 >"$SCRATCH/openapi.json"
rm -rf "$CACHE/schemas"
check "kubernetes/the API says what it takes" python3 "$HERE/schemas.py" "$SCRATCH/openapi.json" "$CACHE/schemas"
# What a test without a cluster can hold against them.
PATH=$CACHE/bin:$PATH WEIR_KUBERNETES=$CACHE bash "$TREE/tests/cli/kubernetes.sh" || not_ok "kubernetes/chart" "$? cases"

# ---- installed ----

kubectl create namespace weir >/dev/null
check "kubernetes/the API takes the plain manifests" kubectl apply --dry-run=server --validate=strict -f "$TREE/deploy/kubernetes/weir.yaml"
kubectl label namespace weir pod-security.kubernetes.io/enforce=privileged >/dev/null
check "kubernetes/installs by its chart" helm install weir "$CHART" -n weir -f "$SCRATCH/values.yaml" --wait --timeout 120s
if ! weir status >"$SCRATCH/status"; then
	kubectl -n weir describe pods | tail -n 30
	kubectl -n weir logs daemonset/weir | tail -n 20
fi
check "kubernetes/it is healthy" grep -q 'is healthy' "$SCRATCH/status"
engine=$(of_status pid)
has() { awk -v set="$1:" '$1 == set {print $2}' "/proc/$engine/status"; }
SYS_ADMIN=21 # capability.h
same "kubernetes/without CAP_SYS_ADMIN" 0 "$((0x$(has CapBnd) >> SYS_ADMIN & 1))"
same "kubernetes/it can gain no rights" 1 "$(has NoNewPrivs)"
same "kubernetes/its system calls are filtered" 2 "$(has Seccomp)"
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
	      terminationGracePeriodSeconds: 1
	      containers:
	        - {name: httpd, image: 'localhost/box:1', imagePullPolicy: Never, args: [httpd, -f, -p, '8080'], workingDir: /bin}
	        - {name: admin, image: 'localhost/box:1', imagePullPolicy: Never, args: [httpd, -f, -p, '445'], workingDir: /bin}
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
for name in web prober; do
	check "kubernetes/a pod to look at: $name" kubectl -n shop rollout status deployment "$name" --timeout 60s
done
web=$(kubectl -n shop get pods -l app=web -o 'jsonpath={.items[0].status.podIP}')
prober=$(kubectl -n shop get pods -l app=prober -o 'jsonpath={.items[0].metadata.name}')
probe() { kubectl -n shop exec deployment/prober -- /bin/busybox sh -c "$1"; }
knock() { probe "/bin/busybox nc -w 1 $web 8080 </dev/null" >/dev/null 2>&1; }

# ---- a pod that scans another ----

probe "for port in \$(/bin/busybox seq 1 60); do /bin/busybox nc -w 1 $web \$port </dev/null; done" >/dev/null 2>&1
check "kubernetes/the scan is detected" wait_for 30 detected POD_SCAN
of_sample() { # FIELD [RULE]: of the flows that the detection shows
	query "select distinct json_extract(sample.value, '\$.\"$1\"') from detection, json_each(record, '\$.\"weir.samples\"') sample
		where rule_name = '${2:-POD_SCAN}' and json_extract(sample.value, '\$.\"$1\"') is not null"
}
same "kubernetes/it names the pod" "$prober" "$(of_sample orchestrator.resource.name)"
same "kubernetes/its namespace" shop "$(of_sample orchestrator.namespace)"
same "kubernetes/its owner" "Deployment prober" "$(of_sample orchestrator.resource.parent.type) $(of_sample orchestrator.resource.parent.name)"
same "kubernetes/its container" "box localhost/box:1" "$(of_sample container.name) $(of_sample container.image.name)"
same "kubernetes/the process" "busybox /bin/busybox" "$(of_sample process.name) $(of_sample process.executable)"
labels=$(of_sample orchestrator.resource.label)
check "kubernetes/its labels" grep -q '"app:prober".*"team:red"' <<<"$labels"
id=$(query "select id from detection where rule_name = 'POD_SCAN' limit 1")
expect "kubernetes/people are shown it" 0 "of shop/$prober \\(Deployment prober\\)" weir detections show "$id"

# /proc of the node tells of processes, by the numbers that the kernel has for them.
from_here
probe "/bin/busybox sleep 10 | /bin/busybox nc $web 8080" >/dev/null 2>&1 &
talker() { since_here | sed -n 's/.*"weir.connection".*"destination.port":8080,.*"process.pid":\([0-9]*\),.*/\1/p' | head -n 1; }
told() { [ -n "$(talker)" ]; }
check "kubernetes/a connection is told while it lasts" wait_for 10 told
same "kubernetes/its process has the node's number" "/bin/busybox nc $web 8080 " "$(tr '\0' ' ' <"/proc/$(talker)/cmdline")"
wait $!

# ---- rules that a team brings ----

rule() { # NAME LAST-DIGIT-OF-ID
	cat <<-END
		title: $1
		id: 5b0a1d5e-2b1f-4f0e-8d55-0f6a3f0f3e1$2
		name: $1
		logsource: {category: network, service: connection}
		detection: {web: {destination.port: 8080, kubernetes.namespace: shop}, condition: web}
		weir: {raise: detection}
		level: low
	END
}
bring() { # MAP: the rules on standard input
	local verb=create
	! kubectl -n weir get configmap "$1" >/dev/null 2>&1 || verb=replace
	kubectl -n weir create configmap "$1" --from-file=rules.yml=/dev/stdin --dry-run=client -o json |
		kubectl label --local -f - weir/rules=true -o json | kubectl "$verb" -f - >/dev/null
}
has_rule() { of_status health >/dev/null && grep -q "\"$1\"" "$SCRATCH/status.json"; }
rule TEAM_SHOP 1 | bring team-shop
check "kubernetes/a team's ConfigMap takes effect" wait_for 20 has_rule TEAM_SHOP
knock
check "kubernetes/and detects" wait_for 30 detected TEAM_SHOP
rule TEAM_HALF 2 | sed 's/, condition: web}//; 5q' | bring team-half
check "kubernetes/one that is half written is refused" wait_for 20 is kubernetes.rules.refused 1
expect "kubernetes/weir is degraded by it, and says where" 5 'team-half.*rules\.yml:[0-9]+:' node exec "$WEIR" status
check "kubernetes/the kubelet does not start it anew" weir status --running
check "kubernetes/it knows the rules that it knew" has_rule TEAM_SHOP
rule TEAM_NEW 3 | bring team-shop
check "kubernetes/others may change theirs meanwhile" wait_for 20 has_rule TEAM_NEW
rule TEAM_HALF 2 | bring team-half
check "kubernetes/written to its end it takes effect" wait_for 20 has_rule TEAM_HALF
check "kubernetes/and weir is healthy" wait_for 20 is health healthy
knock
check "kubernetes/it detects" wait_for 30 detected TEAM_HALF
kubectl -n weir delete configmap team-half >/dev/null
loses() { ! has_rule "$1"; }
check "kubernetes/taken away, its rule goes" wait_for 20 loses TEAM_HALF

# ---- the API, gone for a while ----

node api down
silent() { is health degraded && [[ $(of_status kubernetes.api.pods.state) == *onnect* ]]; }
check "kubernetes/without the API weir says so" wait_for 90 silent
expect "kubernetes/people are told" 5 'kubernetes' node exec "$WEIR" status
box=$(node exec ctr -n k8s.io containers list | awk '$2 == "localhost/box:1" {print $1}' | while read -r one; do
	! node exec ctr -n k8s.io containers info "$one" | grep -q '"io.kubernetes.container.name": "box"' || echo "$one"
done)
node exec ctr -n k8s.io tasks exec --exec-id past-the-api "$box" /bin/busybox nc -w 1 "$web" 8080 </dev/null >/dev/null 2>&1
check "kubernetes/it detects all the same" wait_for 30 detected TEAM_NEW
same "kubernetes/and names the pod" "shop $prober" "$(of_sample orchestrator.namespace TEAM_NEW) $(of_sample orchestrator.resource.name TEAM_NEW)"
check "kubernetes/the API comes back" node api up
check "kubernetes/weir is healthy again" wait_for 90 is health healthy
same "kubernetes/it was not started anew for it" 0 "$(restarts)"
check "kubernetes/a health event says why" grep -qE "onnect|closed" <<<"$(query "select message from health where fact = 'kubernetes_silent'")"
same "kubernetes/health events tell of both" "1 1" \
	"$(query "select count(*) from health where fact = 'kubernetes_silent'") $(query "select count(*) from health where fact = 'kubernetes_back'")"

# ---- killed ----

kill -KILL "$(of_status pid)"
restarted() { [ "$(restarts)" = 1 ] && weir status --running; }
check "kubernetes/killed, it is started again" wait_for 60 restarted
check "kubernetes/and knows the team's rule" wait_for 20 has_rule TEAM_NEW

# ---- upgraded, and rolled back ----

# Connections go on meanwhile.
talk() { # NUMBER
	probe "for i in \$(/bin/busybox seq $1); do /bin/busybox nc -w 1 $web 8080 </dev/null; /bin/busybox usleep 100000; done" >/dev/null 2>&1
}
counted() { # attempts, of how many ports, connections, of how many ports
	since_here | python3 -c '
import collections, json, sys
seen = {name: collections.Counter() for name in ("weir.attempt", "weir.connection")}
for line in sys.stdin:
    record = json.loads(line)
    if record.get("destination.port") == 8080 and record["event.dataset"] in seen:
        seen[record["event.dataset"]][record["source.port"]] += 1
print(*(f"{sum(ports.values())} {len(ports)}" for ports in seen.values()))'
}
only_pod() { [ "$(kubectl -n weir get pods -o name | wc -l)" = 1 ]; }
replaced() { # NAME COMMAND…: while connections are made
	local name=$1 before
	shift
	before=$(of_status pid)
	from_here
	talk 150 &
	check "kubernetes/$name" "$@"
	check "kubernetes/$name: its pod is the only one" wait_for 60 only_pod
	wait $!
	check "kubernetes/$name: it watches" weir status --running
	check "kubernetes/$name: it is another process" test "$before" != "$(of_status pid)"
	same "kubernetes/$name: it was handed over" "handed over" "$(of_status capture.start)"
	same "kubernetes/$name: nothing was started twice" 0 "$(restarts)"
	sleep 8 # until what is late is told
	same "kubernetes/$name: each connection once" "150 150 150 150" "$(counted)"
}
replaced upgrade helm upgrade weir "$CHART" -n weir -f "$SCRATCH/values.yaml" --set-string image.tag=2 --wait --timeout 120s
replaced rollback helm rollback weir 1 -n weir --wait --timeout 120s
check "kubernetes/detections stay" detected POD_SCAN
pod=$(kubectl -n weir get pods -o name)
check "kubernetes/an upgrade to an image that is not there" helm upgrade weir "$CHART" -n weir -f "$SCRATCH/values.yaml" --set-string image.tag=3
stuck() { kubectl -n weir get pods -o 'jsonpath={.items[*].status.containerStatuses[*].state.waiting.reason}' | grep -q ErrImageNeverPull; }
check "kubernetes/does not begin" wait_for 30 stuck
check "kubernetes/and the pod goes on that was there" bash -c "'$HERE/node.sh' exec kubectl -n weir exec '$pod' -- weir status --running"
check "kubernetes/until it is rolled back" helm rollback weir 3 -n weir --wait --timeout 60s
check "kubernetes/to the same pod" wait_for 30 only_pod
same "kubernetes/and no other" "$pod" "$(kubectl -n weir get pods -o name)"

# ---- configuration that changes ----

change() { # VALUE NEW
	sed "s/$1/$2/" "$SCRATCH/values.yaml" >"$SCRATCH/values2.yaml"
	helm upgrade weir "$CHART" -n weir -f "$SCRATCH/values2.yaml" >/dev/null
}
reloads=$(of_status reload.done)
change 'gte: 30' 'gte: many'
check "kubernetes/a rule of the chart that is wrong changes nothing" wait_for 100 is health degraded
expect "kubernetes/weir says where it is" 5 'scan\.yml:[0-9]+:' node exec "$WEIR" status
same "kubernetes/and has not reloaded" "$reloads" "$(of_status reload.done)"
change 'gte: 30' 'gte: 20'
reloaded() { [ "$(of_status reload.done)" -gt "$reloads" ]; }
check "kubernetes/mended, it changes live" wait_for 100 reloaded
check "kubernetes/and all is well" wait_for 20 is health healthy
same "kubernetes/in the same pod" "$pod" "$(kubectl -n weir get pods -o name)"

# ---- gone ----

tables() { grep -hs '^map_id' /proc/"$(of_status pid)"/fdinfo/* | awk '{print $2}' | sort -un | xargs; }
gone() { ! kubectl -n weir get pods -o name | grep -q .; }
leaves_nothing() { # WHEN TABLES
	local number left=
	check "kubernetes/$1: its pod is gone" wait_for 60 gone
	same "kubernetes/$1: nothing is attached" "" "$(node exec python3 "$LOOK" attached)"
	same "kubernetes/$1: nothing is pinned" "" "$(node exec find /sys/fs/bpf -mindepth 1 ! -name '*.debug')"
	for number in $2; do ! bpftool map show id "$number" >/dev/null 2>&1 || left+="$number "; done
	check "kubernetes/$1: it had tables" test -n "$2"
	same "kubernetes/$1: and has them no more" "" "$left"
	same "kubernetes/$1: no process is left" "" "$(node processes | while read -r pid; do cat "/proc/$pid/comm"; done 2>/dev/null | grep -x 'weir.*')"
	same "kubernetes/$1: no object is left" "" "$(kubectl get clusterrole,clusterrolebinding,priorityclass -o name | grep weir)"
}
tables=$(tables)
check "kubernetes/uninstalls" helm uninstall weir -n weir --wait --timeout 60s
leaves_nothing uninstalled "$tables"

# One that does not answer is killed when its time is over. The chart as it is, but for where things are.
cat >"$SCRATCH/own.yaml" <<-END
	image: {repository: localhost/weir, tag: "1", pullPolicy: Never}
	state: {hostPath: $STATE.own}
	terminationGracePeriodSeconds: 3
END
check "kubernetes/installs with the chart's own values" helm install weir "$CHART" -n weir -f "$SCRATCH/own.yaml" --wait --timeout 120s
scanned() { [ "$(sqlite3 -readonly "$STATE.own/weir.db" "select count(*) from signal where rule_name = 'PORT_SCAN'")" -gt 0 ]; }
probe "for port in \$(/bin/busybox seq 1 200); do /bin/busybox nc -w 1 $web \$port </dev/null; done" >/dev/null 2>&1
check "kubernetes/its own rules tell of a scan" wait_for 30 scanned
probe "echo GET / | /bin/busybox nc -w 1 $web 445" >/dev/null 2>&1
in_log() { kubectl -n weir logs daemonset/weir | grep '"event.kind":"alert"' | grep -q LATERAL_MOVEMENT; }
check "kubernetes/and detect one that goes on, in the pod's log" wait_for 20 in_log
tables=$(tables)
hook=$(of_status capture.interfaces.0.received.hook)
kill -STOP "$(of_status pid)"
check "kubernetes/uninstalls when it hangs" helm uninstall weir -n weir --wait --timeout 60s
if [ "$hook" = tcx ]; then
	leaves_nothing killed "$tables"
else
	check "kubernetes/killed: its pod is gone" wait_for 60 gone
	skip "kubernetes/killed: nothing is attached" "this kernel has no TCX: filters stay until a weir starts, or the node"
fi

# ---- and the node ----

cgroup=$(node cgroup)
check "kubernetes/the node stops" node stop
same "kubernetes/and leaves no cgroup" "" "$(find /sys/fs/cgroup -type d -path "*$cgroup*" 2>/dev/null)"
same "kubernetes/nor a mount" "" "$(grep -F "$SCRATCH" /proc/self/mountinfo)"
