#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# `make test-package`: the Debian package is built with the distribution's flags, looked at by lintian, and
# installed, upgraded, removed and purged in a bare Debian tree. Root, and the network for apt; minutes.
# WEIR_MIRROR: where the tree comes from. Says what it found as all tests do.

. "$(dirname "$0")/../lib.sh"
require_root
require_tool dpkg-buildpackage dh mmdebstrap chroot
VERSION=$(sed -n 's/^VERSION *:= *//p' "$TREE/Makefile")
OLD=0.0.9
OUT=$SCRATCH/out
ROOT=$SCRATCH/root
ARCH=$(dpkg --print-architecture)
SUITE=$(. /etc/os-release && echo "$VERSION_CODENAME")

"$TREE/tools/package.sh" deb "$VERSION" "$OUT" >"$SCRATCH/built" 2>&1 || {
	not_ok "the package is built" "$(tail -n 3 "$SCRATCH/built")"
	exit 1
}
ok "the package is built"
# The version before differs in its number, and in the words of a comment of the configuration.
NEW_DEB=$OUT/weir_${VERSION}_$ARCH.deb
OLD_DEB=$OUT/weir_${OLD}_$ARCH.deb
dpkg-deb -R "$NEW_DEB" "$SCRATCH/old"
sed -i "s/^Version: .*/Version: $OLD/" "$SCRATCH/old/DEBIAN/control"
echo '# of the version before' >>"$SCRATCH/old/etc/weir/weir.yaml"
dpkg-deb --root-owner-group -b "$SCRATCH/old" "$OLD_DEB" >/dev/null

if command -v lintian >/dev/null; then
	lintian --fail-on error,warning --info --display-info "$NEW_DEB" >"$SCRATCH/lintian" 2>&1
	same "lintian finds nothing" 0 $?
	cat "$SCRATCH/lintian"
else
	skip "lintian finds nothing" "lintian is not installed"
fi

mirror=${WEIR_MIRROR:-$(sed -n 's/^URIs: *//p; s/^deb [^h]*\(http[^ ]*\).*/\1/p' /etc/apt/sources.list /etc/apt/sources.list.d/debian.* 2>/dev/null | head -n 1)}
mmdebstrap --quiet --variant=minbase "$SUITE" "$ROOT" "$mirror" >"$SCRATCH/tree" 2>&1 || {
	skip "a bare tree" "mmdebstrap cannot make one here: $(tail -n 1 "$SCRATCH/tree")"
	exit 0
}
mount -t proc proc "$ROOT/proc"
at_exit 'umount "$ROOT/proc"'
cp /etc/resolv.conf "$ROOT/etc/resolv.conf"
printf '#!/bin/sh\nexit 101\n' >"$ROOT/usr/sbin/policy-rc.d"
chmod +x "$ROOT/usr/sbin/policy-rc.d"

# there COMMAND…: in the tree, with nothing of ours in the environment.
there() {
	env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive HOME=/root LC_ALL=C.UTF-8 chroot "$ROOT" "$@"
}

# Every file, but what apt and dpkg note of each of their runs.
all_files() {
	(cd "$ROOT" && find . -xdev \( -path ./proc -o -path ./var/cache -o -path ./var/log -o -path ./tmp \) -prune -o -print |
		grep -vE '^\./(var/lib/dpkg/(status|available|diversions|statoverride|triggers|lock|info/format)|var/lib/apt/|etc/(passwd|group|shadow|gshadow)-$|var/lib/dpkg/.*-old$|run)' | sort)
}

there apt-get -q update >"$SCRATCH/apt" 2>&1
# What it depends on is there before, and is not taken for its own.
there apt-get -q -y --no-install-recommends satisfy "$(dpkg-deb -f "$NEW_DEB" Depends)" >>"$SCRATCH/apt" 2>&1 ||
	not_ok "what it depends on is there" "$(tail -n 3 "$SCRATCH/apt")"
all_files >"$SCRATCH/before"
there getent passwd >"$SCRATCH/users"
there getent group >"$SCRATCH/groups"
cp "$OLD_DEB" "$NEW_DEB" "$ROOT/tmp/"
apt_install() {
	there apt-get -q -y --no-install-recommends -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold install "/tmp/${1##*/}"
}

check "install" apt_install "$OLD_DEB"
same "its version" "$OLD" "$(there dpkg-query -W -f '${Version}' weir)"
same "its user" "weir:/var/lib/weir" "$(there getent passwd weir | cut -d: -f 1,6)"
same "the configuration is its group's" "640 root weir" "$(there stat -c '%a %U %G' /etc/weir/weir.yaml)"
check "the program runs" there weir version
expect "its rules are right" 0 'LATERAL_MOVEMENT' there weir rules
expect "its configuration is right" 0 '' there weir check
for file in usr/share/man/man1/weir-run.1.gz usr/share/bash-completion/completions/weir usr/share/zsh/vendor-completions/_weir \
	usr/share/fish/vendor_completions.d/weir.fish lib/systemd/system/weir.service usr/share/doc/weir/copyright usr/share/doc/weir/operations.md; do
	check "$file" test -s "$ROOT/$file"
done
check "the service is enabled" test -L "$ROOT/etc/systemd/system/multi-user.target.wants/weir.service"
cp "$TREE/tests/data/lateral-movement.pcap" "$ROOT/tmp/"
expect "it detects" 0 'LATERAL_MOVEMENT' there weir replay --database /var/lib/weir/weir.db /tmp/lateral-movement.pcap

echo 'loopback: true' >>"$ROOT/etc/weir/weir.yaml"
cp "$TREE/rules/signals/"*scan*.yml "$ROOT/etc/weir/rules/" 2>/dev/null || touch "$ROOT/etc/weir/rules/mine.yml"
check "upgrade" apt_install "$NEW_DEB"
same "the new version" "$VERSION" "$(there dpkg-query -W -f '${Version}' weir)"
check "what was changed stays" grep -q '^loopback: true' "$ROOT/etc/weir/weir.yaml"
same "with its owner" "640 root weir" "$(there stat -c '%a %U %G' /etc/weir/weir.yaml)"
expect "what was stored is read" 0 'LATERAL_MOVEMENT' there weir detections

check "remove" there apt-get -q -y remove weir
check "the program is gone" test ! -e "$ROOT/usr/bin/weir"
check "the configuration is left" test -s "$ROOT/etc/weir/weir.yaml"
check "what was stored is left" test -s "$ROOT/var/lib/weir/weir.db"
check "purge" there apt-get -q -y purge weir
all_files >"$SCRATCH/after"
same "nothing is left" "" "$(diff "$SCRATCH/before" "$SCRATCH/after")"
same "no user is left" "" "$(there getent passwd | diff "$SCRATCH/users" -)"
same "nor a group" "" "$(there getent group | diff "$SCRATCH/groups" -)"
