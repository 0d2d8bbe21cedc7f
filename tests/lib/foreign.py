#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What others have in the kernel beside weir; of this network namespace's interfaces, and a cgroup.

foreign.py tcx INTERFACE ingress|egress PINNED   holds that program there by a link, until killed
foreign.py show [CGROUP]    all that is attached there and is not weir's, in its order: hook, filter's
                            priority and handle, program's id, tag, name and a digest of its code, links
foreign.py count [CGROUP]   what each of these programs has counted: hook, name, number
"""

import ctypes
import hashlib
import json
import os
import platform
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
from look import TCX_SIDES, SYSCALL, said, tcx

BPF_OBJ_GET, BPF_LINK_CREATE = 7, 28


def bpf(command, attr):
    buffer = ctypes.create_string_buffer(attr.ljust(128, b"\0"), 128)
    libc = ctypes.CDLL(None, use_errno=True)
    got = libc.syscall(SYSCALL[platform.machine()], command, buffer, 128)
    if got < 0:
        sys.exit(f"foreign: bpf({command}): {os.strerror(ctypes.get_errno())}")
    return got


def hold(interface, side, pinned):
    path = ctypes.create_string_buffer(pinned.encode())
    program = bpf(BPF_OBJ_GET, struct.pack("QII", ctypes.addressof(path), 0, 0))
    bpf(BPF_LINK_CREATE, struct.pack("IIII", program, socket.if_nametoindex(interface), TCX_SIDES["tcx/" + side], 0))
    print("held", flush=True)
    while True:
        time.sleep(3600)


def behind_dispatcher(interface):
    """Those that libxdp's dispatcher calls, with their priority and actions."""
    if shutil.which("xdp-loader"):
        status = subprocess.run(["xdp-loader", "status", interface], stdout=subprocess.PIPE, text=True, check=True)
        for line in status.stdout.splitlines():
            words = line.split()
            if words[:1] == ["=>"]:
                yield f"{interface} xdp dispatched {words[1]} {words[5:]}", int(words[3])


def filters(interface, side):
    for entry in said("tc", "-j", "filter", "show", "dev", interface, side):
        options = entry.get("options", {})
        place = f"{interface} {side} {entry['kind']} pref {entry['pref']} chain {entry['chain']}"
        if "prog" in options:
            yield f"{place} handle {options['handle']}", options["prog"]["id"]
        elif options:
            yield f"{place} {json.dumps(options)}", 0


def attached(cgroup):
    """Place and id of every program (0: a filter that is none), in the order in which a packet meets them."""
    for link in said("ip", "-j", "link", "show"):
        name = link["ifname"]
        if "xdp" in link:
            yield f"{name} xdp mode {link['xdp']['mode']}", link["xdp"]["prog"]["id"]
        yield from behind_dispatcher(name)
        for side in ("ingress", "egress"):
            for program in tcx(link["ifindex"], TCX_SIDES["tcx/" + side]):
                yield f"{name} {side} tcx", program
            yield from filters(name, side)
    if cgroup:
        for entry in said("bpftool", "-j", "cgroup", "show", cgroup):
            yield f"cgroup {entry['attach_type']} {entry['attach_flags']}", entry["id"]


def program(number):
    return said("bpftool", "-j", "prog", "show", "id", str(number))


def code(number):
    with tempfile.NamedTemporaryFile() as file:
        subprocess.run(["bpftool", "prog", "dump", "xlated", "id", str(number), "file", file.name], check=True,
                       stdout=subprocess.DEVNULL)
        return hashlib.sha256(file.read()).hexdigest()[:16]


def foreign(cgroup):
    for place, number in attached(cgroup):
        shown = program(number) if number else {}
        if not shown.get("name", "").startswith("weir_"):
            yield place, shown


def show(cgroup):
    links = {}
    for link in said("bpftool", "-j", "link", "show"):
        links.setdefault(link.get("prog_id"), []).append(link["id"])
    for place, shown in foreign(cgroup):
        words = []
        if shown:
            number = shown["id"]
            words = [shown.get("name", "-"), "id", number, "tag", shown["tag"], "code", code(number),
                     "maps", sorted(shown.get("map_ids", [])), "links", links.get(number, [])]
        print(place, *words)


def count(cgroup):
    for place, shown in foreign(cgroup):
        if not shown.get("name", "").startswith("foreign_"):
            continue
        total = 0
        for number in shown.get("map_ids", []):
            entry = said("bpftool", "-j", "map", "dump", "id", str(number))[0]
            value = entry.get("formatted", entry)["value"]
            total += value if isinstance(value, int) else int.from_bytes(
                bytes(int(byte, 16) for byte in value), sys.byteorder)
        print(place.split(" pref")[0].split(" mode")[0].replace(" bpf", ""), shown["name"], total)


def main():
    verb, rest = sys.argv[1], sys.argv[2:]
    if verb == "tcx":
        hold(*rest)
    (show if verb == "show" else count)(rest[0] if rest else None)


if __name__ == "__main__":
    main()
