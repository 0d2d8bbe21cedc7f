# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Hosts for live tests: network namespaces with names of this run only, veth pairs between them,
# and weir inside them. Source it behind tests/lib.sh:
#     . "$(dirname "$0")/../lib.sh"; . "$TREE/tests/lib/net.sh"
# Everything is removed on exit, whatever the reason. Names of hosts are local to the test.

NET=wt$$
TRAFFIC=$TREE/tests/lib/traffic.py
LOOK=$TREE/tests/lib/look.py
RULES=${WEIR_RULES:-$TREE/rules}

# How much slower than a machine of today this one is: timeouts are multiplied by it.
if [ -n "${WEIR_SLOW:-}" ]; then SLOW=6; else SLOW=1; fi
READY_SECONDS=$((15 * SLOW))
STOP_SECONDS=$((10 * SLOW))

_net_hosts=()
_net_pids=()

# require_live: leaves with one visible skip where live tests cannot run.
require_live() {
	require_root
	require_tool ip nsenter tc sqlite3 python3 "$@"
	if [ ! -x "$WEIR" ]; then
		skip "$(basename "$0")" "no program at $WEIR: make all"
		exit 0
	fi
	if ! ip netns add "$NET-probe" 2>/dev/null; then
		skip "$(basename "$0")" "network namespaces cannot be made here"
		exit 0
	fi
	ip netns del "$NET-probe"
}

# host NAME…: makes namespaces, lo up, no IPv6 of their own accord (its chatter would be counted).
host() {
	local name
	for name in "$@"; do
		ip netns add "$NET-$name" || return 1
		_net_hosts+=("$name")
		on "$name" sysctl -qw net.ipv6.conf.default.disable_ipv6=1 net.ipv4.ip_forward=1 \
			net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0
		on "$name" ip link set lo up
	done
}

# on NAME COMMAND…: runs it there. Not by `ip netns exec`, which hides the bpf and cgroup mounts.
on() {
	local name=$1
	shift
	nsenter --net="/run/netns/$NET-$name" "$@"
}

# behind NAME COMMAND…: the same in the background, until the test leaves; its pid is $!. For
# `kill` to reach it, the command replaces the shell.
behind() {
	local name=$1
	shift
	nsenter --net="/run/netns/$NET-$name" "$@" </dev/null &
	_net_pids+=($!)
}

# wire HOST1 IF1 HOST2 IF2: a veth pair, both ends up.
wire() {
	ip link add "$2" netns "$NET-$1" type veth peer name "$4" netns "$NET-$3" || return 1
	on "$1" ip link set "$2" up
	on "$3" ip link set "$4" up
}

# address HOST IF ADDRESS/LENGTH…
address() {
	local name=$1 interface=$2 each flags
	shift 2
	for each in "$@"; do
		case $each in
		*:*) on "$name" sysctl -qw "net.ipv6.conf.$interface.disable_ipv6=0" ;;
		esac
		flags=()
		[[ $each != *:* ]] || flags=(nodad)
		on "$name" ip address add "$each" dev "$interface" "${flags[@]}"
	done
}

# plain HOST IF: no offloads: each buffer is one packet as on a wire.
plain() {
	on "$1" ethtool -K "$2" tx off tso off gso off gro off sg off >/dev/null 2>&1
}

# listening HOST PORT [tcp|udp]
listening() {
	on "$1" ss -Hln --"${3:-tcp}" "sport = :$2" | grep -q .
}

# counter HOST IF NAME: the interface's own counter, such as rx_bytes.
counter() {
	on "$1" ip -s -j link show "$2" | python3 -c '
import json, sys
side, what = sys.argv[1].split("_", 1)
print(json.load(sys.stdin)[0]["stats64"][side][what])' "$3"
}

# mac HOST IF: its link-layer address.
mac() {
	on "$1" ip -j link show "$2" | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["address"])'
}

# flood HOST IF PEER PEER_IF ADDRESS [OPTION…]: sends packets from many sources out of HOST's IF to
# ADDRESS on the interface at the other end, and says what was sent: tests/lib/flood.c.
flood() {
	on "$1" "$BUILD/tests/lib/flood" -i "$2" -m "$(mac "$3" "$4")" -d "$5" "${@:6}"
}

# capture HOST IF FILE [-s 0] [FILTER…]: tcpdump of headers (-s 0: of all) into FILE, running when this returns.
capture() {
	local name=$1 interface=$2 file=$3
	shift 3
	behind "$name" tcpdump -n -i "$interface" -s 160 -B 65536 --immediate-mode -U -Z root -w "$file" "$@" \
		2>"$file.said" >/dev/null
	CAPTURE_PID=$! CAPTURE_FILE=$file
	wait_for 5 grep -q 'listening on' "$file.said"
}

# capture_stop: ends the last one; false if it lost packets.
capture_stop() {
	sleep 0.5
	kill -INT "$CAPTURE_PID"
	wait_for 5 _net_dead "$CAPTURE_PID"
	grep -q '^0 packets dropped by kernel' "$CAPTURE_FILE.said"
}

# weir_config HOST: a configuration in $SCRATCH/HOST: own database, syslog socket, event file; of
# log-ins only the log that WEIR_LOGINS names: the machine's own are none of the test's.
weir_config() {
	local home=$SCRATCH/$1
	mkdir -p "$home"
	cat >"$home/weir.yaml" <<-END
		database: $home/weir.db
		rules: [$RULES]
		logins:
		  sources: [${WEIR_LOGINS:-}]
		syslog:
		  socket: $home/log
		json:
		  path: $home/events.json
		  signals: true
		  events: true
	END
}

