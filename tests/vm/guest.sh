#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What a guest of run.sh runs: every BPF test, then those live tests that a guest in plain
# emulation has time for. Says its cases like any test and `guest: done` at the end.

. "$(dirname "$0")/../lib.sh"
exec 2>&1
CASE_SECONDS=120
LIVE_SECONDS=$([ -n "${WEIR_VM_WHOLE:-}" ] && echo 1500 || echo 240)

# Emulation is ten to twenty times slower than the machine: tests wait longer and send less.
export WEIR_SLOW=1
LIVE=(vm/live.sh)
# The oldest: filters of others beside ours, where tc has no TCX.
case $(uname -r) in
5.10.*) LIVE=(live/hooks.sh) ;;
esac

# With all kernels there is time for more, and for those that take longest.
LONG="test_verifier test_payload_live test_payload_lost test_handover"
[ -z "${WEIR_VM_WHOLE:-}" ] || LIVE+=(live/neighbours.sh live/offloads.sh)

for module in veth sch_ingress cls_bpf bridge 8021q tun nf_tables nft_chain_nat nft_masq nf_conntrack_netlink \
	bonding wireguard cls_matchall dummy vxlan geneve ip_gre; do
	modprobe -q "$module"
done
sysctl -qw net.core.bpf_jit_enable=1
echo "guest: $(uname -r), $(cut -d' ' -f1 /proc/uptime) s after its start"
check booted test -r /sys/kernel/btf/vmlinux

# bpf PROGRAM: one case. A kernel on which weir's programs do not load is no reason to skip here.
bpf() {
	local name=bpf/${1##*/} started=$SECONDS status=0
	timeout -k 1 "$CASE_SECONDS" "$1" >"$SCRATCH/said" 2>&1 || status=$?
	if [ "$status" -ne 0 ]; then
		not_ok "$name" "left with $status after $((SECONDS - started)) s"
	elif grep -q 'failed to load' "$SCRATCH/said"; then
		not_ok "$name" "the programs do not load"
	else
		ok "$name"
		sed -n "s|^skipped: |skip $name — |p; /^verifier: /p" "$SCRATCH/said"
		echo "guest: $name took $((SECONDS - started)) s"
		return
	fi
	tail -n 30 "$SCRATCH/said" | sed 's/^/    /'
}

# features: what this kernel has of what weir can use, for run.sh's table.
features() {
	"$WEIR" check -c /dev/null --system "$TREE/rules" | tee "$SCRATCH/checked" |
		awk -F '  +' '/^(ok|note|missing) / { print "guest: feature " $2 ": " ($1 == "ok" ? "yes" : "no") }'
	echo "guest: kernel $(uname -r)"
	echo "guest: Landlock $(sed -n 's/.*Landlock \([0-9]*\)$/\1/p' "$SCRATCH/checked")"
}
[ ! -x "$WEIR" ] || features

found=0
for program in "$BUILD"/tests/bpf/test_*; do
	case $program in *.*) continue ;; esac
	[ -n "${WEIR_VM_WHOLE:-}" ] || [[ " $LONG " != *" ${program##*/} "* ]] || continue
	[ -x "$program" ] || continue
	found=$((found + 1))
	bpf "$program"
done
[ "$found" -gt 0 ] || skip bpf "no BPF tests in $BUILD"

for name in "${LIVE[@]}"; do
	if [ ! -x "$WEIR" ]; then
		skip live "no program at $WEIR"
		break
	fi
	started=$SECONDS status=0
	timeout -k 5 "$LIVE_SECONDS" "$TREE/tests/$name" || status=$?
	[ "$status" -ne 124 ] || not_ok "$name" "not done after $LIVE_SECONDS s"
	[ "$status" -eq 0 ] || _failed=$((_failed + 1))
	echo "guest: $name took $((SECONDS - started)) s"
done
echo "guest: done, $(cut -d' ' -f1 /proc/uptime) s after its start"
