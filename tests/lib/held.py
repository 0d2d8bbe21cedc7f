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

# Waiting for events; memory (mmap, mprotect, munmap, brk, mremap, madvise, clone, fork, clone3); bpf,
# which waits for no reader, but for memory that another thread has locked, and that one for a processor.
NOBODY = {"x86_64": {232, 281, 441, 9, 10, 11, 12, 25, 28, 56, 57, 435, 321},
          "aarch64": {22, 441, 214, 215, 216, 220, 222, 226, 233, 435, 280}}[os.uname().machine]


class Thread:
    """The main thread of a process, by what /proc says; its files are kept open, for that is cheap."""

    def __init__(self, pid):
        self.status = os.open(f"/proc/{pid}/task/{pid}/status", os.O_RDONLY)
        self.syscall = os.open(f"/proc/{pid}/task/{pid}/syscall", os.O_RDONLY)

    def switches(self):
        return int(os.pread(self.status, 4096, 0).rsplit(b"\nvoluntary_ctxt_switches:", 1)[1].split()[0])

    def look(self):
        """The system call it sleeps in and the number of the sleep; None: it waits for nobody."""
        before = self.switches()
        call = os.pread(self.syscall, 256, 0).split()[0]
        if call in (b"running", b"-1") or int(call) in NOBODY or self.switches() != before:
            return None
        return int(call), before


def tell(path, longest, where):
    with open(path + ".new", "w", encoding="ascii") as out:
        print(f"{longest:.1f} {where}", file=out)
    os.rename(path + ".new", path)


def main():
    thread, path = Thread(int(sys.argv[1])), sys.argv[2]
    longest, since, last = 0.0, 0.0, None
    tell(path, longest, "-")
    while True:
        try:
            now = thread.look()
        except OSError:
            return
        at = time.monotonic()
        if now is None or now != last:
            last, since = now, at
        elif (at - since) * 1000 > longest:
            longest = (at - since) * 1000
            tell(path, longest, now[0])
        time.sleep(0.004)


if __name__ == "__main__":
    main()