# attempts_rule: prints the rule `attempts`, of each first packet of TCP, for others of the same file.
attempts_rule() {
	cat <<-END
		title: Attempts by TCP
		id: 5b0a1d5e-2b1f-4f0e-8d55-0f6a3f0f1a01
		name: attempts
		logsource: {category: network, service: attempt}
		detection:
		    tcp: {network.transport: tcp}
		    condition: tcp
		level: informational
		---
	END
}

# many_rule NUMBER TIMESPAN: RULES becomes a folder with one rule: so many attempts of one source by TCP
# are a detection MANY_ATTEMPTS.
many_rule() {
	RULES=$SCRATCH/rules
	mkdir -p "$RULES"
	{
		attempts_rule
		cat <<-END
			title: Many attempts
			id: 5b0a1d5e-2b1f-4f0e-8d55-0f6a3f0f1b02
			name: many_attempts
			correlation:
			    type: event_count
			    rules: [attempts]
			    group-by: [source.ip]
			    timespan: $2
			    condition: {gte: $1}
			level: high
		END
	} >"$RULES/many.yml"
}

# weir_start HOST [OPTION…]: starts a syslog socket and weir there, and returns when weir is ready
# (1: it left, or never said so). Its pid: ${WEIR_PID[HOST]}; what it says: $SCRATCH/HOST/said.
declare -A WEIR_PID
weir_start() {
	local name=$1 home=$SCRATCH/$1
	shift
	[ -e "$home/weir.yaml" ] || weir_config "$name"
	if [ ! -S "$home/log" ]; then
		behind "$name" python3 "$TREE/tests/lib/syslogd.py" "$home/log" "$home/syslog"
		wait_for 5 test -S "$home/log"
	fi
	: >"$home/said"
	behind "$name" "$WEIR" run -c "$home/weir.yaml" "$@" 2>>"$home/said" >>"$home/out"
	WEIR_PID[$name]=$!
	wait_for "$READY_SECONDS" weir_ready_or_gone "$name"
	grep -q '^weir: watching ' "$home/said"
}

weir_ready_or_gone() {
	grep -q '^weir: watching ' "$SCRATCH/$1/said" || ! kill -0 "${WEIR_PID[$1]}" 2>/dev/null
}

weir_gone() {
	! kill -0 "${WEIR_PID[$1]}" 2>/dev/null
}

# weir_stop HOST [SIGNAL]: ends it; leaves with its exit status, 124 if it had to be killed.
weir_stop() {
	local pid=${WEIR_PID[$1]} in_time=yes status=0
	kill -"${2:-TERM}" "$pid" 2>/dev/null
	if ! wait_for "$STOP_SECONDS" weir_gone "$1"; then
		kill -KILL "$pid"
		in_time=no
	fi
	wait "$pid" 2>/dev/null || status=$?
	[ "$in_time" = yes ] || status=124
	return "$status"
}

# weir_said HOST: what it said, indented, for a test that failed.
weir_said() {
	tail -n 20 "$SCRATCH/$1/said" | sed "s/^/    $1: /"
}

# start_or_leave HOST [OPTION…]: weir_start, or one failed case and out.
start_or_leave() {
	weir_start "$@" && return
	not_ok "$(basename "$0" .sh)/start" "weir did not get ready on host '$1'"
	weir_said "$1"
	exit 1
}

# query HOST SQL: one value a line from weir's database, without waiting for its writer for long.
# A fault is an answer too: it is no value that a test expects.
query() {
	sqlite3 -readonly -cmd '.timeout 2000' "$SCRATCH/$1/weir.db" "$2" 2>&1
}

# look …: tests/lib/look.py; likewise.
look() {
	python3 "$LOOK" "$@" 2>&1
}

# detections HOST RULE_NAME: how many there are.
detections() {
	query "$1" "select count(*) from detection where rule_name = '$2'"
}

has_detection() {
	[ "$(detections "$1" "$2" 2>/dev/null)" -gt 0 ] 2>/dev/null
}

# attached HOST: BPF programs on its interfaces, whoever's, and clsact; one a line.
attached() {
	on "$1" python3 "$LOOK" attached 2>&1
}

# weir_status HOST: the running instance's, in $SCRATCH/HOST/status.
weir_status() {
	on "$1" "$WEIR" status --json >"$SCRATCH/$1/status" 2>&1
}

# ended HOST NUMBER: true once so many flows have ended.
ended() {
	weir_status "$1"
	[ "$(look value "$SCRATCH/$1/status" flows.ended)" -ge "$2" ] 2>/dev/null
}

_net_leave() {
	local name pid
	for pid in "${WEIR_PID[@]}" "${_net_pids[@]}"; do kill "$pid" 2>/dev/null; done
	for pid in "${_net_pids[@]}"; do
		wait_for 3 _net_dead "$pid" || kill -KILL "$pid" 2>/dev/null
	done
	# Whatever else runs in a host was started there by the test: a subshell's, which it forgot.
	for name in "${_net_hosts[@]}"; do
		ip netns pids "$NET-$name" 2>/dev/null | xargs -r kill -KILL 2>/dev/null
		ip netns del "$NET-$name" 2>/dev/null
	done
}
_net_dead() { ! kill -0 "$1" 2>/dev/null; }
at_exit _net_leave
