# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# How guests of x86-64 run on this machine; source it behind tests/lib.sh.

# True if KVM starts the kernel $1 here. On some machines /dev/kvm exists and hangs.
kvm_works() {
	[ -w /dev/kvm ] && grep -qwE 'vmx|svm' /proc/cpuinfo || return 1
	timeout -k 1 8 qemu-system-x86_64 -accel kvm -cpu host -m 256 -nodefaults -display none -no-reboot \
		-serial stdio -kernel "$1" -append 'console=ttyS0 panic=-1' </dev/null 2>/dev/null |
		grep -q 'Linux version'
}

# In plain emulation one thread serves all of a guest's processors: with more, QEMU 7.2 crashed
# 6.12 guests in the slab allocator.
# shellcheck disable=SC2034 # for those who source this
EMULATION=(-accel "tcg,thread=single" -cpu Nehalem)
