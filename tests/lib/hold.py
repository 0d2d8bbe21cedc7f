#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""hold.py HOST PORT COUNT END: holds COUNT connections to a server that sends everything back, and says
"held N" when they stand. Until the file END appears it writes to one after another; then once more to each,
closes them and says "sent N", the bytes in each direction."""

import os
import resource
import selectors
import socket
import sys
import time

PATIENCE = 60  # seconds for one answer


def exchange(connections, message):
    """Writes to each, and reads the same from each."""
    waiting = selectors.DefaultSelector()
    for connection in connections:
        connection.sendall(message)
        waiting.register(connection, selectors.EVENT_READ, [0])
    end = time.monotonic() + PATIENCE
    while waiting.get_map():
        for key, _ in waiting.select(1):
            data = key.fileobj.recv(len(message))
            if not data:
                sys.exit("hold.py: a connection was closed")
            key.data[0] += len(data)
            if key.data[0] == len(message):
                waiting.unregister(key.fileobj)
        if time.monotonic() > end:
            sys.exit(f"hold.py: {len(waiting.get_map())} did not answer")
    waiting.close()
    return len(message) * len(connections)


def main():
    host, port, count, end = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    resource.setrlimit(resource.RLIMIT_NOFILE, (count + 100, max(count + 100, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
    connections = [socket.create_connection((host, port), PATIENCE) for _ in range(count)]
    sent = exchange(connections, b"begin")
    print("held", count, flush=True)
    turn = 0
    while not os.path.exists(end):
        part = connections[turn % 10 :: 10]
        sent += exchange(part, b"x" * (1 + turn % 700))
        turn += 1
        time.sleep(0.1)
    sent += exchange(connections, b"end")
    for connection in connections:
        connection.close()
    print("sent", sent, flush=True)


main()
