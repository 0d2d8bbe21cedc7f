#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""knock.py SOURCE ADDRESS FIRST_PORT PORTS SECONDS: tries to connect from SOURCE to one port after another,
one in so many seconds."""

import socket
import sys
import time


def main():
    source, address, first, ports, pause = sys.argv[1:]
    for port in range(int(first), int(first) + int(ports)):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as knocking:
            knocking.bind((source, 0))
            knocking.setblocking(False)
            knocking.connect_ex((address, port))
            time.sleep(float(pause))


main()
