#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The control file of tests/lib/faulty.so.c.

faulty.py new FILE
faulty.py calls FILE                    changes so far, and how many of them failed
faulty.py fail FILE FAULT [AFTER [N]]   N changes (all) fail, after AFTER (0) more have passed;
                                        FAULT: ENOSPC, EIO …, or SHORT
faulty.py well FILE
"""

import errno
import struct
import sys

FORM = "<QQQQii"
FOR_EVER = 1 << 62


def main():
    what, path, *rest = sys.argv[1:]
    if what == "new":
        with open(path, "wb") as file:
            file.write(struct.pack(FORM, 0, 0, 0, 0, 0, 0))
        return
    with open(path, "r+b") as file:
        calls, failed = struct.unpack("<QQ", file.read(16))
        if what == "calls":
            print(calls, failed)
            return
        fault, first, last = 0, 0, 0
        if what == "fail":
            fault = -1 if rest[0] == "SHORT" else getattr(errno, rest[0])
            first = calls + (int(rest[1]) if len(rest) > 1 else 0)
            last = first + (int(rest[2]) if len(rest) > 2 else FOR_EVER)
        # Not the counters: the program changes them meanwhile.
        file.seek(16)
        file.write(struct.pack("<QQii", first, last, fault, 0))


if __name__ == "__main__":
    main()
