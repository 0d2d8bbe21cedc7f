#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A real FTP server and real clients: log-ins that work and that fail, files sent and fetched, TLS,
# and a client that asks for data to be sent elsewhere. The traffic is captured and replayed.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live vsftpd curl tcpdump openssl

HOST=10.87.0.1

serve() { # for anonymous users alone, but for those whose password is on a list
	mkdir -p "$SCRATCH/root/up" "$SCRATCH/empty"
	chmod 0755 "$SCRATCH" "$SCRATCH/root" "$SCRATCH/empty"
	chmod 0777 "$SCRATCH/root/up"
	head -c 5000 /dev/urandom >"$SCRATCH/root/readme.txt"
	echo wrong >"$SCRATCH/banned"
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=ftp -keyout "$SCRATCH/key.pem" -out "$SCRATCH/cert.pem" \
		2>/dev/null
	cat >"$SCRATCH/vsftpd.conf" <<-END
		listen=YES
		listen_address=$HOST
		background=NO
		local_enable=NO
		anonymous_enable=YES
		ftp_username=daemon
		anon_root=$SCRATCH/root
		write_enable=YES
		anon_upload_enable=YES
		anon_mkdir_write_enable=YES
		anon_other_write_enable=YES
		anon_umask=022
		deny_email_enable=YES
		banned_email_file=$SCRATCH/banned
		secure_chroot_dir=$SCRATCH/empty
		delay_failed_login=0
		seccomp_sandbox=NO
		ssl_enable=YES
		allow_anon_ssl=YES
		force_local_logins_ssl=NO
		rsa_cert_file=$SCRATCH/cert.pem
		rsa_private_key_file=$SCRATCH/key.pem
		require_ssl_reuse=NO
	END
	behind server vsftpd "$SCRATCH/vsftpd.conf" >"$SCRATCH/vsftpd.said" 2>&1
	wait_for $((10 * SLOW)) listening server 21
}

fetch() { # PATH [OPTION…]
	on client curl -sS --max-time 20 -u ftp:me@here "ftp://$HOST/$1" "${@:2}" >>"$SCRATCH/client.said" 2>&1
}

# said: sends its input line by line to the server, waiting a little for each answer.
said() {
	on client bash -c 'exec 3<>/dev/tcp/'"$HOST"'/21
		cat <&3 >/dev/null &
		while IFS= read -r line; do printf "%b\r\n" "$line" >&3; sleep 0.1; done
		sleep 0.3
		kill $! 2>/dev/null'
}

# lines: of events on standard input what those about FTP say.
lines() {
	python3 -c '
import json, sys
for line in sys.stdin:
    e = json.loads(line)
    kind = e.get("event.dataset", ".").split(".")[1]
    if e.get("network.protocol") == "ftp" and kind in ("file", "login"):
        print(kind, *[e.get(f, "-") for f in ("ftp.command", "file.path", "file.extension", "user.name", "event.outcome",
                                             "weir.anomaly")])'
}

# told FILE: what its replay says.
told() {
	"$WEIR" replay -c /dev/null --rules "$RULES" --json --events "$1" 2>"$SCRATCH/errors" | tee "$1.json" | lines
}

# recorded NAME COMMAND…: what the traffic of the command tells is in NAME.
recorded() {
	local name=$1
	shift
	capture server eth0 "$SCRATCH/$name.pcap" -s 0 tcp
	"$@"
	capture_stop
	told "$SCRATCH/$name.pcap" >"$SCRATCH/$name"
}

tells() { # NAME WHAT LINE
	check "ftp/$1: $2" grep -Fqx -- "$3" "$SCRATCH/$1"
	grep -Fqx -- "$3" "$SCRATCH/$1" || head -n 20 "$SCRATCH/$1" | sed 's/^/    /'
}

host client server
wire client eth0 server eth0
address client eth0 10.87.0.2/24
address server eth0 $HOST/24
{ printf 'MZ'; head -c 20000 /dev/urandom; } >"$SCRATCH/tool.exe"
if ! serve; then
	not_ok ftp/server "vsftpd does not listen"
	tail -n 5 "$SCRATCH/vsftpd.said"
	exit 1
