#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Files that are none, and where a replay may write.

. "$(dirname "$0")/../lib.sh"

replay() {
	"$WEIR" replay --rules "$TREE/rules" -c /dev/null "$@"
}

expect "missing file" 1 '^weir: .*/nonexistent\.pcap.*No such file' replay /nonexistent.pcap
expect "folder" 1 '^weir: ' replay "$SCRATCH"
printf 'this is a text, and no capture' >"$SCRATCH/text.pcap"
expect "no capture" 1 '^weir: .*text\.pcap' replay "$SCRATCH/text.pcap"
: >"$SCRATCH/empty"
expect "empty file" 1 '^weir: .*empty' replay "$SCRATCH/empty"
printf '\324\303\262\241\002\000\004\000\000\000\000\000\000\000\000\000\377\377\000\000\001\000\000\000' >"$SCRATCH/none.pcap"
check "capture without packets" replay "$SCRATCH/none.pcap"
expect "folder of the database is missing" 3 "^weir: .*$SCRATCH/no/such/x.db" replay --database "$SCRATCH/no/such/x.db" "$SCRATCH/none.pcap"
printf 'this is a text, long enough for a header of a database, and no database at all, but a text, a text, a text' >"$SCRATCH/text.db"
before=$(md5sum <"$SCRATCH/text.db")
expect "database that is none" 1 '^weir: .*text\.db is not' replay --database "$SCRATCH/text.db" "$SCRATCH/none.pcap"
same "what is no database is left alone" "$before" "$(md5sum <"$SCRATCH/text.db")"
