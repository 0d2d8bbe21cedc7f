#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Processes with sockets, each in a way that makes it hard to say whose a socket is.

sockets.py serve PORT            TCP and UDP: answers each; prints its pid
sockets.py unbound 0             listens where the kernel likes; prints the port
sockets.py workers PORT          listens, and lets a child accept; prints the child's pid
sockets.py ask HOST PORT         a datagram, and waits for its answer
sockets.py talk HOST PORT        connects, says something, reads
sockets.py hold HOST PORT        connects, and sends something each second; prints its pid
sockets.py leave HOST PORT       connects and ends; a child goes on with the socket; prints both pids
sockets.py pass HOST PORT        makes a socket; a child that gets it by SCM_RIGHTS connects; prints its pid
sockets.py shell HOST PORT       connects and becomes a shell on the connection
sockets.py pipes PORT            runs a shell whose input and output are a Unix socket
sockets.py memory HOST PORT      runs a program that is no file, which connects (that of $BRIEF)
sockets.py raise HOST PORT       a user without rights, with a socket, who becomes root; prints its pid
sockets.py again HOST PORT PORT2 two processes with the same pid one after the other connect; prints it
"""

import array
import ctypes
import os
import signal
import socket
import struct
import sys
import time

SYS_CLONE3 = 435


def say(*words):
    print(*words, flush=True)


def talk(connection):
    connection.sendall(b"hello\n")
    connection.recv(100)


def serve(port):
    tcp = socket.create_server(("0.0.0.0", int(port)))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("0.0.0.0", int(port)))
    say(os.getpid())
    if os.fork() == 0:
        while True:
            data, peer = udp.recvfrom(2000)
            udp.sendto(data, peer)
    echo(tcp)


def echo(tcp):
    while True:
        connection, _ = tcp.accept()
        if os.fork() == 0:
            continue_with(connection)
        connection.close()
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass


def continue_with(connection):
    while data := connection.recv(1000):
        connection.sendall(data)
    os._exit(0)


def unbound(_):
    tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    tcp.listen()
    say(tcp.getsockname()[1])
    signal.pause()


def workers(port):
    tcp = socket.create_server(("0.0.0.0", int(port)))
    child = os.fork()
    if child == 0:
        while True:
            connection, _ = tcp.accept()
            while data := connection.recv(1000):
                connection.sendall(data)
            connection.close()
    say(child)
    signal.pause()


def ask(host, port):
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.settimeout(5)
    udp.sendto(b"hello", (host, int(port)))
    udp.recv(100)


def connect(host, port):
    return socket.create_connection((host, int(port)), timeout=10)


def hold(host, port):
    connection = connect(host, port)
    say(os.getpid())
    while True:
        talk(connection)
        time.sleep(1)


def leave(host, port):
    connection = connect(host, port)
    child = os.fork()
    if child:
        say(os.getpid(), child)
        os._exit(0)
    time.sleep(2)
    talk(connection)
    time.sleep(1)


def hand_over(host, port):
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    child = os.fork()
    if child == 0:
        _, control, _, _ = there.recvmsg(1, socket.CMSG_SPACE(4))
        connection = socket.socket(fileno=array.array("i", control[0][2][:4])[0])
        connection.connect((host, int(port)))
        talk(connection)
        os._exit(0)
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    here.sendmsg([b"x"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [made.fileno()]))])
    made.close()
    say(child)
    os.waitpid(child, 0)


def fork_as(pid):
    """A child with that pid: clone3(2) with set_tid."""
    wanted = ctypes.c_int(pid)
    args = struct.pack("8Q", 0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0) + struct.pack("2Q", ctypes.addressof(wanted), 1)
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.syscall(SYS_CLONE3, ctypes.c_char_p(args), len(args))


def again(host, *ports):
    pid = 29999
    while os.path.exists(f"/proc/{pid}"):
        pid -= 1
    for port in ports:
        child = fork_as(pid)
        if child == 0:
            talk(connect(host, port))
            os._exit(0)
        if child != pid:
            sys.exit("cannot choose a pid")
        os.waitpid(child, 0)
    say(pid)


def shell(host, port):
    connection = connect(host, port)
    for descriptor in range(3):
        os.dup2(connection.fileno(), descriptor)
    os.execl("/bin/sh", "sh")


def pipes(_):
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    if os.fork() == 0:
        os.dup2(there.fileno(), 0)
        os.dup2(there.fileno(), 1)
        os.execl("/bin/sh", "sh")
    there.close()
    here.sendall(b"exit\n")
    os.wait()


def memory(host, port):
    program = os.memfd_create("brief", 0)
    with open(os.environ["BRIEF"], "rb") as file:
        os.write(program, file.read())
    os.execv(f"/proc/self/fd/{program}", ["kworker", host, port])


def raised(host, port):
    connect(host, port).close()  # whatever Python reads for it is read as root
    os.setresuid(1000, 1000, 0)
    talk(connect(host, port))
    os.setresuid(0, 0, 0)
    talk(connect(host, port))
    say(os.getpid())


COMMANDS = {
    "shell": shell,
    "pipes": pipes,
    "memory": memory,
    "raise": raised,
    "serve": serve,
    "unbound": unbound,
    "workers": workers,
    "ask": ask,
    "talk": lambda host, port: talk(connect(host, port)),
    "hold": hold,
    "leave": leave,
    "pass": hand_over,
    "again": again,
}

COMMANDS[sys.argv[1]](*sys.argv[2:])
