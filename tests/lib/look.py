#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What tests look at in weir's events and in captures; prints one answer.

look.py count EVENTS DATASET [KEY=VALUE…]   events of that data set
look.py sum EVENTS DATASET [KEY=VALUE…]     how many they stand for (event.count)
look.py field EVENTS DATASET [KEY=VALUE…] FIELD…  what they say there, each once
look.py tuples EVENTS DATASET [KEY=VALUE…]  distinct 5-tuples among them, either way round
look.py bytes EVENTS [KEY=VALUE…]           IP bytes that flow events report
look.py packets EVENTS [KEY=VALUE…]         packets that flow events report
look.py payload EVENTS [KEY=VALUE…]         payload bytes of initiator and responder
look.py overhead EVENTS HEADERS [KEY=VALUE…]  the initiator's IP bytes, less its payload, less HEADERS a packet
look.py capture-bytes PCAP                  IP bytes of a capture (Ethernet)
look.py capture-packets PCAP                IP packets of it
look.py alike EVENTS EVENTS MILLISECONDS    whether both have the same signals; says how not
look.py decoded-alike EVENTS EVENTS         whether both have the same decoded events; says how not
look.py hook STATUS INTERFACE in|out        bytes of the buffers that this hook saw
look.py losses STATUS                       reasons for which something was not told, with numbers
look.py value STATUS PATH                   one value of it, such as flows.ended or capture.interfaces.0.name
look.py attached                            BPF programs and clsact on this network namespace's
                                            interfaces: interface, hook, name; one a line
