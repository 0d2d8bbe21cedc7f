#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Traffic for long, and whether what a running weir holds grows under it.

soak.py traffic HOST   mixed, from one process, until it is ended
soak.py watch PID SECONDS WARM INTERVAL   PID and its decoding child, WARM of SECONDS left out

`watch` prints one figure a line. Leaves with 1 if memory grows: by more than three standard errors of the
slope of a line of least squares, and by more than a hundredth of what is held, over the time that
was measured. One page more or less is no leak, nor is what lies within the scatter.
"""

import glob
import math
import re
import socket
import sys
import time

MIB = 1 << 20


def converse(host, port, size):
    """One connection whose server sends all back."""
    with socket.create_connection((host, port), timeout=10) as connection:
        connection.sendall(b"x" * size)
        left = size
        while left > 0 and (piece := connection.recv(65536)):
            left -= len(piece)


def refused(host, port):
    try:
        converse(host, port, 1)
    except OSError:
        pass


def ask(host, port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.sendto(b"?" * 48, (host, port))
        client.recv(2048)


def traffic(host):
    """A few dozen connections a second. One process for all: each that is started is remembered."""
    while True:
        try:
            for size in (10, 100, 1000, 2000, 5000):
                converse(host, 8080, size)
            converse(host, 8081, 200000)
            ask(host, 123)
            refused(host, 9)
        except OSError:
            pass
        time.sleep(0.2)


def family(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as children:
        return [pid, *map(int, children.read().split())]


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:  # it ended meanwhile: one that writes a snapshot
        return ""


def resident(pid):
    """A forked writer of snapshots shares its pages: it is not counted."""
    found = re.search(r"^RssAnon:\s+(\d+) kB", read(f"/proc/{pid}/status"), re.M)
    return int(found[1]) * 1024 if found else 0


def decoding(pid):
    return "decoding-child" in read(f"/proc/{pid}/cmdline")


def sample(pid):
    pids = [pid] + [each for each in family(pid)[1:] if decoding(each)]
    maps = [int(size) for path in glob.glob(f"/proc/{pid}/fdinfo/*")
            for size in re.findall(r"^map_type:.*?^memlock:\s+(\d+)", read(path), re.M | re.S)]
    return {"memory": sum(map(resident, pids)), "kernel maps": sum(maps),
            "descriptors": len(glob.glob(f"/proc/{pid}/fd/*"))}


def slope(points):
    """Least squares: slope and its standard error (Draper and Smith, Applied Regression, 1.4)."""
    n = len(points)
    mean_x = sum(x for x, _ in points) / n
    mean_y = sum(y for _, y in points) / n
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    rise = sum((x - mean_x) * (y - mean_y) for x, y in points) / spread
    rest = sum((y - mean_y - rise * (x - mean_x)) ** 2 for x, y in points)
    return rise, math.sqrt(rest / (n - 2) / spread)


def grows(name, samples):
    points = [(at, held[name]) for at, held in samples]
    rise, error = slope(points)
    mean = sum(y for _, y in points) / len(points)
    grown = rise * (points[-1][0] - points[0][0])
    print(f"figure: {name} {mean / MIB:.1f} MiB")
    print(f"figure: {name} slope {rise * 3600 / MIB:.3f} MiB an hour, error {error * 3600 / MIB:.3f}")
    return rise > 3 * error and grown > mean / 100


def watch(pid, length, warm, interval):
    began = time.monotonic()
    samples = []
    while (at := time.monotonic() - began) < length:
        held = sample(pid)
        if at >= warm:
            samples.append((at, held))
        time.sleep(interval)
    bad = [name for name in ("memory", "kernel maps") if grows(name, samples)]
    counts = [held["descriptors"] for _, held in samples]
    print(f"figure: descriptors, most {max(counts)} count")
    # A few come and go with callers and snapshots.
    half = len(counts) // 2
    if max(counts[half:]) > max(counts[:half]) + 4:
        bad.append("descriptors")
    if bad:
        sys.exit(f"soak.py: {' and '.join(bad)} grew")


if sys.argv[1] == "traffic":
    traffic(sys.argv[2])
else:
    watch(int(sys.argv[2]), *map(float, sys.argv[3:6]))
