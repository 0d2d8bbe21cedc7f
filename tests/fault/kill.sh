#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# weir is killed again and again, in its start and in its work, while connections come and go: the
# next one goes on, and after the last has stopped nothing of any of them is left behind.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live bpftool

TIMES=$(sized 20 1000)
SEED=${WEIR_SEED:-$$}
HOME_HERE=$SCRATCH/here
echo "seed $SEED"

host here there
wire here eth0 there eth0
address here eth0 10.84.0.2/24
address there eth0 10.84.0.1/24
behind there python3 "$TRAFFIC" serve --tcp 8080
wait_for 10 listening there 8080

KILL=$TREE/tests/lib/kill.py
# What no process holds is in the kernel because it is attached; other people's weirs may run here.
nothing_more() { [ -z "$(comm -13 "$SCRATCH/unheld" <(python3 "$KILL" unheld | sort))" ]; }
# Files beside those that weir keeps.
strays() {
	find "$HOME_HERE" -type f | grep -vE '/(weir\.yaml|weir\.db(-wal|-shm)?|weir\.db\.state|events\.json|said|out|status|syslog|lives)$'
}
no_more_than() { [ "$1" -le "$2" ]; }

python3 "$KILL" unheld | sort >"$SCRATCH/unheld"
weir_config here
talk() {
	while :; do on here python3 "$TRAFFIC" talk 10.84.0.1 8080 200 1000 >/dev/null 2>&1; done
}
talk &
TALK=$!
at_exit 'kill $TALK 2>/dev/null'

check "kill/every one starts and sees" on here python3 "$KILL" "$TIMES" "$SEED" \
	"$HOME_HERE/lives" "$WEIR" run -c "$HOME_HERE/weir.yaml"
same "kill/as often as was asked" "$TIMES" "$(wc -l <"$HOME_HERE/lives")"
python3 - "$HOME_HERE/lives" <<'END2'
import statistics, sys
lives = [line.split() for line in open(sys.argv[1], encoding="utf-8")]
for what, column in (("ready", 0), ("first event", 1)):
    took = [float(life[column]) for life in lives if life[column] != "-"]
    if took:
        print(f"figure: restart to {what}, median {statistics.median(took):.2f} s")
        print(f"figure: restart to {what}, greatest {max(took):.2f} s")
        if column == 1:
            with open(sys.argv[1] + ".median", "w", encoding="utf-8") as out:
                print(int(statistics.median(took) * 1000), file=out)
END2
if [ "${WEIR_FAULT:-}" = long ]; then
	check "kill/restart to first event within 2 s" no_more_than "$(cat "$HOME_HERE/lives.median")" 2000
fi
rm -f "$HOME_HERE/lives.median"
same "kill/the database is whole" ok "$(sqlite3 "$HOME_HERE/weir.db" 'pragma integrity_check')"
check "kill/a state was written" test -s "$HOME_HERE/weir.db.state"

# The next start and stop take away all that the killed ones left.
start_or_leave here
check "kill/the state is usable" grep -q 'going on from the state' "$HOME_HERE/said"
same "kill/no state was set aside" "" "$(find "$HOME_HERE" -name '*.bad-*')"
kill "$TALK"
weir_stop here
same "kill/the last one stops" 0 $?
same "kill/the database is whole after that" ok "$(sqlite3 "$HOME_HERE/weir.db" 'pragma integrity_check')"
same "kill/nothing attached" "" "$(attached here)"
check "kill/no maps and no programs" wait_for 5 nothing_more
same "kill/no pins" "" "$(find /sys/fs/bpf -name '*weir*' 2>/dev/null)"
same "kill/no files" "" "$(strays)"
same "kill/no processes" "" "$(ip netns pids "$NET-here" | xargs -r ps -o args= -p | grep -F "$WEIR" || true)"
