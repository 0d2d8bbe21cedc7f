# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# Servers that would begin to serve when they are installed, or that cannot be installed together:
# where this machine has none, their Debian packages are unpacked into a cache and run from there.

UNPACKED=${WEIR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/weir}/servers

# unpacked PROGRAM PACKAGE…: sets PROGRAM_PATH; false: there is none. Their libraries are found by
# LD_LIBRARY_PATH=$PROGRAM_LIBRARIES (empty: it is installed).
unpacked() {
	local program=$1 folder
	shift
	PROGRAM_LIBRARIES=
	PROGRAM_PATH=$(PATH=$PATH:/usr/sbin:/sbin command -v "$program") && return
	command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
	folder=$UNPACKED/$program
	if [ ! -e "$folder/complete" ]; then
		rm -rf "$folder"
		mkdir -p "$folder"
		(cd "$folder" && timeout 60 apt-get -q download "$@" >/dev/null 2>&1 &&
			for package in ./*.deb; do dpkg-deb -x "$package" root || exit; done && touch complete) || return 1
	fi
	PROGRAM_PATH=$folder/root/usr/sbin/$program
	PROGRAM_LIBRARIES=$folder/root/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || echo "$(uname -m)-linux-gnu")
	[ -x "$PROGRAM_PATH" ]
}
