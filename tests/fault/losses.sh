#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Frames that are in no connection, some for each reason, and connections for which there is no room:
# status has the exact numbers, and what a window missed lowers the coverage that its detection tells.
# (Ring and budget: consumer.sh; queues and sinks: syslog.sh, writes.sh, reader.sh.)
#
# timeout: 120

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
. "$TREE/tests/lib/fault.sh"
require_live

two_hosts
knock_rules
knock_config inside
start_or_leave inside -i eth0

cat >"$SCRATCH/frames.py" <<'END'
import socket, struct, sys, time
interface, mac, port = sys.argv[1:4]
ETHERNET = bytes.fromhex(mac.replace(":", "")) + bytes.fromhex("020000000001")
def ipv4(protocol, payload, first=0x45, offset=0, length=None):
    return struct.pack(">BBHHHBBH4s4s", first, 0, length or 20 + len(payload), 7, offset, 64, protocol, 0,
                       bytes((10, 78, 0, 9)), bytes((10, 78, 0, 8))) + payload
def tcp(data_offset):
    return struct.pack(">HHIIBBHHH", 1, 2, 3, 4, data_offset << 4, 2, 5, 0, 0)
options = b"".join(struct.pack(">BB6x", 60, 0) for _ in range(30))
long_chain = struct.pack(">IHBB16s16s", 6 << 28, len(options) + 20, 60, 64, bytes(15) + b"\1", bytes(15) + b"\2") + options + tcp(5)
tag = b"\x81\x00\x00\x05"
FRAMES = {
    "NOT_IP": b"\x88\xcc" + bytes(50),
    "TRUNCATED_LINK": tag + tag[:4] + b"\x81",
    "TRUNCATED_IP": b"\x08\x00" + ipv4(6, b"")[:10],
    "TRUNCATED_TRANSPORT": b"\x08\x00" + ipv4(6, tcp(5)[:4], length=40),
    "BAD_IP_VERSION": b"\x08\x00" + ipv4(6, tcp(5), first=0x75),
    "BAD_IP_HEADER": b"\x08\x00" + ipv4(6, tcp(5), first=0x43),
    "BAD_TRANSPORT_HEADER": b"\x08\x00" + ipv4(6, tcp(2)),
    "TOO_MANY_TAGS": tag * 3 + b"\x08\x00" + ipv4(6, tcp(5)),
    "TOO_MANY_EXTENSIONS": b"\x86\xdd" + long_chain,
    "FRAGMENT_EARLY": b"\x08\x00" + ipv4(17, bytes(24), offset=100),
}
# All in one second, and the connection too: it is that second whose coverage its detection tells.
time.sleep(1.1 - time.time() % 1)
with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
    out.bind((interface, 0))
    for i, (reason, rest) in enumerate(FRAMES.items()):
        for _ in range(20 + i):
            out.send(ETHERNET + rest)
        print(reason, 20 + i)
with socket.socket() as knock:
    knock.connect_ex(("10.78.0.1", int(port)))
END
# Numbers that came since the first call, of the reasons that are asked for; and of frames that are in no connection.
losses() {
	weir_status inside
	python3 - "$SCRATCH/inside/status" "$@" <<-'END'
		import json, sys
		capture = json.load(open(sys.argv[1]))["capture"]
		lost = {loss["reason"]: loss["count"] for loss in capture["losses"]}
		one = capture["interfaces"][0]["received"]
		print(*(lost[reason] for reason in sys.argv[2:]), one["in_no_flow"])
	END
}
mac_of() { on "$1" ip -j link show eth0 | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["address"])'; }
mac=$(mac_of inside)
REASONS=(NOT_IP TRUNCATED_LINK TRUNCATED_IP TRUNCATED_TRANSPORT BAD_IP_VERSION BAD_IP_HEADER BAD_TRANSPORT_HEADER
	TOO_MANY_TAGS TOO_MANY_EXTENSIONS FRAGMENT_EARLY)
# No question for an address in between.
on outside ip neigh replace 10.78.0.1 lladdr "$mac" dev eth0 nud permanent
on inside ip neigh replace 10.78.0.2 lladdr "$(mac_of outside)" dev eth0 nud permanent
knock 1000
sleep 1.2
read -ra before < <(losses "${REASONS[@]}")
on outside python3 "$SCRATCH/frames.py" eth0 "$mac" 1001 >"$SCRATCH/sent"
sleep 1.5
read -ra after < <(losses "${REASONS[@]}")
all=0
for i in "${!REASONS[@]}"; do
	read -r reason count < <(sed -n "$((i + 1))p" "$SCRATCH/sent")
	same "losses/$reason" "$count" $((after[i] - before[i]))
	[ "$reason" = FRAGMENT_EARLY ] || all=$((all + count)) # that one is counted
done
same "losses/frames in no connection" "$all" $((after[-1] - before[-1]))
lowered() { [ "$(query inside 'select count(*) from detection where coverage < 0.5')" -ge 1 ]; }
check "losses/a detection tells its coverage" wait_for 15 lowered
weir_stop inside
same "losses/stops" 0 $?
figure losses.exact "${#REASONS[@]}" "reasons, $all frames"
