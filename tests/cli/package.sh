#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 300
# What the Debian package consists of, packed around the program that is here. `make test-package` builds it as a
# distribution would, and installs, upgrades and purges it.

. "$(dirname "$0")/../lib.sh"
# What it is built with is named once for people, and once for the package.
listed=$(awk '/^BUILD_PACKAGES\+?=\(/ { on = 1 } on { print } /\)/ { on = 0 }' "$TREE/tools/deps.sh" | tr -d '()' |
	sed 's/BUILD_PACKAGES+*=//' | tr -s ' \t' '\n' | grep -vE '^(gcc|make|libc6-dev|publicsuffix|)$' | sort)
needed=$(sed -n '/^Build-Depends:/,/^Standards/p' "$TREE/deploy/debian/control" | sed -n 's/^ \([a-z0-9+.-]*\).*/\1/p' |
	grep -vE '^(debhelper-compat|dh-sequence-.*|bpftool|libbpf-dev)$' | sort)
same "the package names what tools/deps.sh does" "$listed" "$needed"

require_tool dpkg-buildpackage dh
case $WEIR in "$BUILD/weir") ;; *) skip package.sh "WEIR is not the build's own" && exit 0 ;; esac
VERSION=$(sed -n 's/^VERSION *:= *//p' "$TREE/Makefile")
DEB=$SCRATCH/build/weir_${VERSION}_$(dpkg --print-architecture).deb

check "it is packed" env DEB_BUILD_OPTIONS='noautodbgsym nocheck' WEIR_BUILD="$BUILD" "$TREE/tools/package.sh" deb "$VERSION" "$SCRATCH/build"
dpkg-deb -x "$DEB" "$SCRATCH/root"
dpkg-deb -e "$DEB" "$SCRATCH/control"
same "the configuration is one that stays" /etc/weir/weir.yaml "$(cat "$SCRATCH/control/conffiles")"
for file in usr/bin/weir usr/share/weir/rules/signals usr/share/weir/weir.schema.json usr/share/man/man1/weir-run.1.gz usr/share/doc/weir/copyright \
	usr/share/doc/weir/changelog.gz usr/share/doc/weir/install.md usr/lib/sysusers.d/weir.conf usr/share/bash-completion/completions/weir; do
	check "$file" test -s "$SCRATCH/root/$file"
done
check "there is a unit" test -n "$(find "$SCRATCH/root" -name weir.service)"
for script in postinst prerm postrm; do check "$script is a script" sh -n "$SCRATCH/control/$script"; done
