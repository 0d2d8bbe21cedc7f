#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# weir in a time namespace, whose clocks since boot are days ahead of the kernel's: programs in the
# kernel know nothing of it. Times of events are right, those that decoders tell too, and processes
# that ran before weir are known by when they began.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live unshare

AHEAD=$((3 * 24 * 3600))
if ! unshare -T --boottime $AHEAD true 2>"$SCRATCH/why"; then
	skip time_namespace "no time namespaces here: $(head -n 1 "$SCRATCH/why")"
	exit 0
fi
cat >"$SCRATCH/weir" <<END
#!/bin/sh
[ "\$1" = run ] || exec $WEIR "\$@"
exec unshare -T --boottime $AHEAD --monotonic $AHEAD $WEIR "\$@"
END
chmod +x "$SCRATCH/weir"
WEIR=$SCRATCH/weir

host here there
wire here eth0 there eth0
address here eth0 10.93.0.2/24
address there eth0 10.93.0.1/24
began=$(date +%s)
behind here python3 "$TRAFFIC" serve --tcp 8080
wait_for $((5 * SLOW)) listening here 8080
events=$SCRATCH/here/events.json
sleep 1
start_or_leave here
same "time_namespace/it is in one" "$AHEAD" "$(awk '$1 == "boottime" { print $2 }' "/proc/${WEIR_PID[here]}/timens_offsets")"
on there python3 "$TRAFFIC" talk 10.93.0.2 8080 3 100 >/dev/null
on there python3 - <<'END'
import socket
with socket.create_connection(("10.93.0.2", 8080), 30) as c:
    c.sendall(b"GET /path HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
    c.recv(100)
END
told() { [ "$(look count "$events" flow flow.ended=true)" -ge 4 ]; }
check "time_namespace/each connection ends" wait_for $((15 * SLOW)) told
weir_stop here
same time_namespace/stops 0 $?

# within DATASET FIELD…: how many events there are whose times all lie in this test.
within() {
	python3 - "$events" "$began" "$@" <<'END'
import datetime, json, sys, time
path, began, dataset, *fields = sys.argv[1:]
found = 0
for line in open(path, encoding="utf-8"):
    event = json.loads(line)
    if event.get("event.dataset") != "weir." + dataset:
        continue
    for field in fields:
        at = datetime.datetime.fromisoformat(event[field].replace("Z", "+00:00")).timestamp()
        if not float(began) - 1 < at < time.time() + 1:
            sys.exit(f"{field} is {event[field]}")
    found += 1
print(found)
END
}
same "time_namespace/attempts" 4 "$(within attempt @timestamp 2>&1)"
check "time_namespace/flows" test "$(within flow @timestamp 2>&1)" -ge 4
same "time_namespace/what decoders tell" 1 "$(within http @timestamp 2>&1)"
if [ -n "$(look field "$events" attempt process.name | grep -v '^-$')" ]; then
	same "time_namespace/whose it was" python3 "$(look field "$events" attempt process.name)"
	same "time_namespace/since when that runs" 4 "$(within attempt process.start 2>&1)"
else
	skip "time_namespace/whose it was" "this kernel does not tell whose a socket is"
fi
