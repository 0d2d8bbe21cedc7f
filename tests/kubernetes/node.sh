#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A Kubernetes of one node: etcd, API server, controllers, scheduler, containerd, kubelet, in mount,
# network and process namespaces of their own. Nothing listens outside of them.
#
#     node.sh start            ready when this returns; images/*.tar of RUN are imported
#     node.sh stop             ends all of it, and removes cgroups that pods left
#     node.sh exec COMMAND…    runs it there, with kubectl and helm set up
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
export PATH=$CACHE/bin:$DEBIAN/usr/bin:$DEBIAN/usr/sbin:$PATH

# ---- inside ----

mounts() {
	local controller
	mount --make-rshared /
	mount -t proc proc /proc
	mount -t sysfs sysfs /sys # /sys/class/net of this network namespace
	if [ -n "${CGROUPS2:-}" ]; then
		mount -t cgroup2 cgroup2 /sys/fs/cgroup
	else # the controllers as the machine has them
		mount -t tmpfs -o mode=755 tmpfs /sys/fs/cgroup
		for controller in cpu cpuacct cpuset memory devices freezer blkio pids; do
			mkdir "/sys/fs/cgroup/$controller"
			mount -t cgroup -o "$controller" cgroup "/sys/fs/cgroup/$controller"
		done
		mkdir /sys/fs/cgroup/systemd /sys/fs/cgroup/unified
		mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
		mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified
	fi
	mount -t bpf bpf /sys/fs/bpf
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

part() { # NAME [OPTION…]: in the background, its words in log/NAME
	"$@" >"log/$1.log" 2>&1 &
}

kube() {
	kubectl --kubeconfig admin.kubeconfig "$@" >/dev/null 2>&1
}

inside() {
	local pid
	cd "$RUN" || exit
	# The pid as those outside see it: /proc is theirs still.
	read -r pid _ </proc/self/stat
	echo "$pid" >init.pid
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
	setsid unshare --mount --net --pid --fork --kill-child --propagation private \
		bash "$HERE/node.sh" inside >"$RUN/log/node.log" 2>&1 </dev/null &
	echo $! >"$RUN/unshare.pid"
	for ((i = 0; i < READY_SECONDS * 5; i++)); do
		[ ! -e "$RUN/ready" ] || return 0
		kill -0 "$(cat "$RUN/unshare.pid")" 2>/dev/null || break
		sleep 0.2
	done
	echo "node: not ready: $RUN/log says why" >&2
	return 1
}

stop() {
	local cgroups init
	[ -f "$RUN/unshare.pid" ] || return 0
	init=$(cat "$RUN/init.pid" 2>/dev/null)
	kill -KILL "$(cat "$RUN/unshare.pid")" 2>/dev/null # and with it all of its process namespace
	for _ in $(seq 100); do
		[ -n "$init" ] && [ -d "/proc/$init" ] || break
		sleep 0.1
	done
	for cgroups in /sys/fs/cgroup/*/kubepods /sys/fs/cgroup/kubepods; do
		[ ! -d "$cgroups" ] || find "$cgroups" -depth -type d -exec rmdir {} + 2>/dev/null
	done
	rmdir --ignore-fail-on-non-empty /var/lib/kubelet /var/log/pods /var/log/containers 2>/dev/null
	rm -f "$RUN/unshare.pid"
}

case ${1:-} in
start | stop | inside) "$1" ;;
exec)
	shift
	exec nsenter --target "$(cat "$RUN/init.pid")" --mount --net --pid env PATH="$PATH" KUBECONFIG="$RUN/admin.kubeconfig" \
		CONTAINERD_NAMESPACE=k8s.io "$@"
	;;
*)
	sed -n '3,12s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac
