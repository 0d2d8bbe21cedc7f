#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Readers that do not read: of a syslog socket, of a syslog server by TCP, and of a terminal. The
# thread that counts does not wait for them; what does not go is counted, and said at the end.
#
# timeout: 300

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
. "$TREE/tests/lib/fault.sh"
require_live

KNOCKS=$(sized 600 8000)
HELD_UP=10 # ms that a reader may hold up capture
HOSTS=(reads local tcp terminal)

# Full after a few lines.
cat >"$SCRATCH/deaf.py" <<'END'
import socket, sys, time
if sys.argv[1] == "local":
    deaf = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    deaf.bind(sys.argv[2])
else:
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    deaf.bind(("", int(sys.argv[2])))
    deaf.listen()
time.sleep(3600)
END

knock_rules
host outside "${HOSTS[@]}"
addresses=()
for i in "${!HOSTS[@]}"; do
	name=${HOSTS[i]}
	wire outside "eth$i" "$name" eth0
	address outside "eth$i" "10.78.$i.2/24"
	address "$name" eth0 "10.78.$i.1/24"
	addresses+=("10.78.$i.1")
	knock_config "$name"
	# Where somebody reads there is room for all.
	[ "$name" = reads ] || sed -i '/^syslog:/a\  queue: 256' "$SCRATCH/$name/weir.yaml"
	sed -i 's/events: true/events: false/; s/signals: true/signals: false/' "$SCRATCH/$name/weir.yaml"
done
behind local python3 "$SCRATCH/deaf.py" local "$SCRATCH/local/log"
on tcp sysctl -qw net.ipv4.tcp_wmem='4096 4096 4096'
behind tcp python3 "$SCRATCH/deaf.py" tcp 1514
sed -i "s,  socket: .*,  server: 127.0.0.1\n  port: '1514'\n  transport: tcp," "$SCRATCH/tcp/weir.yaml"
echo "spool: {path: $SCRATCH/tcp/spool}" >>"$SCRATCH/tcp/weir.yaml"
wait_for 5 test -S "$SCRATCH/local/log"
wait_for 5 listening tcp 1514
# Both ends of the terminal are weir's own, and it reads none.
cat >"$SCRATCH/on-terminal" <<END
#!$(command -v python3)
import os, pty, sys
master, slave = pty.openpty()
os.set_inheritable(master, True)
os.dup2(slave, 1)
os.execv("$WEIR", ["$WEIR"] + sys.argv[1:])
END
chmod +x "$SCRATCH/on-terminal"

for name in "${HOSTS[@]}"; do
	program=$WEIR
	[ "$name" != terminal ] || program=$SCRATCH/on-terminal
	WEIR=$program start_or_leave "$name" -i eth0
	[ "$name" = reads ] || behind "$name" python3 "$TREE/tests/lib/held.py" "${WEIR_PID[$name]}" "$SCRATCH/$name/held"
done

all_found() { [ "$(query "$1" 'select count(*) from detection')" -ge "$KNOCKS" ]; }
for ((i = 0; i < 3; i++)); do
	knock $((1000 + i * KNOCKS / 3)) $((1000 + (i + 1) * KNOCKS / 3 - 1)) "${addresses[@]}"
	sleep 0.7
done
for name in "${HOSTS[@]}"; do check "syslog/$name: all are found" wait_for 30 all_found "$name"; done

late_ms() {
	weir_status "$1"
	look value "$SCRATCH/$1/status" polls.late_max_ms
}
declare -A sent
for name in local tcp terminal; do
	read -r held call <"$SCRATCH/$name/held"
	check "syslog/$name: capture is not held up" test "${held%.*}" -lt "$HELD_UP"
	figure "syslog.$name.held_up_ms" "$held" "in system call $call; polls late by $(late_ms $name)"
	[ "$name" = terminal ] && continue
	check "syslog/$name: status says so" wait_for 15 status_is $name health degraded
	written=$(sink $name syslog written) queued=$(sink $name syslog queued) dropped=$(sink $name syslog dropped)
	spooled=$(sink $name syslog spool.records)
	same "syslog/$name: none unaccounted for" "$KNOCKS" $((written + queued + dropped + spooled))
	figure "syslog.$name.lost" "$dropped" "of $KNOCKS lines, with $written sent and $((queued + spooled)) waiting"
	# What goes to a server waits on disk.
	if [ $name = tcp ]; then
		same "syslog/$name: none is lost" 0 "$dropped"
		continue
	fi
	check "syslog/$name: some are lost" test "$dropped" -gt 0
	check "syslog/$name: health says so" wait_for 5 told "$name" output_loss 1
	sent[$name]=$written
done
check "syslog/terminal: it is full" test "$(sink terminal stream queued)" -gt 0
for name in "${HOSTS[@]}"; do kill "${WEIR_PID[$name]}"; done
for name in "${HOSTS[@]}"; do
	weir_stop "$name"
	same "syslog/$name: stops" 0 $?
done
said=$(sed -n 's/.*syslog: not announced: detections //p' "$SCRATCH/local/said")
same "syslog/local: what is lost is said at the end" $((KNOCKS - sent[local])) "$said"
check "syslog/tcp: what waits is said at the end" grep -q 'syslog: [0-9]* records wait in ' "$SCRATCH/tcp/said"
same "syslog/reads: all are announced" "$KNOCKS" "$(grep -c 'DETECTION KNOCK' "$SCRATCH/reads/syslog")"
