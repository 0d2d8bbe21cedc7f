#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What the Kubernetes API says of pods is on their connections and in detections; rules come in
# ConfigMaps; and a server that is gone, or says what makes no sense, costs neither. The server is
# one of the test's own; the pod is a cgroup that is called as one.
# alone: every weir of the machine sees its processes

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live openssl

UID_=0f1e2d3c-4b5a-6978-8796-$(printf %012x $$)
ID=$(printf '%s' "$SCRATCH" | sha256sum | cut -d' ' -f1)
API=$SCRATCH/api ACCOUNT=$SCRATCH/account
EVENTS=$SCRATCH/here/events.json
mkdir -p "$API/pods" "$API/configmaps" "$ACCOUNT" "$SCRATCH/rules"
cat >"$SCRATCH/rules/mine.yml" <<-'END'
	title: Sessions of the shop
	id: 4be61a1c-3a5c-4a4e-9d0e-6f2f3a0f6b12
	name: shop_session
	logsource: {category: network, service: connection}
	detection:
	    session: {destination.port: 7001, kubernetes.namespace: shop, orchestrator.resource.label: 'app:web'}
	    condition: session
	weir: {raise: detection}
	level: high
END
RULES=$SCRATCH/rules
pod() { # NAME UID VERSION
	cat >"$API/pods/$1.new" <<-END
		{"metadata": {"name": "$1", "namespace": "shop", "uid": "$2",
		  "labels": {"app": "web", "version": "$3", "pod-template-hash": "7d4b9c"},
		  "ownerReferences": [{"kind": "ReplicaSet", "name": "web-7d4b9c", "controller": true}]},
		 "status": {"containerStatuses": [{"name": "nginx", "image": "shop/web:1.2", "containerID": "containerd://$ID"}]}}
	END
	mv "$API/pods/$1.new" "$API/pods/$1.json"
}
map() { # NAME: of the rules on standard input
	python3 -c 'import json, sys
print(json.dumps({"metadata": {"name": sys.argv[1]}, "data": {"rules.yml": sys.stdin.read()}}))' "$1" >"$API/configmaps/$1.new"
	mv "$API/configmaps/$1.new" "$API/configmaps/$1.json"
}
team_rule() { # NAME NUMBER
	cat <<-END
		title: $1
		id: 5b0a1d5e-2b1f-4f0e-8d55-0f6a3f0f2d0$2
		name: $1
		logsource: {category: network, service: attempt}
		detection:
		    port: {destination.port: 700$2}
		    condition: port
		level: low
	END
}
value() {
	weir_status here
	look value "$SCRATCH/here/status" "$1"
}
is() { [ "$(value "$1")" = "$2" ]; }
soon() { wait_for $((${3:-10} * SLOW)) is "$1" "$2"; }
rules_are() { # NAMES
	weir_status here
	[ "$(python3 -c 'import json, sys
print(*sorted(r["name"] for r in json.load(open(sys.argv[1]))["rules"]))' "$SCRATCH/here/status")" = "$1" ]
}

host here there
wire here eth0 there eth0
address here eth0 10.97.0.2/24
address there eth0 10.97.0.1/24
behind there python3 "$TRAFFIC" serve --tcp 7001,7002
wait_for 10 listening there 7002

openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=api -addext 'subjectAltName=IP:10.97.0.1' \
	-keyout "$API/tls.key" -out "$API/tls.crt" 2>/dev/null
cp "$API/tls.crt" "$ACCOUNT/ca.crt"
echo weir >"$ACCOUNT/namespace"
echo secret1 | tee "$ACCOUNT/token" >"$API/token"
api_start() {
	behind there python3 "$TREE/tests/lib/kubeapi.py" "$API" 10.97.0.1 6443
	API_PID=$!
	wait_for 10 listening there 6443
}
api_start
pod web-7d4b9c-x2 "$UID_" 1
for i in $(seq 45); do pod "other-$i" "1f1e2d3c-4b5a-6978-8796-$(printf %012x "$i")" 1; done
team_rule TEAM_ONE 1 | map team-one

weir_config here
cat >>"$SCRATCH/here/weir.yaml" <<-END
	host_root: $SCRATCH/nothing
	kubernetes:
	  enabled: true
	  server: https://10.97.0.1:6443
	  credentials: $ACCOUNT
	  node: \${WEIR_TEST_NODE}
	  rules_label: weir/rules=true
	  rules_folder: $SCRATCH/team
	  cache: $SCRATCH/pods.json
END
mkdir "$SCRATCH/nothing"
export WEIR_TEST_NODE='node 1&x'
start_or_leave here
if [ "$(value owners.on)" != True ]; then
	skip kubernetes "$(value owners.why)"
	exit 0
fi
check "kubernetes/pods are listed" soon kubernetes.pods 46
check "kubernetes/of this node alone" grep -qxF '/api/v1/pods?fieldSelector=spec.nodeName%3Dnode%201%26x&limit=20&resourceVersion=0' "$API/requests"
check "kubernetes/and of ConfigMaps those with the label, of one namespace" \
	grep -q '^/api/v1/namespaces/weir/configmaps?labelSelector=weir%2Frules%3Dtrue&limit' "$API/requests"
child=$(value kubernetes.pid)
same "kubernetes/the child has no rights" 0000000000000000 "$(awk '$1 == "CapPrm:" { print $2 }' "/proc/$child/status")"
same "kubernetes/its system calls are filtered" 2 "$(awk '$1 == "Seccomp:" { print $2 }' "/proc/$child/status")"
same "kubernetes/it is asked of in the status" "True watching" "$(value kubernetes.api.pods.good) $(value kubernetes.api.pods.state)"

# ---- on connections ----

cgroups=$(awk '$3 == "cgroup2" {print $2; exit}' /proc/mounts)
group=$cgroups/kubepods/besteffort/pod$UID_/$ID
had_pods=$([ -d "$cgroups/kubepods" ] && echo yes)
mkdir -p "$group"
at_exit 'rmdir "$group" "${group%/*}"; [ -n "$had_pods" ] || rmdir "$cgroups/kubepods/besteffort" "$cgroups/kubepods"'
# shellcheck disable=SC2016 # for the shell inside
inside() { on here bash -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' "$group" "$@"; }
says_so() { # NAME EXPECTED PORT FIELD…
	local name=$1 expected=$2 got tries=0
	shift 2
	while got=$(python3 "$LOOK" field "$EVENTS" connection "destination.port=$1" "${@:2}" 2>&1) &&
		[[ $got != *"$expected"* ]] && [ $((tries++)) -lt $((60 * SLOW)) ]; do sleep 0.2; done
	same "kubernetes/$name" "$expected" "$(tail -n 1 <<<"$got")"
}
inside python3 "$TRAFFIC" talk 10.97.0.1 7001 1 100 >/dev/null
says_so "a connection names its pod" "shop web-7d4b9c-x2 $UID_ Deployment web" 7001 orchestrator.namespace \
	orchestrator.resource.name orchestrator.resource.id orchestrator.resource.parent.type orchestrator.resource.parent.name
says_so "its labels" "['app:web', 'version:1', 'pod-template-hash:7d4b9c']" 7001 orchestrator.resource.label
says_so "and its container" "nginx shop/web:1.2" 7001 container.name container.image.name
found() { has_detection here SHOP_SESSION; }
check "kubernetes/a rule goes by namespace and label" wait_for $((15 * SLOW)) found
id=$(query here "select id from detection where rule_name = 'SHOP_SESSION' limit 1")
expect "kubernetes/people are shown the pod" 0 ' in nginx of shop/web-7d4b9c-x2 \(Deployment web\)' \
	"$WEIR" detections show "$id" --database "$SCRATCH/here/weir.db"
same "kubernetes/weir's own requests are in no event" 0 "$(look count "$EVENTS" attempt destination.port=6443)"

# ---- changes ----

pod web-7d4b9c-x2 "$UID_" 2
inside sh -c "sleep 1; exec python3 '$TRAFFIC' talk 10.97.0.1 7002 1 100" >/dev/null
says_so "a label that changes is told" "['app:web', 'version:2', 'pod-template-hash:7d4b9c']" 7002 orchestrator.resource.label
rm "$API/pods/other-1.json"
check "kubernetes/a pod that goes is kept for a while" soon kubernetes.pods_gone 1
lists=$(value kubernetes.api.pods.lists)
touch "$API/forget"
rm "$API/pods/other-2.json"
check "kubernetes/what the server has forgotten is listed anew" soon kubernetes.pods_gone 2
pages() { [ "$(value kubernetes.api.pods.lists)" -ge $((lists + 3)) ]; }
check "kubernetes/page by page" wait_for $((10 * SLOW)) pages

# ---- rules ----

check "kubernetes/a ConfigMap's rule takes effect" wait_for $((15 * SLOW)) rules_are "SHOP_SESSION TEAM_ONE"
team_rule TEAM_TWO 2 | map team-two
check "kubernetes/another's too" wait_for $((15 * SLOW)) rules_are "SHOP_SESSION TEAM_ONE TEAM_TWO"
echo 'title: half' | map team-two
check "kubernetes/a wrong one is refused" soon kubernetes.rules.refused 1
check "kubernetes/and named" grep -q 'ConfigMap team-two is not taken.*rules.yml:1:1: ' "$SCRATCH/here/said"
team_rule TEAM_NEW 1 | map team-one
check "kubernetes/which is nobody else's fault" wait_for $((15 * SLOW)) rules_are "SHOP_SESSION TEAM_NEW TEAM_TWO"
expect "kubernetes/the status says so" 5 'team-two' on here "$WEIR" status
rm "$API/configmaps/team-two.json"
check "kubernetes/one that is removed goes" wait_for $((15 * SLOW)) rules_are "SHOP_SESSION TEAM_NEW"

# ---- a server that is wrong, or gone ----

echo nonsense >"$API/answer"
check "kubernetes/nonsense is counted" soon kubernetes.api.pods.malformed 1 20
expect "kubernetes/and makes weir degraded" 5 'is degraded' on here "$WEIR" status
same "kubernetes/the pods stay" 46 "$(value kubernetes.pods)"
echo '403 {"message": "pods is forbidden"}' >"$API/answer"
forbidden() { [[ $(value kubernetes.api.pods.state) == *'answers 403: pods is forbidden'* ]]; }
check "kubernetes/what it refuses is told" wait_for $((20 * SLOW)) forbidden
kill "$API_PID"
gone() { [[ $(value kubernetes.api.pods.state) == *'onnect'* ]]; }
check "kubernetes/a server that is gone is told" wait_for $((30 * SLOW)) gone
weir_stop here
same kubernetes/stops 0 $?
weir_start here
same "kubernetes/starts without it" 0 $?
same "kubernetes/with the pods that it knew" 44 "$(value kubernetes.pods)"
check "kubernetes/and the rules" rules_are "SHOP_SESSION TEAM_NEW"
rm "$API/answer"
echo secret2 | tee "$ACCOUNT/token" >"$API/token"
api_start
check "kubernetes/it is asked again, with the token of now" soon kubernetes.api.pods.good True 40
kill -KILL "$(value kubernetes.pid)"
check "kubernetes/a child that is killed is started anew" soon kubernetes.restarts 1
check "kubernetes/and all is well" soon health healthy 40
