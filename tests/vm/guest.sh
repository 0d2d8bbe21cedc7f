#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What a guest of run.sh runs: every BPF test, then those live tests that a guest in plain
# emulation has time for. Says its cases like any test and `guest: done` at the end.

. "$(dirname "$0")/../lib.sh"
exec 2>&1
CASE_SECONDS=60

# Emulation is ten to twenty times slower than the machine: tests wait longer and send less.
export WEIR_SLOW=1
LIVE=(detect.sh stop.sh hooks.sh)

for module in veth sch_ingress cls_bpf bridge 8021q tun nf_tables nft_chain_nat nft_masq nf_conntrack_netlink; do
	modprobe -q "$module"
done
sysctl -qw net.core.bpf_jit_enable=1
echo "guest: $(uname -r), $(cut -d' ' -f1 /proc/uptime) s after its start"
check booted test -r /sys/kernel/btf/vmlinux

found=0
for program in "$BUILD"/tests/bpf/test_*; do
	case $program in *.*) continue ;; esac
	[ -x "$program" ] || continue
	found=$((found + 1))
	check "bpf/${program##*/}" timeout -k 1 "$CASE_SECONDS" "$program"
done
[ "$found" -gt 0 ] || skip bpf "no BPF tests in $BUILD"

for name in "${LIVE[@]}"; do
	if [ ! -x "$WEIR" ]; then
		skip live "no program at $WEIR"
		break
	fi
	[ -x "$TREE/tests/live/$name" ] || continue
	timeout -k 5 "$CASE_SECONDS" "$TREE/tests/live/$name" || _failed=$((_failed + 1))
done
echo "guest: done, $(cut -d' ' -f1 /proc/uptime) s after its start"
