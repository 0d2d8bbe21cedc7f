#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# systemd.sh [SERIES]: boots Debian's kernel of that series (default 6.1, whose hooks are filters) and a
# minimal tree of this machine's own release with systemd under QEMU, and has systemd_guest.sh install,
# start, reload, hang, upgrade, stop and purge weir's package there. Part of `make test-vm`.
#
# The tree is made once and kept in the cache of fetch.sh, as a disk that guests read and do not change.
# Packages and script are a second disk. A guest has no network.

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/emulation.sh"
HERE=$TREE/tests/vm
CACHE=${WEIR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/weir/kernels}
GUEST_SECONDS=${WEIR_VM_SECONDS:-1200}
GUEST_MEMORY=1G
DISK_SIZE=2G # of which it takes what is written
SERIES=${1:-6.1}
# What the guest's script calls; python is not among it.
TOOLS=(systemd-sysv dbus udev kmod iproute2 sqlite3 procps netcat-openbsd)
# The root's, and those of what the script makes.
ROOT_MODULES=(virtio_pci virtio_blk ext4)
MODULES=(veth sch_ingress cls_bpf dummy autofs4)

require_root
require_tool qemu-system-x86_64 busybox mmdebstrap mkfs.ext4 dpkg-buildpackage dh modprobe depmod xz
if [ "$(uname -m)" != x86_64 ]; then
	skip vm-systemd "guests are x86-64, this machine is $(uname -m)"
	exit 0
fi
case $WEIR in "$BUILD/weir") ;; *) skip vm-systemd "WEIR is not the build's own" && exit 0 ;; esac

# ---- the package, and the next one ----

VERSION=$(sed -n 's/^VERSION *:= *//p' "$TREE/Makefile")
NEXT=$VERSION+next
ARCH=$(dpkg --print-architecture)
DEB=$SCRATCH/build/weir_${VERSION}_$ARCH.deb
mkdir -p "$SCRATCH/stage/tests/vm"
if ! DEB_BUILD_OPTIONS='noautodbgsym nocheck' WEIR_BUILD="$BUILD" "$TREE/tools/package.sh" deb "$VERSION" "$SCRATCH/build" >"$SCRATCH/packed" 2>&1; then
	not_ok vm-systemd/package "$(tail -n 1 "$SCRATCH/packed")"
	exit 1
fi
dpkg-deb -R "$DEB" "$SCRATCH/next"
sed -i "s/^Version: .*/Version: $NEXT/" "$SCRATCH/next/DEBIAN/control"
cp "$DEB" "$SCRATCH/stage/weir.deb"
dpkg-deb --root-owner-group -Zgzip -b "$SCRATCH/next" "$SCRATCH/stage/next.deb" >/dev/null
cp "$TREE/tests/lib.sh" "$SCRATCH/stage/tests/"
cp "$HERE/systemd_guest.sh" "$SCRATCH/stage/tests/vm/"
tar -C "$SCRATCH/stage" -cf "$SCRATCH/stage.tar" .
truncate -s %512 "$SCRATCH/stage.tar"

# ---- the root ----

