# SPDX-License-Identifier: Apache-2.0
"""screen.py COLUMNSxLINES WHAT… -- COMMAND…: runs a program in a terminal of that size and looks at it.

WHAT, in order: `see:TEXT` waits (10 s) until a line has it, `unseen:TEXT` until none has; `keys:TEXT`
types it (\\e, \\r, \\t as in printf); `click:LINE,COLUMN` presses the mouse's left button there (from
0); `size:COLUMNSxLINES` changes the terminal; `wait:SECONDS` lets time pass; `save:FILE` writes what is seen; `end:STATUS` waits
until it leaves. Leaves with 1, what was seen on standard error, if one of these does not come.
"""

import fcntl
import os
import pty
import select
import signal
import struct
import sys
import termios
import time

import pyte

PATIENCE = 10.0


class Terminal:
    def __init__(self, columns, lines, command):
        self.screen = pyte.Screen(columns, lines)
        self.stream = pyte.ByteStream(self.screen)
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvp(command[0], command)
        self.size(columns, lines)
        self.status = None

    def size(self, columns, lines):
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.screen.resize(lines, columns)

    def read(self, seconds):
        """What comes within that time; False: it has ended."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return True
        try:
            said = os.read(self.fd, 65536)
        except OSError:
            said = b""
        if not said:
            return False
        self.stream.feed(said)
        return True

    def until(self, condition):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if condition():
                return True
            if not self.read(0.1):
                time.sleep(0.05)  # nobody writes any more: it is about to end
        return False

    def has(self, text):
        return any(text in line for line in self.screen.display)

    def ended(self):
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status is not None

    def close(self):
        if not self.ended():
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def click(terminal, where):
    """As xterm says it: a button pressed, and let go; SGR form."""
    line, column = (int(n) + 1 for n in where.split(","))
    os.write(terminal.fd, f"\033[<0;{column};{line}M\033[<0;{column};{line}m".encode())
    return True


def save(terminal, file):
    with open(file, "w") as out:
        out.write("\n".join(line.rstrip() for line in terminal.screen.display) + "\n")
    return True


def typed(terminal, keys):
    os.write(terminal.fd, keys.encode().decode("unicode_escape").replace("\\e", "\033").encode())
    return True


def wait(terminal, seconds):
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        if not terminal.read(0.1):
            time.sleep(0.1)
    return True


def resize(terminal, size):
    terminal.size(*(int(n) for n in size.split("x")))
    return True


DOES = {
    "see": lambda t, text: t.until(lambda: t.has(text)),
    "unseen": lambda t, text: t.until(lambda: not t.has(text)),
    "keys": typed,
    "click": click,
    "size": resize,
    "wait": wait,
    "save": save,
    "end": lambda t, status: t.until(t.ended) and t.status == int(status),
}


def main():
    words = sys.argv[1:]
    at = words.index("--")
    columns, lines = (int(n) for n in words[0].split("x"))
    terminal = Terminal(columns, lines, words[at + 1:])
    for what in words[1:at]:
        name, _, argument = what.partition(":")
        if not DOES[name](terminal, argument):
            print(f"screen: not '{what}'; seen:", *terminal.screen.display, sep="\n", file=sys.stderr)
            terminal.close()
            sys.exit(1)
    terminal.close()


if __name__ == "__main__":
    main()
