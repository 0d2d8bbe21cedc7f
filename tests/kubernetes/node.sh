#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A Kubernetes of one node: etcd, API server, controllers, scheduler, containerd, kubelet, in a mount
# and a network namespace of their own. Nothing listens outside of them. Its processes have the
# machine's numbers, as on a node: the kernel tells programs of BPF no others. So it is a cgroup that
# holds them together.
#
#     node.sh start            ready when this returns; images/*.tar of RUN are imported
#     node.sh stop             ends all of it, and removes its cgroups
#     node.sh exec COMMAND…    runs it there, with kubectl and helm set up
#     node.sh api down|up      ends the API server, and starts it again: ready when this returns
#     node.sh processes        prints the ids of all that are its own, pods' too
#     node.sh cgroup           prints the name of its cgroup
#
# From the environment: CACHE (what setup.sh made), RUN (where its files are).

set -u
: "${CACHE:?}" "${RUN:?}"
HERE=$(cd "$(dirname "$0")" && pwd)
DEBIAN=$CACHE/root
NODE=node1
ADDRESS=10.200.0.1 # of the node
SERVICE=10.96.0.1  # of the API, for pods
READY_SECONDS=300
CGROUP=weir-node-$(stat -c %i "$RUN")
CGROUPS2=$(awk '$3 == "cgroup2" {print $2; exit}' /proc/mounts)
export PATH=$CACHE/bin:$DEBIAN/usr/bin:$DEBIAN/usr/sbin:$PATH

# ---- inside ----

# /sys of this network namespace, with the cgroups as the machine has them.
system() {
	mkdir sys
	mount -t sysfs sysfs sys
	mount --rbind /sys/fs/cgroup sys/fs/cgroup
	mount -t bpf bpf sys/fs/bpf
	umount -R -l /sys
	mount --move sys /sys
	rmdir sys
}

mounts() {
	system
	mount --make-rshared /
	mount -t tmpfs tmpfs /run
	mkdir -p /run/containerd /run/lock /run/log pki etcd kubelet containerd log/pods log/containers cni
	mkdir -p /var/lib/kubelet /var/log/pods /var/log/containers
	mount --bind kubelet /var/lib/kubelet
	mount --make-rshared /var/lib/kubelet
	mount --bind log/pods /var/log/pods
	mount --bind log/containers /var/log/containers
}

network() {
	ip link set lo up
	ip address add "$SERVICE/32" dev lo
	ip link add node0 type veth peer name outside
	ip link set outside up
	ip address add "$ADDRESS/24" dev node0
	ip link set node0 up
	ip route add default via 10.200.0.254 dev node0
}

certificates() {
	local names="IP:127.0.0.1,IP:$ADDRESS,IP:$SERVICE,DNS:kubernetes.default.svc,DNS:localhost"
	openssl genrsa -out pki/accounts.key 2048
	openssl rsa -in pki/accounts.key -pubout -out pki/accounts.pub
	openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=ca -keyout pki/ca.key -out pki/ca.crt
	sign api /CN=kube-apiserver -extfile <(echo "subjectAltName=$names")
	sign kubelet-client /O=system:masters/CN=kubelet-client
	printf 'admin,admin,1,system:masters\nkubelet,system:node:%s,2,system:nodes\n' "$NODE" >pki/tokens.csv
}

sign() { # NAME SUBJECT [OPTION…]
	local name=$1 subject=$2
	shift 2
	openssl req -newkey rsa:2048 -nodes -subj "$subject" -keyout "pki/$name.key" -out "pki/$name.csr"
	openssl x509 -req -in "pki/$name.csr" -CA pki/ca.crt -CAkey pki/ca.key -CAcreateserial -days 30 -out "pki/$name.crt" "$@"
}

