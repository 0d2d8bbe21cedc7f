#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Names that nobody gives in good faith, where an attacker may put them.

strange.py events FILE     weir's JSON events with them, in each field that a peer or a program chooses
strange.py capture FILE    a capture in which DNS, TLS and HTTP say them
strange.py rules FILE      a rule for each of these fields that makes a detection of its value
strange.py json            standard input is JSON, one object a line, in valid UTF-8 without controls
strange.py text            standard input is text that a terminal only shows
"""

import json
import struct
import sys
import unicodedata
import uuid

NAMES = [
    "\x1b[2J\x1b]0;owned\x07red\x1b[31m",  # clears the screen, sets the title
    'quote" signals=PORT_SCAN "',
    "back\\slash\\",
    'both\\" evil=1 \\',
    "line\nDETECTION FALSE_ONE critical id=1",
    "carriage\rreturn\ttab\x08\x7f",
    "nul\0byte",
    "abc\u202egpj.exe\u202c\u2066x\u2069\u200f",  # right to left
    "next\u0085line\u2028separator\u2029paragraph\u009b31m",
    "\ufeffmark",
    "'; DROP TABLE detection; --",
    "%s%n%x {source.ip} $(id) `id` <script>alert(1)</script>",
    "\\x1b[31m",  # reads as an escape of weir's own
    "Ünïcödé 名前 🦊",
    "",
    " ",
    "a" * 65536,
    "\U0001f98a" * 16384,
    '"' * 65536,
]
# Bytes that are no text; JSON from elsewhere carries them as they are.
BYTES = [b"\xff\xfe\xc0\xaf", b"cut \xe2\x80", b"\xed\xa0\x80 surrogate", b"\xf4\x90\x80\x80"]

FIELDS = {
    "process": ["process.name", "process.command_line", "process.executable", "user.name", "container.name"],
    "dns": ["dns.question.name"],
    "tls": ["tls.client.server_name"],
    "http": ["user_agent.original", "url.original", "http.request.referrer"],
    "file": ["file.name", "smb.share"],
    "connection": ["destination.domain"],
}
START = 1700000000


def event(at, service, field, value):
    return {
        "@timestamp": "2023-11-14T22:%02d:%02d.%03dZ" % (at // 60000 % 60, at // 1000 % 60, at % 1000),
        "event.kind": "event", "event.dataset": "weir." + service, "source.ip": "10.0.0.5",
        "destination.ip": "198.51.100.7", "destination.port": 443, "network.transport": "tcp", field: value,
    }


def write_events(out):
    at = 0
    for service, fields in FIELDS.items():
        for field in fields:
            for name in NAMES + [bytes.decode("latin-1") for bytes in BYTES]:
                at += 100
                line = json.dumps(event(at, service, field, name)).encode()
                out.write(line + b"\n")
            for raw in BYTES:
                at += 100
                line = json.dumps(event(at, service, field, "@@")).encode()
                out.write(line.replace(b"@@", raw) + b"\n")


# ---- a capture ----

def ip(source, destination, protocol, payload):
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, protocol, 0, source, destination)
    words = struct.unpack(">10H", head)
    total = sum(words)
    total = (total & 0xffff) + (total >> 16)
    total = (total & 0xffff) + (total >> 16)
    return head[:10] + struct.pack(">H", ~total & 0xffff) + head[12:] + payload


CLIENT, SERVER = bytes([10, 0, 0, 5]), bytes([198, 51, 100, 7])


def tcp(out, port, server_port, sent):
    def segment(up, seq, ack, flags, payload=b""):
        ports = (port, server_port) if up else (server_port, port)
        head = struct.pack(">HHIIBBHHH", *ports, seq, ack, 0x50, flags, 65535, 0, 0)
        out.packet(ip(*((CLIENT, SERVER) if up else (SERVER, CLIENT)), 6, head + payload))

    segment(True, 100, 0, 2)
    segment(False, 500, 101, 18)
    segment(True, 101, 501, 16)
    for at in range(0, len(sent), 1400):
        segment(True, 101 + at, 501, 24, sent[at:at + 1400])
    segment(True, 101 + len(sent), 501, 17)
    segment(False, 501, 102 + len(sent), 17)
    segment(True, 102 + len(sent), 502, 16)


def dns(out, port, name):
    labels = b"".join(struct.pack("B", len(name[at:at + 63])) + name[at:at + 63] for at in range(0, min(len(name), 240), 63))
    query = struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + b"\7example\3com\0" + struct.pack(">HH", 1, 1)
    out.packet(ip(CLIENT, SERVER, 17, struct.pack(">HHHH", port, 53, 8 + len(query), 0) + query))


def client_hello(name):
    server = struct.pack(">HBH", len(name) + 3, 0, len(name)) + name
    extensions = struct.pack(">HH", 0, len(server)) + server
    body = b"\3\3" + bytes(32) + b"\0" + struct.pack(">HH", 2, 0x1301) + b"\1\0" + struct.pack(">H", len(extensions)) + extensions
    shake = b"\1" + struct.pack(">I", len(body))[1:] + body
    return b"\x16\3\1" + struct.pack(">H", len(shake)) + shake


def request(name):
    return (b"GET /" + name.replace(b" ", b"%20") + b" HTTP/1.1\r\nHost: " + name + b"\r\nUser-Agent: " + name +
            b"\r\nReferer: " + name + b"\r\n\r\n")


class Capture:
    def __init__(self, out):
        self.out, self.at = out, 0
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, 101))

    def packet(self, bytes):
        self.at += 1000
        self.out.write(struct.pack("<IIII", START + self.at // 1000000, self.at % 1000000, len(bytes), len(bytes)) + bytes)


def write_capture(out):
    capture = Capture(out)
    for number, name in enumerate([name.encode()[:8000] for name in NAMES] + BYTES):
        if name:
            dns(capture, 20000 + number, name)
        tcp(capture, 30000 + number, 443, client_hello(name))
        tcp(capture, 40000 + number, 80, request(name.replace(b"\r", b"").replace(b"\n", b"")))


# ---- rules ----

RULE = """title: Strange {field}
id: {base}
name: strange_{name}
logsource: {{category: network, service: {service}}}
detection: {{named: {{{field}|exists: true}}, condition: named}}
level: low
---
title: Strange {field}, found
id: {whole}
name: strange_{name}_found
description: A value of {field}.
correlation:
    type: event_count
    rules: [strange_{name}]
    group-by: [{field}]
    timespan: 5m
    condition: {{gte: 1}}
