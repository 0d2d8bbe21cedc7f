#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Kills weir again and again, in the network namespace that it is started in.

kill.py TIMES SEED SAID WEIR ARGUMENT…   starts `WEIR ARGUMENT…` and kills it at a random moment
kill.py unheld   programs of weir's, and maps like weir's, that no process of this machine holds

Every start adds a line to SAID, in seconds from the start, `-` for what did not come about:
    READY FIRST KILLED
FIRST: when the rules had their first event, as `weir status` counts them. Leaves with 1 if a weir
ended by itself or did not get ready in time.
"""

import glob
import json
import random
import re
import select
import signal
import socket
import subprocess
import sys
import time

PATIENCE = 60  # seconds for one start
WHOLE = 4  # one of so many lives lasts until its first event


def engine_events():
    """What the running weir has seen; None: it does not answer (yet)."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
            control.settimeout(2)
            control.connect("\0weir")
            control.sendall(b"status\n")
            answer = b""
            while piece := control.recv(1 << 20):
                answer += piece
        return json.loads(answer)["engine"]["events"]
    except (OSError, ValueError, KeyError):
        return None


def wait_ready(child, until):
    """When it said that it is ready; None: it was time before."""
    while (left := until - time.monotonic()) > 0:
        if not select.select([child.stderr], [], [], left)[0]:
            return None
        line = child.stderr.readline()
        if not line:
            raise RuntimeError(f"weir ended by itself with {child.wait()}")
        if line.startswith(b"weir: watching "):
            return time.monotonic()
    return None


def wait_first(until):
    while time.monotonic() < until:
        if engine_events():
            return time.monotonic()
        time.sleep(0.02)
    return None


def one(command, whole, moment):
    """One life. `whole`: until its first event; else until a moment (seconds)."""
    began = time.monotonic()
    until = began + (PATIENCE if whole else moment)
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, bufsize=0)
    try:
        ready = wait_ready(child, until)
        first = wait_first(until) if ready and whole else None
        if whole and not first:
            raise RuntimeError("no event in time")
        if whole:
            time.sleep(moment)
        elif ready:
            time.sleep(max(0, until - time.monotonic()))
        if child.poll() is not None:
            raise RuntimeError(f"weir ended by itself with {child.returncode}")
    finally:
        killed = time.monotonic()
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stderr.close()
    return [f"{at - began:.3f}" if at else "-" for at in (ready, first, killed)]


def held():
    """(kind, id) of all programs and maps to which a process has a descriptor."""
    ids = set()
    for path in glob.glob("/proc/[0-9]*/fdinfo/*"):
        try:
            with open(path, encoding="ascii") as info:
                found = re.search(r"^(prog|map)_id:\s*(\d+)$", info.read(), re.M)
        except OSError:
            continue
        if found:
            ids.add((found[1], int(found[2])))
    return ids


def unheld():
    names = {"prog": "weir_", "map": ("flow_", "half_", "identity", "owner_", "attachment")}
    there = {kind: json.loads(subprocess.check_output(["bpftool", "-j", kind, "list"]))
             for kind in names}
    ids = held()
    for kind, prefix in names.items():
        for one_of in there[kind]:
            if one_of.get("name", "").startswith(prefix) and (kind, one_of["id"]) not in ids:
                print(kind, one_of["id"], one_of["name"])


def main():
    if sys.argv[1:] == ["unheld"]:
        unheld()
        return
    times, seed, said, command = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4:]
    chance = random.Random(seed)
    start = 1.0  # how long one takes here
    with open(said, "a", encoding="utf-8") as out:
        for life in range(times):
            whole = life % WHOLE == 0
            # Most of them in the start or soon after it, some in the work.
            lived = one(command, whole, chance.uniform(0, 1 if whole else 1.5 * start))
            start = float(lived[0]) if whole else start
            print(*lived, file=out, flush=True)


try:
    main()
except RuntimeError as fault:
    sys.exit(f"kill.py: {fault}")
