#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""syslogd.py SOCKET FILE: what syslog(3) says to SOCKET goes to FILE, one message a line."""

import os
import socket
import sys


def main():
    path, log = sys.argv[1:3]
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    listener.bind(path)
    os.chmod(path, 0o666)
    with open(log, "ab", buffering=0) as out:
        while True:
            message = listener.recv(65536)
            out.write(message.replace(b"\n", b"\\n").rstrip(b"\0") + b"\n")


if __name__ == "__main__":
    main()
