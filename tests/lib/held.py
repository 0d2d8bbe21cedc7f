#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""held.py PID FILE: how long the main thread of a process waits for somebody else.

Looks every 4 ms, until it is killed, and keeps FILE: the longest such sleep, ms, and its system
call. A sleep is one as long as the thread has not run in between (its voluntary context switches),
so that a machine that is too busy adds nothing; and one for memory is the machine's.
"""

import os
import sys
import time

# Waiting for events; memory (mmap, mprotect, munmap, brk, mremap, madvise, clone, fork, clone3).
NOBODY = {"x86_64": {232, 281, 441, 9, 10, 11, 12, 25, 28, 56, 57, 435},
          "aarch64": {22, 441, 214, 215, 216, 220, 222, 226, 233, 435}}[os.uname().machine]


def switches(pid):
    with open(f"/proc/{pid}/task/{pid}/status", encoding="ascii", errors="replace") as status:
        for line in status:
            if line.startswith("voluntary_ctxt_switches:"):
                return int(line.split()[1])
    return 0


def look(pid):
    """The system call it sleeps in and the number of the sleep; None: it waits for nobody."""
    before = switches(pid)
    with open(f"/proc/{pid}/task/{pid}/syscall", encoding="ascii") as file:
        call = file.read().split()[0]
    if call in ("running", "-1") or int(call) in NOBODY or switches(pid) != before:
        return None
    return int(call), before


def main():
    pid, path = int(sys.argv[1]), sys.argv[2]
    longest, where, since, last = 0.0, "-", 0.0, None
    while True:
        try:
            now = look(pid)
        except OSError:
            return
        at = time.monotonic()
        if now is None or now != last:
            last, since = now, at
        elif (at - since) * 1000 > longest or where == "-":
            longest, where = (at - since) * 1000, now[0]
        with open(path + ".new", "w", encoding="ascii") as out:
            print(f"{longest:.1f} {where}", file=out)
        os.rename(path + ".new", path)
        time.sleep(0.004)


if __name__ == "__main__":
    main()
