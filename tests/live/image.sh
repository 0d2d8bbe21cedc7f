#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The container image around the program that is here: how large it is, what it lacks, and that it detects with
# named capabilities only. Its first stage, which builds, needs packages of the network: docs/install.md.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live podman nmap
MOST=$((40 << 20))
case $WEIR in "$BUILD/weir") ;; *) skip image.sh "WEIR is not the build's own" && exit 0 ;; esac

# Images and containers of this test alone. runc, where it is, also runs beside both versions of cgroups; limits are
# below those that podman asks for by itself, which take a right that a container may lack.
contained() {
	podman --runtime "$(command -v runc || echo crun)" --root "$SCRATCH/storage" --runroot "$SCRATCH/runroot" --storage-driver vfs --cgroup-manager cgroupfs "$@"
}
at_exit 'contained rm -f -t 0 --all >/dev/null 2>&1; contained rmi -f --all >/dev/null 2>&1; umount -R "$SCRATCH/storage" "$SCRATCH/runroot" 2>/dev/null'

check "its root file system" "$TREE/deploy/container/root.sh" "$BUILD" "$SCRATCH/image"
size=$(du -s --apparent-size -B1 "$SCRATCH/image" | cut -f 1)
printf 'figure: image.size %s bytes\n' "$size"
check "is at most 40 MiB" test "$size" -le "$MOST"
same "without a shell" "" "$(find "$SCRATCH/image" -name '*sh' -perm /111 -type f -o -name busybox)"
# The last stage as it stands, on what was made here.
sed -n '/^FROM scratch/,$p' "$TREE/deploy/container/Containerfile" | sed 's,^COPY .*,COPY . /,' >"$SCRATCH/Containerfile"
if ! contained build -q --format docker --isolation chroot -t weir -f "$SCRATCH/Containerfile" "$SCRATCH/image" >"$SCRATCH/build" 2>&1; then
	skip "the image" "podman cannot build here: $(tail -n 1 "$SCRATCH/build")"
	exit 0
fi

host a b
wire a veth-a b veth-b
address a veth-a 10.79.0.1/24
address b veth-b 10.79.0.2/24
many_rule 20 10s
cat >>"$RULES/many.yml" <<-END
	---
	title: One who tries much
	id: 5b0a1d5e-2b1f-4f0e-8d55-0f6a3f0f1b03
	name: tries_much
	correlation:
	    type: temporal
	    rules: [many_attempts]
	    group-by: [source.ip]
	    timespan: 1m
	level: high
END
mkdir "$SCRATCH/data"
printf 'rules: [/rules]\nlogins: {sources: []}\nsyslog: {enabled: false}\n' >"$SCRATCH/weir.yaml"
contained run -d --name weir --network "ns:/run/netns/$NET-a" --cap-drop all \
	--cap-add net_admin,bpf,perfmon,sys_ptrace,dac_read_search,setpcap --security-opt seccomp=unconfined \
	--ulimit nofile=4096:4096 --ulimit nproc=4096:4096 --read-only -v "$RULES:/rules:ro" -v "$SCRATCH/data:/var/lib/weir" \
	-v "$SCRATCH/weir.yaml:/etc/weir/weir.yaml:ro" weir >"$SCRATCH/started" 2>&1 || {
	skip "the container" "podman cannot run one here: $(tail -n 1 "$SCRATCH/started")"
	exit 0
}
ready() {
	contained logs weir 2>&1 | grep -q '^weir: watching '
}
if ! wait_for "$READY_SECONDS" ready; then
	not_ok "it starts" "$(contained logs weir 2>&1 | tail -n 3)"
	exit 1
fi
ok "it starts"
same "not privileged" false "$(contained inspect -f '{{.HostConfig.Privileged}}' weir)"
check "its health check finds it well" contained healthcheck run weir
on b nmap -n -Pn -sT -p 1-60 --max-retries 0 10.79.0.1 >/dev/null
detected() {
	contained exec weir weir detections 2>&1 | grep -q TRIES_MUCH
}
check "it detects" wait_for $((20 * SLOW)) detected
check "it stops" contained stop -t 10 weir
same "by itself" 0 "$(contained inspect -f '{{.State.ExitCode}}' weir)"
same "nothing stays attached" "" "$(attached a)"
