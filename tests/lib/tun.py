#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tun.py NETNS NETNS NAME: a tun device of that name in each of two network namespaces, joined, until killed."""

import ctypes
import fcntl
import os
import select
import struct
import sys

TUNSETIFF, IFF_TUN, IFF_NO_PI, CLONE_NEWNET = 0x400454CA, 0x0001, 0x1000, 0x40000000


def device(netns, name):
    with open(netns, "rb") as file:
        if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET):
            sys.exit(f"tun: {netns}: {os.strerror(ctypes.get_errno())}")
    tun = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(tun, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return tun


def main():
    ends = [device(netns, sys.argv[3]) for netns in sys.argv[1:3]]
    print("joined", flush=True)
    while True:
        for ready in select.select(ends, [], [])[0]:
            try:
                os.write(ends[1 - ends.index(ready)], os.read(ready, 65536))
            except OSError:  # the other end is down
                pass


main()
