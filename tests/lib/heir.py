#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Takes part in a hand-over (user/capture/live/hand.h) as weir should not; prints what it heard.

heir.py ask STEP            the next weir, which dies at a step: offer (once it has that), state
                            (once it has that too), done (having said so, without the answer)
heir.py ask nonsense        and one that says something else than it should
heir.py keep FOLDER         keeps the sections of the state that it got, a file each, and dies
heir.py leave FAULT [NAMESPACE]   the weir before, which has FAULT: layout, state (cut short); maps are
                            those of the weir that runs here, and it is asked in NAMESPACE (a file)
                            instead. Ends when it is asked to leave.
"""

import array
import ctypes
import os
import socket
import struct
import sys

NAME = "\0weir"
MAGIC = 0x686F6577
OFFER, TAKE, STATE, LINKS, DONE, YOURS, NO, LEAVE = range(1, 9)
HEAD = struct.Struct("=IHHI")
OFFER_BODY, STATE_BODY = struct.Struct("=QII32s"), struct.Struct("=QII")
ENTRY, TRAILER = struct.Struct("<16s48s5Q"), struct.Struct("<3Q16s")


def send(connection, kind, body=b"", fds=()):
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
    connection.sendmsg([HEAD.pack(MAGIC, kind, len(body), len(fds)), body], rights)


def receive(connection):
    head, rights, _, _ = connection.recvmsg(HEAD.size, socket.CMSG_SPACE(4 * 253))
    if not head:
        return None, b"", []
    fds = array.array("i")
    for _, _, data in rights:
        fds.frombytes(data)
    magic, kind, length, count = HEAD.unpack(head)
    assert magic == MAGIC and count == len(fds), (head, fds)
    return kind, connection.recv(length, socket.MSG_WAITALL) if length else b"", list(fds)


def request():
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(NAME)
    connection.sendall(b"handover\n")
    kind, body, maps = receive(connection)
    assert kind == OFFER, (kind, body)
    return connection, OFFER_BODY.unpack(body), maps


def take(connection):
    send(connection, TAKE)
    kind, body, fds = receive(connection)
    assert kind == STATE and len(fds) == 2, (kind, body, fds)
    length, links, _ = STATE_BODY.unpack(body)
    got = []
    while len(got) < links:
        kind, _, more = receive(connection)
        assert kind == LINKS and more
        got += more
    state = os.pread(fds[0], length, 0)
    assert len(state) == length
    return state


def ask(step):
    connection, offer, maps = request()
    print("offered", len(maps), "maps by", offer[3].rstrip(b"\0").decode())
    if step == "offer":
        return
    print("got", len(take(connection)), "bytes")
    if step == "done":
        connection.shutdown(socket.SHUT_RD)  # the answer is not heard
        send(connection, DONE)
    elif step == "nonsense":
        connection.sendall(b"nonsense" * 4)
        kind, body, _ = receive(connection)
        print("no:" if kind == NO else f"heard {kind}:", body.decode())


def keep(folder):
    state = take(request()[0])
    offset, entries, _, _ = TRAILER.unpack(state[-TRAILER.size:])
    for number in range(entries):
        kind, _, _, _, at, length, _ = ENTRY.unpack_from(state, offset + number * ENTRY.size)
        path = os.path.join(folder, kind.rstrip(b"\0").decode())
        if length and not os.path.exists(path):
            with open(path, "wb") as file:
                file.write(state[at:at + length])


def set_namespace(path):
    libc = ctypes.CDLL(None, use_errno=True)
    with open(path, "rb") as file:
        if libc.setns(file.fileno(), 0):
            raise OSError(ctypes.get_errno(), path)


def memory(contents):
    fd = os.memfd_create("state")
    os.write(fd, contents)
    return fd


def serve(connection, fault, offer, maps, state, listener):
    assert connection.recv(9) == b"handover\n"
    layout = offer[0] ^ (fault == "layout")
    send(connection, OFFER, OFFER_BODY.pack(layout, *offer[1:]), maps)
    kind, body, _ = receive(connection)
    print("asked for", kind, body.decode(), flush=True)
    if kind == TAKE:
        given = state[:len(state) // 2] if fault == "state" else state
        send(connection, STATE, STATE_BODY.pack(len(given), 0, 0), [memory(given), listener.fileno()])
        print("then heard", receive(connection)[0], flush=True)
    return kind != LEAVE


def leave(fault, namespace=None):
    connection, offer, maps = request()
    state = take(connection)
    connection.close()
    if namespace:
        set_namespace(namespace)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(NAME)
    listener.listen(4)
    print("listens", flush=True)
    going = True
    while going:
        asks, _ = listener.accept()
        going = serve(asks, fault, offer, maps, state, listener)
    listener.close()


if __name__ == "__main__":
    {"ask": ask, "keep": keep, "leave": leave}[sys.argv[1]](*sys.argv[2:])