look.py counted PROGRAM                     sum of the counters of its foreign programs of that name
"""

import collections
import ctypes
import datetime
import json
import platform
import struct
import subprocess
import sys

KEYS = ("source.ip", "source.port", "destination.ip", "destination.port", "network.transport")


def records(path):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def events(path, dataset, wanted):
    wanted = dict(word.split("=", 1) for word in wanted)
    for record in records(path):
        if record.get("event.dataset") != "weir." + dataset:
            continue
        if all(str(record.get(key, "")).lower() == value.lower() for key, value in wanted.items()):
            yield record


def field(path, dataset, *words):
    names = [word for word in words if "=" not in word]
    found = events(path, dataset, [word for word in words if "=" in word])
    lines = (" ".join(str(record.get(name, "-")) for name in names) for record in found)
    return "\n".join(dict.fromkeys(lines))


def tuple_of(record):
    values = [record.get(key) for key in KEYS]
    return (frozenset((tuple(values[0:2]), tuple(values[2:4]))), values[4])


def total(path, what, wanted):
    return sum(
        record.get("source." + what, 0) + record.get("destination." + what, 0)
        for record in events(path, "flow", wanted)
    )


def side(path, what, wanted):
    return sum(record.get(what, 0) for record in events(path, "flow", wanted))


def payload(path, wanted):
    return f"{side(path, 'source.payload_bytes', wanted)} {side(path, 'destination.payload_bytes', wanted)}"


def overhead(path, headers, *wanted):
    headers_bytes = side(path, "source.bytes", wanted) - side(path, "source.payload_bytes", wanted)
    return headers_bytes - int(headers) * side(path, "source.packets", wanted)


def capture(path):
    """IP length of each packet of a pcap with Ethernet headers, VLAN tags allowed."""
    with open(path, "rb") as file:
        head = file.read(24)
        order = "<" if head[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else ">"
        while len(header := file.read(16)) == 16:
            frame = file.read(struct.unpack(order + "4I", header)[2])
            at = 12
            while frame[at : at + 2] in (b"\x81\x00", b"\x88\xa8"):
                at += 4
            kind, start = frame[at : at + 2], at + 2
            if kind == b"\x08\x00":
                yield struct.unpack_from("!H", frame, start + 2)[0]
            elif kind == b"\x86\xdd":
                yield 40 + struct.unpack_from("!H", frame, start + 4)[0]


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def signals(path):
    """The last word on each signal, by rule, keys and severity."""
    last = {r["event.id"]: r for r in records(path) if r.get("event.kind") == "signal"}
    found = {}
    for record in last.values():
        keys = tuple(record.get(key) for key in ("source.ip", "destination.ip"))
        found.setdefault((record["rule.name"], keys, record["weir.severity"]), []).append(record)
    for several in found.values():
        several.sort(key=lambda record: record["event.start"])
    return found


def differences(one, other, milliseconds):
    """Signals pair up by rule, keys and severity; their values are equal, their times nearly."""
    for key in sorted(set(one) ^ set(other), key=str):
        yield f"only {'the first' if key in one else 'the second'} has {key}"
    for key in sorted(set(one) & set(other), key=str):
        if len(one[key]) != len(other[key]):
            yield f"{key}: {len(one[key])} and {len(other[key])} times"
        for first, second in zip(one[key], other[key]):
            apart = abs(moment(first["event.start"]) - moment(second["event.start"]))
            if apart > datetime.timedelta(milliseconds=milliseconds):
                yield f"{key}: start {apart} apart"
            values = [{k: v["value"] for k, v in r["weir.values"].items()} for r in (first, second)]
            if values[0] != values[1]:
                yield f"{key}: values {values[0]} and {values[1]}"


def alike(one, other, milliseconds):
    one, other = signals(one), signals(other)
    found = list(differences(one, other, float(milliseconds)))
    if not one:
        found.append("the first has no signal")
    if found:
        sys.exit("\n".join(found))
    return f"{sum(map(len, one.values()))} signals alike"


DECODED = ("dns", "tls", "http", "file", "login", "icmp", "arp", "dhcp")
SAID = ("dns.", "tls.", "http.", "url.", "user_agent.", "file.", "smb.", "ssh.", "rdp.", "ftp.", "icmp.", "user.")
SAID_TOO = KEYS + ("event.dataset", "event.action", "event.outcome", "event.provider", "event.count",
                   "network.protocol", "weir.anomaly", "source.mac", "destination.mac", "host.hostname", "message")


def decoded(path):
    """How often each decoded event is there, as what it says of packets alone."""
    found = collections.Counter()
    for record in records(path):
        if record.get("event.kind") == "event" and record["event.dataset"][5:] in DECODED:
            said = {k: v for k, v in sorted(record.items()) if k.startswith(SAID) or k in SAID_TOO}
            found[json.dumps(said)] += 1
    return found


def spoken(path):
    """What each connection spoke by its last event, as events of decoders are counted."""
    last = {tuple_of(record): record.get("network.protocol") for record in events(path, "flow", ())}
    return collections.Counter(f"{sorted(map(str, ends))} {over} speaks {said}" for (ends, over), said in last.items())


def decoded_alike(one, other):
    one, other = decoded(one) + spoken(one), decoded(other) + spoken(other)
    apart = [f"{n} only in the first: {event}" for event, n in (one - other).items()]
    apart += [f"{n} only in the second: {event}" for event, n in (other - one).items()]
    if apart:
        sys.exit("\n".join(apart[:20] + [f"{len(apart)} differ of {sum(one.values())} and {sum(other.values())}"]))
    return f"{sum(one.values())} events alike"


def load(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def value(path, words):
    found = load(path)
    for word in words.split("."):
        found = found[int(word) if isinstance(found, list) else word]
    return found


SIDES = {"in": "received", "out": "sent"}


def hook(path, interface, direction):
    for entry in load(path)["capture"]["interfaces"]:
        if entry["name"] == interface:
            return entry[SIDES[direction]]["buffer_bytes"]
    sys.exit(f"no interface {interface} in the status")


HARMLESS = ("not IP",)


def losses(path):
    return ", ".join(
        f"{entry['words']}: {entry['count']}"
        for entry in load(path)["capture"]["losses"]
        if entry["count"] and entry["words"] not in HARMLESS
    )


def said(*words):
    return json.loads(subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout or "[]")


# bpftool of Debian 12 knows nothing of TCX: the system call is asked.
BPF_PROG_QUERY = 16
TCX_SIDES = {"tcx/ingress": 46, "tcx/egress": 47}
SYSCALL = {"x86_64": 321, "aarch64": 280}


def tcx(index, attach_type):
    """Ids of the programs on one side of an interface; none where the kernel has no TCX."""
    numbers = (ctypes.c_uint32 * 64)()
    attr = struct.pack("IIIIQIIQQQQ", index, attach_type, 0, 0, ctypes.addressof(numbers), 64, 0, 0, 0, 0, 0)
    buffer = ctypes.create_string_buffer(attr, len(attr))
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.syscall(SYSCALL[platform.machine()], BPF_PROG_QUERY, buffer, len(attr)) < 0:
        return []
    return numbers[: struct.unpack_from("I", buffer.raw, 24)[0]]


def programs():
    """Interface, hook and id of each program on this network namespace's interfaces."""
    for link in said("ip", "-j", "link", "show"):
        for side_name, attach_type in TCX_SIDES.items():
            for number in tcx(link["ifindex"], attach_type):
                yield link["ifname"], side_name, number
    for entry in said("bpftool", "-j", "net", "show")[0]["tc"]:
        if not entry["kind"].startswith("tcx"):
            yield entry["devname"], entry["kind"], entry["id"]
    for entry in said("bpftool", "-j", "net", "show")[0]["xdp"]:
        yield entry["devname"], "xdp", entry["id"]


