#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What people do wrong with `weir run`: each gets its words and its exit status, and leaves nothing
# attached.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live setpriv

host here there
wire here eth0 there eth0
address here eth0 10.84.0.2/24
run() { on here timeout "$READY_SECONDS" "$WEIR" run --rules "$RULES" "$@"; }

expect "misuse/not root" 3 'weir: .*root' \
	on here setpriv --reuid 65534 --regid 65534 --clear-groups "$WEIR" run --rules "$RULES" --database none
expect "misuse/no folder for the database" 3 'weir: .*/proc/weir' run --database /proc/weir/weir.db
printf 'this is no database, only some text that is long enough to look at\n%0200d' 0 >"$SCRATCH/text.db"
expect "misuse/not a database" 1 'weir: .*text\.db' run --database "$SCRATCH/text.db"
sqlite3 "$SCRATCH/foreign.db" 'create table t (a); pragma application_id = 77;'
expect "misuse/another program's database" 1 'weir: .*foreign\.db' run --database "$SCRATCH/foreign.db"
weir_start here
weir_stop here
same "misuse/a good start" 0 $?
sqlite3 "$SCRATCH/here/weir.db" 'pragma user_version = 9999;'
expect "misuse/a database of a newer version" 1 'weir: .*newer' run --database "$SCRATCH/here/weir.db"
mkdir "$SCRATCH/full" && mount -t tmpfs -o size=16k none "$SCRATCH/full" && at_exit 'umount "$SCRATCH/full"'
head -c 16384 /dev/zero >"$SCRATCH/full/ballast" 2>/dev/null
expect "misuse/no space for the database" 3 'weir: .*(full|space)' run --database "$SCRATCH/full/weir.db"
expect "misuse/an unknown option" 2 "weir: .*--databse.*--database" run --databse x
expect "misuse/an unknown hook" 2 'weir: .*(auto|tc|xdp)' run --database none --hook eth0=fast
mkdir "$SCRATCH/rules" && echo 'title: [' >"$SCRATCH/rules/bad.yml"
expect "misuse/a rule that is no YAML" 1 'bad\.yml:[0-9]+:[0-9]+: ' run --database none --rules "$SCRATCH/rules"
same "misuse/nothing stays attached" "" "$(attached here)"
