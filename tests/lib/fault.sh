# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What tests of faults share. Source it behind tests/lib/net.sh:
#     . "$TREE/tests/lib/fault.sh"
#
# Every connection to a new port of a host is a detection KNOCK, told at once: knock makes them, one
# finds out what became of them.

FAULTY=$BUILD/tests/lib/faulty.so
CONTROL=$SCRATCH/control

figure() { # NAME VALUE UNIT
	printf 'figure: %s %s %s\n' "$1" "$2" "$3"
}

# knock_rules: RULES becomes a folder with that rule alone.
knock_rules() {
	RULES=$SCRATCH/rules
	mkdir -p "$RULES"
	{
		attempts_rule
		cat <<-'END'
			title: Knock
			id: 5b0a1d5e-2b1f-4f0e-8d55-0f6a3f0f2b02
			name: knock
			correlation:
			    type: event_count
			    rules: [attempts]
			    group-by: [source.ip, destination.port]
			    timespan: 10s
			    condition: {gte: 1}
			level: critical
			weir: {raise: detection}
		END
	} >"$RULES/knock.yml"
}

# knock_config HOST: weir_config for it: told without delay, nothing decoded.
knock_config() {
	weir_config "$1"
	cat >>"$SCRATCH/$1/weir.yaml" <<-'END'
		lateness: 0s
		payload: {enabled: false}
		owners: {enabled: false}
		state: {interval: 1s}
	END
}

# two_hosts: outside and inside, joined.
two_hosts() {
	host outside inside
	wire outside eth0 inside eth0
	address outside eth0 10.78.0.2/24
	address inside eth0 10.78.0.1/24
}

# knock FIRST [LAST [ADDRESS…]]: outside tries these ports of inside, or of these addresses.
knock() {
	local first=$1 last=${2:-$1}
	shift $(($# > 1 ? 2 : 1))
	on outside python3 - "$first" "$last" "${@:-10.78.0.1}" <<-'END'
		import socket, sys
		for port in range(int(sys.argv[1]), int(sys.argv[2]) + 1):
		    for address in sys.argv[3:]:
		        with socket.socket() as s:
		            s.connect_ex((address, port))
	END
}

# announced PORT, stored PORT: as syslog and the database of inside have it, exactly once.
announced() { [ "$(grep -c "DETECTION KNOCK .*destination.port=$1 " "$SCRATCH/inside/syslog")" = 1 ]; }
stored() {
	[ "$(query inside "select count(*) from detection where json_extract(keys, '\$.\"destination.port\"') = $1")" = 1 ]
}

# health HOST FACT: how many such health events its database has.
health() {
	query "$1" "select count(*) from health where fact = '$2'"
}
# told HOST FACT N: it has so many at least.
told() { [ "$(health "$1" "$2")" -ge "$3" ]; }

# status_is HOST PATH VALUE, sink HOST NAME KEY: of the running one.
status_is() {
	weir_status "$1"
	[ "$(look value "$SCRATCH/$1/status" "$2")" = "$3" ]
}
sink() {
	weir_status "$1"
	python3 - "$SCRATCH/$1/status" "$2" "$3" <<-'END'
		import json, sys
		sinks = json.load(open(sys.argv[1]))["sinks"]
		one = next(s for s in sinks if s["name"] == sys.argv[2] or s.get("path") == sys.argv[2])
		for key in sys.argv[3].split("."):
		    one = one.get(key, {}) if isinstance(one, dict) else {}
		print(one or 0)
	END
}

# faulty HOST: its files lie behind a file system that fails when faulty.py says so.
faulty() {
	[ -e "$FAULTY" ] || {
		not_ok "$(basename "$0" .sh)/built" "no $FAULTY: make tests"
		exit 1
	}
	python3 "$TREE/tests/lib/faulty.py" new "$CONTROL"
	cat >"$SCRATCH/faulty" <<-END
		#!/bin/sh
		exec env LD_PRELOAD="$FAULTY" WEIR_FAULTY="$SCRATCH/$1" WEIR_FAULTY_CONTROL="$CONTROL" \\
		    ${WEIR_FAULTY_LOG:+WEIR_FAULTY_LOG="$WEIR_FAULTY_LOG"} "$WEIR" "\$@"
	END
	chmod +x "$SCRATCH/faulty"
	WEIR=$SCRATCH/faulty
}
fault() { python3 "$TREE/tests/lib/faulty.py" "$1" "$CONTROL" "${@:2}"; }
