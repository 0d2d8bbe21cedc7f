#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What weir tells systemd: that it is ready, each second that it goes on (WatchdogSec=), also that it
# stops; and nothing while its engine hangs.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live

host here there
wire here eth0 there eth0
address here eth0 10.95.0.2/24

# The other end of $NOTIFY_SOCKET: one message a line.
cat >"$SCRATCH/manager.py" <<'END'
import socket, sys
manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
manager.bind(sys.argv[1])
while True:
    print(manager.recv(256).decode(), flush=True)
END
python3 "$SCRATCH/manager.py" "$SCRATCH/notify" >"$SCRATCH/told" &
manager=$!
at_exit "kill $manager 2>/dev/null"
wait_for 5 test -S "$SCRATCH/notify"
said() { grep -cx "$1" "$SCRATCH/told"; }
more() { [ "$(said WATCHDOG=1)" -ge "$1" ]; }

export NOTIFY_SOCKET=$SCRATCH/notify WATCHDOG_USEC=30000000
start_or_leave here
check "notify/ready" wait_for 5 grep -qx READY=1 "$SCRATCH/told"
check "notify/goes on, each second" wait_for $((10 * SLOW)) more 3
kill -STOP "${WEIR_PID[here]}"
sleep 0.5
before=$(said WATCHDOG=1)
sleep 3
same "notify/one that hangs says nothing" "$before" "$(said WATCHDOG=1)"
kill -CONT "${WEIR_PID[here]}"
check "notify/and goes on" wait_for $((10 * SLOW)) more $((before + 2))
weir_stop here
check "notify/stops" wait_for 5 grep -qx STOPPING=1 "$SCRATCH/told"
same "notify/ready once" 1 "$(said READY=1)"

unset WATCHDOG_USEC
: >"$SCRATCH/told"
start_or_leave here
sleep 3
same "notify/without a watchdog it says nothing of the kind" 0 "$(said WATCHDOG=1)"
