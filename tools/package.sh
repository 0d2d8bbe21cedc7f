#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# package.sh deb|rpm VERSION BUILD: builds packages of this tree in a copy of it, BUILD/package, and
# leaves them in BUILD. WEIR_BUILD: a build folder whose program is packed as it is, instead of
# being built with the distribution's flags (deb). WEIR_RPMBUILD: more options for rpmbuild.

set -euo pipefail
cd "$(dirname "$0")/.."
KIND=$1 VERSION=$2 BUILD=$3
STAGE=$BUILD/package/weir-$VERSION

fail() {
	echo "package: $*" >&2
	exit 1
}

sources() {
	if [ -e .git ] && git rev-parse --git-dir >/dev/null 2>&1; then
		git ls-files -z
	else
		find . \( -path ./build -o -path ./.git \) -prune -o -type f -print0
	fi
}

# The tree as it is now, without what was built.
stage() {
	rm -rf "$STAGE"
	mkdir -p "$STAGE"
	sources | tar --null -T - -cf - | tar -C "$STAGE" -xf -
}

build_deb() {
	local kind=(-b)
	command -v dpkg-buildpackage >/dev/null && command -v dh >/dev/null ||
		fail "no dpkg-buildpackage or no debhelper here: apt-get install build-essential debhelper"
	stage
	cp -R deploy/debian "$STAGE/debian"
	sed -i "1s/([^)]*)/($VERSION)/" "$STAGE/debian/changelog"
	# What was built elsewhere is no question of what is installed here.
	[ -z "${WEIR_BUILD:-}" ] || kind+=(-d)
	(cd "$STAGE" && dpkg-buildpackage -us -uc "${kind[@]}")
	mv "$BUILD/package/weir_$VERSION"_*.deb "$BUILD/"
	mv "$BUILD/package/weir-dbgsym_$VERSION"_*.deb "$BUILD/" 2>/dev/null || true
	ls "$BUILD/weir_$VERSION"_*.deb
}

build_rpm() {
	local top=$BUILD/package/rpm
	command -v rpmbuild >/dev/null || fail "no rpmbuild here: install rpm-build (Debian: rpm)"
	stage
	mkdir -p "$top/SOURCES"
	tar -C "$BUILD/package" -czf "$top/SOURCES/weir-$VERSION.tar.gz" "weir-$VERSION"
	cp deploy/systemd/weir.sysusers "$top/SOURCES/"
	# shellcheck disable=SC2086 # a word each
	rpmbuild -ba ${WEIR_RPMBUILD:-} --define "_topdir $top" --define "weir_version $VERSION" deploy/rpm/weir.spec
	mv "$top"/RPMS/*/weir-*.rpm "$top"/SRPMS/weir-*.src.rpm "$BUILD/"
	ls "$BUILD"/weir-"$VERSION"*.rpm
}

case $KIND in
deb | rpm) ;;
*) fail "no kind of package '$KIND': deb or rpm would be right" ;;
esac
case $BUILD in /*) ;; *) BUILD=$PWD/$BUILD STAGE=$BUILD/package/weir-$VERSION ;; esac
"build_$KIND"
