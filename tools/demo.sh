#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# demo.sh: two hosts (network namespaces) on a wire. weir watches one; the other scans it with nmap
# and opens sessions on what it finds. Shows what weir makes of it. Everything is removed on exit.

set -u
TREE=$(cd "$(dirname "$0")/.." && pwd)
BUILD=${BUILD:-$TREE/build}
WEIR=$BUILD/weir
NET=weir-demo-$$
WORK=$(mktemp -d "${TMPDIR:-/tmp}/weir-demo.XXXXXX")
PATIENCE=60 # seconds for the detection: windows close with the 3 s that late events have

fail() {
	echo "demo: $*" >&2
	[ ! -s "$WORK/said" ] || sed 's/^/    /' "$WORK/said" >&2
	exit 1
}

say() {
	printf '\n\033[1m%s\033[0m\n' "$*"
}
[ -t 1 ] && [ -z "${NO_COLOR:-}" ] || say() { printf '\n%s\n' "$*"; }

leave() {
	local status=$?
	trap - EXIT INT TERM
	[ -z "${agent:-}" ] || { kill "$agent" && wait "$agent"; } 2>/dev/null
	[ -z "${server:-}" ] || kill "$server" 2>/dev/null
	[ -z "${syslogd:-}" ] || kill "$syslogd" 2>/dev/null
	ip netns del "$NET-a" 2>/dev/null
	ip netns del "$NET-b" 2>/dev/null
	rm -rf "$WORK"
	exit "$status"
}

on() {
	local host=$1
	shift
	nsenter --net="/run/netns/$NET-$host" "$@"
}

# The same in the background; its pid is $!. Not by on(): that pid would be a shell's.
behind() {
	local host=$1
	shift
	nsenter --net="/run/netns/$NET-$host" "$@" &
}

[ "$(id -u)" -eq 0 ] || fail "needs root: 'make demo' asks for it"
[ -x "$WEIR" ] || fail "no program at $WEIR: 'make all' builds it"
for tool in ip nsenter nmap python3; do
	command -v $tool >/dev/null || fail "$tool is not installed: 'make deps-test' installs it"
done
trap leave EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

{ ip netns add "$NET-a" && ip netns add "$NET-b"; } || fail "cannot make network namespaces"
ip link add eth0 netns "$NET-a" type veth peer name eth0 netns "$NET-b" || fail "cannot make a wire"
for host in a b; do
	on $host ip link set lo up
	on $host ip link set eth0 up
done
on a ip address add 10.99.0.5/24 dev eth0
for last in 11 12 13; do on b ip address add 10.99.0.$last/24 dev eth0; done

# Something to find: what it is told it says again.
cat >"$WORK/serve.py" <<'END'
import selectors, socket
selector = selectors.DefaultSelector()
for port in (22, 445, 3389):
    listener = socket.create_server(("", port), backlog=64)
    selector.register(listener, selectors.EVENT_READ, True)
while True:
    for key, _ in selector.select():
        if key.data:
            peer, _ = key.fileobj.accept()
            selector.register(peer, selectors.EVENT_READ, False)
            continue
        try:
            said = key.fileobj.recv(4096)
            key.fileobj.sendall(said)
        except OSError:
            said = b""
        if not said:
            selector.unregister(key.fileobj)
            key.fileobj.close()
END
behind b python3 "$WORK/serve.py" >/dev/null 2>&1
server=$!

# A place for syslog of its own, and a database.
cat >"$WORK/syslogd.py" <<'END'
import socket, sys
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1])
while True:
    print(listener.recv(65536).decode(errors="replace").rstrip("\0"), flush=True)
END
python3 "$WORK/syslogd.py" "$WORK/log" >"$WORK/syslog" 2>/dev/null &
syslogd=$!
for ((i = 0; i < 50; i++)); do [ -S "$WORK/log" ] && break || sleep 0.1; done
printf 'database: %s\nsyslog: {socket: %s}\n' "$WORK/weir.db" "$WORK/log" >"$WORK/weir.yaml"

say "# weir run        (on 10.99.0.11 to 10.99.0.13)"
behind b "$WEIR" run -c "$WORK/weir.yaml" >"$WORK/out" 2>"$WORK/said"
agent=$!
for ((i = 0; i < 150; i++)); do
	! grep -q '^weir: watching' "$WORK/said" || break
	kill -0 $agent 2>/dev/null || fail "weir did not start"
	sleep 0.1
done
cat "$WORK/said"

say "# nmap -sT -p 1-60,445,3389 10.99.0.11-13        (on 10.99.0.5)"
on a nmap -n -Pn -sT --max-retries 1 -p 1-60,445,3389 10.99.0.11-13 | grep -v '^$' |
	head -n 12
on a python3 - <<'END'
import socket
for host in ("10.99.0.11", "10.99.0.12", "10.99.0.13"):
    for port in (22, 445):
        with socket.create_connection((host, port), 5) as peer:
            peer.sendall(b"hello")
            peer.recv(100)
END

say "# weir detections"
ids() {
	"$WEIR" detections --database "$WORK/weir.db" --json 2>/dev/null |
		python3 -c 'import json, sys
for line in sys.stdin: print(json.loads(line)["event.id"])' 2>/dev/null
}
for ((i = 0; i < PATIENCE; i++)); do
	[ -z "$(ids)" ] || break
	kill -0 $agent 2>/dev/null || fail "weir left"
	sleep 1
done
id=$(ids | head -n 1)
[ -n "$id" ] || fail "no detection within $PATIENCE s"
"$WEIR" detections --database "$WORK/weir.db"
say "# weir detections show $id"
"$WEIR" detections --database "$WORK/weir.db" show "$id"
say "# syslog"
cat "$WORK/syslog"
say "# weir status"
on b "$WEIR" status
say "# stop it: nothing stays attached"
kill $agent
wait $agent
status=$?
agent=
echo "weir left with $status"
on b "$WEIR" check --system -c /dev/null | tail -n 1
exit "$status"
