#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A client that connects from one port again and again: each connection is one, with its own bytes,
# though the next begins before the last one's counters were read for the last time.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live

TIMES=40
host here there
wire here eth0 there eth0
address here eth0 10.86.0.2/24
address there eth0 10.86.0.1/24
behind there python3 "$TRAFFIC" serve --tcp 8080
wait_for 10 listening there 8080
start_or_leave here
events=$SCRATCH/here/events.json

# Closed by reset: the port is free at once.
on here python3 - 10.86.0.1 8080 "$TIMES" <<-'END' || not_ok attach_reuse/talks "no connection"
	import socket, struct, sys
	for _ in range(int(sys.argv[3])):
	    s = socket.socket()
	    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
	    s.bind(("", 40000))
	    s.settimeout(10)
	    s.connect((sys.argv[1], int(sys.argv[2])))
	    s.sendall(b"x" * 100)
	    got = 0
	    while got < 100:
	        got += len(s.recv(100))
	    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
	    s.close()
END
wait_for $((15 * SLOW)) ended here "$TIMES"
weir_status here
weir_stop here
same attach_reuse/stops 0 $?
same "attach_reuse/an attempt each" "$TIMES" "$(look count "$events" attempt destination.port=8080)"
same "attach_reuse/a connection each" "$TIMES" "$(look count "$events" connection destination.port=8080)"
same "attach_reuse/payload each" "$((TIMES * 100)) $((TIMES * 100))" "$(look payload "$events" destination.port=8080)"
same "attach_reuse/no byte is unexplained" 0 "$(look value "$SCRATCH/here/status" capture.bytes_unattributed)"
