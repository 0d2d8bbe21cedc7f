#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# deps.sh [build|test|fuzz|package]…: installs what building (testing, fuzzing, packing) weir needs, where it knows how:
# Debian 12 and 13, Ubuntu 22.04 and 24.04. Elsewhere it says what to install. It asks for root only
# when something is missing, and for nothing else: everything is non-interactive.

set -euo pipefail
TREE=$(cd "$(dirname "$0")/.." && pwd)

BUILD_PACKAGES=(gcc g++ make pkg-config libc6-dev clang llvm libelf-dev zlib1g-dev libyaml-dev
	libjansson-dev libsqlite3-dev libssl-dev libmnl-dev libpcre2-dev libmaxminddb-dev
	libpsl-dev libzstd-dev libsimdjson-dev libseccomp-dev libsystemd-dev libncurses-dev libmicrohttpd-dev
	libcurl4-openssl-dev librdkafka-dev publicsuffix)
# Not here: servers that begin to serve when they are installed (openssh-server, samba, vsftpd). Tests
# that want one say that they skip.
TEST_PACKAGES=(libcmocka-dev python3 python3-yaml python3-jsonschema iproute2 util-linux procps nmap tcpdump iperf3 hping3 ethtool
	bind9-dnsutils curl iputils-ping nftables sqlite3 openssl
	python3-pyte python3-prometheus-client openssh-client sshpass tcpreplay kmod file udev tshark
	wireguard-tools wireguard-go zsh fish strace mmdebstrap)
# Programs and pkg-config modules that the packages stand for, for other distributions.
BUILD_PROGRAMS=(cc c++ make pkg-config clang llvm-strip bpftool)
BUILD_MODULES=('libbpf >= 1.1' libelf zlib yaml-0.1 jansson sqlite3 libssl libmnl libpcre2-8 libmaxminddb
	libpsl libzstd 'simdjson >= 1.0' libseccomp libsystemd ncursesw libcurl libmicrohttpd rdkafka)
TEST_PROGRAMS=(python3 ip nsenter nmap tcpdump iperf3 hping3 ethtool nft sqlite3)
TEST_MODULES=(cmocka)
# libFuzzer, of the distribution's clang.
FUZZ_PACKAGES=()
FUZZ_PROGRAMS=(clang)
FUZZ_MODULES=()
# A Debian package of it.
PACKAGE_PACKAGES=(build-essential debhelper)
PACKAGE_PROGRAMS=(dpkg-buildpackage dh)
PACKAGE_MODULES=()

fail() {
	echo "deps: $*" >&2
	exit 1
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo env DEBIAN_FRONTEND=noninteractive "$@"
	else
		fail "not root and no sudo: as root, run: $*"
	fi
}

# Prints those of the packages that are not installed; one query for all.
missing_packages() {
	local installed package
	# dpkg-query fails when it has never heard of one of them.
	installed=" $({ dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true; } |
		sed -n 's/^installed //p' | tr '\n' ' ') "
	for package in "$@"; do
		[[ $installed == *" $package "* ]] || echo "$package"
	done
}

install_packages() {
	local missing
	mapfile -t missing < <(missing_packages "$@")
	[ ${#missing[@]} -gt 0 ] || return 0
	echo "deps: installing ${missing[*]}" >&2
	export DEBIAN_FRONTEND=noninteractive
	as_root apt-get -q -o DPkg::Lock::Timeout=300 update >&2 ||
		echo "deps: some package lists could not be read; going on with those that could" >&2
	as_root apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 install \
		--no-install-recommends --no-remove "${missing[@]}" >&2 || fail "apt-get could not install ${missing[*]}"
}

# Ubuntu 22.04 packages libbpf 0.5, and 1.1 is the first that weir builds with.
require_libbpf() {
	pkg-config --exists 'libbpf >= 1.1' ||
		fail "this system packages libbpf $(pkg-config --modversion libbpf 2>/dev/null || echo 'none'):" \
			"install libbpf 1.1 or newer with its pkg-config file (make install in its src folder does both)"
}

# What is not there, as words; for systems whose packages have other names.
probe() {
	local kind=$1 item
	local -n programs=${kind^^}_PROGRAMS modules=${kind^^}_MODULES
	for item in "${programs[@]}"; do
		PATH=$PATH:/usr/sbin:/sbin command -v "$item" >/dev/null || echo "the program $item"
	done
	for item in "${modules[@]}"; do
		pkg-config --exists "$item" 2>/dev/null || echo "the library $item with its headers"
	done
}

unknown_system() {
	local absent
	mapfile -t absent < <(for kind in "$@"; do probe "$kind"; done)
	[ ${#absent[@]} -gt 0 ] || exit 0
	{
		echo "deps: this is ${PRETTY_NAME:-an unknown system}, whose packages are not known here" \
			"(known: Debian 12 and 13, Ubuntu 22.04 and 24.04). Please install:"
		printf '  %s\n' "${absent[@]}"
	} >&2
	exit 1
}

kinds=("$@")
[ ${#kinds[@]} -gt 0 ] || kinds=(build)
for kind in "${kinds[@]}"; do
	case $kind in build | test | fuzz | package) ;; *) fail "unknown part '$kind': build, test, fuzz or package" ;; esac
done

PRETTY_NAME=
# shellcheck source=/dev/null
[ ! -r /etc/os-release ] || . /etc/os-release
case ${ID:-}-${VERSION_ID:-} in
debian-12 | debian-13)
	BUILD_PACKAGES+=(libbpf-dev bpftool)
	TEST_PACKAGES+=(qemu-system-x86 xdp-tools)
	[ "$VERSION_ID" = 12 ] && FUZZ_PACKAGES+=(libclang-rt-14-dev) || FUZZ_PACKAGES+=(libclang-rt-19-dev)
	;;
ubuntu-24.04)
	BUILD_PACKAGES+=(libbpf-dev linux-tools-common linux-tools-generic)
	TEST_PACKAGES+=(qemu-system-x86 xdp-tools)
	FUZZ_PACKAGES+=(libclang-rt-18-dev)
	;;
ubuntu-22.04)
	BUILD_PACKAGES+=(linux-tools-common linux-tools-generic) # libbpf: see require_libbpf
	TEST_PACKAGES+=(qemu-system-x86)
	FUZZ_PACKAGES+=(libclang-common-14-dev)
	;;
*) unknown_system "${kinds[@]}" ;;
esac
# Either does; the static one would push the other out.
command -v busybox >/dev/null || TEST_PACKAGES+=(busybox-static)
[ "$(dpkg --print-architecture)" = amd64 ] || TEST_PACKAGES=("${TEST_PACKAGES[@]/qemu-system-x86/}")

wanted=()
for kind in "${kinds[@]}"; do
	declare -n packages=${kind^^}_PACKAGES
	for package in "${packages[@]}"; do [ -z "$package" ] || wanted+=("$package"); done
	declare +n packages
done
install_packages "${wanted[@]}"
[[ " ${kinds[*]} " != *" build "* ]] || require_libbpf
