#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# fetch.sh SERIES…: puts kernels of these series and the tool that boots them (virtme-ng) into the
# cache, from the mirrors that this machine's own apt uses. What is there already is not asked for
# again (newest: until its folder is removed). apt works on a configuration of its own inside the cache: the machine's sources and package
# state stay as they are.
#
# Also: arm64 (that machine's kernel) and arm64-libraries, for arm64.sh; and fetch.sh --tree NAME PACKAGE…
# puts NAME.tar into the cache, a minimal tree of this machine's own release with these packages.
# Series: 5.10, 6.1, 6.12 and newest (of Debian), 5.15 and 6.8 (of Ubuntu); fetch.sh without any lists
# them. Cache: $WEIR_CACHE, default ${XDG_CACHE_HOME:-~/.cache}/weir/kernels. WEIR_DEBIAN_MIRROR and
# WEIR_UBUNTU_MIRROR name mirrors on machines whose apt has none. Leaves with 1 and one line of reason
# on standard error.

set -euo pipefail
CACHE=${WEIR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/weir/kernels}
DOWNLOAD_SECONDS=240
TREE_SECONDS=600

# What no guest of ours touches, and most of a kernel package's size.
UNWANTED=(gpu media staging infiniband scsi usb hwmon iio input/touchscreen net/ethernet net/wireless
	mtd md nvme target thunderbolt video platform isdn bluetooth)

fail() {
	echo "fetch: $*" >&2
	exit 1
}

# Series, whose, its suites (those that no longer are supported have no security suite: "+" asks for
# it), and the package that always stands for the suite's newest kernel.
TABLE="
5.10      Debian bullseye+                           linux-image-amd64
5.15      Ubuntu jammy,jammy-updates,jammy-security  linux-image-generic
6.1       Debian bookworm+                           linux-image-amd64
6.8       Ubuntu noble,noble-updates,noble-security  linux-image-generic
6.12      Debian trixie+                             linux-image-amd64
newest    Debian sid,experimental,trixie-backports   linux-image-amd64
arm64     Debian bookworm+                           linux-image-cloud-arm64
virtme-ng Debian trixie+                             virtme-ng
arm64-libraries Debian bookworm+                     -
"

# What a program for arm64 is linked with (tests/vm/arm64.sh).
ARM64_LIBRARIES=(libbpf-dev libelf-dev zlib1g-dev linux-libc-dev)

# The columns of series $1 as: vendor suites meta.
look_up() {
	read -r vendor suites meta < <(awk -v series="$1" '$1 == series { print $2, $3, $4 }' <<<"$TABLE") ||
		fail "no release of Debian or Ubuntu carries $1: there are $(awk '$1 ~ /^[0-9n]/ { printf "%s%s", s, $1; s = ", " }' <<<"$TABLE")"
}

# The mirror of label "$1" (Debian, Debian-Security, Ubuntu) in the machine's own apt configuration.
mirror() {
	local named=WEIR_${1^^}_MIRROR
	[ "$1" = Debian-Security ] || [ -z "${!named:-}" ] || { echo "${!named}" && return; }
	apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
		awk -v label="$1" '$1 == label { print $2; exit }'
}

apt_private() {
	local command=$1
	shift
	timeout "$DOWNLOAD_SECONDS" "$command" -q -o APT::Architecture="$architecture" -o APT::Architectures="$architecture" -o Dir::State="$APT/state" -o Dir::State::status="$APT/status" \
		-o Dir::Cache="$APT/cache" -o Dir::Etc::sourcelist="$APT/sources.list" \
		-o Dir::Etc::sourceparts=/dev/null -o Acquire::Languages=none -o APT::Sandbox::User=root \
		-o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false \
		-o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false "$@"
}

