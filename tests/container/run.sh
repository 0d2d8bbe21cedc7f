#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# `make test-container`: the image is built by its Containerfile from the tree as it is, on a base that is
# made of Debian's packages where no registry is reached; it is looked at, started as docs/install.md
# says, upgraded, killed and stopped. Root, podman, and the network for apt; ten minutes.
# WEIR_MIRROR: where packages of the base come from.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live podman nmap mmdebstrap tar
CONTAINER_STORAGE=overlay
. "$TREE/tests/lib/container.sh"
MOST=$((40 << 20))
CONTAINERFILE=$TREE/deploy/container/Containerfile

base=$(sed -n 's/^ARG BASE=//p' "$CONTAINERFILE")
suite=${base##*:}
if ! mmdebstrap --quiet --variant=minbase "${suite%-slim}" "$SCRATCH/base.tar" "${WEIR_MIRROR:-http://deb.debian.org/debian}" >"$SCRATCH/said" 2>&1; then
	skip container "mmdebstrap cannot make $base here: $(tail -n 1 "$SCRATCH/said")"
	exit 0
fi
if ! contained import -q "$SCRATCH/base.tar" "$base" >"$SCRATCH/said" 2>&1; then
	skip container "podman cannot keep images here: $(tail -n 1 "$SCRATCH/said")"
	exit 0
fi
rm "$SCRATCH/base.tar"
cd "$TREE" || exit
# As docs/install.md says, in the machine's network: a build needs no other.
if ! contained build --format docker --isolation chroot --network host -t weir -f "$CONTAINERFILE" . >"$SCRATCH/build" 2>&1; then
	not_ok "the Containerfile builds" "$(tail -n 5 "$SCRATCH/build")"
	exit 1
fi
ok "the Containerfile builds"
size=$(contained inspect -f '{{.Size}}' weir)
printf 'figure: container.size %s bytes\n' "$size"
check "the image is at most 40 MiB" test "$size" -le "$MOST"
root=$(contained image mount weir)
same "it has no shell" "" "$(find "$root" -name '*sh' -perm /111 -type f -o -name busybox)"
same "nor anything of apt and dpkg" "" "$(find "$root" \( -name 'apt*' -o -name 'dpkg*' \) ! -path '*/share/weir/*')"
contained image unmount weir >/dev/null
container_behaves
