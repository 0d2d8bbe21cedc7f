#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# A real file server and a real client, by SMB 1, 2 and 3: what the packets between them tell. The
# traffic is captured and replayed; what is encrypted tells no more than how it was agreed.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live smbd smbclient smbpasswd tcpdump

HOST=10.88.0.1
USERNAME=$(id -un)
SAMBA=$SCRATCH/samba

# serve: the server, its state and its shares in the scratch folder; an old dialect is offered too.
# It makes a process group of its own, which it ends with itself.
serve() {
	mkdir -p "$SAMBA"/{private,lock,state,cache,pid,ncalrpc,log,desk,system}
	chmod 0755 "$SCRATCH" "$SAMBA"
	chmod 0777 "$SAMBA/desk" "$SAMBA/system"
	cat >"$SAMBA/smb.conf" <<-END
		[global]
		  workgroup = LAB
		  netbios name = FILES
		  bind interfaces only = no
		  smb ports = 445
		  server min protocol = NT1
		  client min protocol = NT1
		  ntlm auth = ntlmv1-permitted
		  disable netbios = yes
		  load printers = no
		  printcap name = /dev/null
		  disable spoolss = yes
		  private dir = $SAMBA/private
		  lock directory = $SAMBA/lock
		  state directory = $SAMBA/state
		  cache directory = $SAMBA/cache
		  pid directory = $SAMBA/pid
		  ncalrpc dir = $SAMBA/ncalrpc
		  log file = $SAMBA/log/smbd
		  usershare max shares = 0
		[work]
		  path = $SAMBA/desk
		  read only = no
		[C\$]
		  path = $SAMBA/system
		  read only = no
	END
	printf 'right\nright\n' | smbpasswd -c "$SAMBA/smb.conf" -s -a "$USERNAME" >"$SAMBA/log/passwd" 2>&1 ||
		{ skip smb "smbpasswd: $(tail -n 1 "$SAMBA/log/passwd")" && exit 0; }
	behind server smbd --foreground -s "$SAMBA/smb.conf" >"$SAMBA/log/out" 2>&1
	wait_for $((20 * SLOW)) listening server 445
}

# talk SHARE PASSWORD COMMANDS [OPTION…]
talk() {
	on client smbclient "//$HOST/$1" -s "$SAMBA/smb.conf" -U "$USERNAME%$2" -c "$3" "${@:4}" >>"$SAMBA/log/client" 2>&1
}

# lines: of events on standard input those about SMB: service, version, command, share and so on.
lines() {
	python3 -c '
import json, sys
for line in sys.stdin:
    e = json.loads(line)
    if "smb.version" in e or "weir.anomaly" in e:
        print(e["event.dataset"].split(".")[1], *[e.get(f, "-") for f in ("smb.version", "smb.command", "smb.share",
              "file.path", "file.type", "event.outcome", "smb.status", "user.name", "weir.anomaly")])'
}

# told FILE: what its replay says.
told() {
	"$WEIR" replay -c /dev/null --rules "$RULES" --json --events "$1" 2>"$SCRATCH/errors" | lines
}

# recorded NAME COMMAND…: the traffic of the command is in NAME.pcap, what it tells in NAME.
recorded() {
	local name=$1
	shift
	capture server eth0 "$SCRATCH/$name.pcap" -s 0 tcp port 445
	"$@"
	capture_stop
	told "$SCRATCH/$name.pcap" >"$SCRATCH/$name"
}

# tells NAME WHAT PATTERN
tells() {
	check "smb/$1: $2" grep -Eq -- "$3" "$SCRATCH/$1"
	grep -Eq -- "$3" "$SCRATCH/$1" || head -n 30 "$SCRATCH/$1" | sed 's/^/    /'
}

host client server
wire client eth0 server eth0
address client eth0 10.88.0.2/24
address server eth0 $HOST/24
{ printf 'MZ'; head -c 200000 /dev/urandom; } >"$SCRATCH/tool.exe"
{ printf 'PK\003\004'; head -c 3000 /dev/urandom; } >"$SCRATCH/letter.docx"
if ! serve; then
	not_ok smb/server "smbd does not listen"
	tail -n 5 "$SAMBA/log/out" "$SAMBA/log/smbd" 2>/dev/null
	exit 1
fi