fi

work() {
	fetch up/ -T "$SCRATCH/tool.exe"
	fetch readme.txt
	fetch gone.txt
	fetch "" -Q "-RNFR up/tool.exe" -Q "-RNTO up/other.exe" -Q "-DELE up/other.exe" -Q "-MKD up/sub"
}
recorded work work
tells work "a log-in" 'login - - - ftp success -'
tells work "a program is sent" 'file STOR tool.exe exe ftp success -'
tells work "a file is fetched" 'file RETR readme.txt txt ftp success -'
# curl asks for the size of a file first, and does not ask for one that is not there.
tells work "renaming" 'file RNTO up/other.exe exe ftp success -'
tells work "deleting" 'file DELE up/other.exe exe ftp success -'
tells work "a folder" 'file MKD up/sub - ftp success -'
same "ftp/work: no anomaly" "" "$(grep -v -- ' -$' "$SCRATCH/work")"

# Active transfers to who asks for them are ordinary.
recorded active fetch readme.txt --ftp-port -
tells active "a file is fetched" 'file RETR readme.txt txt ftp success -'
same "ftp/active: no anomaly" "" "$(grep -v -- ' -$' "$SCRATCH/active")"

guess() {
	local i
	for ((i = 0; i < 12; i++)); do
		on client curl -sS --max-time 20 -u "root:guess$i" "ftp://$HOST/" >>"$SCRATCH/client.said" 2>&1
		on client curl -sS --max-time 20 -u ftp:wrong "ftp://$HOST/" >>"$SCRATCH/client.said" 2>&1
	done
}
recorded guess guess
same "ftp/guess: users that are not let in" 12 "$(grep -c '^login - - - root failure -$' "$SCRATCH/guess")"
same "ftp/guess: passwords that are refused" 12 "$(grep -c '^login - - - ftp failure -$' "$SCRATCH/guess")"
same "ftp/guess: no password is told" "" "$(grep -E 'guess[0-9]|"wrong"' "$SCRATCH/guess.pcap.json")"

bounce() {
	printf '%s\n' 'USER ftp' 'PASS me@here' 'PORT 10,87,0,99,0,22' 'QUIT' | said
}
recorded bounce bounce
tells bounce "data for another host" 'file - - - - - ftp: a port of another host'

pipelined() {
	printf '%s\n' 'USER ftp' 'PASS me@here' 'DELE up/a.exe\r\nNOOP\r\nDELE up/b.exe\r\nRETR gone.txt' 'QUIT' | said
}
recorded pipelined pipelined
tells pipelined "the first" 'file DELE up/a.exe exe ftp failure -'
tells pipelined "the second" 'file DELE up/b.exe exe ftp failure -'

recorded secret fetch readme.txt --ssl-reqd -k
same "ftp/secret: nothing is told" "" "$(cat "$SCRATCH/secret")"
check "ftp/secret: it was fetched" test -s "$SCRATCH/client.said"

# Live, a host tells of its own talk what the capture beside it tells.
decoding() { # MEMBER of the status
	weir_status client
	look value "$SCRATCH/client/status" "decoding.$1"
}
confined() {
	[ "$(decoding confined)" = True ]
}
live() {
	lines <"$SCRATCH/client/events.json" >"$SCRATCH/live"
	grep -q ' MKD ' "$SCRATCH/live"
}
rmdir "$SCRATCH/root/up/sub"
start_or_leave client
if ! wait_for $((5 * SLOW)) confined; then
	skip ftp/live "the child that decodes cannot be confined here"
	exit 0
fi
recorded replayed work
wait_for $((8 * SLOW)) live
check "ftp/live: as replayed" diff <(sort "$SCRATCH/replayed") <(sort "$SCRATCH/live")
same "ftp/live: no field is refused" 0 "$(decoding lost.refused_fields)"
weir_stop client
