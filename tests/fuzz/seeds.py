#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""seeds.py CAPTURE PROTOCOL PORT FLOW: writes the payload of the capture's conversations with that port
(PROTOCOL: 6 or 17; 1: echo messages of ICMP), at most 12 KiB, in the form of tests/fuzz/talk.h to
standard output. FLOW: number of the fuzzer's port pair."""

import struct
import sys

PACKETS, BYTES = 60, 12288


def frames(path):
    with open(path, "rb") as file:
        file.read(24)
        while len(head := file.read(16)) == 16:
            yield file.read(struct.unpack("<4I", head)[2])


def payload(frame, protocol, port):
    """Side and payload, or None."""
    if frame[12:14] != b"\x08\x00" or frame[23] != protocol:
        return None
    ip = frame[14:14 + struct.unpack("!H", frame[16:18])[0]]
    l4 = ip[(ip[0] & 15) * 4:]
    if protocol == 1:
        return l4[0] != 8, l4[8:]
    source, destination = struct.unpack("!HH", l4[:4])
    if port not in (source, destination):
        return None
    return source == port, l4[8:] if protocol == 17 else l4[(l4[12] >> 4) * 4:]


def main():
    capture, protocol, port, flow = sys.argv[1], *map(int, sys.argv[2:5])
    out = b""
    packets = [p for p in (payload(f, protocol, port) for f in frames(capture)) if p and p[1]]
    for side, data in packets[:PACKETS]:
        if len(out) + len(data) < BYTES:
            out += struct.pack("!BBHB", flow, side, len(data), 0) + data
    sys.stdout.buffer.write(out)


main()
