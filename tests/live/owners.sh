#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Which process it was: connections out and in, UDP, ping; sockets that change hands, forks, pids
# that come again, processes of a millisecond, what ran before weir, and a container behind a
# translation. The other host is behind a router, so that only one end's process can be known.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live curl ping cc nft unshare

# The program itself: `python3` may be a script that runs it.
PYTHON=$(python3 -c 'import sys; print(sys.executable)')
SOCKETS=$TREE/tests/lib/sockets.py
EVENTS=$SCRATCH/here/events.json
THERE=10.61.2.2
HERE=10.61.1.2

host here router there
wire here eth0 router eth0
wire router eth1 there eth0
address here eth0 $HERE/24
address router eth0 10.61.1.1/24
address router eth1 10.61.2.1/24
address there eth0 $THERE/24
on here ip route add default via 10.61.1.1
on there ip route add default via 10.61.2.1

# says NAME KEY=VALUE… FIELD: what the connection events say there; distinct, in order of time.
says() {
	python3 "$LOOK" field "$EVENTS" connection "$@" 2>&1
}

# same_soon NAME EXPECTED COMMAND…: events come when the watermark has passed.
same_soon() {
	local name=$1 expected=$2 got tries=0
	shift 2
	while got=$("$@") && [ "$got" != "$expected" ] && [ $((tries++)) -lt $((60 * SLOW)) ]; do sleep 0.2; done
	same "$name" "$expected" "$got"
}

owners_value() {
	on here "$WEIR" status --json >"$SCRATCH/status"
	python3 "$LOOK" value "$SCRATCH/status" "owners.$1"
}

behind there "$PYTHON" "$SOCKETS" serve 7000 >"$SCRATCH/there.pid"
behind here "$PYTHON" "$SOCKETS" serve 7001 >"$SCRATCH/before.pid"
behind here "$PYTHON" "$SOCKETS" workers 7002 >"$SCRATCH/worker.pid"
behind there python3 -m http.server 8000 >/dev/null 2>&1
for port in 7000 8000; do wait_for 10 listening there $port; done
for port in 7001 7002; do wait_for 10 listening here $port; done
behind here "$PYTHON" "$SOCKETS" hold $THERE 7000 >"$SCRATCH/hold.pid"
wait_for 10 test -s "$SCRATCH/hold.pid"
start_or_leave here

on=$(owners_value on)
if [ "$on" != True ]; then
	skip owners "$(owners_value why)"
	exit 0
fi

# ---- out ----

on here curl -s -o /dev/null http://$THERE:8000/
on here ping -c 1 -W 2 $THERE >/dev/null
on here "$PYTHON" "$SOCKETS" ask $THERE 7000
on here "$PYTHON" "$SOCKETS" leave $THERE 7000 >"$SCRATCH/leave.pid"
on here "$PYTHON" "$SOCKETS" pass $THERE 7000 >"$SCRATCH/pass.pid"
on here "$PYTHON" "$SOCKETS" again $THERE 7000 8000 >"$SCRATCH/again.pid"

# ---- in ----

on there "$PYTHON" "$SOCKETS" talk $HERE 7001
on there "$PYTHON" "$SOCKETS" ask $HERE 7001
on there "$PYTHON" "$SOCKETS" talk $HERE 7002

# ---- behind a translation, in namespaces and a cgroup of its own, as a container ----

host inner
wire here inner0 inner eth0
address here inner0 10.61.9.1/24
address inner eth0 10.61.9.2/24
on inner ip route add default via 10.61.9.1
on here nft -f - <<-'END'
	table ip weir_test {
		chain out {
			type nat hook postrouting priority srcnat;
			ip saddr 10.61.9.0/24 oifname "eth0" masquerade
		}
	}
END
group=$(findmnt -n -o TARGET -t cgroup2 | head -n 1)/weir-test-$$.service
mkdir "$group"
at_exit 'rmdir "$group"'
# shellcheck disable=SC2016 # for the shell there
on inner unshare --pid --fork --mount-proc bash -c 'echo $$ >"$0/cgroup.procs"; curl -s -o /dev/null "$1"' \
	"$group" "http://$THERE:8000/inner"

# ---- many, of a millisecond each ----

cat >"$SCRATCH/brief.c" <<-'END'
	#include <arpa/inet.h>
	#include <stdlib.h>
	#include <sys/socket.h>
	#include <unistd.h>

	int main(int argc, char **argv)
	{
		struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[2]))};
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		inet_pton(AF_INET, argv[1], &to.sin_addr);
		return connect(fd, (struct sockaddr *)&to, sizeof(to)) && argc;
	}
END
cc -O1 -static -o "$SCRATCH/brief" "$SCRATCH/brief.c" 2>"$SCRATCH/cc" || not_ok owners/brief "$(cat "$SCRATCH/cc")"
# shellcheck disable=SC2016 # for the shell there
on here bash -c 'for i in $(seq 500); do "$0" "$@"; done' "$SCRATCH/brief" $THERE 8000

pid=$(cat "$SCRATCH/again.pid")
read -r left _ <"$SCRATCH/leave.pid"

same_soon owners/out "curl bash curl -s -o /dev/null http://$THERE:8000/ True" \
	says process.name=curl process.parent.name=bash process.name process.parent.name process.command_line process.has_socket
same_soon owners/ping ping says network.transport=icmp process.name
same_soon owners/udp-out "$PYTHON $SOCKETS ask $THERE 7000" \
	says network.transport=udp destination.ip=$THERE process.command_line
same_soon owners/parent-left "$left" \
	says "process.command_line=$PYTHON $SOCKETS leave $THERE 7000" process.pid
same_soon owners/socket-passed "$(cat "$SCRATCH/pass.pid")" \
	says "process.command_line=$PYTHON $SOCKETS pass $THERE 7000" process.pid
same_soon owners/pid-again "7000
8000" says "process.pid=$pid" destination.port
same owners/pid-again-is-another 2 "$(says "process.pid=$pid" process.entity_id | wc -l)"
same_soon owners/before "$(cat "$SCRATCH/before.pid")" \
	says destination.port=7001 network.transport=tcp process.pid
same_soon owners/worker "$(cat "$SCRATCH/worker.pid")" says destination.port=7002 process.pid
same_soon owners/udp-in "$PYTHON $SOCKETS serve 7001" \
	says network.transport=udp destination.port=7001 process.command_line
same_soon owners/container "curl curl -s -o /dev/null http://$THERE:8000/inner True" \
	says source.ip=10.61.9.2 process.name process.command_line process.is_service
same owners/translated-once 0 "$(python3 "$LOOK" count "$EVENTS" connection source.ip=10.61.1.2 destination.port=8000 process.pid=)"
same owners/in-is-a-service True "$(says destination.port=7002 process.is_service)"
held() { python3 "$LOOK" field "$EVENTS" flow weir.midstream=true process.pid | tail -n 1; }
same_soon owners/held "$(cat "$SCRATCH/hold.pid")" held
same_soon owners/brief "500" bash -c "python3 $LOOK count $EVENTS connection process.name=brief"
same owners/brief-parents bash "$(says process.name=brief process.parent.name)"
same owners/brief-commands "$SCRATCH/brief $THERE 8000" "$(says process.name=brief process.command_line)"
same owners/nothing-unknown 0 "$(python3 "$LOOK" count "$EVENTS" connection process.pid=)"
same owners/nothing-lost 0 "$(python3 -c 'import json, sys; print(sum(json.load(open(sys.argv[1]))["owners"]["lost"].values()))' "$SCRATCH/status")"
