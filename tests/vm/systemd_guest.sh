#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What systemd.sh's guest runs, as a service of its own: weir's package and unit, from installing to
# purging, under a systemd that is the first process.

. "$(dirname "$0")/../lib.sh"
exec 2>&1
STAGE=$TREE
# Emulation is ten to twenty times slower than the machine.
START_SECONDS=300
SOON_SECONDS=60
WATCHDOG_SECONDS=30 # WatchdogSec=
LATE_SECONDS=5
EXPOSURE=2.5
MESSAGE_ID=6e2f5f0c3f5d4c0e9a8f2d51b7c8a1d3
export DEBIAN_FRONTEND=noninteractive

since=$SECONDS
took() { # WHAT
	echo "guest: $1 took $((SECONDS - since)) s"
	since=$SECONDS
}
fails() { ! "$@"; }
shown() { systemctl show --value -p "$1" weir; }
is_restarted() { [ "$(shown NRestarts) $(shown SubState)" = "1 running" ]; }
told() { journalctl -q -o cat -u weir --grep "$1" | grep -q .; }
healthy() { setpriv --reuid weir --regid weir --init-groups weir status >"$SCRATCH/status" 2>&1; }
query() { sqlite3 -readonly -cmd '.timeout 10000' /var/lib/weir/weir.db "$1"; }
count() { query "select count(*) from $1 where rule_name = '$2'"; } # TABLE RULE
has() { [ "$(count "$@")" -gt 0 ]; }
announced() {
	journalctl -q -o json MESSAGE_ID=$MESSAGE_ID >"$SCRATCH/announced"
	test -s "$SCRATCH/announced"
}
hooks() { weir check -c /dev/null --system /usr/share/weir/rules; }
# How many of weir's programs are in hooks.
ours() { hooks | grep -c 'weir_'; }
# Every file, but what systemd and dpkg note of each of their runs.
everything() {
	find / -xdev \( -path /var/log -o -path /var/cache -o -path /tmp -o -path /var/tmp \) -prune -o -print |
		grep -vE '^/(var/lib/dpkg/(status|available|diversions|statoverride|triggers|lock|info/format)|etc/(passwd|group|shadow|gshadow)-$|var/lib/dpkg/.*-old$)' | sort
}
# What systemd knows, for a test that failed.
why() {
	systemctl status --no-pager -l weir
	journalctl -q -o short-monotonic -u weir --no-pager
	cat "$SCRATCH/status"
}

echo "guest: $(uname -r), $(systemctl --version | head -n 1), $(cut -d' ' -f1 /proc/uptime) s after its start"
wait_for $SOON_SECONDS systemctl is-system-running || systemctl --failed
for module in veth sch_ingress cls_bpf dummy; do modprobe -q $module; done

# A host beside this one, over one wire.
ip netns add there
ip link add eth0 type veth peer name eth0 netns there
ip address add 10.77.0.2/24 dev eth0
ip link set eth0 up
ip -n there address add 10.77.0.1/24 dev eth0
ip -n there link set eth0 up
nc -lk 10.77.0.2 9003 >/dev/null &
knock() { ip netns exec there bash -c ": </dev/tcp/10.77.0.2/$1" 2>/dev/null; }

everything >"$SCRATCH/before"
getent passwd >"$SCRATCH/users"

# ---- it is installed, and runs ----

mkdir -p /etc/weir/rules /etc/weir/weir.d
attempts() { # NAME PORT: who tries the port is detected
	cat <<-END
		title: $1
		id: 5b0a1d5e-2b1f-4f0e-8d55-0f6a3f0f$2
		name: $1
		logsource: {category: network, service: attempt}
		detection:
		    port: {destination.port: $2}
		    condition: port
		weir: {raise: detection}
		level: high
	END
}
{
	attempts KNOCKED 9001
	cat <<-END
		---
		title: Attempts that are counted
		id: 5b0a1d5e-2b1f-4f0e-8d55-0f6a3f0f1b01
		name: counted
		logsource: {category: network, service: attempt}
		detection:
		    port: {destination.port: 9003}
		    condition: port
		---
		title: Three of them
		id: 5b0a1d5e-2b1f-4f0e-8d55-0f6a3f0f1b02
		name: three
		correlation:
		    type: event_count
		    rules: [counted]
		    group-by: [source.ip]
		    timespan: 2h
		    condition: {gte: 3}
		level: high
	END
} >/etc/weir/rules/mine.yml
echo 'journal: {enabled: true}' >/etc/weir/weir.d/10-journal.yaml
since=$SECONDS
check "installs" dpkg -i "$STAGE/weir.deb"
took installing
# What installing started returns when weir watches: this finds it done.
check "starts" systemctl start weir
same "active" "active running notify" "$(shown ActiveState) $(shown SubState) $(shown Type)"
check "it was watching by then" told 'watching eth0 '
same "it is not root" weir "$(ps -o user= -p "$(shown MainPID)")"
check "it starts with the machine" systemctl -q is-enabled weir
check "its user reads the status, and it is well" wait_for $SOON_SECONDS healthy
systemd-analyze security --no-pager weir >"$SCRATCH/security" 2>&1
exposure=$(sed -n 's/^.*Overall exposure level for weir.service: \([0-9.]*\) .*/\1/p' "$SCRATCH/security")
echo "figure: unit.exposure, loaded $exposure of 10"
same "exposure is at most $EXPOSURE" 1 "$(sqlite3 :memory: "select ${exposure:-99} <= $EXPOSURE")"

