#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# run.sh [SERIES…|all]: boots other kernels by virtme-ng under QEMU with this machine's file system as
# a read-only root, and runs guest.sh in each: BPF tests, then live ones. Default: the oldest that weir
# runs on, and one of the other kind than this machine's own, which all other tests run on: with TCX
# (from 6.6) or without. all (so `make test-vm`, by WEIR_VM=all): every series that fetch.sh knows, with
# the verifier's figures and the neighbours too. What each kernel has, and how it did, stands in a
# table at the end.
# As many guests at a time as there are processors (WEIR_VM_GUESTS: another number). Nothing on the
# machine changes but the cache that fetch.sh fills; a guest has no network and writes to memory only.
#
# WEIR_VM_SECONDS bounds a guest (default 500; all: 2700). WEIR_VM_PAYLOAD replaces guest.sh (for
# trying out).

. "$(dirname "$0")/../lib.sh"
. "$(dirname "$0")/emulation.sh"
HERE=$TREE/tests/vm
CACHE=${WEIR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/weir/kernels}
GUEST_MEMORY=1G
GUEST_CPUS=2
SERIES=("$@")
WHOLE=${WEIR_VM_WHOLE:-}
if [ "${1:-${WEIR_VM:-}}" = all ]; then
	WHOLE=1
	mapfile -t KNOWN < <("$HERE/fetch.sh")
	SERIES=("${KNOWN[@]}")
