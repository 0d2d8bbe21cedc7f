#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The container image around the program that is here: how large it is, what it lacks, and that it detects with
# named capabilities only. Its first stage, which builds, needs packages of the network: `make test-container`.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live podman nmap
. "$TREE/tests/lib/container.sh"
MOST=$((40 << 20))
case $WEIR in "$BUILD/weir") ;; *) skip image.sh "WEIR is not the build's own" && exit 0 ;; esac

check "its root file system" "$TREE/deploy/container/root.sh" "$BUILD" "$SCRATCH/image"
size=$(du -s --apparent-size -B1 "$SCRATCH/image" | cut -f 1)
printf 'figure: image.size %s bytes\n' "$size"
check "is at most 40 MiB" test "$size" -le "$MOST"
same "without a shell" "" "$(find "$SCRATCH/image" -name '*sh' -perm /111 -type f -o -name busybox)"
# The last stage as it stands, on what was made here.
sed -n '/^FROM scratch/,$p' "$TREE/deploy/container/Containerfile" | sed 's,^COPY .*,COPY . /,' >"$SCRATCH/Containerfile"
if ! contained build -q --format docker --isolation chroot -t weir -f "$SCRATCH/Containerfile" "$SCRATCH/image" >"$SCRATCH/build" 2>&1; then
	skip "the image" "podman cannot build here: $(tail -n 1 "$SCRATCH/build")"
	exit 0
fi
container_behaves
