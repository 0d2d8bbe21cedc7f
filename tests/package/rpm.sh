#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# `make test-package`: the RPM package is built, by rpmbuild of whichever distribution, looked at by rpmlint, and
# installed and erased in a folder of its own. Where rpm knows no packages of the system (Debian), what it is built
# with is not asked for, and macros of Fedora's are those of fedora.macros: nothing is proven of Fedora's packages.

. "$(dirname "$0")/../lib.sh"
require_root
require_tool rpmbuild rpm rpm2cpio cpio
VERSION=$(sed -n 's/^VERSION *:= *//p' "$TREE/Makefile")
OUT=$SCRATCH/out
ROOT=$SCRATCH/root
options=()
[ -n "$(rpm --eval '%{?_unitdir}')" ] || options+=(--load="$TREE/tests/package/fedora.macros")
rpm -q systemd-rpm-macros >/dev/null 2>&1 || options+=(--nodeps)
[ ${#options[@]} -eq 0 ] || echo "rpmbuild is called with ${options[*]}"

WEIR_RPMBUILD="${options[*]}" nice "$TREE/tools/package.sh" rpm "$VERSION" "$OUT" >"$SCRATCH/built" 2>&1 || {
	not_ok "the RPM package is built" "$(tail -n 3 "$SCRATCH/built")"
	exit 1
}
ok "the RPM package is built"
RPM=$(ls "$OUT/weir-$VERSION"-*."$(uname -m)".rpm)
check "from a package of sources" test -s "$(ls "$OUT/weir-$VERSION"-*.src.rpm)"
if command -v rpmlint >/dev/null; then
	check "rpmlint finds nothing" rpmlint --strict -c "$TREE/tests/package/rpmlint.toml" "$RPM" "$OUT"/*.src.rpm
else
	skip "rpmlint finds nothing" "rpmlint is not installed"
fi

packed() { rpm -qp --qf "$1" "$RPM"; }
same "the configuration is its group's, and stays" "$(printf '/etc/weir/weir.yaml 100640 root weir 17')" \
	"$(packed '[%{FILENAMES} %{FILEMODES:octal} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILEFLAGS}\n]' | grep '^/etc/weir/weir.yaml ')"
check "its user is made before" grep -q 'weir, host-level network monitor' <<<"$(packed '%{PREIN}')"
check "it knows its libraries" grep -q '^libbpf\.so\.' <<<"$(rpm -qp --requires "$RPM")"

database=var/lib/rpm
of() { rpm --root "$ROOT" --dbpath "/$database" "$@"; }
mkdir -p "$ROOT/$database"
check "it is installed" of -i --nodeps --noscripts "$RPM"
same "all of it" "" "$(of -V --nodeps --nouser --nogroup --noscripts weir)"
for file in usr/bin/weir usr/share/weir/rules/signals usr/share/man/man1/weir-run.1.gz usr/share/licenses usr/share/doc/weir/operations.md \
	usr/lib/systemd/system/weir.service usr/lib/sysusers.d/weir.conf usr/share/bash-completion/completions/weir; do
	check "$file" test -e "$ROOT/$file"
done
check "the program runs" "$ROOT/usr/bin/weir" version
expect "with the rules beside it" 0 LATERAL_MOVEMENT "$ROOT/usr/bin/weir" replay -c /dev/null "$TREE/tests/data/lateral-movement.pcap"
echo 'loopback: true' >>"$ROOT/etc/weir/weir.yaml"
check "it is erased" of -e --noscripts weir
same "what is left is the configuration that was changed, in its folder" "etc/weir etc/weir/weir.yaml.rpmsave" \
	"$(cd "$ROOT" && find . -path "./$database" -prune -o \( ! -type d -o -name weir -o -path '*/weir/*' \) -printf '%P\n' | sort | paste -sd ' ')"
