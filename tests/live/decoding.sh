#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What programs say to each other becomes events, in a child that may do nothing else. A child that
# crashes or hangs costs decoding only, and that for less than a second.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live dig curl openssl ping

host here there
wire here eth0 there eth0
address here eth0 10.86.0.2/24
address there eth0 10.86.0.1/24
events=$SCRATCH/here/events.json
status=$SCRATCH/here/status

mkdir "$SCRATCH/www"
echo hello >"$SCRATCH/www/words.txt"
cp "$(readlink -f /bin/true)" "$SCRATCH/www/program"
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=secure.test -days 2 -keyout "$SCRATCH/key" \
	-out "$SCRATCH/certificate" >/dev/null 2>&1
behind there python3 "$TREE/tests/lib/dnsd.py" 10.86.0.1
behind there python3 -m http.server --directory "$SCRATCH/www" 8080 >/dev/null 2>&1
behind there openssl s_server -accept 8443 -key "$SCRATCH/key" -cert "$SCRATCH/certificate" -www >/dev/null 2>&1
wait_for 10 listening there 53 udp
wait_for 10 listening there 8080
wait_for 10 listening there 8443

child() { # MEMBER: of the status
	weir_status here
	look value "$status" "decoding.$1"
}
ready() {
	[ "$(child confined)" = True ]
}
start_or_leave here
wait_for $((5 * SLOW)) ready || not_ok decoding/ready "$(cat "$status")"
pid=$(child pid)

# ---- what it may do ----

same "decoding/is the child of weir" "${WEIR_PID[here]}" "$(ps -o ppid= -p "$pid" | tr -d ' ')"
proc() { awk -v name="$1:" '$1 == name {print $2}' "/proc/$pid/status"; }
for set in CapInh CapPrm CapEff CapAmb; do same "decoding/$set is empty" 0000000000000000 "$(proc $set)"; done
same "decoding/no new privileges" 1 "$(proc NoNewPrivs)"
same "decoding/system calls are filtered" 2 "$(proc Seccomp)"
same "decoding/no environment" "" "$(tr -d '\0' <"/proc/$pid/environ")"
same "decoding/no files" "" \
	"$(readlink "/proc/$pid/fd/"* | grep -vE '^(/dev/null|socket:.*|anon_inode:\[?eventpoll\]?)$')"
same "decoding/one socket" 1 "$(readlink "/proc/$pid/fd/"* | grep -c '^socket:')"
same "decoding/no more files" 0 "$(awk '/^Max open files/ {print $4}' "/proc/$pid/limits")"
same "decoding/no core dump" 0 "$(awk '/^Max core file size/ {print $5}' "/proc/$pid/limits")"

# ---- what it says ----

on here dig +tries=1 +time=2 @10.86.0.1 www.weir.test A >/dev/null
on here dig +tries=1 +time=2 @10.86.0.1 nobody.invalid A >/dev/null
on here curl -s -o /dev/null -A 'weir test/1' http://10.86.0.1:8080/words.txt
on here curl -s -o /dev/null http://10.86.0.1:8080/program
on here curl -sk -o /dev/null --connect-to secure.test:8443:10.86.0.1:8443 https://secure.test:8443/
on here ping -q -c 3 -i 0.2 10.86.0.1 >/dev/null

told() { # NUMBER DATASET KEY=VALUE…
	local number=$1
	shift
	[ "$(look count "$events" "$@")" = "$number" ]
}
has() { # NAME NUMBER DATASET KEY=VALUE…: so many such events come
	local name=$1 number=$2
	shift 2
	if wait_for $((8 * SLOW)) told "$number" "$@"; then
		ok "decoding/$name"
	else
		not_ok "decoding/$name" "$(look count "$events" "$@") of $number $*"
	fi
}
has "a name and its address" 1 dns dns.question.name=www.weir.test dns.question.type=A dns.response_code=NOERROR \
	source.ip=10.86.0.2 destination.ip=10.86.0.1 destination.port=53 network.protocol=dns "dns.answers=['192.0.2.7']"
has "a name that is not there" 1 dns dns.question.name=nobody.invalid dns.response_code=NXDOMAIN
has "a request and its response" 1 http url.path=/words.txt http.request.method=GET http.response.status_code=200 \
	"user_agent.original=weir test/1" http.response.body.bytes=6 destination.port=8080
has "a program by its content" 1 file file.name=program file.type=elf
has "a server name" 1 tls tls.client.server_name=secure.test destination.port=8443 network.protocol=tls
has "echo requests" 3 icmp source.ip=10.86.0.2 icmp.type=8
has "who has an address" 1 arp event.action=request source.ip=10.86.0.2 destination.ip=10.86.0.1
# Its interval ends after the word of the decoders, or the end does.
flow() { [ "$(look count "$events" flow destination.port=8443 network.protocol=tls)" -gt 0 ]; }
if wait_for $((12 * SLOW)) flow; then ok "decoding/what a connection speaks"; else not_ok "decoding/what a connection speaks"; fi

