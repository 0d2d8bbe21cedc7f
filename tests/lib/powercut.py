#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""powercut.py LOG ANNOUNCED SAMPLES: what lies on the disk if the power goes at some moment.

LOG is a record of tests/lib/faulty.so.c of all changes of a folder since it was empty, ANNOUNCED has a
line `NANOSECONDS ID` for each detection that syslog was told. At SAMPLES places of the log (0: at
each) files are made as they may be found then, three ways: with all that was written; without what
was not synced; with a part of that. Names are as they were last. In each the database must be whole
and hold what was announced before, and the snapshot be whole, if it has its name.

Prints what is wrong, then: places, states looked at, faults, announcements looked for.
"""

import collections
import contextlib
import os
import random
import shutil
import sqlite3
import struct
import sys
import tempfile
import zlib

HEAD = struct.Struct("<cQQII")
Change = collections.namedtuple("Change", "kind at offset path data")


def changes(path):
    with open(path, "rb") as log:
        while head := log.read(HEAD.size):
            kind, at, offset, path_length, length = HEAD.unpack(head)
            name = os.path.basename(log.read(path_length).decode())
            yield Change(kind.decode(), at, offset, name, log.read(length))


class File:
    """What was written, what of it is surely on the disk, and the changes in between."""

    def __init__(self):
        self.written, self.durable, self.loose = bytearray(), bytearray(), []

    def change(self, change):
        apply(self.written, change)
        self.loose.append(change)

    def sync(self):
        self.durable, self.loose = bytearray(self.written), []

    def some(self, chance):
        found = bytearray(self.durable)
        for change in self.loose:
            if chance.random() < 0.5:
                apply(found, change)
        return found


def apply(content, change):
    if change.kind == "t":
        if change.offset < len(content):
            del content[change.offset:]
        else:
            content.extend(bytes(change.offset - len(content)))
        return
    if len(content) < change.offset:
        content.extend(bytes(change.offset - len(content)))
    content[change.offset:change.offset + len(change.data)] = change.data


class Disk:
    def __init__(self):
        self.files = {}

    def change(self, change):
        if change.kind == "c":
            self.files[change.path] = File()
        elif change.kind == "r":
            self.files[os.path.basename(change.data.decode())] = self.files.pop(change.path)
        elif change.kind == "u":
            self.files.pop(change.path, None)
        elif change.kind == "s":
            if change.path in self.files:
                self.files[change.path].sync()
        else:
            self.files.setdefault(change.path, File()).change(change)

    def ways(self, chance):
        yield "all", {name: file.written for name, file in self.files.items()}
        yield "synced", {name: file.durable for name, file in self.files.items()}
        yield "some", {name: file.some(chance) for name, file in self.files.items()}


def database_fault(folder, announced):
    path = os.path.join(folder, "weir.db")
    if not os.path.exists(path):
        return f"{len(announced)} announced, and no database" if announced else None
    try:
        with contextlib.closing(sqlite3.connect(path)) as db:
            if (said := db.execute("pragma integrity_check").fetchone()[0]) != "ok":
                return "database: " + said
            if not announced:
                return None
            held = {row[0] for row in db.execute("select id from detection")}
            missing = announced - held
            return f"{len(missing)} announced and not in the database" if missing else None
    except sqlite3.DatabaseError as error:
        return f"database: {error}"


MAGIC = b"weir state 1\r\n\x1a\0"
ENTRY = struct.Struct("<16s48sQQQQQ")


def snapshot_fault(content):
    if content is None:
        return None
    trailer = len(content) - 24 - len(MAGIC)
    if trailer < len(MAGIC) or content[:len(MAGIC)] != MAGIC or content[-len(MAGIC):] != MAGIC:
        return "snapshot: cut off"
    offset, entries, crc = struct.unpack_from("<QQQ", content, trailer)
    if zlib.crc32(content[offset:trailer]) != crc:
        return "snapshot: directory"
    for i in range(entries):
        *_, start, length, crc = ENTRY.unpack_from(content, offset + i * ENTRY.size)
        if zlib.crc32(content[start:start + length]) != crc:
            return f"snapshot: section {i}"
    return None


def look(disk, announced, chance, tally, beside):
    for way, files in disk.ways(chance):
        folder = tempfile.mkdtemp(dir=beside)
        for name, content in files.items():
            if not name.endswith("-shm"):  # made anew by who opens it first
                with open(os.path.join(folder, name), "wb") as file:
                    file.write(content)
        tally["states"] += 1
        snapshot = files.get("weir.db.state")
        for fault in (database_fault(folder, announced), snapshot_fault(snapshot)):
            if fault:
                tally["faults"] += 1
                yield f"{way}: {fault}"
        shutil.rmtree(folder)


def main():
    log, announcements, samples = sys.argv[1:4]
    with open(announcements) as lines:
        announced = [(int(at), name) for at, name in (line.split() for line in lines)]
    all_changes = list(changes(log))
    step = max(1, len(all_changes) // int(samples)) if int(samples) else 1
    chance, disk, tally = random.Random(1), Disk(), collections.Counter()
    for number, change in enumerate(all_changes):
        disk.change(change)
        following = all_changes[number + 1].at if number + 1 < len(all_changes) else 1 << 63
        # Right before the next change; each announcement's own place is always looked at.
        until = {name for at, name in announced if at < following}
        if number % step and not any(change.at <= at < following for at, _ in announced):
            continue
        tally["places"] += 1
        for fault in look(disk, until, chance, tally, os.path.dirname(log)):
            print(f"    after change {number} ({change.kind} {change.path}): {fault}")
    print(tally["places"], tally["states"], tally["faults"], len(announced))


if __name__ == "__main__":
    main()
