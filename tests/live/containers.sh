#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A process in a container is named with its container: in one that is made of a cgroup and
# namespaces, whose runtime's files are made up, and in one of podman's. Also in the detection.
# alone: every weir of the machine sees its processes

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live busybox unshare pivot_root

THERE=10.89.0.1
EVENTS=$SCRATCH/here/events.json
ROOT=$SCRATCH/root # the host's files, for weir
BOX=$SCRATCH/box   # a container's
ID=$(printf '%s' "$SCRATCH" | sha256sum | cut -d' ' -f1)
STORAGE=$ROOT/var/lib/containers/storage

# Static, since nothing else is there.
busybox=$(readlink -f "$(command -v busybox)")
if ldd "$busybox" >/dev/null 2>&1; then
	skip containers "$busybox is not static"
	exit 0
fi
mkdir -p "$BOX/bin" "$BOX/tmp" "$BOX/var/lib/dpkg/info" "$ROOT/etc" "$ROOT/var/lib/docker/containers/$ID" "$STORAGE"
cp "$busybox" "$BOX/bin/busybox"
cp "$busybox" "$BOX/tmp/nc"
echo /bin/busybox >"$BOX/var/lib/dpkg/info/busybox.list"
printf '{"Name":"/web","Config":{"Image":"shop/web:1.2"}}' >"$ROOT/var/lib/docker/containers/$ID/config.v2.json"
echo 'master:x:0:0::/:' >"$ROOT/etc/passwd"
cat >"$SCRATCH/rule.yml" <<-'END'
	title: Sessions of a container
	id: 4be61a1c-3a5c-4a4e-9d0e-6f2f3a0f6b11
	name: box_session
	logsource: {category: network, service: connection}
	detection: {session: {destination.port: [7001, 7002]}, condition: session}
	weir: {raise: detection}
	level: high
END
RULES="$RULES, $SCRATCH/rule.yml"

host here there
wire here eth0 there eth0
address here eth0 10.89.0.2/24
address there eth0 $THERE/24
behind there python3 "$TRAFFIC" serve --tcp 7001,7002,7003
wait_for 10 listening there 7003
weir_config here
echo "host_root: $ROOT" >>"$SCRATCH/here/weir.yaml"
start_or_leave here
weir_status here
if [ "$(look value "$SCRATCH/here/status" owners.on)" != True ]; then
	skip containers "$(look value "$SCRATCH/here/status" owners.why)"
	exit 0
fi

says() { # PORT FIELD…: of the connections to that port
	python3 "$LOOK" field "$EVENTS" connection "destination.port=$1" "${@:2}" 2>&1
}
says_so() { # NAME EXPECTED PORT FIELD…
	local name=$1 expected=$2 got tries=0
	shift 2
	while got=$(says "$@") && [ "$got" != "$expected" ] && [ $((tries++)) -lt $((60 * SLOW)) ]; do sleep 0.2; done
	same "containers/$name" "$expected" "$got"
}

# ---- made here ----

cgroups=$(awk '$3 == "cgroup2" {print $2; exit}' /proc/mounts)
group=$cgroups/docker/$ID
had_docker=$([ -d "$cgroups/docker" ] && echo yes)
mkdir -p "$group"
at_exit 'rmdir "$group"; [ -n "$had_docker" ] || rmdir "$cgroups/docker"'
# A root of its own, not chroot's: of that paths are told as the host has them.
cat >"$SCRATCH/enter.sh" <<-'END'
	mount --bind "$1" "$1" && cd "$1" && mkdir -p old && pivot_root . old && cd / &&
		exec /bin/busybox sh -c '/bin/busybox umount -l /old; exec "$@"' sh "${@:2}"
END
# shellcheck disable=SC2016 # for the shell inside
inside() { # PROGRAM ARGUMENT…: in the container
	on here bash -c 'echo $$ >"$0/cgroup.procs"; exec unshare --mount --pid --fork --uts bash "$@"' \
		"$group" "$SCRATCH/enter.sh" "$BOX" "$@"
}
# Its root folder is looked into while it is there.
sleep 4 | inside /bin/busybox nc -w 8 $THERE 7001
sleep 4 | inside /tmp/nc -w 8 $THERE 7003
says_so "named by its runtime's files" "$ID web shop/web:1.2 docker" 7001 container.id container.name container.image.name container.runtime
says_so "its program is of its own packages" "True system master" 7001 process.packaged process.location user.name
says_so "another is of none" "False tmp" 7003 process.packaged process.location
found() { [ "$(detections here BOX_SESSION)" -ge "$1" ]; }
wait_for $((15 * SLOW)) found 1
in_detection() { # FIELD: of the flows that the detection shows
	query here "select group_concat(distinct json_extract(sample.value, '\$.\"$1\"')) from detection,
		json_each(record, '\$.\"weir.samples\"') sample where rule_name = 'BOX_SESSION'"
}
same "containers/the detection tells its name" web "$(in_detection container.name)"
same "containers/and its id" "$ID" "$(in_detection container.id)"
id=$(query here "select id from detection where rule_name = 'BOX_SESSION' limit 1")
expect "containers/people are shown it" 0 ' \([0-9]+\) in web ' "$WEIR" detections show "$id" --database "$SCRATCH/here/weir.db"
weir_status here
same "containers/it is counted" 1 "$(look value "$SCRATCH/here/status" owners.host.containers)"

# ---- podman's ----

pod() {
	podman --root "$STORAGE" --runroot "$SCRATCH/pod" --storage-driver vfs --cgroup-manager cgroupfs \
		${runtime:+--runtime "$runtime"} "$@"
}
boxed() { # NAME ARGUMENT…: busybox in a container
	pod run --rm --name "$1" --network "ns:/run/netns/$NET-here" --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \
		localhost/weir-box:1 /bin/busybox "${@:2}"
}
if ! command -v podman >/dev/null; then
	skip containers/podman "podman is not installed"
	exit 0
fi
# crun refuses hybrid hierarchies of cgroups; runc does not.
runtime=$(command -v runc)
tar -C "$BOX" -c bin | pod import - localhost/weir-box:1 >/dev/null 2>"$SCRATCH/pod.said"
if ! boxed probe true >>"$SCRATCH/pod.said" 2>&1; then
	skip containers/podman "podman cannot run containers here: $(tail -n 1 "$SCRATCH/pod.said")"
	exit 0
fi
boxed crate sh -c "/bin/busybox sleep 4 | /bin/busybox nc -w 8 $THERE 7002"
says_so "podman's is named" "crate localhost/weir-box:1 podman" 7002 container.name container.image.name container.runtime
says_so "it has no packages" - 7002 process.packaged
named() { [[ $(in_detection container.name) == *crate* ]]; }
check "containers/podman's is in the detection" wait_for $((15 * SLOW)) named