work="put $SCRATCH/tool.exe tool.exe; put $SCRATCH/letter.docx letter.docx; get tool.exe $SCRATCH/back.exe"
work+="; rename letter.docx old.docx; del old.docx; mkdir sub; ls"
for dialect in SMB2_02:2 SMB2_10:2 SMB3_11:3 NT1:1; do
	name=${dialect%:*} version=${dialect#*:}
	if ! talk work right ls -m "$name" && [ "$name" = NT1 ]; then
		skip "smb/$name" "this server or client does not speak it"
		continue
	fi
	mkdir -m 0777 "$SAMBA/desk/$name"
	recorded "$name" talk work right "$work" -m "$name" -D "$name"
	tells "$name" "the dialect" "^file $version negotiate "
	tells "$name" "the log-in" "^login $version session_setup - - - success STATUS_SUCCESS (LAB.)?$USERNAME "
	tells "$name" "the share" "^file $version tree_connect [\\\\]+${HOST}[\\\\](work|WORK) - - - STATUS_SUCCESS"
	tells "$name" "a program is made" "^file $version create .*$name.tool.exe - - STATUS_SUCCESS"
	tells "$name" "and written" "^file $version write .*$name.tool.exe pe - STATUS_SUCCESS"
	tells "$name" "a document is written" "^file $version write .*$name.letter.docx zip - STATUS_SUCCESS"
	tells "$name" "a program is read" "^file $version read .*$name.tool.exe pe - STATUS_SUCCESS"
	tells "$name" "renaming" "^file $version rename .*$name.old.docx - - STATUS_SUCCESS"
	tells "$name" "deleting" "^file $version delete .*$name.old.docx - - STATUS_SUCCESS"
	[ "$version" = 1 ] || tells "$name" "a folder" "^file $version create .*[\\\\]sub directory - STATUS_SUCCESS"
	same "smb/$name: no anomaly" "" "$(grep -v -- ' -$' "$SCRATCH/$name")"
done

recorded admin talk C$ right "put $SCRATCH/tool.exe svc.exe"
tells admin "the administration share" '^file 3 tree_connect .*[\\]C\$ - - - STATUS_SUCCESS'
same "smb/admin: a signal" "SMB_WRITE_EXECUTABLE medium" \
	"$("$WEIR" replay -c /dev/null --rules "$RULES" --json --signals "$SCRATCH/admin.pcap" 2>/dev/null |
		python3 -c '
import json, sys
for line in sys.stdin:
    e = json.loads(line)
    if e["rule.name"] == "SMB_WRITE_EXECUTABLE":
        print(e["rule.name"], e["weir.severity"])' | tail -n 1)"

recorded failed talk work wrong ls
tells failed "a log-in that fails" "^login 3 session_setup - - - failure STATUS_LOGON_FAILURE"
same "smb/failed: no share" "" "$(grep tree_connect "$SCRATCH/failed")"

guess() {
	local i
	for ((i = 0; i < 25; i++)); do talk work "wrong$i" ls; done
}
recorded guessed guess
same "smb/guessed: every failure" 25 "$(grep -c '^login .* failure ' "$SCRATCH/guessed")"

recorded encrypted talk work right "put $SCRATCH/tool.exe secret.exe" -m SMB3_11 --client-protection=encrypt
tells encrypted "the dialect" '^file 3 negotiate '
tells encrypted "the log-in" '^login 3 session_setup - - - success'
same "smb/encrypted: nothing else" "" "$(grep -Ev '^(file 3 negotiate|login 3) ' "$SCRATCH/encrypted")"

# A program on the administration shares of six hosts, and documents on shares of six hosts.
each() { # SHARE COMMANDS
	local last
	for last in 11 12 13 14 15 16; do
		on client smbclient "//10.88.0.$last/$1" -s "$SAMBA/smb.conf" -U "$USERNAME%right" -c "$2" >>"$SAMBA/log/client" 2>&1
	done
}
alerts() {
	"$WEIR" replay -c /dev/null --rules "$RULES" --json "$SCRATCH/$1.pcap" 2>/dev/null | python3 -c '
import json, sys
for line in sys.stdin:
    e = json.loads(line)
    print(e["rule.name"], e["weir.severity"])' | sort -u
}
address server eth0 10.88.0.{11..16}/24
recorded spread each C$ "put $SCRATCH/tool.exe svc.exe"
same "smb/spread: a program on six hosts" "SMB_LATERAL_SPREAD critical" "$(alerts spread)"
recorded documents each work "put $SCRATCH/letter.docx letter.docx"
same "smb/documents: a document on six hosts" "" "$(alerts documents)"

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
	grep -q ' delete ' "$SCRATCH/live"
}
start_or_leave client
if ! wait_for $((5 * SLOW)) confined; then
	skip smb/live "the child that decodes cannot be confined here"
	exit 0
fi
mkdir -m 0777 "$SAMBA/desk/live"
recorded replayed talk work right "$work" -m SMB3_11 -D live
wait_for $((8 * SLOW)) live
# Before anybody logs in, the user is that of the local program.
check "smb/live: as replayed" diff <(grep -v ' negotiate ' "$SCRATCH/replayed" | sort) \
	<(grep -v ' negotiate ' "$SCRATCH/live" | sort)
same "smb/live: no field is refused" 0 "$(decoding lost.refused_fields)"
weir_stop client
