#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# timeout: 300
# `make install` puts everything where it belongs, what is installed works from there, and `make
# uninstall` takes it away.

. "$(dirname "$0")/../lib.sh"
require_tool make
case $WEIR in "$BUILD/weir") ;; *) skip install.sh "WEIR is not the build's own" && exit 0 ;; esac
ROOT=$SCRATCH/root

# What was built is what is tested: nothing is made anew while other tests run it.
made() { # TARGET [VARIABLE=VALUE…]
	make -C "$TREE" -s -o "$BUILD/weir" BUILD="$BUILD" DESTDIR="$ROOT" "$@"
}

all_files() {
	(cd "$ROOT" && find . \( -type f -o -type l \) | sort)
}

check "install" made install prefix=/usr
for file in usr/bin/weir usr/share/weir/rules usr/lib/systemd/system/weir.service usr/lib/sysusers.d/weir.conf etc/weir/weir.yaml \
	usr/share/man/man1/weir.1 usr/share/man/man1/weir-run.1 usr/share/doc/weir/LICENSE \
	usr/share/bash-completion/completions/weir usr/share/zsh/site-functions/_weir usr/share/fish/vendor_completions.d/weir.fish; do
	check "$file" test -s "$ROOT/$file"
done
expect "it finds its rules" 0 "^rules: \[.*$ROOT/usr/bin/../share/weir/rules" \
	"$ROOT/usr/bin/weir" run -c /dev/null --print-config
expect "its rules are right" 0 'LATERAL_MOVEMENT' "$ROOT/usr/bin/weir" rules -c /dev/null
check "the unit names the program" grep -q '^ExecStart=/usr/bin/weir run' "$ROOT/usr/lib/systemd/system/weir.service"
same "nothing that others may write" "" "$(find "$ROOT" -type f -perm /022)"
if command -v man >/dev/null; then
	same "manual pages without faults" "" "$(for page in "$ROOT"/usr/share/man/man1/*; do
		MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>&1 >/dev/null
	done)"
else
	skip "manual pages without faults" "man is not installed"
fi
echo '# mine' >"$ROOT/etc/weir/weir.yaml"
check "install again" made install prefix=/usr
same "a configuration that is there stays" '# mine' "$(cat "$ROOT/etc/weir/weir.yaml")"
check "uninstall" made uninstall prefix=/usr
same "only the configuration is left" "./etc/weir/weir.yaml" "$(all_files)"

rm -rf "$ROOT"
check "install elsewhere" made install-strip prefix=/opt/weir exec_prefix=/opt/weir/x mandir=/opt/man docdir=/opt/doc unitdir=/units \
	sysusersdir=/users bash_completiondir=/c/bash zsh_completiondir=/c/zsh fish_completiondir=/c/fish datadir=/opt/weir/x/share
for file in opt/weir/x/bin/weir opt/weir/x/share/weir/rules opt/man/man1/weir.1 opt/doc/README.md units/weir.service users/weir.conf c/bash/weir c/zsh/_weir c/fish/weir.fish; do
	check "elsewhere: $file" test -s "$ROOT/$file"
done
same "without symbols" "" "$(readelf -S "$ROOT/opt/weir/x/bin/weir" | grep -o '\.symtab')"
check "the unit names the program there" grep -q '^ExecStart=/opt/weir/x/bin/weir run' "$ROOT/units/weir.service"
check "uninstall elsewhere" made uninstall prefix=/opt/weir exec_prefix=/opt/weir/x mandir=/opt/man docdir=/opt/doc unitdir=/units \
	sysusersdir=/users bash_completiondir=/c/bash zsh_completiondir=/c/zsh fish_completiondir=/c/fish datadir=/opt/weir/x/share
same "only the configuration is left there" "./etc/weir/weir.yaml" "$(all_files)"
