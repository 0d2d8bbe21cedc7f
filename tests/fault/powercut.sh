#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# The power goes at some moment: all changes of a running weir's database and snapshot are recorded,
# and what a disk may hold after each of them is made again. The database is whole, a snapshot that
# has its name is whole, and no detection that syslog was told is missing.
#
# timeout: 1800

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
. "$TREE/tests/lib/fault.sh"
require_live

knock_rules
two_hosts
knock_config inside
cat >"$SCRATCH/hear.py" <<'END'
import re, socket, sys, time
listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
listener.bind(sys.argv[1])
with open(sys.argv[2], "a", buffering=1) as out:
    while True:
        message = listener.recv(65536).decode()
        out.write(f"{time.time_ns()} {re.search('id=([^ ]*)', message)[1]}\n")
END
behind inside python3 "$SCRATCH/hear.py" "$SCRATCH/inside/log" "$SCRATCH/announced"
wait_for 5 test -S "$SCRATCH/inside/log"
export WEIR_FAULTY_LOG=$SCRATCH/changes
faulty inside
start_or_leave inside
count=$(sized 4 20)
for ((i = 0; i < count; i++)); do
	knock $((3000 + 5 * i)) $((3004 + 5 * i))
	sleep 0.7
done
told() { [ "$(wc -l <"$SCRATCH/announced")" = $((5 * count)) ]; }
check "powercut/all are announced" wait_for 10 told
weir_stop inside KILL 2>/dev/null

said=$(python3 "$TREE/tests/lib/powercut.py" "$SCRATCH/changes" "$SCRATCH/announced" "$(sized 40 0)")
read -r places states faults announced <<<"$(tail -n 1 <<<"$said")"
same "powercut/nothing is damaged or missing" 0 "$faults"
[ "$faults" = 0 ] || head -n 10 <<<"$said"
check "powercut/there was something to lose" test "$announced" -ge 10 -a "$states" -ge 100
figure powercut.states "$states" "states of the disk, at $places moments, with $announced detections announced"
