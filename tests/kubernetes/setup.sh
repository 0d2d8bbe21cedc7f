#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# setup.sh FOLDER: puts into FOLDER what node.sh runs: Kubernetes, helm and kubeconform, built from their
# Go modules (some ten minutes the first time), and Debian's etcd, containerd, runc and CNI plugins,
# unpacked and not installed. What is there already stays. Leaves with 1 and a line of reason.

set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1/bin" "$1/debs" "$1/build"
cd "$1"

KUBERNETES=34.4 # of 1.
HELM=v3.19.0
KUBECONFORM=v0.8.0
PACKAGES=(etcd-server containerd runc containernetworking-plugins)

fail() {
	echo "setup: $*" >&2
	exit 1
}

# One program for all of Kubernetes: the parts share most of it. Versions are those that it pins
# itself; "v0.0.0" are its own parts, which are modules too.
build_kubernetes() {
	local source
	cp "$here/kubernetes.go" build/main.go
	cd build
	go mod download "k8s.io/kubernetes@v1.$KUBERNETES"
	source=$(go env GOMODCACHE)/k8s.io/kubernetes@v1.$KUBERNETES
	{
		printf 'module kubernetes\n\n'
		grep '^go ' "$source/go.mod"
		printf 'require k8s.io/kubernetes v1.%s\n' "$KUBERNETES"
		awk '/^require \(/ {r = 1; print; next} /^\)/ {if (r) print; r = 0}
			r {sub(/ v0\.0\.0$/, " v0.'$KUBERNETES'"); print}' "$source/go.mod"
		echo 'replace ('
		sed -n 's#^\t\(k8s.io/[^ ]*\) => ./staging.*#\t\1 => \1 v0.'$KUBERNETES'#p' "$source/go.mod"
		echo ')'
	} >go.mod
	cp "$source/go.sum" go.sum
	chmod u+w go.sum
	local flags="-s -w" package
	for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
		flags+=" -X $package.gitVersion=v1.$KUBERNETES -X $package.gitMajor=1 -X $package.gitMinor=${KUBERNETES%%.*}"
	done
	CGO_ENABLED=0 go build -mod=mod -trimpath -ldflags "$flags" -o ../bin/kubeall .
	cd ..
}

command -v go >/dev/null || fail "go is not installed: Kubernetes is built from its modules"
command -v gcc >/dev/null || fail "gcc is not installed"
[ -x bin/kubeall ] || build_kubernetes || fail "Kubernetes cannot be built"
for name in kube-apiserver kube-controller-manager kube-scheduler kubelet kubectl; do ln -sf kubeall "bin/$name"; done
[ -x bin/helm ] || GOBIN=$PWD/bin go install "helm.sh/helm/v3/cmd/helm@$HELM" || fail "helm cannot be built"
[ -x bin/kubeconform ] || GOBIN=$PWD/bin go install "github.com/yannh/kubeconform/cmd/kubeconform@$KUBECONFORM" ||
	fail "kubeconform cannot be built"
if [ ! -x root/usr/bin/etcd ]; then
	(cd debs && apt-get -q download "${PACKAGES[@]}") || fail "apt has no ${PACKAGES[*]}"
	mkdir -p root
	for package in debs/*.deb; do dpkg-deb -x "$package" root; done
fi
[ -x bin/pause ] || gcc -static -Os -s -o bin/pause "$here/pause.c" || fail "pause cannot be built"
