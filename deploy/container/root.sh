#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# root.sh BUILD FOLDER: the root file system of the image: the program, the libraries that it is
# linked with, rules, the list of public suffixes, certificates of authorities.

set -euo pipefail
TREE=$(cd "$(dirname "$0")/../.." && pwd)
BUILD=$1 ROOT=$2

make -C "$TREE" -s -o "$BUILD/weir" BUILD="$BUILD" prefix=/usr DESTDIR="$ROOT" install-strip
rm -rf "$ROOT"/usr/share/{doc,man,bash-completion,zsh,fish} "$ROOT"/usr/lib/{systemd,sysusers.d}

# Libraries, by the names that the loader looks for, and the loader.
ldd "$BUILD/weir" | grep -o '/[^ ]*' | while read -r library; do
	install -D -m 755 "$library" "$ROOT$library"
	strip --strip-unneeded "$ROOT$library"
done

copy() { # FILE: where it is there
	[ ! -e "$1" ] || install -D -m 644 "$1" "$ROOT$1"
}
copy /usr/share/publicsuffix/public_suffix_list.dafsa
copy /etc/ssl/certs/ca-certificates.crt

mkdir -p "$ROOT"/{proc,sys,dev,run,tmp} "$ROOT/var/lib/weir"
chmod 1777 "$ROOT/tmp"
chmod 750 "$ROOT/var/lib/weir"
printf 'root:x:0:0:root:/:/usr/bin/weir\nweir:x:990:990:weir:/var/lib/weir:/usr/bin/weir\n' >"$ROOT/etc/passwd"
printf 'root:x:0:\nweir:x:990:\n' >"$ROOT/etc/group"
