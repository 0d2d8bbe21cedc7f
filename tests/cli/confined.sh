#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A replay gives up what it does not need before it reads, in all its threads, and still does its work.

. "$(dirname "$0")/../lib.sh"
RULES=$TREE/rules
CAPTURE=$TREE/tests/data/lateral-movement.pcap

replay() { # ARGUMENT…
	"$WEIR" replay -c /dev/null --rules "$RULES" "$@"
}

expect "isolation is checked" 0 ' isolation +(system calls are filtered|no filters)' "$WEIR" check -c /dev/null --system "$RULES"
for each in TCX "batch look-ups" "XDP fragments" "cgroup ids" BTF "owner hooks"; do
	check "what the kernel has of $each is said" grep -Eq "^(ok|note) +$each  +[A-Za-z/]" "$SCRATCH/said"
done
if ! grep -q 'isolation *system calls are filtered' "$SCRATCH/said"; then
	skip "a replay is confined" "this kernel filters no system calls"
	exit 0
fi

# One that waits for the rest of its input.
mkfifo "$SCRATCH/input"
mkdir "$SCRATCH/db"
"$WEIR" replay -c /dev/null --rules "$RULES" --quiet --database "$SCRATCH/db/weir.db" - <"$SCRATCH/input" >"$SCRATCH/out" 2>&1 &
pid=$!
at_exit "kill $pid 2>/dev/null"
exec 9>"$SCRATCH/input"
head -c 4096 "$CAPTURE" >&9

all_filtered() {
	[ "$(cat "/proc/$pid/task/"*/status | awk '/^Seccomp:/ {print $2}' | sort -u)" = 2 ]
}
check "system calls of all threads are filtered" wait_for 10 all_filtered
check "there is more than one" test "$(find "/proc/$pid/task" -mindepth 1 -maxdepth 1 | wc -l)" -gt 1
same "no new privileges in any" 1 "$(cat "/proc/$pid/task/"*/status | awk '/^NoNewPrivs:/ {print $2}' | sort -u)"
tail -c +4097 "$CAPTURE" >&9
exec 9>&-
wait "$pid"
same "it ends as ever" 0 $?
check "what it found is stored" test "$(sqlite3 "$SCRATCH/db/weir.db" 'select count(*) from detection')" -gt 0

expect "a database in a folder that is to be made" 0 . replay --database "$SCRATCH/made/weir.db" "$CAPTURE"
check "it is there" test -s "$SCRATCH/made/weir.db"
ln -s "$SCRATCH/made/weir.db" "$SCRATCH/link.db"
expect "a database behind a link" 0 . replay --database "$SCRATCH/link.db" "$CAPTURE"
cd "$SCRATCH" || exit
expect "a database in the folder at hand" 0 . replay --database here.db "$CAPTURE"
check "it is there too" test -s here.db
gzip -c "$CAPTURE" >packed.gz
expect "a packed capture and another" 0 'packed.gz: pcap' replay --database none packed.gz "$CAPTURE"
expect "what was given up is in the summary" 0 '^\{"confined":\{"files":(true|false),"calls":true\}\}$' \
	replay --json --database none "$CAPTURE"
