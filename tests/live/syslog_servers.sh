#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Real syslog servers: rsyslog by UDP and TCP, syslog-ng by TLS, with a certificate that is good and
# one that is not. A server that goes and comes back has all, in order.
#
# timeout: 180

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
. "$TREE/tests/lib/fault.sh"
. "$TREE/tests/lib/unpacked.sh"
require_live openssl

unpacked rsyslogd rsyslog rsyslog-openssl libestr0 libfastjson4 liblognorm5 || {
	skip syslog_servers "no rsyslogd here, nor its packages"
	exit 0
}
RSYSLOG=$PROGRAM_PATH RSYSLOG_LIBRARIES=$PROGRAM_LIBRARIES
unpacked syslog-ng syslog-ng-core libivykis0 libnet1 libjson-c5 libwrap0 || {
	skip syslog_servers "no syslog-ng here, nor its packages"
	exit 0
}
SYSLOG_NG=$PROGRAM_PATH SYSLOG_NG_LIBRARIES=$PROGRAM_LIBRARIES

knock_rules
HOSTS=(udp tcp tls wrong)
host outside "${HOSTS[@]}"
addresses=()
for i in "${!HOSTS[@]}"; do
	wire outside "eth$i" "${HOSTS[i]}" eth0
	address outside "eth$i" "10.78.$i.2/24"
	address "${HOSTS[i]}" eth0 "10.78.$i.1/24"
	addresses+=("10.78.$i.1")
done

# ---- servers ----

certificate() { # NAME: for the addresses of outside, signed by itself
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" \
		-addext 'subjectAltName=IP:10.78.2.2,IP:10.78.3.2' -keyout "$SCRATCH/$1.key" -out "$SCRATCH/$1.pem" 2>/dev/null
}
certificate good
certificate other

mkdir "$SCRATCH/rsyslog" "$SCRATCH/ng"
cat >"$SCRATCH/rsyslog/conf" <<-END
	global(workDirectory="$SCRATCH/rsyslog")
	module(load="imudp")
	module(load="imtcp")
	input(type="imudp" port="1514")
	input(type="imtcp" port="1514")
	template(name="all" type="string" string="%fromhost-ip%|%app-name%|%msgid%|%structured-data%|%msg%\n")
	action(type="omfile" file="$SCRATCH/rsyslog/log" template="all")
END
cat >"$SCRATCH/ng/conf" <<-END
	@version: 3.35
	source all { syslog(transport("tls") port(6514) tls(key-file("$SCRATCH/good.key") cert-file("$SCRATCH/good.pem")
	    peer-verify(optional-untrusted))); };
	destination kept { file("$SCRATCH/ng/log" template("\${SOURCEIP}|\${PROGRAM}|\${MSGID}|\${SDATA}|\${MSG}\n")); };
	log { source(all); destination(kept); };
END
rsyslog() {
	local modules=()
	[ -z "$RSYSLOG_LIBRARIES" ] || modules=(-M "$RSYSLOG_LIBRARIES/rsyslog")
	LD_LIBRARY_PATH=$RSYSLOG_LIBRARIES behind outside "$RSYSLOG" -n "${modules[@]}" -f "$SCRATCH/rsyslog/conf" \
		-i "$SCRATCH/rsyslog/pid" >"$SCRATCH/rsyslog/said" 2>&1
	RSYSLOG_PID=$!
	wait_for 15 listening outside 1514
}
syslog_ng() {
	local modules=() root=${SYSLOG_NG%/sbin/syslog-ng}
	[ -z "$SYSLOG_NG_LIBRARIES" ] || modules=(--module-path "$(echo "$root"/lib/syslog-ng/*/)")
	LD_LIBRARY_PATH=$SYSLOG_NG_LIBRARIES:$root/lib/syslog-ng behind outside "$SYSLOG_NG" -F --no-caps "${modules[@]}" \
		-f "$SCRATCH/ng/conf" -p "$SCRATCH/ng/pid" -R "$SCRATCH/ng/persist" -c "$SCRATCH/ng/ctl" >"$SCRATCH/ng/said" 2>&1
	wait_for 15 listening outside 6514
}
runs() { # NAME FILE COMMAND
	"$3" && return
	not_ok "syslog_servers/$1" "it does not listen"
	head -n 5 "$2" | sed 's/^/    /'
	exit 1
}
runs rsyslog "$SCRATCH/rsyslog/said" rsyslog
runs syslog-ng "$SCRATCH/ng/said" syslog_ng

# ---- four that announce ----

for i in "${!HOSTS[@]}"; do
	name=${HOSTS[i]}
	knock_config "$name"
	sed -i 's/events: true/events: false/; s/signals: true/signals: false/' "$SCRATCH/$name/weir.yaml"
	transport=$name port=1514 ca=good
	case $name in
	tls) port=6514 ;;
	wrong) transport=tls port=6514 ca=other ;;
	esac
	sed -i "s,  socket: .*,  server: 10.78.$i.2\n  port: '$port'\n  transport: $transport\n  ca_file: $SCRATCH/$ca.pem," \
		"$SCRATCH/$name/weir.yaml"
	echo "spool: {path: $SCRATCH/$name/spool}" >>"$SCRATCH/$name/weir.yaml"
	start_or_leave "$name" -i eth0
done
# The ports that a server has been told of by an address, in their order.
told() { sed -n "s/^$2|weir|DETECTION|.*rule=\"KNOCK\".*|.*DETECTION KNOCK .* destination.port=\([0-9]*\) .*/\1/p" "$SCRATCH/$1/log" | tr '\n' ' '; }
has() { [ "$(told "$1" "$2")" = "${*:3} " ]; }
waits() { [ "$(sink "$1" syslog spool.records)" = "$2" ]; }

knock 1000 1004 "${addresses[@]}"
for case in "udp rsyslog 0" "tcp rsyslog 1" "tls ng 2"; do
	read -r name server i <<<"$case"
	check "syslog_servers/$server by $name: it has all, in order" wait_for 15 has "$server" "10.78.$i.1" {1000..1004}
done
same "syslog_servers/the status says by what" tls "$(sink tls syslog transport)"
refused() { sink wrong syslog error | grep -q 'its certificate is not accepted'; }
check "syslog_servers/wrong certificate: refused, and told" wait_for 10 refused
check "syslog_servers/wrong certificate: all wait" waits wrong 5
same "syslog_servers/wrong certificate: nothing was sent" "" "$(told ng 10.78.3.1)"

# ---- one that goes and comes back ----

kill "$RSYSLOG_PID"
wait "$RSYSLOG_PID" 2>/dev/null
knock 2000 2009 10.78.1.1
check "syslog_servers/gone: all wait" wait_for 15 waits tcp 10
check "syslog_servers/gone: status says so" status_is tcp health degraded
runs rsyslog "$SCRATCH/rsyslog/said" rsyslog
check "syslog_servers/back: it has all, in order" wait_for 20 has rsyslog 10.78.1.1 {1000..1004} {2000..2009}
check "syslog_servers/back: nothing waits" wait_for 5 waits tcp 0
for name in "${HOSTS[@]}"; do kill "${WEIR_PID[$name]}"; done
for name in "${HOSTS[@]}"; do
	weir_stop "$name"
	same "syslog_servers/$name: stops" 0 $?
done
