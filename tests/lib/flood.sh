# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
#
# What tests of floods share. Source it behind tests/lib/net.sh.

# flood_sum WHAT: of all floods of which $SCRATCH/flooded tells: sent, bytes or refused.
flood_sum() {
	grep -o "\b$1=[0-9]*" "$SCRATCH/flooded" | cut -d= -f2 | awk '{ sum += $1 } END { print sum + 0 }'
}

# flood_rate: packets a second of the first of them.
flood_rate() {
	awk -F'[= ]' 'NR == 1 { printf "%.0f", $2 / $8 }' "$SCRATCH/flooded"
}

# memory HOST: resident KiB of weir there.
memory() {
	awk '/^VmRSS:/ { print $2 }' "/proc/${WEIR_PID[$1]}/status"
}

# cpu HOST: milliseconds that weir has worked there.
cpu() {
	awk -v hz="$(getconf CLK_TCK)" '{ print int(($14 + $15) * 1000 / hz) }' "/proc/${WEIR_PID[$1]}/stat"
}

# said HOST PATH: a value of the last weir_status.
said() {
	look value "$SCRATCH/$1/status" "$2"
}

# status_of HOST: weir_status, again if there was no answer in time.
status_of() {
	wait_for $((20 * SLOW)) _answers "$1"
}
_answers() {
	weir_status "$1"
	look value "$SCRATCH/$1/status" health
}

# told_all HOST: waits until two polls have nothing new to tell; the last status says what there was.
told_all() {
	wait_for $((20 * SLOW)) _tells_nothing_new "$1"
}
_tells_nothing_new() {
	local before
	_answers "$1" && before=$(said "$1" capture.ip_bytes_told) && sleep 2.5 && _answers "$1" &&
		[ "$(said "$1" capture.ip_bytes_told)" = "$before" ]
}