account() { # FILE TOKEN
	cat >"$1" <<-END
		apiVersion: v1
		kind: Config
		clusters: [{name: c, cluster: {server: "https://$ADDRESS:443", certificate-authority: $RUN/pki/ca.crt}}]
		users: [{name: u, user: {token: $2}}]
		contexts: [{name: x, context: {cluster: c, user: u}}]
		current-context: x
	END
}

configuration() {
	account admin.kubeconfig admin
	account kubelet.kubeconfig kubelet
	cat >containerd.toml <<-END
		version = 2
		root = "$RUN/containerd"
		state = "/run/containerd/state"
		[grpc]
		  address = "/run/containerd/containerd.sock"
		[plugins."io.containerd.grpc.v1.cri"]
		  sandbox_image = "localhost/pause:1"
		  restrict_oom_score_adj = true
		  [plugins."io.containerd.grpc.v1.cri".cni]
		    bin_dir = "$DEBIAN/usr/lib/cni"
		    conf_dir = "$RUN/cni"
	END
	cat >cni/10-bridge.conflist <<-END
		{"cniVersion": "0.4.0", "name": "pods", "plugins": [{"type": "bridge", "bridge": "cni0", "isGateway": true,
		  "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.201.0.0/24"}]], "dataDir": "$RUN/cni-addresses",
		           "routes": [{"dst": "0.0.0.0/0"}]}}]}
	END
	cat >kubelet.yaml <<-END
		apiVersion: kubelet.config.k8s.io/v1beta1
		kind: KubeletConfiguration
		cgroupDriver: cgroupfs
		cgroupRoot: /$CGROUP
		failCgroupV1: false
		failSwapOn: false
		oomScoreAdj: 0
		makeIPTablesUtilChains: false
		containerRuntimeEndpoint: unix:///run/containerd/containerd.sock
		address: $ADDRESS
		authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $RUN/pki/ca.crt}}
		authorization: {mode: Webhook}
		localStorageCapacityIsolation: false
		evictionHard: {memory.available: 50Mi, nodefs.available: "1%", imagefs.available: "1%"}
		imageGCHighThresholdPercent: 100
		resolvConf: /etc/resolv.conf
		nodeStatusUpdateFrequency: 2s
		syncFrequency: 5s
		configMapAndSecretChangeDetectionStrategy: Watch
	END
}

part() { # NAME [OPTION…]: in the background, its words in log/NAME.log; started again when it ends
	while :; do
		"$@"
		while sleep 0.2 && [ -e "$1.down" ]; do :; done
	done >"log/$1.log" 2>&1 &
}

kube() { # in $RUN
	kubectl --kubeconfig admin.kubeconfig "$@" >/dev/null 2>&1
}