since=$SECONDS
knock 9001
check "an attempt is a detection, in the database" wait_for $SOON_SECONDS has detection KNOCKED
took detecting
same "whose file is for weir and its group" "640 weir weir" "$(stat -c '%a %U %G' /var/lib/weir/weir.db)"
expect "and is listed" 0 KNOCKED weir detections
check "it is in the journal" wait_for $SOON_SECONDS announced
for field in WEIR_RULE=KNOCKED WEIR_SEVERITY=high WEIR_SOURCE_IP=10.77.0.1 SYSLOG_IDENTIFIER=weir SYSLOG_FACILITY=10 \
	PRIORITY=3 _SYSTEMD_UNIT=weir.service "WEIR_ID=$(query "select id from detection")"; do
	same "in the journal: ${field%%=*}" "${field#*=}" \
		"$(sqlite3 :memory: "select json_extract(readfile('$SCRATCH/announced'), '\$.${field%%=*}')")"
done
same "and by its rule" 1 "$(journalctl -q -o cat WEIR_RULE=KNOCKED | wc -l)"

# ---- reload ----

sed -i 's/KNOCKED/AGAIN/g; s/9001/9002/g' /etc/weir/rules/mine.yml
pid=$(shown MainPID)
check "reloads" systemctl reload weir
knock 9002
check "what was reloaded is in force" wait_for $SOON_SECONDS has detection AGAIN
cp /etc/weir/rules/mine.yml "$SCRATCH/"
attempts WRONG 9001 | sed 's/condition: .*/condition: nothing/' >/etc/weir/rules/mine.yml
echo 'no_such_key: 1' >/etc/weir/weir.d/20-wrong.yaml
check "a reload of what is wrong fails" fails systemctl reload weir
check "and says where" wait_for $SOON_SECONDS told '20-wrong\.yaml:1:'
rm /etc/weir/weir.d/20-wrong.yaml
check "so does one of a wrong rule" fails systemctl reload weir
check "which says where, too" wait_for $SOON_SECONDS told 'mine\.yml:[0-9]+:'
same "weir goes on" "active running $pid" "$(shown ActiveState) $(shown SubState) $(shown MainPID)"
expect "by the rules that were in force" 0 '"AGAIN"' weir status --json
cp "$SCRATCH/mine.yml" /etc/weir/rules/
took reloading

# ---- it hangs ----

ip netns exec there bash -c 'exec 3<>/dev/tcp/10.77.0.2/9003; while sleep 1; do echo on >&3 || exit; done' 2>/dev/null &
held=$!
knock 9003
ids=$(query "select id from detection order by id")
sleep 5 # what is known then is stored: state.interval, and lateness
kill -STOP "$pid"
check "one that hangs is killed" wait_for $((WATCHDOG_SECONDS + SOON_SECONDS)) told "Failed with result 'watchdog'"
took "the watchdog"
check "and started anew" wait_for $START_SECONDS is_restarted
took "the restart"
same "once" 1 "$(shown NRestarts)"
check "it goes on from the state" told 'going on from the state'
same "what was detected is there" "$ids" "$(query "select id from detection order by id")"
same "and it alone is in the hooks" 2 "$(ours)"

# ---- the next version ----

pid=$(shown MainPID)
since=$SECONDS
check "upgrades" dpkg -i "$STAGE/next.deb"
took upgrading
same "to the next version" "$(dpkg-deb -f "$STAGE/next.deb" Version)" "$(dpkg-query -W -f '${Version}' weir)"
check "the new one runs" test "$(shown MainPID)" -ne "$pid"
same "and is ready" "active running" "$(shown ActiveState) $(shown SubState)"
same "no kill was needed" "" "$(journalctl -q -o cat -u weir --grep 'SIGKILL|timed out')"
same "what was detected is there after it" "$ids" "$(query "select id from detection order by id")"
check "the connection that was open is" kill -0 $held
sleep $LATE_SECONDS
same "and no new attempt" 0 "$(count signal THREE)"
knock 9003
check "the window goes on over it" wait_for $SOON_SECONDS has signal THREE
same "by what came in three runs" 3 "$(query "select json_extract(values_json, '$.event_count.value') from signal where rule_name = 'THREE'")"
kill $held

# ---- and ends ----

since=$SECONDS
check "stops" systemctl stop weir
took stopping
same "as it should" "inactive success" "$(shown ActiveState) $(shown Result)"
expect "nobody holds a hook" 0 'Nobody holds a hook' hooks
for side in ingress egress; do same "no filter: $side" "" "$(tc filter show dev eth0 $side)"; done
same "no process" "" "$(pgrep -u weir)"
same "what was detected stays" "$ids" "$(query "select id from detection order by id")"
query "select rule_name, count, state from detection"
check "is purged" dpkg --purge weir
took purging
everything >"$SCRATCH/after"
same "no file is left" "" "$(diff "$SCRATCH/before" "$SCRATCH/after")"
same "no user" "" "$(getent passwd | diff "$SCRATCH/users" -)"
same "no unit" "not-found" "$(shown LoadState)"
same "no call was one that kills" "" "$(dmesg | grep 'type=1326')"
[ "${_failed:-0}" -eq 0 ] || why
echo "guest: done, $(cut -d' ' -f1 /proc/uptime) s after its start"
