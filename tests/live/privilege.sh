#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What weir may do once it runs: the rights that are named and no others, in each process and each
# thread; a call that it may not make ends it, and is told; all that it does goes on nevertheless.

# The group, seen by this test and what it starts alone.
if [ "$(id -u)" -eq 0 ] && ! getent group weir >/dev/null && [ -z "${WEIR_GROUPS:-}" ]; then
	WEIR_GROUPS=$(mktemp) && { cat /etc/group && echo weir:x:4242:; } >"$WEIR_GROUPS" && chmod 644 "$WEIR_GROUPS"
	export WEIR_GROUPS
	exec unshare --mount bash -c 'mount --bind "$WEIR_GROUPS" /etc/group; rm -f "$WEIR_GROUPS"; exec bash "$0" "$@"' "$0" "$@"
fi

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live setpriv

host here there
wire here eth0 there eth0
address here eth0 10.87.0.2/24
address there eth0 10.87.0.1/24
behind there python3 "$TRAFFIC" serve --tcp 8080
wait_for 10 listening there 8080
events=$SCRATCH/here/events.json
status=$SCRATCH/here/status
start_or_leave here
pid=${WEIR_PID[here]}

# ---- which rights ----

of() { awk -v name="$2:" '$1 == name {print $2}' "/proc/$1/status"; } # PID MEMBER
each() { cat "/proc/$1/task/"*/status | awk -v name="$2:" '$1 == name {print $2}' | sort -u; }
names() { # MASK: names of the set's members
	python3 -c '
import sys
known = {0: "CHOWN", 1: "DAC_OVERRIDE", 2: "DAC_READ_SEARCH", 12: "NET_ADMIN", 13: "NET_RAW", 19: "SYS_PTRACE",
         21: "SYS_ADMIN", 24: "SYS_RESOURCE", 38: "PERFMON", 39: "BPF"}
mask = int(sys.argv[1], 16)
print(" ".join(known.get(i, str(i)) for i in range(64) if mask >> i & 1))' "$1"
}
named() { # the rights that the status names
	weir_status here
	python3 -c '
import json, sys
print(" ".join(name[4:] for name in json.load(open(sys.argv[1]))["privilege"]["holds"]))' "$status" | tr ' ' '\n' | sort | tr '\n' ' '
}
same "privilege/the engine holds what the status names" "$(named)" "$(names "$(of "$pid" CapPrm)" | tr ' ' '\n' | sort | tr '\n' ' ')"
# Maps that are open need no right from 5.19.
IFS=.- read -r major minor _ < <(uname -r)
bpf=
[ $((major * 100 + minor)) -ge 519 ] || bpf=BPF
for set in CapPrm CapEff CapBnd; do same "privilege/the engine has no right: $set" "$bpf" "$(names "$(of "$pid" $set)")"; done
if [ -z "$bpf" ]; then
	check "privilege/and says so" grep -qzE 'holds:\s+none' <(on here "$WEIR" status)