def program(number):
    return said("bpftool", "-j", "prog", "show", "id", str(number))


def attached():
    lines = {f"{where} {kind} {program(number)['name']}" for where, kind, number in programs()}
    for entry in said("tc", "-j", "qdisc", "show"):
        if entry["kind"] == "clsact":
            lines.add(f"{entry['dev']} clsact")
    return "\n".join(sorted(lines))


def counted(name):
    total_count = 0
    for shown in (program(number) for _, _, number in programs()):
        if shown["name"] != name:
            continue
        for number in shown.get("map_ids", []):
            entry = said("bpftool", "-j", "map", "dump", "id", str(number))[0]
            count = entry.get("formatted", entry)["value"]
            if isinstance(count, list):  # bytes, where the map has no type information
                count = int.from_bytes(bytes(int(byte, 16) for byte in count), sys.byteorder)
            total_count += count
    return total_count


def main():
    verb, path, rest = sys.argv[1], "".join(sys.argv[2:3]), sys.argv[3:]
    answers = {
        "count": lambda: sum(1 for _ in events(path, rest[0], rest[1:])),
        "sum": lambda: sum(record.get("event.count", 1) for record in events(path, rest[0], rest[1:])),
        "field": lambda: field(path, *rest),
        "tuples": lambda: len({tuple_of(record) for record in events(path, rest[0], rest[1:])}),
        "bytes": lambda: total(path, "bytes", rest),
        "packets": lambda: total(path, "packets", rest),
        "capture-bytes": lambda: sum(capture(path)),
        "capture-packets": lambda: sum(1 for _ in capture(path)),
        "payload": lambda: payload(path, rest),
        "overhead": lambda: overhead(path, *rest),
        "losses": lambda: losses(path),
        "alike": lambda: alike(path, *rest),
        "decoded-alike": lambda: decoded_alike(path, *rest),
        "hook": lambda: hook(path, *rest),
        "value": lambda: value(path, *rest),
        "attached": attached,
        "counted": lambda: counted(path),
    }
    try:
        print(answers[verb]())
    except (OSError, ValueError, KeyError, TypeError, subprocess.CalledProcessError) as error:
        sys.exit(f"look: {verb} {path}: {error!r}")


if __name__ == "__main__":
    main()
