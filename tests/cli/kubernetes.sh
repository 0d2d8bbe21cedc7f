#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# deploy/kubernetes: the plain manifests ask for no more than they say, and weir takes what stands in
# them; with helm, that they are the chart's, and that the chart refuses what is wrong; with kubeconform,
# and what an API server said of itself when `make test-kubernetes` ran, that they are what it takes.

. "$(dirname "$0")/../lib.sh"
require_tool python3
cd "$TREE/deploy/kubernetes" || exit
LOOK="python3 $TREE/tests/kubernetes/manifest.py"

# ---- plain manifests ----

for fact in "not privileged" "no new privileges" "root file system is read-only" "capabilities are named" \
	"no volume is written but its own" "probes ask weir" "no rights beyond reading" "selectors meet" "seccomp is on"; do
	check "kubernetes/$fact" $LOOK check weir.yaml "$fact"
done
capabilities=$($LOOK capabilities weir.yaml)
missing=$(for one in $capabilities; do
	grep -q "\"CAP_$one\"" "$TREE/user/privilege.c" || echo "CAP_$one is none that weir uses"
	grep -q "^| \`$one\` |" "$TREE/docs/kubernetes.md" || echo "$one is not explained"
done)
same "kubernetes/each capability is used and explained" "" "$missing"
version=$(sed -n 's/^VERSION *:= *//p' "$TREE/Makefile")
same "kubernetes/the chart is of this version" "$version" "$(sed -n 's/^appVersion: *//p' weir/Chart.yaml)"

$LOOK data weir.yaml weir weir.yaml >"$SCRATCH/weir.yaml"
# The node's root is where it is mounted in the pod alone.
sed -i "s,/host\$,$SCRATCH," "$SCRATCH/weir.yaml"
mapfile -t args < <($LOOK args weir.yaml | sed "s,/etc/weir/config,$SCRATCH,")
expect "kubernetes/weir takes its arguments and its configuration" 0 '^host_root: .*weir\.yaml:' \
	"$WEIR" "${args[@]}" --print-config

# ---- the chart ----

CACHE=${WEIR_KUBERNETES:-${XDG_CACHE_HOME:-$HOME/.cache}/weir/kubernetes}
HELM=$(command -v helm || echo "$CACHE/bin/helm")
if [ ! -x "$HELM" ]; then
	skip kubernetes/chart "helm is not installed"
	exit 0
fi
template() { "$HELM" template weir weir --namespace weir --kube-version "${KUBE:-1.31.0}" "$@"; }
expect "kubernetes/helm lint" 0 '0 chart\(s\) failed' "$HELM" lint --strict weir
cp -R . "$SCRATCH/chart"
"$SCRATCH/chart/print.sh" "$HELM"
check "kubernetes/the plain manifests are the chart's (print.sh makes them so)" diff weir.yaml "$SCRATCH/chart/weir.yaml"

refused() { # NAME PATTERN OPTION…
	expect "kubernetes/refuses $1" 1 "$2" template "${@:3}"
}
refused "a misspelt value" 'hostRot' --set hostRot.enabled=false
refused "another type" 'integer' --set terminationGracePeriodSeconds=soon
refused "a capability by its long name" 'capabilities' --set 'securityContext.capabilities={CAP_BPF}'
refused "SYS_ADMIN" 'capabilities' --set 'securityContext.capabilities={SYS_ADMIN}'
refused "rules that are no files of rules" 'rules' --set-string 'rules.telnet=x'
refused "an old cluster" 'kubeVersion' --kube-version 1.20.0

KUBE=1.29.0 template >"$SCRATCH/old.yaml"
check "kubernetes/before 1.30 the AppArmor profile is an annotation" \
	grep -q 'apparmor.security.beta.kubernetes.io/weir: unconfined' "$SCRATCH/old.yaml"
check "kubernetes/and no field" bash -c "! grep -q appArmorProfile '$SCRATCH/old.yaml'"
template --set config.lateness=5s --set-string 'rules.a\.yml=title: A' --set hostRoot.enabled=false \
	--set logins.enabled=false >"$SCRATCH/other.yaml"
$LOOK data "$SCRATCH/other.yaml" weir weir.yaml >"$SCRATCH/other"
expect "kubernetes/configuration goes over the chart's own" 0 '^lateness: 5s' "$WEIR" run -c "$SCRATCH/other" --print-config
same "kubernetes/rules become files" "title: A" "$($LOOK data "$SCRATCH/other.yaml" weir-rules a.yml)"
check "kubernetes/without the node's root it is not mounted" bash -c "! grep -q 'mountPath: /host' '$SCRATCH/other.yaml'"

# ---- what an API server takes ----

KUBECONFORM=$(command -v kubeconform || echo "$CACHE/bin/kubeconform")
if [ ! -x "$KUBECONFORM" ] || [ ! -d "$CACHE/schemas" ]; then
	skip kubernetes/schemas "kubeconform is not installed, or no API server has said what it takes: make test-kubernetes"
	exit 0
fi
conforms() {
	"$KUBECONFORM" -strict -summary -schema-location "$CACHE/schemas/{{.ResourceKind}}{{.KindSuffix}}.json" "$1"
}
template --set kubernetes.enabled=false,priorityClass.create=false,networkPolicy.enabled=false,namespace.create=true \
	--set 'securityContext.seLinuxOptions.type=spc_t' --set 'dropIns.10-a\.yaml.learn.days=14' >"$SCRATCH/less.yaml"
for file in weir.yaml "$SCRATCH/other.yaml" "$SCRATCH/less.yaml"; do
	expect "kubernetes/an API server takes ${file##*/}" 0 'Invalid: 0, Errors: 0, Skipped: 0' conforms "$file"
done
sed 's/hostNetwork:/hostNetwrk:/' weir.yaml >"$SCRATCH/wrong.yaml"
expect "kubernetes/and not what is misspelt" 1 'hostNetwrk' conforms "$SCRATCH/wrong.yaml"