fi
for set in CapInh CapAmb; do same "privilege/$set is empty" 0000000000000000 "$(of "$pid" $set)"; done
check "privilege/there are threads" test "$(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l)" -gt 3
more() { # threads with a right that the engine has not
	local own each
	own=$((16#$(of "$pid" CapPrm)))
	for each in $(each "$pid" CapPrm); do [ $((16#$each & ~own)) -eq 0 ] || echo "$each"; done
}
same "privilege/no thread has more" "" "$(more)"
same "privilege/system calls of all threads are filtered" 2 "$(each "$pid" Seccomp)"
same "privilege/no new privileges in any" 1 "$(each "$pid" NoNewPrivs)"
same "privilege/files are private" 0077 "$(of "$pid" Umask)"
check "privilege/the database is nobody else's" test "$(stat -c %A "$SCRATCH/here/weir.db")" = -rw-r-----
starter=$(look value "$status" privilege.starter)
same "privilege/the starter is a child of weir" "$pid" "$(ps -o ppid= -p "$starter" | tr -d ' ')"
same "privilege/the starter holds nothing" 0000000000000000 "$(of "$starter" CapPrm)"
decoder=$(look value "$status" decoding.pid)
same "privilege/the decoder holds nothing" 0000000000000000 "$(of "$decoder" CapPrm)"
# kept PART WHAT RIGHTS: a process with rights of its own, and the one that keeps it there.
kept() {
	local keeper kept each set
	keeper=$(look value "$status" "privilege.$1.keeper")
	kept=$(look value "$status" "privilege.$1.pid")
	for each in "keeper of who $2 $keeper" "process that $2 $kept"; do
		for set in CapPrm CapEff CapBnd; do same "privilege/the ${each% *}: $set" "$3" "$(names "$(of "${each##* }" $set)")"; done
		same "privilege/the ${each% *}: system calls are filtered" 2 "$(each "${each##* }" Seccomp)"
		same "privilege/the ${each% *}: no new privileges" 1 "$(each "${each##* }" NoNewPrivs)"
	done
	# The keeper's filter, and one of its own.
	check "privilege/who $2 is filtered more than its keeper" test "$(of "$kept" Seccomp_filters)" -gt "$(of "$keeper" Seccomp_filters)"
	same "privilege/the keeper of who $2 is a child of weir" "$pid" "$(ps -o ppid= -p "$keeper" | tr -d ' ')"
	same "privilege/who $2 is the keeper's" "$keeper" "$(ps -o ppid= -p "$kept" | tr -d ' ')"
}
kept procfs "looks into others" "DAC_READ_SEARCH SYS_PTRACE"
kept attacher attaches "NET_ADMIN${bpf:+ $bpf}"
looker=$(look value "$status" privilege.procfs.pid)
attacher=$(look value "$status" privilege.attacher.pid)
check "privilege/not degraded" grep -q '"health": *"healthy"' "$status"

# ---- who may ask ----

# A copy, because the tree may be root's alone.
cp "$WEIR" "$SCRATCH/weir"
chmod 711 "$SCRATCH"
ask() { # GROUPS REQUEST: as nobody
	on here setpriv --reuid 65534 --regid 65534 --groups "$1" "$SCRATCH/weir" "$2" 2>&1
}
expect "privilege/another user is refused" 3 'answers root and the members of the group weir' ask 65534 status
group=$(getent group weir | cut -d: -f3)
if [ -n "$group" ]; then
	expect "privilege/a member of the group asks for the status" 0 'is healthy' ask "1,$group" status
	expect "privilege/a member of the group reloads nothing" 3 'only root and weir.s own user' ask "1,$group" reload
	same "privilege/the database is the group's" weir "$(stat -c %G "$SCRATCH/here/weir.db")"
	refusals=2
else
	skip "privilege/members of the group" "there is no group weir here"
	refusals=1
fi
weir_status here
same "privilege/refusals are counted" "$refusals" "$(look value "$status" control.refused)"

# ---- and all goes on ----

hooked() { [ "$(attached here | grep -c "^$1 .*weir_")" -eq 2 ]; }
wire here eth1 there eth1
address here eth1 10.87.1.2/24
address there eth1 10.87.1.1/24
check "privilege/an interface that appears is watched" wait_for $((5 * SLOW)) hooked eth1
on here python3 "$TRAFFIC" talk 10.87.1.1 8080 3 100 >/dev/null
counted() { [ "$(look count "$events" attempt destination.ip=10.87.1.1)" = 3 ]; }
check "privilege/its connections are counted" wait_for $((5 * SLOW)) counted
if grep -q '"on": *true' "$status"; then
	on here setpriv --reuid 65534 --clear-groups bash -c 'exec 3<>/dev/tcp/10.87.0.1/8080 && echo >&3 && sleep 0.2'
	owned() { [ "$(look count "$events" connection destination.ip=10.87.0.1 user.id=65534)" = 1 ]; }
	check "privilege/whose a connection is" wait_for $((10 * SLOW)) owned
else
	skip "privilege/whose a connection is" "this kernel tells no owners"
fi
# Whoever may removes a hook: it is put back, though the engine may not.
link=$(cat "/proc/$pid/fdinfo/"* 2>/dev/null | awk '/^link_type:/ {tcx = $2 == "tcx"} /^link_id:/ && tcx {print $2; exit}')
if [ -n "$link" ] && bpftool link detach id "$link" 2>/dev/null; then
	put_back() { grep -q '"event.action":"hook_lost"' "$events" && hooked eth0 && hooked eth1; }
	check "privilege/a hook that was taken away is put back" wait_for $((5 * SLOW)) put_back
else
	skip "privilege/a hook that was taken away is put back" "there is no link, or bpftool detaches none"
fi
on here ip link del eth1
kill -SEGV "$decoder"
again() {
	weir_status here
	[ "$(look value "$status" decoding.confined)" = True ] && [ "$(look value "$status" decoding.pid)" != "$decoder" ]
}
check "privilege/another decoder is started" wait_for $((5 * SLOW)) again

# ---- who looks into others ends ----

if grep -q '"on": *true' "$status"; then
	kill -SEGV "$looker"
	anew() {
		weir_status here
		[ "$(look value "$status" privilege.procfs.restarts)" = 1 ] && [ "$(look value "$status" privilege.procfs.pid)" != "$looker" ]
	}
	check "privilege/another one that looks into others is started" wait_for $((5 * SLOW)) anew
	same "privilege/it may look, and no more" "DAC_READ_SEARCH SYS_PTRACE" "$(names "$(of "$(look value "$status" privilege.procfs.pid)" CapPrm)")"
	check "privilege/weir is degraded" grep -q '"health": *"degraded"' "$status"
	told() { grep '"event.action":"procfs_restarted"' "$events" | grep -q 'signal 11'; }
	check "privilege/and it is told" wait_for $((5 * SLOW)) told
	on here setpriv --reuid 65533 --clear-groups bash -c 'exec 3<>/dev/tcp/10.87.0.1/8080; echo >&3; sleep 0.2; true'
	owned_again() { [ "$(look count "$events" connection destination.ip=10.87.0.1 user.id=65533 process.name=bash)" = 1 ]; }
	check "privilege/whose a connection is, again" wait_for $((10 * SLOW)) owned_again
fi

# ---- who attaches ends ----

kill -SEGV "$attacher"
attached_anew() {
	weir_status here
	[ "$(look value "$status" privilege.attacher.restarts)" = 1 ] && [ "$(look value "$status" privilege.attacher.pid)" != "$attacher" ]
}
check "privilege/another one that attaches is started" wait_for $((5 * SLOW)) attached_anew
same "privilege/it may attach, and no more" "NET_ADMIN${bpf:+ $bpf}" "$(names "$(of "$(look value "$status" privilege.attacher.pid)" CapPrm)")"
check "privilege/weir is degraded without it" grep -q '"health": *"degraded"' "$status"
attacher_told() { grep '"event.action":"attacher_restarted"' "$events" | grep -q 'signal 11'; }
check "privilege/and that is told" wait_for $((5 * SLOW)) attacher_told
check "privilege/hooks stay meanwhile" hooked eth0
# It dies as an interface comes.
kill -KILL "$(look value "$status" privilege.attacher.pid)"
wire here eth3 there eth3
address here eth3 10.87.3.2/24
address there eth3 10.87.3.1/24
check "privilege/an interface that comes as it dies is watched" wait_for $((15 * SLOW)) hooked eth3
on here python3 "$TRAFFIC" talk 10.87.3.1 8080 3 100 >/dev/null
counted_anew() { [ "$(look count "$events" attempt destination.ip=10.87.3.1)" = 3 ]; }
check "privilege/its connections are counted too" wait_for $((5 * SLOW)) counted_anew
on here ip link del eth3

# ---- with the unit's user and capabilities ----

unit=$TREE/deploy/systemd/weir.service
caps=$(sed -n 's/^AmbientCapabilities=//p' "$unit" | tr 'A-Z ' 'a-z,' | sed 's/cap_/+/g')
weir_stop here
same "privilege/stops" 0 $?
same "privilege/nothing attached" "" "$(attached here)"
mkdir -m 750 "$SCRATCH/lib"
chown 65534:65534 "$SCRATCH/lib"
cat >"$SCRATCH/user.yaml" <<-END
	database: $SCRATCH/lib/weir.db
	rules: [$RULES]
	logins:
	  sources: [$SCRATCH/roots.log]
	json:
	  path: $SCRATCH/lib/events.json
	  events: true
END
(umask 0077 && : >"$SCRATCH/roots.log")
behind here setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps "-all,$caps" --ambient-caps "-all,$caps" \
	--bounding-set "-all,$caps" "$SCRATCH/weir" run -c "$SCRATCH/user.yaml" 2>"$SCRATCH/user" >/dev/null
pid=$!
user_ready() { grep -q '^weir: watching ' "$SCRATCH/user"; }
check "privilege/as the unit's user" wait_for "$READY_SECONDS" user_ready
same "privilege/as the unit's user: rights" "$bpf" "$(names "$(of "$pid" CapPrm)")"
on here "$WEIR" status --json >"$SCRATCH/user.status"
check "privilege/as the unit's user: not degraded" grep -q '"health": *"healthy"' "$SCRATCH/user.status"
if grep -q '"on": *true' "$status"; then
	on here bash -c 'exec 3<>/dev/tcp/10.87.0.1/8080; echo >&3; sleep 0.2; true'
	roots() { [ "$(look count "$SCRATCH/lib/events.json" connection user.id=0 process.executable="$(readlink -f "$BASH")")" -ge 1 ]; }
	check "privilege/as the unit's user: what root runs" wait_for $((10 * SLOW)) roots
fi
echo 'Failed password for root from 10.87.0.1 port 4 ssh2' >>"$SCRATCH/roots.log"
logged() {
	on here "$WEIR" status --json >"$SCRATCH/user.status"
	[ "$(look value "$SCRATCH/user.status" logins.sources.0.logins)" = 1 ]
}
check "privilege/as the unit's user: a log that is root's" wait_for $((5 * SLOW)) logged
wire here eth2 there eth2
check "privilege/as the unit's user: an interface that appears" wait_for $((5 * SLOW)) hooked eth2
kill "$pid"
wait "$pid" 2>/dev/null
same "privilege/as the unit's user: stops" 0 $?
same "privilege/as the unit's user: nothing attached" "" "$(attached here)"

# ---- a call that it may not make ----

start_or_leave here
pid=${WEIR_PID[here]}
weir_status here
starter=$(look value "$status" privilege.starter)

inject=$TREE/tests/lib/inject.py
if [ "$(uname -m)" = x86_64 ]; then
	python3 "$inject" "$pid" 101 # ptrace
	wait_for 5 weir_gone here
	wait "$pid" 2>/dev/null
	same "privilege/a forbidden call ends it" $((128 + 31)) $?
	check "privilege/and is told" grep -q 'weir: made a system call that it may not (number *101): it ends' "$SCRATCH/here/said"
	gone() { [ ! -e "/proc/$1" ] || grep -q '^State:.Z' "/proc/$1/status"; }
	check "privilege/the starter ends with it" wait_for 2 gone "$starter"
	weir_start here
	python3 "$inject" "${WEIR_PID[here]}" 321 5 # bpf(BPF_PROG_LOAD)
	wait_for 5 weir_gone here
	check "privilege/loading a program ends it" grep -q 'may not (number *321)' "$SCRATCH/here/said"
	weir_start here
	python3 "$inject" "${WEIR_PID[here]}" 321 28 # bpf(BPF_LINK_CREATE)
	wait_for 5 weir_gone here
	check "privilege/attaching ends it" grep -q 'may not (number *321)' "$SCRATCH/here/said"
	weir_start here
	python3 "$inject" "${WEIR_PID[here]}" 438 # pidfd_getfd
	wait_for 5 weir_gone here
	check "privilege/copying a descriptor ends it" grep -q 'may not (number *438)' "$SCRATCH/here/said"
else
	weir_stop here
	skip "privilege/a forbidden call ends it" "calls are put into a process on x86-64 only"
fi

# ---- nobody is left that attaches ----

start_or_leave here
weir_status here
kill -KILL "$(look value "$status" privilege.attacher.keeper)"
gone_told() { grep -q '"event.action":"attacher_gone"' "$events"; }
check "privilege/it is told that nobody attaches" wait_for $((5 * SLOW)) gone_told
weir_status here
same "privilege/and shown" False "$(look value "$status" privilege.attacher.on)"
on here python3 "$TRAFFIC" talk 10.87.0.1 8080 2 100 >/dev/null
check "privilege/what is watched goes on" test "$(look value "$status" health)" = degraded
weir_stop here
same "privilege/it stops all the same" 0 $?
start_or_leave here # what a kernel without TCX keeps is cleaned by the next
weir_stop here
same "privilege/nothing is left attached" "" "$(attached here)"

# ---- files that others could have made ----

refused() { # NAME PATTERN OPTION…
	local name=$1 pattern=$2
	shift 2
	expect "privilege/$name" 1 "$pattern" on here timeout "$READY_SECONDS" "$WEIR" run "$@"
}
ln -s "$SCRATCH/here/weir.db" "$SCRATCH/link.db"
refused "a database that is a link" 'database .*link.db: .*is a link' --rules "$RULES" --database "$SCRATCH/link.db"
mkdir "$SCRATCH/rules"
cp "$(find "$TREE/rules" -name '*.yml' ! -name '*.cases.yml' | sort | head -n 1)" "$SCRATCH/rules/one.yml"
chown 65534 "$SCRATCH/rules/one.yml"
refused "rules of another user" 'one.yml: belongs to user 65534' --rules "$SCRATCH/rules" --database none
cp "$SCRATCH/here/weir.yaml" "$SCRATCH/open.yaml"
chmod o+w "$SCRATCH/open.yaml"
refused "a configuration that everybody writes" 'open.yaml: everybody may write it' -c "$SCRATCH/open.yaml"
mkdir "$SCRATCH/open"
chmod 777 "$SCRATCH/open"
refused "a database where everybody may put another" 'open/weir.db: .*everybody may write' --rules "$RULES" --database "$SCRATCH/open/weir.db"