weir: {{summary: "seen: {{{field}}}", raise: detection}}
level: high
"""


def write_rules(out):
    rules = []
    for service, fields in FIELDS.items():
        for field in fields:
            rules.append(RULE.format(field=field, service=service, name=field.replace(".", "_"),
                                     base=uuid.uuid5(uuid.NAMESPACE_DNS, field),
                                     whole=uuid.uuid5(uuid.NAMESPACE_DNS, field + " found")))
    out.write("---\n".join(rules).encode())


# ---- what came out ----

OBEYED = set("\u200e\u200f\u061c\u2028\u2029\ufeff") | {chr(c) for c in [*range(0x202a, 0x202f), *range(0x2066, 0x206a)]}


def obeyed(text):
    return [c for c in text if unicodedata.category(c) == "Cc" or c in OBEYED]


FORGED = "DETECTION FALSE_ONE"  # as a line of its own


def strings(value, name=""):
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield "", key
            yield from strings(one, key)
    elif isinstance(value, list):
        for one in value:
            yield from strings(one, name)


def check_line(text):
    if obeyed(text) or text.lstrip().startswith(FORGED):
        sys.exit("obeyed, or forged: %r" % text[:300])


def check_json(data):
    lines = data.decode("utf-8").split("\n")
    if len(lines) < 2:
        sys.exit("nothing was said")
    for line in lines[:-1]:
        for name, text in strings(json.loads(line)):
            for part in text.split("\n") if name == "weir.why" else [text]:
                check_line(part)


def check_text(data):
    if not data.strip():
        sys.exit("nothing was said")
    for line in data.decode("utf-8").split("\n"):
        check_line(line.rstrip("\r"))  # a terminal ends lines so


def main():
    writers = {"events": write_events, "capture": write_capture, "rules": write_rules}
    if sys.argv[1] in writers:
        with open(sys.argv[2], "wb") as out:
            writers[sys.argv[1]](out)
    else:
        {"json": check_json, "text": check_text}[sys.argv[1]](sys.stdin.buffer.read())


if __name__ == "__main__":
    main()