elif [ ${#SERIES[@]} -eq 0 ]; then
	if printf '6.6\n%s\n' "$(uname -r)" | sort -CV; then SERIES=(5.10 6.1); else SERIES=(5.10 6.12); fi
fi
GUEST_SECONDS=${WEIR_VM_SECONDS:-$([ -n "$WHOLE" ] && echo 2700 || echo 500)}

require_root
require_tool qemu-system-x86_64 busybox modprobe depmod python3 file
if [ "$(uname -m)" != x86_64 ]; then
	skip vm "guests are x86-64, this machine is $(uname -m)"
	exit 0
fi

declare -A reason
for series in "${SERIES[@]}"; do
	reason[$series]=$("$HERE/fetch.sh" "$series" 2>&1 >/dev/null) || reason[$series]=${reason[$series]:-could not be fetched}
done
if [ ! -d "$CACHE/virtme-ng" ]; then
	skip vm "${reason[${SERIES[0]}]#fetch: }"
	exit 0
fi

ACCEL=(--disable-kvm)
QEMU=("${EMULATION[@]}")
for series in "${SERIES[@]}"; do
	if [ -d "$CACHE/$series" ] && kvm_works "$CACHE/$series"/boot/vmlinuz-*; then
		ACCEL=(--disable-microvm)
		QEMU=(-name weir)
	fi
	break
done

# The guest mounts its modules there, and its root is ours.
if [ ! -d /lib/modules ]; then
	mkdir /lib/modules
	at_exit 'rmdir --ignore-fail-on-non-empty /lib/modules'
fi

# boot SERIES: what the guest says goes to $SCRATCH/SERIES.out, the console to .console.
boot() {
	local payload=${WEIR_VM_PAYLOAD:-"exec $HERE/guest.sh"} image
	image=$(echo "$CACHE/$1"/boot/vmlinuz-*)
	mkdir -p "$SCRATCH/$1"
	# Through pipes: virtme opens the files anew and would truncate them.
	TMPDIR=$SCRATCH/$1 PYTHONPATH=$CACHE/virtme-ng/usr/lib/python3/dist-packages PYTHONDONTWRITEBYTECODE=1 \
		timeout -k 2 "$GUEST_SECONDS" \
		python3 -c 'import sys; from virtme.commands.run import main; sys.exit(main())' \
		--mods auto --kimg "$image" "${ACCEL[@]}" --force-9p --no-virtme-ng-init \
		--memory "$GUEST_MEMORY" --cpus "$GUEST_CPUS" --show-boot-console -a "init=$HERE/init" \
		--script-sh "BUILD='$BUILD' WEIR='$WEIR' WEIR_VM_WHOLE='$WHOLE' $payload" \
		--qemu-opts "${QEMU[@]}" </dev/null > >(cat >"$SCRATCH/$1.out") 2> >(cat >"$SCRATCH/$1.console") &
	echo $! >"$SCRATCH/$1.pid"
	wait $!
	local status=$?
	[ -d "$SCRATCH" ] || exit # stopped in the middle
	echo "$status" >"$SCRATCH/$1.status"
	rm "$SCRATCH/$1.pid"
	wait_for 2 grep -q '^guest: done' "$SCRATCH/$1.out"
}

# tell SERIES SECONDS: the guest's cases under its name, and what went wrong with the guest itself.
tell() {
	local status
	status=$(cat "$SCRATCH/$1.status")
	tr -d '\r' <"$SCRATCH/$1.out" | sed -E "s/^(ok|not ok|skip) /\\1 vm-$1\\//"
	if [ "$status" -eq 0 ] && grep -q '^guest: done' "$SCRATCH/$1.out"; then
		ok "vm-$1"
	elif [ "$status" -eq 124 ]; then
		not_ok "vm-$1" "not done after $GUEST_SECONDS s"
	elif grep -q '^guest: done' "$SCRATCH/$1.out"; then
		not_ok "vm-$1" "cases failed"
	else
		not_ok "vm-$1" "the guest went down (status $status)"
	fi
	if ! grep -q '^guest: done' "$SCRATCH/$1.out" || grep -qE 'BUG:|Oops|Kernel panic' "$SCRATCH/$1.console"; then
		tr -d '\r' <"$SCRATCH/$1.console" | tail -n 40 | sed 's/^/    console: /'
	fi
	echo "vm-$1: $2 s"
}

run_one() {
	local start=$SECONDS
	boot "$1"
	tell "$1" $((SECONDS - start)) >"$SCRATCH/$1.told"
	[ "$(grep -c '^not ok' "$SCRATCH/$1.told")" -eq 0 ]
}

# timeout(1) hands the signal on to the guest.
at_exit 'cat "$SCRATCH"/*.pid 2>/dev/null | xargs -r kill'
started=()
for series in "${SERIES[@]}"; do
	if [ ! -d "$CACHE/$series" ]; then
		skip "vm-$series" "${reason[$series]#fetch: }"
		continue
	fi
	while [ "$(jobs -rp | wc -l)" -ge "${WEIR_VM_GUESTS:-$(nproc)}" ]; do wait -n; done
	(trap - EXIT INT TERM HUP && run_one "$series") &
	started+=("$series")
done
wait

# What the guest of series $1 said behind "guest: $2 ".
said() { sed -n "s/^guest: $2 //p" "$SCRATCH/$1.told" | head -n 1; }
has() { said "$1" "feature $2:" | grep . || echo '?'; } # SERIES FEATURE
# Each the most of any program.
verified() {
	awk '/^ *verifier: / {
		if ($5 > i) i = $5
		if ($9 > p) p = $9
		if ($11 > s) s = $11
	} END { print i ? i " / " p " / " s : "-" }' "$SCRATCH/$1.told"
}
count() { grep -c "^$2" "$SCRATCH/$1.told"; }
row() { printf 'table: %-8s %-20s %-4s %-6s %-5s %-10s %-7s %-4s %-7s %-9s %-21s %7s %7s %8s\n' "$@"; }
table() {
	local series
	row series kernel TCX batch ring "XDP frags" cgroups BTF owners Landlock verifier passed failed skipped
	for series in "$@"; do
		row "$series" "$(said "$series" kernel)" "$(has "$series" TCX)" "$(has "$series" "batch look-ups")" \
			"$(has "$series" 'bpf()')" "$(has "$series" "XDP fragments")" "$(has "$series" "cgroup ids")" \
			"$(has "$series" BTF)" "$(has "$series" "owner hooks")" "$(said "$series" Landlock)" \
			"$(verified "$series")" "$(count "$series" ok)" "$(count "$series" 'not ok')" "$(count "$series" skip)"
	done
	echo "table: TCX: no is clsact. verifier: most instructions / peak states / bytes of stack of any program"
}

# Another machine: loading, no more. And the unit under systemd.
if [ "${SERIES[*]}" = "${KNOWN[*]:-}" ]; then
	BUILD=$BUILD bash "$HERE/arm64.sh" || _failed=$((_failed + 1))
	BUILD=$BUILD WEIR_VM_SECONDS="" bash "$HERE/systemd.sh" || _failed=$((_failed + 1))
fi

for series in "${started[@]}"; do
	cat "$SCRATCH/$series.told"
	! grep -q '^not ok' "$SCRATCH/$series.told" || _failed=$((_failed + 1))
done
[ ${#started[@]} -eq 0 ] || table "${started[@]}"
