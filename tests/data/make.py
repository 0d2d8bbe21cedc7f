#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/data/make.py: writes the small captures beside it and the seeds of the fuzzers.

The same bytes every time: what it writes is committed, so that tests need no Python.
"""

import base64
import json
import os
import re
import struct

HERE = os.path.dirname(os.path.abspath(__file__))
SEEDS = os.path.join(os.path.dirname(HERE), "fuzz", "seeds")
START = 1_700_000_000_000_000_000  # ns
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def ipv4(source, destination, protocol, payload, ident=1, fragment=0):
    return struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), ident, fragment, 64, protocol, 0,
                       bytes(map(int, source.split("."))),
                       bytes(map(int, destination.split(".")))) + payload


def ipv6(source, destination, next_header, payload):
    return struct.pack(">IHBB", 6 << 28, len(payload), next_header, 64) + source + destination + payload


def tcp(sport, dport, flags, payload=b""):
    return struct.pack(">HHIIBBHHH", sport, dport, 1, 2 if flags & ACK else 0, 5 << 4, flags, 64240, 0, 0) + payload


def udp(sport, dport, payload=b""):
    return struct.pack(">HHHH", sport, dport, 8 + len(payload), 0) + payload


def icmp(kind, code, rest=b"\0\0\0\0", payload=b""):
    return struct.pack(">BBH", kind, code, 0) + rest + payload


def ethernet(packet, tags=b"", kind=0x0800):
    return b"\2\0\0\0\0\1\2\0\0\0\0\2" + tags + struct.pack(">H", kind) + packet


class Talk:
    """Packets with their times, (ns, IP packet)."""

    def __init__(self, at=START):
        self.at, self.packets = at, []

    def say(self, packet, after_ms=1):
        self.at += after_ms * 1_000_000
        self.packets.append((self.at, packet))

    def handshake(self, a, sport, b, dport):
        self.say(ipv4(a, b, 6, tcp(sport, dport, SYN)))
        self.say(ipv4(b, a, 6, tcp(dport, sport, SYN | ACK)))
        self.say(ipv4(a, b, 6, tcp(sport, dport, ACK)))

    def connection(self, a, sport, b, dport, sent=100, received=200):
        self.handshake(a, sport, b, dport)
        self.say(ipv4(a, b, 6, tcp(sport, dport, PSH | ACK, bytes(sent))))
        self.say(ipv4(b, a, 6, tcp(dport, sport, PSH | ACK, bytes(received))))
        self.say(ipv4(a, b, 6, tcp(sport, dport, FIN | ACK)))
        self.say(ipv4(b, a, 6, tcp(dport, sport, FIN | ACK)))
        self.say(ipv4(a, b, 6, tcp(sport, dport, ACK)))

    def refused(self, a, sport, b, dport):
        self.say(ipv4(a, b, 6, tcp(sport, dport, SYN)))
        self.say(ipv4(b, a, 6, tcp(dport, sport, RST | ACK)))


def pcap(packets, order="<", magic=0xA1B2C3D4, unit=1000, link=1, dress=ethernet):
    out = struct.pack(order + "IHHIIII", magic, 2, 4, 0, 0, 262144, link)
    for at, packet in packets:
        frame = dress(packet)
        out += struct.pack(order + "IIII", at // 10**9, at % 10**9 // unit, len(frame), len(frame)) + frame
    return out


def block(order, kind, body):
    body += b"\0" * (-len(body) % 4)
    length = 12 + len(body)
    return struct.pack(order + "II", kind, length) + body + struct.pack(order + "I", length)


def section(order):
    return block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(order, link, options=b""):
    return block(order, 1, struct.pack(order + "HHI", link, 0, 0) + options)


def enhanced(order, number, ticks, frame):
    return block(order, 6, struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF,
                                       len(frame), len(frame)) + frame)


def lateral():
    """One host scans another from inside, then logs in to three: LATERAL_MOVEMENT."""
    t = Talk()
    for port in range(1, 121):
        t.refused("10.0.0.5", 40000 + port, "10.0.0.7", port if port != 22 else 2222)
    for n, (host, port) in enumerate([(7, 22), (8, 22), (9, 22), (7, 445), (8, 445), (7, 3389)]):
        t.connection("10.0.0.5", 50000 + n, f"10.0.0.{host}", port)
    t.say(ipv4("10.0.0.5", "10.0.0.1", 17, udp(5353, 53, bytes(30))), after_ms=120_000)
    return t.packets


def ordinary():
    """Name look-ups, pages, a time server, a download: nothing."""
    t = Talk()
    for n in range(40):
        t.say(ipv4("10.0.0.5", "10.0.0.1", 17, udp(30000 + n, 53, bytes(32))), after_ms=700)
        t.say(ipv4("10.0.0.1", "10.0.0.5", 17, udp(53, 30000 + n, bytes(90))))
        t.connection("10.0.0.5", 41000 + n, f"93.184.216.{1 + n % 7}", 443, 500, 1400)
        if n % 10 == 0:
            t.say(ipv4("10.0.0.5", "10.0.0.2", 17, udp(123, 123, bytes(48))))
            t.say(ipv4("10.0.0.2", "10.0.0.5", 17, udp(123, 123, bytes(48))))
    return t.packets


def mixed():
    """Two sections of either byte order, interfaces of different link type and precision."""
    one, two = ipv4("10.0.0.5", "10.0.0.7", 17, udp(1, 2, b"abcd")), ipv4("10.0.0.7", "10.0.0.5", 17, udp(2, 1))
    out = b""
    for n, order in enumerate("<>"):
        nano = struct.pack(order + "HHB3xHHqHH", 9, 1, 9, 14, 8, 1000, 0, 0)
        binary = struct.pack(order + "HHB3xHH", 9, 1, 0x80 | 20, 0, 0)
        base = START // 10**9 + n * 86400 * 3650
        out += section(order)
        out += interface(order, 1) + interface(order, 113, nano) + interface(order, 101, binary)
        out += block(order, 5, bytes(12))
        out += enhanced(order, 0, base * 10**6, ethernet(one))
        out += enhanced(order, 1, (base - 999) * 10**9, b"\0\0\0\1\0\6\2\0\0\0\0\2\0\0\x08\0" + two)
        out += enhanced(order, 2, (base + 2) << 20, one)
        out += block(order, 3, struct.pack(order + "I", len(ethernet(two))) + ethernet(two))
    return out


# Made once by openssl req -x509: one is signed by itself, the other by an authority.
OWN_CERTIFICATE = base64.b64decode(
    "MIIBfzCCASWgAwIBAgIUOT0CpviXU3fbnsoZsUwmvSijvSYwCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2"
    "MTEyNjE3Mzc0OVoYDzIxMjYxMTAyMTczNzQ5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC"
    "AAQF4NUJoAdtuYAhSlcQ/ncPhSE+Xg3OO3Q4JM2Jp4TlV+ayW2AJr4PV28zRF/MchSbDoJsDTWzR9NOOVcp+LCHCo1MwUTAdBgNV"
    "HQ4EFgQUV59UTLLyVPIgoQp8YievOBGb2eUwHwYDVR0jBBgwFoAUV59UTLLyVPIgoQp8YievOBGb2eUwDwYDVR0TAQH/BAUwAwEB"
    "/zAKBggqhkjOPQQDAgNIADBFAiAh2YNQq1CWMybfEGqyzWfRdWy8fpyKtevz9ioIBvaaYAIhAKWJbVr1VxvJ0bA+oPmck35v1DQU"
    "nH9/5zGjqTQmMVlN")
SIGNED_CERTIFICATE = base64.b64decode(
    "MIIBQTCB6QIUQeDk172skjkjA3fqxAxTjxPM4Y4wCgYIKoZIzj0EAwIwIzEOMAwGA1UECgwFS25vd24xETAPBgNVBAMMCEtub3du"
    "IENBMCAXDTI2MTEyNjE3Mzc0OVoYDzIxMjYxMTAyMTczNzQ5WjAjMSEwHwYDVQQDDBh0ZWxlbWV0cnkudmVuZG9yLmV4YW1wbGUw"
    "WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAASAwh405Gbi2SaV29HPdj6Ujnpwn1Qf2BVU0+yacXfxY/myOJoR25l2boNBm+JYSUbT"
    "SXsH2kjEZeOI5W2y0uG2MAoGCCqGSM49BAMCA0cAMEQCICzgZK5o3We1o7/48VsC0cALueSUiS0KK672Aq82FIIsAiA4FNQftfx1"
    "7QhwQ52fYv+MSTNzYoJ8VZp35PGa1hJ8pw==")


def handshake_record(*messages):
    body = b"".join(struct.pack(">I", kind << 24 | len(m)) + m for kind, m in messages)
    return struct.pack(">BHH", 22, 0x0303, len(body)) + body


def client_hello(name):
    """TLS 1.2 at most, as many implants and old programs speak it."""
    ciphers = struct.pack(">6H", 0xC02B, 0xC02F, 0xC02C, 0xC030, 0x9C, 0x2F)
    extensions = struct.pack(">HHHHH", 10, 6, 4, 23, 24) + struct.pack(">HHHHH", 13, 6, 4, 0x0403, 0x0401)
    if name:
        n = name.encode()
        extensions += struct.pack(">HHHBH", 0, len(n) + 5, len(n) + 3, 0, len(n)) + n
    body = b"\3\3" + bytes(range(32)) + b"\0" + struct.pack(">H", len(ciphers)) + ciphers + b"\1\0"
    return handshake_record((1, body + struct.pack(">H", len(extensions)) + extensions))


def server_flight(certificate):
    hello = b"\3\3" + bytes(range(32, 64)) + b"\0\xc0\x2b\0"
    one = struct.pack(">I", len(certificate))[1:] + certificate
    return handshake_record((2, hello), (11, struct.pack(">I", len(one))[1:] + one), (14, b""))


class Stream:
    """A TCP connection with true sequence numbers."""

    def __init__(self, talk, a, sport, b, dport):
        self.talk, self.ends, self.seq = talk, ((a, sport), (b, dport)), [1000, 5000]

    def packet(self, side, flags, payload=b"", after_ms=1):
        (a, sport), (b, dport) = self.ends[side], self.ends[not side]
        head = struct.pack(">HHIIBBHHH", sport, dport, self.seq[side], self.seq[not side], 5 << 4, flags, 64240, 0, 0)
        self.talk.say(ipv4(a, b, 6, head + payload), after_ms)
        self.seq[side] += len(payload) + bool(flags & (SYN | FIN))

    def exchange(self, *said, after_ms=1):
        """(side, bytes)… between a handshake and an end."""
        self.packet(0, SYN, after_ms=after_ms)
        self.packet(1, SYN | ACK, after_ms=20)
        self.packet(0, ACK)
        for side, payload in said:
            for at in range(0, len(payload), 1400):
                self.packet(side, PSH | ACK, payload[at:at + 1400], after_ms=5)
        for side in (0, 1):
            self.packet(side, FIN | ACK, after_ms=5)
        self.packet(0, ACK)


def question(number, name):
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
    return struct.pack(">HHHHHH", number, 0x0100, 1, 0, 0, 0) + labels + b"\0\1\0\1"


def look_up(talk, number, name, address):
    asked = question(number, name)
    answer = asked[:2] + b"\x81\x80\0\1\0\1" + asked[8:] + b"\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4"
    talk.say(ipv4("10.0.0.5", "10.0.0.1", 17, udp(20000 + number, 53, asked)), after_ms=300)
    talk.say(ipv4("10.0.0.1", "10.0.0.5", 17, udp(53, 20000 + number, answer + bytes(map(int, address.split("."))))))


def application(length):
    return struct.pack(">BHH", 23, 0x0303, length) + bytes(n * 31 % 251 for n in range(length))


def calls(name, certificate):
    """A quarter of an hour of calls once a minute, among visits of sites that were asked for by name."""
    t = Talk()
    if name:
        look_up(t, 999, name, "198.51.100.66")
    for n in range(15):
        for visit in range(2):
            k = 2 * n + visit
            address, site = f"192.0.2.{10 + k % 40}", f"www.site{k % 40}.example"
            look_up(t, k, site, address)
            Stream(t, "10.0.0.5", 30000 + k, address, 443).exchange(
                (0, client_hello(site)), (1, server_flight(SIGNED_CERTIFICATE)), (0, application(400)),
                (1, application(500 + 97 * (k % 7))), after_ms=3000 + 1931 * (k * k % 5))
        t.at = START + n * 60_000_000_000 + (n * 7919 % 3000) * 1_000_000 + 40_000_000_000
        Stream(t, "10.0.0.5", 50000 + n, "198.51.100.66", 443).exchange(
            (0, client_hello(name)), (1, server_flight(certificate)), (0, application(220)), (1, application(260)))
    t.say(ipv4("10.0.0.5", "10.0.0.1", 17, udp(5353, 53, question(1, "end.example"))), after_ms=120_000)
    return t.packets


def published():
    """The packets of RFC 9001 and RFC 9369 that the unit tests have, as two conversations."""
    with open(f"{os.path.dirname(HERE)}/unit/decode/quic_vectors.h", encoding="utf-8") as file:
        arrays = dict(re.findall(r"(\w+)\[\] = \{([^}]*)\}", file.read()))
    t = Talk()
    for version in "12":
        for side, there in (("client", True), ("server", False)):
            said = bytes(int(b, 16) for b in re.findall(r"0x(\w\w)", arrays[f"{side}_{version}"]))
            a, b, ports = "10.0.0.5", "192.0.2.8", (50000 + int(version), 443)
            t.say(ipv4(a, b, 17, udp(*ports, said)) if there else ipv4(b, a, 17, udp(*ports[::-1], said)), 20)
    return t.packets


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def parse_seeds():
    a, b = "10.0.0.5", "10.0.0.7"
    six = (bytes.fromhex("fe80") + bytes(13) + b"\1", bytes.fromhex("fe80") + bytes(13) + b"\2")
    syn, ask = ipv4(a, b, 6, tcp(40000, 22, SYN)), ipv4(a, b, 17, udp(5000, 161, b"x"))
    answer = ipv4(b, a, 6, tcp(22, 40000, SYN | ACK))
    raw, cooked = 4, 6
    yield "handshake", [(raw, syn), (raw, answer), (raw, ipv4(a, b, 6, tcp(40000, 22, ACK)))]
    yield "reset", [(raw, syn), (raw, ipv4(b, a, 6, tcp(22, 40000, RST | ACK))), (raw, syn)]
    yield "unreachable", [(raw, ask), (raw, ipv4(b, a, 1, icmp(3, 3, payload=ask[:28])))]
    yield "echo", [(raw, ipv4(a, b, 1, icmp(8, 0, b"\0\7\0\1"))), (raw, ipv4(b, a, 1, icmp(0, 0, b"\0\7\0\1")))]
    yield "fragments", [(raw, ipv4(a, b, 17, udp(1, 2, bytes(24)), 9, 0x2000)),
                        (raw, ipv4(a, b, 17, bytes(16), 9, 4))]
    yield "six", [(raw, ipv6(*six, 17, udp(1, 2, b"abc"))),
                  (raw, ipv6(*six, 0, b"\x2c\0\1\4\0\0\0\0" + b"\x11\0\0\1\0\0\0\5" + udp(1, 2))),
                  (raw, ipv6(*six, 58, icmp(1, 4, payload=ipv6(*six[::-1], 17, udp(3, 4)))))]
    yield "links", [(0, ethernet(syn, b"\x81\0\0\x64")), (0, ethernet(syn, b"\x88\xa8\0\1\x81\0\0\2")),
                    (1, b"\2\0\0\0" + syn), (2, b"\xff\3\0\x21" + syn), (5, b"\0\0\0\2" + syn),
                    (cooked, b"\0\0\0\1\0\6\2\0\0\0\0\2\0\0\x08\0" + syn),
                    (9, b"\2\0\0\0" + struct.pack("<HH", 4 + len(syn), 9) + syn),
                    (10, b"\x08\0\0\0\0\0\0\3\0\1\0\6\2\0\0\0\0\2\0\0" + syn)]
    yield "others", [(raw, ipv4(a, b, 132, struct.pack(">HHII", 1, 2, 3, 4))), (raw, ipv4(a, b, 47, bytes(4)))]


def json_seed():
    event = {"@timestamp": "2023-11-14T22:13:20.000001Z", "event.kind": "event", "event.dataset": "weir.flow",
             "source.ip": "10.0.0.5", "source.port": 40000, "destination.ip": "10.0.0.7",
             "destination.port": 22, "network.transport": "tcp", "source.bytes": 100}
    lines = [json.dumps(event), "", "{", json.dumps({"event.kind": "alert"}), "[]", json.dumps(event)]
    return "\n".join(lines).encode()


def main():
    write(f"{HERE}/lateral-movement.pcap", pcap(lateral()))
    write(f"{HERE}/ordinary.pcap", pcap(ordinary(), order=">", magic=0xA1B23C4D, unit=1))
    write(f"{HERE}/mixed.pcapng", mixed())
    write(f"{HERE}/beacon.pcap", pcap(calls(None, OWN_CERTIFICATE)))
    write(f"{HERE}/telemetry.pcap", pcap(calls("telemetry.vendor.example", SIGNED_CERTIFICATE)))
    write(f"{HERE}/quic.pcap", pcap(published()))
    few = lateral()[:6]
    write(f"{SEEDS}/pcap/little", pcap(few))
    write(f"{SEEDS}/pcap/big-nano", pcap(few, order=">", magic=0xA1B23C4D, unit=1, link=101, dress=bytes))
    write(f"{SEEDS}/pcapng/mixed", mixed())
    write(f"{SEEDS}/json/lines", json_seed())
    for name, frames in parse_seeds():
        write(f"{SEEDS}/parse/{name}", b"".join(bytes([link, len(f)]) + f for link, f in frames))


if __name__ == "__main__":
    main()
