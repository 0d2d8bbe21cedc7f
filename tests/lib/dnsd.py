#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""dnsd.py ADDRESS: a name server for tests, over UDP. Names of .test have the address 192.0.2.7 (AAAA: no
records), all others are NXDOMAIN."""

import socket
import struct
import sys

A, AAAA = 1, 28


def question(message):
    """Labels, type, and where the question ends."""
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1 : at + 1 + message[at]])
        at += 1 + message[at]
    return labels, struct.unpack_from("!H", message, at + 1)[0], at + 5


def answer(message):
    labels, kind, end = question(message)
    known = labels[-1:] == [b"test"]
    records = b""
    if known and kind == A:
        records = struct.pack("!HHHIH4B", 0xC00C, A, 1, 60, 4, 192, 0, 2, 7)
    flags = 0x8180 | (0 if known else 3)
    head = message[:2] + struct.pack("!HHHHH", flags, 1, 1 if records else 0, 0, 0)
    return head + message[12:end] + records


def main():
    server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind((sys.argv[1], 53))
    while True:
        message, client = server.recvfrom(4096)
        server.sendto(answer(message), client)


main()
