#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# fetch.sh SERIES…: puts Debian's kernels of these series (5.10, 6.1, 6.12) and the tool that boots
# them (virtme-ng) into the cache, from the mirror that this machine's own apt uses. What is there
# already is not asked for again. apt works on a configuration of its own inside the cache: the
# machine's sources and package state stay as they are.
#
# Cache: $WEIR_CACHE, default ${XDG_CACHE_HOME:-~/.cache}/weir/kernels. WEIR_DEBIAN_MIRROR names a
# mirror on machines whose apt has none. Leaves with 1 and one line of reason on standard error.

set -euo pipefail
CACHE=${WEIR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/weir/kernels}
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
DOWNLOAD_SECONDS=240

# What no guest of ours touches, and most of a kernel package's size.
UNWANTED=(gpu media staging infiniband scsi usb hwmon iio input/touchscreen net/ethernet net/wireless
	mtd md nvme target thunderbolt video platform isdn bluetooth)

fail() {
	echo "fetch: $*" >&2
	exit 1
}

# The release that carries a kernel series.
suite_of() {
	case $1 in
	5.10) echo bullseye ;;
	6.1) echo bookworm ;;
	6.12 | virtme-ng) echo trixie ;;
	*) fail "no release known that carries '$1': 5.10, 6.1, 6.12" ;;
	esac
}

# The mirror of label "$1" (Debian, Debian-Security) in the machine's own apt configuration.
mirror() {
	[ "$1" != Debian ] || [ -z "${WEIR_DEBIAN_MIRROR:-}" ] || { echo "$WEIR_DEBIAN_MIRROR" && return; }
	apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
		awk -v label="$1" '$1 == label { print $2; exit }'
}

apt_private() {
	local command=$1
	shift
	timeout "$DOWNLOAD_SECONDS" "$command" -q -o Dir::State="$APT/state" -o Dir::State::status="$APT/status" \
		-o Dir::Cache="$APT/cache" -o Dir::Etc::sourcelist="$APT/sources.list" \
		-o Dir::Etc::sourceparts=/dev/null -o Acquire::Languages=none -o APT::Sandbox::User=root \
		-o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false \
		-o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false "$@"
}

# Fills $APT/sources.list with the suites named, and reads their lists.
open_mirror() {
	local suite main security signed=""
	main=$(mirror Debian)
	[ -n "$main" ] || fail "this machine's apt knows no Debian mirror: set WEIR_DEBIAN_MIRROR"
	security=$(mirror Debian-Security)
	[ ! -e "$KEYRING" ] || signed="[signed-by=$KEYRING]"
	mkdir -p "$APT"/{state/lists/partial,cache/archives/partial}
	: >"$APT/status"
	for suite in "$@"; do
		echo "deb $signed $main $suite main"
		[ -z "$security" ] || echo "deb $signed $security $suite-security main"
	done >"$APT/sources.list"
	apt_private apt-get update >"$APT/log" 2>&1 || fail "apt could not read $*: $(grep -m1 '^[EW]:' "$APT/log")"
}

# The image package that the newest linux-image-amd64 of series $1 stands for.
package_of() {
	[ "$1" != virtme-ng ] || { echo virtme-ng && return; }
	apt_private apt-cache show linux-image-amd64 |
		sed -n "s/^Depends:.*\\(linux-image-${1//./\\.}\\.[^ ,]*-amd64\\).*/\\1/p" | sort -V | tail -n 1
}

# Unpacks package $2 as $CACHE/$1, whole or not at all.
unpack() {
	local target=$CACHE/$1 package=$2 exclude=() folder release
	rm -rf "$APT/unpack" && mkdir -p "$APT/unpack"
	(cd "$APT" && rm -f ./*.deb && apt_private apt-get download "$package" >"$APT/log" 2>&1) ||
		fail "apt could not fetch $package: $(grep -m1 '^[EW]:' "$APT/log")"
	for folder in "${UNWANTED[@]}"; do exclude+=(--exclude "*/kernel/drivers/$folder"); done
	dpkg-deb --fsys-tarfile "$APT/$package"_*.deb | tar -x -C "$APT/unpack" --exclude '*/kernel/sound' "${exclude[@]}"
	rm -f "$APT"/*.deb
	if [ -d "$APT/unpack/boot" ]; then
		[ -d "$APT/unpack/lib" ] || ln -s usr/lib "$APT/unpack/lib"
		for release in "$APT"/unpack/lib/modules/*; do depmod -b "$APT/unpack" "${release##*/}"; done
	fi
	rm -rf "$target" && mv "$APT/unpack" "$target"
}

mkdir -p "$CACHE"
exec 9>"$CACHE/.lock"
flock -w "$DOWNLOAD_SECONDS" 9 || fail "another fetch holds $CACHE/.lock"

missing=()
for item in virtme-ng "$@"; do
	suite_of "$item" >/dev/null
	[ -d "$CACHE/$item" ] || missing+=("$item")
done
[ ${#missing[@]} -gt 0 ] || exit 0

command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || fail "no apt here: it fetches Debian's kernels"
command -v depmod >/dev/null || fail "depmod is missing: install kmod"
APT=$CACHE/.apt
trap 'rm -rf "$APT"' EXIT
suites=()
for item in "${missing[@]}"; do suites+=("$(suite_of "$item")"); done
mapfile -t suites < <(printf '%s\n' "${suites[@]}" | sort -u)
open_mirror "${suites[@]}"
for item in "${missing[@]}"; do
	package=$(package_of "$item")
	[ -n "$package" ] || fail "no package of series $item in $(suite_of "$item")"
	unpack "$item" "$package"
done