fetched() { # ARGUMENT…
	local why
	why=$("$HERE/fetch.sh" "$@" 2>&1 >/dev/null) || { skip vm-systemd "${why#fetch: }" && exit 0; }
}
fetched "$SERIES"
kernel=$(echo "$CACHE/$SERIES"/boot/vmlinuz-*)
release=${kernel##*/vmlinuz-}

# Names alone, the first of those that would do.
mapfile -t needed < <(dpkg-deb -f "$DEB" Depends | sed -E 's/ *\([^)]*\)//g; s/ *\|[^,]*//g; s/, */\n/g')
name=systemd-$(printf '%s\n' "${TOOLS[@]}" "${needed[@]}" | cat - /etc/os-release | sha256sum | cut -c 1-12)
fetched --tree "$name" "${TOOLS[@]}" "${needed[@]}"

# files_of MODULE…: their files and those that they need, in the order in which they load.
files_of() {
	modprobe -d "$CACHE/$SERIES" -S "$release" -a --show-depends "$@" 2>/dev/null | awk '$1 == "insmod" && !seen[$2]++ { print $2 }'
}

# Of this tree, kernel and script.
disk=$CACHE/systemd-$release-$(echo "$name" | cat - "$0" | sha256sum | cut -c 1-12).ext4
if [ ! -e "$disk" ]; then
	rm -f "$CACHE/systemd-$release"-*.ext4
	mkdir "$SCRATCH/root"
	tar -C "$SCRATCH/root" -xf "$CACHE/$name.tar" --exclude './dev/*'
	mapfile -t files < <(files_of "${ROOT_MODULES[@]}" "${MODULES[@]}")
	tar -C "$CACHE/$SERIES" -ch "${files[@]#"$CACHE/$SERIES"/}" lib/modules/"$release"/modules.{order,builtin,builtin.modinfo} |
		tar -C "$SCRATCH/root/usr" -x
	depmod -b "$SCRATCH/root" "$release"
	echo weir-guest >"$SCRATCH/root/etc/hostname"
	: >"$SCRATCH/root/etc/fstab"
	cat >"$SCRATCH/root/etc/systemd/system/test.service" <<-END
		[Service]
		ExecStartPre=/bin/sh -c 'mkdir /run/stage && tar -C /run/stage -xf /dev/vdb'
		ExecStart=/bin/bash /run/stage/tests/vm/systemd_guest.sh
		ExecStopPost=/bin/sh -c 'sync; echo o >/proc/sysrq-trigger'
		StandardOutput=file:/dev/ttyS1
		StandardError=inherit
	END
	mkdir -p "$SCRATCH/root/etc/systemd/system/multi-user.target.wants"
	ln -s ../test.service "$SCRATCH/root/etc/systemd/system/multi-user.target.wants/"
	mkfs.ext4 -qF -O ^has_journal -d "$SCRATCH/root" "$disk.part" "$DISK_SIZE" >/dev/null && mv "$disk.part" "$disk"
	rm -rf "$SCRATCH/root"
fi

initramfs=$SCRATCH/initramfs
mkdir -p "$initramfs"/{bin,proc,dev,root,modules}
cp "$(command -v busybox)" "$initramfs/bin/"
cp "$HERE/systemd_init" "$initramfs/init"
for file in $(files_of "${ROOT_MODULES[@]}"); do
	module=$(basename "${file%.xz}")
	case $file in
	*.xz) xz -dc "$file" >"$initramfs/modules/$module" ;;
	*) cp "$file" "$initramfs/modules/" ;;
	esac
	echo "$module" >>"$initramfs/modules/order"
done
(cd "$initramfs" && find . | busybox cpio -o -H newc 2>/dev/null) >"$SCRATCH/initramfs.cpio"

# ---- the guest ----

QEMU=("${EMULATION[@]}")
! kvm_works "$kernel" || QEMU=(-accel kvm -cpu host)
started=$SECONDS
# -snapshot: what is written goes to a file of $TMPDIR that has no name.
TMPDIR=$SCRATCH timeout -k 2 "$GUEST_SECONDS" qemu-system-x86_64 "${QEMU[@]}" -smp 2 -m "$GUEST_MEMORY" -nodefaults -display none \
	-no-reboot -snapshot -kernel "$kernel" -initrd "$SCRATCH/initramfs.cpio" \
	-drive "file=$disk,if=virtio,format=raw" -drive "file=$SCRATCH/stage.tar,if=virtio,format=raw" \
	-serial "file:$SCRATCH/console" -serial "file:$SCRATCH/out" \
	-append "console=ttyS0 panic=-1 loglevel=4 net.ifnames=0 systemd.show_status=0" </dev/null >"$SCRATCH/qemu" 2>&1
tr -d '\r' <"$SCRATCH/out" | sed -E 's/^(ok|not ok|skip) /\1 vm-systemd\//'
! grep -q '^not ok' "$SCRATCH/out" || _failed=$((_failed + 1))
if grep -q '^guest: done' "$SCRATCH/out" && ! grep -aqE 'BUG:|Oops|Kernel panic' "$SCRATCH/console"; then
	ok vm-systemd
else
	not_ok vm-systemd "the guest said no more after $((SECONDS - started)) s"
	cat "$SCRATCH/qemu"
	tr -d '\r' <"$SCRATCH/console" | tail -n 40 | sed 's/^/    console: /'
fi
echo "vm-systemd: $((SECONDS - started)) s, $release"
