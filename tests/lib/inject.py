# SPDX-License-Identifier: Apache-2.0
"""inject.py PID CALL [ARGUMENT…]: lets a process that waits in a system call make another one (x86-64).

What a debugger does: it is stopped inside its call, set back to the instruction that makes it, and given
another number."""
import ctypes
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long
ATTACH, GETREGS, SETREGS, DETACH = 16, 12, 13, 17
NAMES = ("r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base "
         "ds es fs gs").split()


class Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in NAMES]


def ptrace(request, pid, data=None):
    if libc.ptrace(request, pid, None, data) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


pid, call, *arguments = (int(word, 0) for word in sys.argv[1:])
registers = Registers()
ptrace(ATTACH, pid)
os.waitpid(pid, 0)
ptrace(GETREGS, pid, ctypes.addressof(registers))
if registers.orig_rax + 1 & (1 << 64) - 1 == 0:
    sys.exit("it waits in no system call")
registers.rip -= 2
registers.rax = call
registers.orig_rax = (1 << 64) - 1  # not one that is to be restarted
for name, value in zip("rdi rsi rdx r10 r8 r9".split(), arguments):
    setattr(registers, name, value)
ptrace(SETREGS, pid, ctypes.addressof(registers))
ptrace(DETACH, pid)
