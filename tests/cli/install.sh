#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 300
# `make install` puts everything where it belongs, and what is installed works from there.

. "$(dirname "$0")/../lib.sh"
require_tool make
case $WEIR in "$BUILD/weir") ;; *) skip install.sh "WEIR is not the build's own" && exit 0 ;; esac
ROOT=$SCRATCH/root

# What was built is what is tested: nothing is made anew while other tests run it.
put() {
	make -C "$TREE" -s -o "$BUILD/weir" BUILD="$BUILD" PREFIX=/usr DESTDIR="$ROOT" install
}

check "install" put
for file in usr/bin/weir usr/share/weir/rules usr/lib/systemd/system/weir.service usr/lib/sysusers.d/weir.conf etc/weir/weir.yaml \
	usr/share/man/man1/weir.1 usr/share/man/man1/weir-run.1 usr/share/doc/weir/LICENSE; do
	check "$file" test -s "$ROOT/$file"
done
expect "it finds its rules" 0 "^rules: \[.*$ROOT/usr/bin/../share/weir/rules" \
	"$ROOT/usr/bin/weir" run -c /dev/null --print-config
expect "its rules are right" 0 'LATERAL_MOVEMENT' "$ROOT/usr/bin/weir" rules -c /dev/null
check "the unit names the program" grep -q '^ExecStart=/usr/bin/weir run' "$ROOT/usr/lib/systemd/system/weir.service"
echo '# mine' >"$ROOT/etc/weir/weir.yaml"
check "install again" put
same "a configuration that is there stays" '# mine' "$(cat "$ROOT/etc/weir/weir.yaml")"