# Fills $APT/sources.list with these suites of a vendor, and reads their lists.
open_mirror() { # VENDOR SUITE,…
	local suite main security="" signed="" keyring=/usr/share/keyrings/${1,,}-archive-keyring.gpg
	main=$(mirror "$1")
	[ -n "$main" ] || fail "this machine's apt knows no mirror of $1: set WEIR_${1^^}_MIRROR"
	[ "$1" != Debian ] || security=$(mirror Debian-Security)
	[ ! -e "$keyring" ] || signed="[signed-by=$keyring]"
	rm -rf "$APT" && mkdir -p "$APT"/{state/lists/partial,cache/archives/partial}
	: >"$APT/status"
	for suite in ${2//,/ }; do
		echo "deb $signed $main ${suite%+} ${components:-main}"
		[ "${suite%+}" = "$suite" ] || [ -z "$security" ] || echo "deb $signed $security ${suite%+}-security main"
	done >"$APT/sources.list"
	apt_private apt-get update >"$APT/log" 2>&1 || fail "apt could not read $2: $(grep -m1 '^[EW]:' "$APT/log")"
}

# The packages of series $1: the image that the newest $2 depends on, and its parts where they are
# packed apart.
packages_of() {
	local series=${1//./\\.}\\. image part
	[ "$1" != virtme-ng ] || { echo virtme-ng && return; }
	[ "$1" != arm64-libraries ] || { printf '%s\n' "${ARM64_LIBRARIES[@]}" && return; }
	[[ $1 != newest && $1 != arm64 ]] || series='[0-9]'
	image=$(apt_private apt-cache show "$2" | sed -nE "
		s/^Version: (.*)/\\1/; /^[0-9]/h
		/^Depends:/ { s/.*(linux-image-${series}[^ ,]*-(amd64|generic|cloud-arm64)).*/\\1/; T; G; s/(.*)\\n(.*)/\\2 \\1/; p }" |
		sort -V | awk 'END { print $2 }')
	[ -n "$image" ] || return 0
	echo "$image"
	for part in linux-base linux-binary linux-modules; do
		part=$part-${image#linux-image-}
		[ -z "$(apt_private apt-cache show "$part" 2>/dev/null)" ] || echo "$part"
	done
}

# Unpacks the packages $2… as $CACHE/$1, whole or not at all.
unpack() {
	local target=$CACHE/$1 package exclude=() folder release
	shift
	rm -rf "$APT/unpack" && mkdir -p "$APT/unpack"
	for folder in "${UNWANTED[@]}"; do exclude+=(--exclude "*/kernel/drivers/$folder"); done
	for package in "$@"; do
		(cd "$APT" && rm -f ./*.deb && apt_private apt-get download "$package" >"$APT/log" 2>&1) ||
			fail "apt could not fetch $package: $(grep -m1 '^[EW]:' "$APT/log")"
		dpkg-deb --fsys-tarfile "$APT/$package"_*.deb | tar -x -C "$APT/unpack" --exclude '*/kernel/sound' "${exclude[@]}"
		rm -f "$APT"/*.deb
	done
	if [ -d "$APT/unpack/lib" ] || [ -d "$APT/unpack/usr/lib/modules" ]; then
		[ -d "$APT/unpack/lib" ] || ln -s usr/lib "$APT/unpack/lib"
		mkdir -p "$APT/unpack/boot"
		for release in "$APT"/unpack/lib/modules/*; do
			# Beside its modules since 7.3.
			[ ! -e "$release/vmlinuz" ] || mv "$release/vmlinuz" "$APT/unpack/boot/vmlinuz-${release##*/}"
			depmod -b "$APT/unpack" "${release##*/}"
		done
	fi
	rm -rf "$target" && mv "$APT/unpack" "$target"
}

# The tree $1 with the packages $2…, of the release that this machine runs.
bootstrap() {
	local target=$CACHE/$1.tar IFS=,
	shift
	[ ! -e "$target" ] || return 0
	command -v mmdebstrap >/dev/null || fail "mmdebstrap is not installed"
	case $ID in
	debian) open_mirror Debian "$VERSION_CODENAME+" ;;
	ubuntu) components='main universe' open_mirror Ubuntu "$VERSION_CODENAME,$VERSION_CODENAME-updates,$VERSION_CODENAME-security" ;;
	*) fail "trees are made of Debian and Ubuntu, not of $ID" ;;
	esac
	timeout "$TREE_SECONDS" mmdebstrap --quiet --variant=minbase --include="$*" "$VERSION_CODENAME" \
		"$APT/tree.tar" "$APT/sources.list" >"$APT/log" 2>&1 || fail "mmdebstrap: $(tail -n 1 "$APT/log")"
	mv "$APT/tree.tar" "$target"
}

if [ $# -eq 0 ]; then
	awk '$1 ~ /^[0-9n]/ { print $1 }' <<<"$TABLE"
	exit 0
fi
mkdir -p "$CACHE"
exec 9>"$CACHE/.lock"
flock -w "$TREE_SECONDS" 9 || fail "another fetch holds $CACHE/.lock"
APT=$CACHE/.apt
trap 'rm -rf "$APT"' EXIT

if [ "$1" = --tree ]; then
	# shellcheck source=/dev/null
	. /etc/os-release
	architecture=$(dpkg --print-architecture)
	bootstrap "${@:2}"
	exit 0
fi

missing=()
for item in virtme-ng "$@"; do
	look_up "$item"
	[ -d "$CACHE/$item" ] || missing+=("$item")
done
[ ${#missing[@]} -gt 0 ] || exit 0

command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || fail "no apt here: it fetches kernels"
command -v depmod >/dev/null || fail "depmod is missing: install kmod"
for item in "${missing[@]}"; do
	look_up "$item"
	case $item in arm64*) architecture=arm64 ;; *) architecture=amd64 ;; esac
	open_mirror "$vendor" "$suites"
	mapfile -t packages < <(packages_of "$item" "$meta")
	[ -n "${packages[0]:-}" ] || fail "no package of series $item in $suites"
	unpack "$item" "${packages[@]}"
done