inside() {
	cd "$RUN" || exit
	echo $$ >init.pid
	mounts
	network
	certificates 2>/dev/null
	configuration
	part etcd --data-dir etcd --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
		--listen-peer-urls http://127.0.0.1:2380 --unsafe-no-fsync
	part kube-apiserver --etcd-servers=http://127.0.0.1:2379 --bind-address=0.0.0.0 --secure-port=443 \
		--advertise-address=$ADDRESS --tls-cert-file=pki/api.crt --tls-private-key-file=pki/api.key \
		--client-ca-file=pki/ca.crt --token-auth-file=pki/tokens.csv \
		--kubelet-client-certificate=pki/kubelet-client.crt --kubelet-client-key=pki/kubelet-client.key \
		--kubelet-preferred-address-types=InternalIP --service-account-key-file=pki/accounts.pub \
		--service-account-signing-key-file=pki/accounts.key --service-account-issuer=https://kubernetes.default.svc \
		--service-cluster-ip-range=10.96.0.0/16 --authorization-mode=Node,RBAC
	part containerd --config containerd.toml
	until ctr version >/dev/null 2>&1; do sleep 0.1; done
	for image in images/*.tar; do ctr -n k8s.io images import "$image" || exit; done
	until kube get --raw /readyz; do sleep 0.2; done
	part kube-controller-manager --kubeconfig=admin.kubeconfig --service-account-private-key-file=pki/accounts.key \
		--root-ca-file=pki/ca.crt --use-service-account-credentials=true --leader-elect=false --bind-address=127.0.0.1
	part kube-scheduler --kubeconfig=admin.kubeconfig --leader-elect=false --bind-address=127.0.0.1
	part kubelet --config=kubelet.yaml --kubeconfig=kubelet.kubeconfig --hostname-override=$NODE --node-ip=$ADDRESS
	until kube wait --for=condition=Ready "node/$NODE" --timeout=5s; do sleep 0.2; done
	until kube get serviceaccount default; do sleep 0.2; done
	touch ready
	wait
}

# ---- outside ----

start() {
	local i
	mkdir -p "$RUN/log" "$RUN/images"
	rm -f "$RUN/ready"
	python3 "$HERE/image.py" "$RUN/images/pause.tar" localhost/pause:1 /pause "$CACHE/bin/pause=/pause"
	cgroup_each mkdir -p
	mkdir -p "$CGROUPS2/$CGROUP/node"
	# shellcheck disable=SC2016 # for the shell inside
	setsid unshare --mount --net --propagation private bash -c 'echo $$ >"$0/cgroup.procs"; exec "$@"' \
		"$CGROUPS2/$CGROUP/node" bash "$HERE/node.sh" inside >"$RUN/log/node.log" 2>&1 </dev/null &
	for ((i = 0; i < READY_SECONDS * 5; i++)); do
		[ ! -e "$RUN/ready" ] || return 0
		[ "$i" -lt 5 ] || processes | grep -q . || break
		sleep 0.2
	done
	echo "node: not ready: $RUN/log says why" >&2
	return 1
}

api() { # down|up
	local pid
	cd "$RUN" || exit
	case ${1:-} in
	down)
		touch kube-apiserver.down
		for pid in $(processes); do
			[ "$(cat "/proc/$pid/comm" 2>/dev/null)" != kube-apiserver ] || kill -KILL "$pid"
		done
		;;
	up)
		rm kube-apiserver.down
		until entered kubectl get --raw /readyz >/dev/null 2>&1; do sleep 0.2; done
		;;
	*) usage ;;
	esac
}

entered() { # COMMAND…
	nsenter --target "$(cat "$RUN/init.pid")" --mount --net env PATH="$PATH" KUBECONFIG="$RUN/admin.kubeconfig" \
		CONTAINERD_NAMESPACE=k8s.io "$@"
}

# cgroup_each COMMAND…: with the node's cgroup in each hierarchy.
cgroup_each() {
	local hierarchy
	awk '$3 ~ /^cgroup2?$/ {print $2}' /proc/mounts | while read -r hierarchy; do "$@" "$hierarchy/$CGROUP"; done
}

processes() {
	[ ! -d "$CGROUPS2/$CGROUP" ] || find "$CGROUPS2/$CGROUP" -name cgroup.procs -exec cat {} + 2>/dev/null
}

# rmdir takes a cgroup whose processes are still ending for a busy one.
cgroup_remove() {
	[ ! -d "$1" ] || find "$1" -depth -type d -exec rmdir {} + 2>/dev/null
}

stop() {
	local i
	for ((i = 0; i < 100; i++)); do
		processes | xargs -r kill -KILL 2>/dev/null
		cgroup_each cgroup_remove
		[ -n "$(cgroup_each find 2>/dev/null)" ] || break
		sleep 0.1
	done
	rmdir --ignore-fail-on-non-empty /var/lib/kubelet /var/log/pods /var/log/containers 2>/dev/null
	[ "$i" -lt 100 ]
}

usage() {
	sed -n '3,17s/^# \{0,1\}//p' "$HERE/node.sh" >&2
	exit 2
}

case ${1:-} in
start | stop | processes | inside) "$1" ;;
cgroup) echo "$CGROUP" ;;
api) api "${2:-}" ;;
exec)
	shift
	entered "$@"
	;;
*) usage ;;
esac