# By the word of a real server, where there is one.
if command -v sshd >/dev/null && command -v ssh >/dev/null; then
	ssh-keygen -q -t ed25519 -N '' -f "$SCRATCH/host-key"
	[ -d /run/sshd ] || { mkdir /run/sshd && at_exit 'rmdir /run/sshd'; }
	behind there "$(command -v sshd)" -D -e -f /dev/null -h "$SCRATCH/host-key" -p 2222 -o PidFile=none \
		-o ListenAddress=10.86.0.1 >/dev/null 2>&1
	wait_for 5 listening there 2222
	on here ssh -p 2222 -F /dev/null -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
		-o PubkeyAuthentication=no nobody@10.86.0.1 true >/dev/null 2>&1
	ssh_flow() { [ "$(look count "$events" flow destination.port=2222 network.protocol=ssh)" -gt 0 ]; }
	check "decoding/a banner" wait_for $((12 * SLOW)) ssh_flow
else
	skip "decoding/a banner" "no SSH server and client are installed"
fi
weir_status here
same "decoding/nothing was late" 0 "$(look value "$status" engine.late)"
same "decoding/nothing was lost" "0 0" \
	"$(look value "$status" decoding.lost.channel_full) $(look value "$status" decoding.lost.refused_fields)"

# ---- when it fails ----

restarted() { # BEFORE COUNTER: another child is ready, and it was counted so
	weir_status here
	[ "$(look value "$status" decoding.confined)" = True ] &&
		[ "$(look value "$status" decoding.pid)" != "$1" ] &&
		[ "$(look value "$status" "decoding.$2")" -gt 0 ]
}
flows_of() { look tuples "$events" connection "destination.port=$1"; }

kill -SEGV "$pid"
check "decoding/a crash: started anew within a second" wait_for $((1 * SLOW)) restarted "$pid" crashed
check "decoding/a crash: why" grep -q 'crashed: SIGSEGV' "$status"
check "decoding/a crash: degraded" grep -q '"health": *"degraded"' "$status"
has "a crash: is an event" 1 health event.action=decoding_restarted
on here curl -s -o /dev/null http://10.86.0.1:8080/words.txt?after-crash
has "a crash: decodes again" 1 http url.query=after-crash

pid=$(child pid)
kill -STOP "$pid"
# Traffic goes on meanwhile, or there is nothing that it fails to do.
behind here ping -q -i 0.05 10.86.0.1 >/dev/null
ping=$!
on here curl -s -o /dev/null http://10.86.0.1:8080/words.txt?while-it-hangs
check "decoding/a hang: started anew in time" wait_for $((2 * SLOW)) restarted "$pid" hung
kill "$ping"
check "decoding/a hang: the old one is gone" test ! -e "/proc/$pid"
on here curl -s -o /dev/null http://10.86.0.1:8080/words.txt?after-hang
has "a hang: decodes again" 1 http url.query=after-hang
# Two before, and the three since.
connections() { [ "$(flows_of 8080)" = 5 ]; }
if wait_for $((10 * SLOW)) connections; then ok "decoding/all connections were counted"; else
	not_ok "decoding/all connections were counted" "$(flows_of 8080) of 5"; fi

# An engine that does not take what it says: the child loses it, counts it, and goes on.
pid=$(child pid)
kill -STOP "${WEIR_PID[here]}"
on here ping -q -f -c 10000 10.86.0.1 >/dev/null
sleep 1
kill -CONT "${WEIR_PID[here]}"
full() { [ "$(child lost.channel_full)" -gt 0 ]; }
check "decoding/a full channel: counted" wait_for $((5 * SLOW)) full
same "decoding/a full channel: the child goes on" "$pid" "$(child pid)"

# ---- reload, stop, kill ----

check "decoding/reload" on here "$WEIR" reload
same "decoding/a reload leaves the child alone" "$pid" "$(child pid)"
on here curl -s -o /dev/null http://10.86.0.1:8080/words.txt?at-the-end
weir_stop here
same "decoding/stops" 0 $?
check "decoding/SIGTERM: the child is gone" test ! -e "/proc/$pid"
same "decoding/what was said last is told" 1 "$(look count "$events" http url.query=at-the-end)"

start_or_leave here
wait_for $((5 * SLOW)) ready
pid=$(child pid)
weir_stop here KILL
gone() { [ ! -e "/proc/$pid" ] || grep -q '^State:.Z' "/proc/$pid/status"; }
check "decoding/SIGKILL: the child is gone" wait_for 2 gone

printf 'payload:\n  enabled: false\n' >>"$SCRATCH/here/weir.yaml"
start_or_leave here
weir_status here
same "decoding/not wanted: no child" "" "$(pgrep -P "${WEIR_PID[here]}" -f decoding-child)"
check "decoding/not wanted: nothing is copied" grep -q '"copied": *false' "$status"
weir_stop here
