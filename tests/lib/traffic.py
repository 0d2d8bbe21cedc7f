#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Traffic for live tests: small servers and clients, each bounded in number and time.

traffic.py serve [--tcp PORT,…] [--udp PORT,…] [--six]
traffic.py talk  HOST PORT COUNT BYTES
traffic.py hold  HOST FIRST_PORT PORTS COUNT SECONDS
traffic.py web   SECONDS HOST…
traffic.py ntp   HOST COUNT INTERVAL
traffic.py upload HOST PORT BYTES
traffic.py segments HOST PORT BATCHES SIZE
traffic.py deep  HOST PORT BYTES
traffic.py busy  HOST PORT BYTES
traffic.py chat  HOST PORT BYTES

A server answers `GET N` with N bytes and closes; all else it sends back.
"""

import argparse
import random
import selectors
import signal
import socket
import struct
import sys
import time

PATIENCE = 30  # seconds that a client waits for one answer


class Serving:
    """One process that answers on many ports."""

    def __init__(self, family):
        self.selector = selectors.DefaultSelector()
        self.family = family

    def listen(self, port, kind):
        listener = socket.socket(self.family, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("", port))
        listener.setblocking(False)
        if kind == socket.SOCK_STREAM:
            listener.listen(4096)
            self.selector.register(listener, selectors.EVENT_READ, self.accept)
        else:
            self.selector.register(listener, selectors.EVENT_READ, self.datagram)

    def accept(self, listener):
        for _ in range(64):
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.selector.register(connection, selectors.EVENT_READ, self.stream)

    def datagram(self, listener):
        try:
            data, peer = listener.recvfrom(65536)
            listener.sendto(data, peer)
        except OSError:
            pass

    def stream(self, connection):
        try:
            data = connection.recv(65536)
            if data.startswith(b"GET "):
                connection.sendall(bytes(int(data.split()[1])))
                data = b""
            elif data:
                connection.sendall(data)
        except (OSError, ValueError, IndexError):
            data = b""
        if not data:
            self.selector.unregister(connection)
            connection.close()

    def run(self):
        while True:
            for key, _ in self.selector.select():
                key.data(key.fileobj)


def serve(args):
    serving = Serving(socket.AF_INET6 if args.six else socket.AF_INET)
    for kind, ports in ((socket.SOCK_STREAM, args.tcp), (socket.SOCK_DGRAM, args.udp)):
        for port in ports:
            serving.listen(port, kind)
    serving.run()


def connect(host, port):
    connection = socket.create_connection((host, port), PATIENCE)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def receive(connection, length):
    got = 0
    while got < length:
        data = connection.recv(65536)
        if not data:
            raise OSError(f"connection ended after {got} of {length} bytes")
        got += len(data)


def talk(args):
    for _ in range(args.count):
        with connect(args.host, args.port) as connection:
            connection.sendall(bytes([88]) * args.bytes)
            receive(connection, args.bytes)
    print("talked", args.count)


def hold(args):
    held = []
    for number in range(args.count):
        connection = connect(args.host, args.first_port + number % args.ports)
        connection.sendall(b"x")
        receive(connection, 1)
        held.append(connection)
    print("held", len(held), flush=True)
    time.sleep(args.seconds)


def until_terminated():
    """True until SIGTERM comes: what is begun then is still ended."""
    terminated = []
    signal.signal(signal.SIGTERM, lambda *_: terminated.append(True))
    return lambda: not terminated


def busy(args):
    """One connection after the other, as long as it is left alone; says how many."""
    going, count = until_terminated(), 0
    while going():
        with connect(args.host, args.port) as connection:
            connection.sendall(bytes([88]) * args.bytes)
            receive(connection, args.bytes)
        count += 1
        time.sleep(0.001)
    print("made", count)


def chat(args):
    """One connection that has something to say every 20 ms, as long as it is left alone; says how much."""
    going, said = until_terminated(), 0
    with connect(args.host, args.port) as connection:
        while going():
            connection.sendall(bytes([89]) * args.bytes)
            receive(connection, args.bytes)
            said += args.bytes
            time.sleep(0.02)
    print("said", said)


def web(args):
    """Bursts as a browser makes: a page, its parts from several hosts, then reading."""
    chance = random.Random(1)
    end = time.monotonic() + args.seconds
    pages = 0
    while time.monotonic() < end:
        for _ in range(chance.randint(6, 14)):
            with connect(chance.choice(args.host), chance.choice((80, 443))) as connection:
                length = chance.randint(500, 60000)
                connection.sendall(b"GET %d" % length)
                receive(connection, length)
        pages += 1
        time.sleep(chance.uniform(0.5, 2))
    print("read", pages, "pages")


def ntp(args):
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(PATIENCE)
    for _ in range(args.count):
        client.sendto(b"\x23" + bytes(47), (args.host, 123))
        client.recv(48)
        time.sleep(args.interval)
    print("asked", args.count)


def push(connection, length):
    """Sends `length` bytes while it takes the echo; returns when all came back."""
    chunk = bytes(65536)
    sent = got = 0
    connection.setblocking(False)
    selector = selectors.DefaultSelector()
    selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
    end = time.monotonic() + PATIENCE
    while got < length:
        if time.monotonic() > end:
            raise OSError(f"{got} of {length} bytes came back in {PATIENCE} s")
        for _, events in selector.select(1):
            if events & selectors.EVENT_READ:
                got += len(connection.recv(65536))
            if events & selectors.EVENT_WRITE:
                sent += connection.send(chunk[: min(len(chunk), length - sent)])
        if sent == length:
            selector.modify(connection, selectors.EVENT_READ)


def upload(args):
    with connect(args.host, args.port) as connection:
        push(connection, args.bytes)
    print("pushed", args.bytes)


UDP_SEGMENT, UDP_GRO = 103, 104  # linux/udp.h
SEGMENTS = 30  # in a batch; the last is half as long


def segments(args):
    """Datagrams that leave as one buffer and are cut below us; echoes may come back merged."""
    batch = bytes(args.size * (SEGMENTS - 1) + args.size // 2)
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.settimeout(PATIENCE)
    client.setsockopt(socket.IPPROTO_UDP, UDP_SEGMENT, args.size)
    client.setsockopt(socket.IPPROTO_UDP, UDP_GRO, 1)
    client.connect((args.host, args.port))
    for _ in range(args.batches):
        client.send(batch)
        got = 0
        while got < len(batch):
            got += len(client.recv(65536))
    print("sent", args.batches)


IPV6_HOPOPTS, IPV6_DSTOPTS = 54, 59  # linux/in6.h; the socket module has them not everywhere


def deep(args):
    """A connection with IPv4 options or IPv6 extension headers in each packet it sends."""
    six = ":" in args.host
    connection = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_STREAM)
    connection.settimeout(PATIENCE)
    if six:
        for option, words in ((IPV6_HOPOPTS, 2), (IPV6_DSTOPTS, 9)):
            length = words * 8 - 4
            # Padding of more than 7 bytes is refused; an option for experiments is skipped.
            header = struct.pack("BBBB", 0, words - 1, 0x1E, length) + bytes(length)
            connection.setsockopt(socket.IPPROTO_IPV6, option, header)
    else:
        connection.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, b"\x01" * 36)
    connection.connect((args.host, args.port))
    push(connection, args.bytes)
    connection.close()
    print("pushed", args.bytes)


def ports(text):
    return [int(word) for word in text.split(",") if word]


def arguments():
    parser = argparse.ArgumentParser()
    verbs = parser.add_subparsers(dest="verb", required=True)
    for verb, shape in {
        talk: (("host", str), ("port", int), ("count", int), ("bytes", int)),
        hold: (("host", str), ("first_port", int), ("ports", int), ("count", int), ("seconds", float)),
        ntp: (("host", str), ("count", int), ("interval", float)),
        upload: (("host", str), ("port", int), ("bytes", int)),
        deep: (("host", str), ("port", int), ("bytes", int)),
        segments: (("host", str), ("port", int), ("batches", int), ("size", int)),
        busy: (("host", str), ("port", int), ("bytes", int)),
        chat: (("host", str), ("port", int), ("bytes", int)),
    }.items():
        sub = verbs.add_parser(verb.__name__)
        for name, kind in shape:
            sub.add_argument(name, type=kind)
        sub.set_defaults(run=verb)
    sub = verbs.add_parser("web")
    sub.add_argument("seconds", type=float)
    sub.add_argument("host", nargs="+")
    sub.set_defaults(run=web)
    sub = verbs.add_parser("serve")
    sub.add_argument("--tcp", type=ports, default=[])
    sub.add_argument("--udp", type=ports, default=[])
    sub.add_argument("--six", action="store_true")
    sub.set_defaults(run=serve)
    return parser.parse_args()


def main():
    args = arguments()
    try:
        args.run(args)
    except OSError as error:
        sys.exit(f"traffic: {sys.argv[1]}: {error}")
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
