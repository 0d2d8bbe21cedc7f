#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Mixed traffic for long: half an hour in `make test-fault`, as long as SOAK says (SOAK=24h), a few
# seconds in `make test`. Memory, kernel memory and descriptors do not grow once it is warm.
#
# alone: growth of few seconds is looked at

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live

# seconds TEXT: of 90, 90s, 30m, 24h.
seconds() {
	case $1 in
	*h) echo $((${1%h} * 3600)) ;;
	*m) echo $((${1%m} * 60)) ;;
	*) echo "${1%s}" ;;
	esac
}
LENGTH=$(seconds "${SOAK:-$(sized 8 30m)}")
# Tables and caches are filled: no flow of this traffic is remembered for longer than some minutes.
WARM=$((LENGTH / 3))
INTERVAL=$(sized 0.5 5)

host here there
wire here eth0 there eth0
address here eth0 10.87.0.2/24
address there eth0 10.87.0.1/24
behind there python3 "$TRAFFIC" serve --tcp 8080,8081 --udp 123
wait_for 10 listening there 8080
# The processes of the whole machine are remembered, up to 131,072, whatever is watched: what others
# start here is none of the test's.
weir_config here
printf 'owners: {enabled: false}\n' >>"$SCRATCH/here/weir.yaml"
start_or_leave here

behind here python3 "$TREE/tests/lib/soak.py" traffic 10.87.0.1
behind here python3 "$TRAFFIC" hold 10.87.0.1 8081 1 20 $((LENGTH + 60)) >/dev/null

if python3 "$TREE/tests/lib/soak.py" watch "${WEIR_PID[here]}" "$LENGTH" "$WARM" "$INTERVAL" \
	>"$SCRATCH/figures" 2>"$SCRATCH/grew"; then
	ok "soak/nothing grows"
elif [ "$LENGTH" -lt 300 ]; then
	skip "soak/nothing grows" "$LENGTH s tell nothing of growth: $(tail -n 1 "$SCRATCH/grew")"
else
	not_ok "soak/nothing grows" "$(tail -n 1 "$SCRATCH/grew")"
fi
cat "$SCRATCH/figures"
check "soak/it is there" kill -0 "${WEIR_PID[here]}"
weir_status here
check "soak/it saw all that" test "$(look value "$SCRATCH/here/status" flows.ended)" -gt $((LENGTH / 4))
weir_stop here
same soak/stops 0 $?
same "soak/nothing attached" "" "$(attached here)"
