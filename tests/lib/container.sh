# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# An image of weir, tried as docs/install.md says. Source it behind tests/lib/net.sh; podman is there
# (require_live podman nmap). All that podman keeps is below $SCRATCH.

# Images and containers of this test alone. runc, where it is, also runs beside both versions of cgroups.
contained() {
	podman --runtime "$(command -v runc || echo crun)" --root "$SCRATCH/storage" --runroot "$SCRATCH/runroot" \
		--storage-driver "${CONTAINER_STORAGE:-vfs}" --cgroup-manager cgroupfs "$@"
}
at_exit 'contained rm -f -t 0 --all >/dev/null 2>&1; contained rmi -f --all >/dev/null 2>&1; umount -R "$SCRATCH/storage" "$SCRATCH/runroot" 2>/dev/null'

container_ready() {
	contained logs weir 2>&1 | grep -q '^weir: watching '
}

# container_run NAME: the command of docs/install.md in the network namespace of host `a`. Limits are below
# those that podman asks for by itself, which take a right that a machine of tests may lack.
container_run() {
	local line
	line=$(sed -n '/^ *podman run -d --name weir/,/^$/p' "$TREE/docs/install.md" |
		sed "s,--name weir,--name $1,; s,--network host,--network ns:/run/netns/$NET-a --ulimit nofile=4096:4096 --ulimit nproc=4096:4096,; s,/etc/weir:/etc,$SCRATCH/etc:/etc,")
	eval "${line/podman run/contained run}"
}

container_detected() { # MORE-THAN
	[ "$(contained exec weir weir detections --json 2>/dev/null | grep -c TRIES_MUCH)" -gt "$1" ]
}

# container_behaves: it starts, detects, says that it is well, stops; and what is left when it is killed.
container_behaves() {
	local attached killed
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
	mkdir -p "$SCRATCH/etc"
	cp -R "$RULES" "$SCRATCH/etc/rules"
	printf 'rules: [/etc/weir/rules]\nhost_root: /host\nlogins: {sources: []}\nsyslog: {enabled: false}\n' >"$SCRATCH/etc/weir.yaml"
	if ! container_run weir >"$SCRATCH/started" 2>&1; then
		skip "the container" "podman cannot run one here: $(tail -n 1 "$SCRATCH/started")"
		return
	fi
	if ! wait_for "$READY_SECONDS" container_ready; then
		not_ok "it starts" "$(contained logs weir 2>&1 | tail -n 3)"
		return
	fi
	ok "it starts"
	same "not privileged" false "$(contained inspect -f '{{.HostConfig.Privileged}}' weir)"
	check "its health check finds it well" contained healthcheck run weir
	expect "it is healthy" 0 'is healthy' contained exec weir weir status
	attached=$(attached a)
	on b nmap -n -Pn -sT -p 1-60 --max-retries 0 10.79.0.1 >/dev/null
	check "it detects" wait_for $((20 * SLOW)) container_detected 0

	check "the next one starts beside it" container_run weir-new
	wait_for "$READY_SECONDS" container_is exited
	check "the one before is removed" contained rm weir
	check "the next one takes its name" contained rename weir-new weir
	watches() { contained exec weir weir status --running; }
	check "and watches" watches
	same "what it had was handed over" "handed over" \
		"$(contained exec weir weir status --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["capture"]["start"])')"
	same "attached as the first was" "$attached" "$(attached a)"
	check "what was found is there" container_detected 0

	contained kill -s KILL weir >/dev/null
	wait_for 10 container_is exited
	killed=$(attached a)
	case $attached in
	*tcx*) same "killed, it leaves nothing attached" "" "$killed" ;;
	*) same "killed, it leaves its filters" "$attached" "$killed" ;;
	esac
	check "it starts again" contained start weir
	check "and watches again" wait_for "$READY_SECONDS" watches
	same "attached as before, each once" "$attached" "$(attached a)"
	check "it stops" contained stop -t 10 weir
	same "by itself" 0 "$(contained inspect -f '{{.State.ExitCode}}' weir)"
	same "nothing stays attached" "" "$(attached a)"
}

container_is() { # STATE
	[ "$(contained inspect -f '{{.State.Status}}' weir)" = "$1" ]
}
