#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Log-ins out of recorded logs: auth.log in both of its times, and the journal as JSON.

. "$(dirname "$0")/../lib.sh"
require_tool python3
export TZ=UTC

replay() {
	"$WEIR" replay -c "${CONFIG:-/dev/null}" --rules "$TREE/rules" "$@"
}

# failed COUNT: so many failures, one in five seconds, as sshd logs them.
failed() {
	local i
	for ((i = 0; i < $1; i++)); do
		date -u -d "2026-03-01 10:00:00 UTC $((i * 5)) seconds" '+%b %e %T host sshd[1'"$i"']: Failed password for invalid user admin from 203.0.113.9 port 4'"$i"' ssh2'
	done
}

{
	failed 30
	echo 'Mar  1 10:03:00 host sshd[99]: Accepted password for root from 203.0.113.9 port 40000 ssh2'
	echo 'Mar  1 10:03:01 host CRON[99]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)'
} >"$SCRATCH/auth.log"
touch -d '2026-03-02 UTC' "$SCRATCH/auth.log"
expect "failures of an auth.log" 0 'LOGIN_FAILURES' replay "$SCRATCH/auth.log"
check "and one that works" grep -q LOGIN_AFTER_FAILURES "$SCRATCH/said"
expect "the summary says what it was" 0 '^weir: .*auth\.log: log-ins, 31 records.*1 records of other kinds' replay "$SCRATCH/auth.log"
expect "the year is the file's" 0 '"@timestamp":"2026-03-01T10:03:00' replay -q --json --events "$SCRATCH/auth.log"

sed 's/^Mar  1 \([0-9:]*\)/2026-03-01T\1.000000+00:00/' "$SCRATCH/auth.log" | gzip >"$SCRATCH/new.log.gz"
expect "the same with RFC 3339 times, packed" 0 'LOGIN_AFTER_FAILURES' replay "$SCRATCH/new.log.gz"

# What a user's name says is not believed.
cat >"$SCRATCH/spoof.log" <<'EOF'
Mar  1 10:00:00 host sshd[1]: Failed password for invalid user Accepted password for root from 1.2.3.4 port 1 ssh2 from 203.0.113.9 port 4 ssh2
Mar  1 10:00:01 host sshd[2]: Failed password for invalid user root from 1.2.3.4 port 1 ssh2: RSA SHA256:x from 203.0.113.9 port 4 ssh2
Mar  1 10:00:02 host logger[3]: Accepted password for root from 1.2.3.4 port 1 ssh2
EOF
replay -q --json --events "$SCRATCH/spoof.log" >"$SCRATCH/events"
same "two failures" 2 "$(grep -c '"event.outcome":"failure"' "$SCRATCH/events")"
same "of whom they are" 2 "$(grep -c '"source.ip":"203.0.113.9"' "$SCRATCH/events")"
same "and no success" 0 "$(grep -c '"event.outcome":"success"' "$SCRATCH/events")"

# message PID UID IDENTIFIER TEXT
message() {
	printf '{"__REALTIME_TIMESTAMP":"1772359200%s00000","_PID":"%s","_UID":"%s","SYSLOG_IDENTIFIER":"%s","_COMM":"sshd","_EXE":"/x","MESSAGE":"%s"}\n' \
		"$(($1 % 10))" "$1" "$2" "$3" "$4"
}
{
	for i in $(seq 1 25); do message "$i" 0 sshd "Failed password for root from 203.0.113.9 port $i ssh2"; done
	message 50 1000 sshd "Accepted password for root from 203.0.113.9 port 7 ssh2"
} >"$SCRATCH/journal.json"
expect "the journal as JSON" 0 'LOGIN_FAILURES' replay "$SCRATCH/journal.json"
same "who is not the system is not believed" "" "$(grep LOGIN_AFTER "$SCRATCH/said")"

# Berlin, and New York an hour later.
python3 "$TREE/tests/lib/mmdb.py" "$SCRATCH/city.mmdb" 203.0.113.0/24=DE,52.5,13.4 198.51.100.0/24=US,40.7,-74.0
CONFIG=$SCRATCH/weir.yaml
printf 'geo: {city: %s}\n' "$SCRATCH/city.mmdb" >"$CONFIG"
travel() { # SECOND-LOGIN
	printf '%s host sshd[1]: Accepted password for anna from %s port 4 ssh2\n' \
		'Mar  1 10:00:00' 203.0.113.9 "$1" 198.51.100.9 >"$SCRATCH/travel.log"
	touch -d '2026-03-02 UTC' "$SCRATCH/travel.log"
	replay -q "$SCRATCH/travel.log"
}
expect "too far, too fast" 0 'IMPOSSIBLE_TRAVEL' travel 'Mar  1 11:00:00'
same "far, with time to travel" "" "$(travel 'Mar  1 20:30:00')"
