#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# arm64.sh: builds weir's programs for arm64, boots Debian's kernel of that machine in plain emulation
# with one program in an initramfs, tests/vm/loads.c, and has that load them. No more: the agent is
# built for arm64 on arm64. Part of `make test-vm`; needs a cross compiler and qemu-system-aarch64.

. "$(dirname "$0")/../lib.sh"
HERE=$TREE/tests/vm
CACHE=${WEIR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/weir/kernels}
GUEST_SECONDS=${WEIR_VM_SECONDS:-600}
TRIPLE=aarch64-linux-gnu

require_tool qemu-system-aarch64 $TRIPLE-gcc make busybox
why=$("$HERE/fetch.sh" arm64 arm64-libraries 2>&1 >/dev/null) || { skip vm-arm64 "${why#fetch: }" && exit 0; }
root=$CACHE/arm64-libraries/usr
built=$BUILD/arm64
mkdir -p "$SCRATCH/root"/{proc,sys}
check vm-arm64/programs make -s -C "$TREE" BUILD="$built" ARCH=arm64 "$built"/bpf/{weir,owner,clock}.skel.h
check vm-arm64/loader $TRIPLE-gcc -std=c17 -D_GNU_SOURCE -O2 -Wall -Wextra -static -I"$TREE" -I"$built" \
	-idirafter "$root/include" -L"$root/lib/$TRIPLE" "$HERE/loads.c" -o "$SCRATCH/root/init" -lbpf -lelf -lz
[ "$_failed" -eq 0 ] || exit 1
(cd "$SCRATCH/root" && find . | busybox cpio -o -H newc 2>/dev/null) >"$SCRATCH/initramfs"

started=$SECONDS
timeout -k 2 "$GUEST_SECONDS" qemu-system-aarch64 -M virt -cpu cortex-a57 -m 1G -nodefaults -display none -no-reboot \
	-serial stdio -kernel "$CACHE"/arm64/boot/vmlinuz-* -initrd "$SCRATCH/initramfs" \
	-append "console=ttyAMA0 panic=-1" </dev/null >"$SCRATCH/console" 2>&1
tr -d '\r' <"$SCRATCH/console" | grep -aE '^(ok|not ok|guest:|    [0-9]+ bytes)' | sed -E 's/^(ok|not ok) /\1 vm-arm64\//'
if grep -aq '^guest: done' "$SCRATCH/console"; then
	ok vm-arm64
else
	not_ok vm-arm64 "the guest said no more after $((SECONDS - started)) s"
	tr -d '\r' <"$SCRATCH/console" | tail -n 30 | sed 's/^/    console: /'
fi
! grep -aq '^not ok' "$SCRATCH/console" || _failed=$((_failed + 1))
echo "vm-arm64: $((SECONDS - started)) s"
