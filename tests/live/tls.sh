#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# OpenSSL's own server and client, by TLS 1.2 and 1.3, and published packets of QUIC: what the
# packets between them tell, as the two ends say it themselves. They are watched by weir, and
# captured and replayed: both say the same.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live openssl tcpdump

HOST=10.89.0.1
NAME=shop.example

# certificate FILE [OPTION…]: a key, and a certificate for it.
certificate() {
	openssl req -newkey rsa:2048 -nodes -keyout "$SCRATCH/$1.key" -days 30 -out "$SCRATCH/$1.pem" "${@:2}" >>"$SCRATCH/openssl" 2>&1
}

# serve PORT CERTIFICATE [OPTION…]
serve() {
	behind server openssl s_server -accept "$1" -cert "$SCRATCH/$2.pem" -key "$SCRATCH/$2.key" -quiet -www "${@:3}" >>"$SCRATCH/served" 2>&1
	wait_for $((10 * SLOW)) listening server "$1"
}

# talk PORT [OPTION…]: one request; what the client says of the connection stays in $SCRATCH/talked.
talk() {
	printf 'GET / HTTP/1.0\r\n\r\n' |
		on client openssl s_client -connect "$HOST:$1" -ign_eof "${@:2}" >"$SCRATCH/talked" 2>&1
}

# told PORT FIELD…: of the connections to that port, one line each, out of $EVENTS.
told() {
	python3 -c '
import json, sys
for line in open(sys.argv[1]):
    e = json.loads(line)
    if e.get("event.dataset") == "weir.tls" and str(e["destination.port"]) == sys.argv[2]:
        print(*[e.get(f, "-") for f in sys.argv[3:]])' "$EVENTS" "$@" 2>/dev/null
}

# quic: two conversations, of version 1 and 2, each packet from who sent it.
quic() {
	behind server python3 -c '
import socket, sys
sys.path.insert(0, sys.argv[1])
import make
said = [packet[28:] for _, packet in make.published()]
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind((sys.argv[2], 4435))
for answer in said[1::2]:
    s.sendto(answer, s.recvfrom(2000)[1])' "$TREE/tests/data" "$HOST"
	wait_for $((5 * SLOW)) listening server 4435 udp
	on client python3 -c '
import socket, sys
sys.path.insert(0, sys.argv[1])
import make
for _, packet in make.published()[::2]:
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((sys.argv[2], 4435))
    s.send(packet[28:])
    s.recv(2000)' "$TREE/tests/data" "$HOST"
}

certificate own -x509 -subj "/O=Shop/CN=$NAME"
certificate authority -x509 -subj "/CN=Authority"
certificate signed -subj "/CN=$NAME"
openssl x509 -req -in "$SCRATCH/signed.pem" -CA "$SCRATCH/authority.pem" -CAkey "$SCRATCH/authority.key" -CAcreateserial \
	-days 30 -out "$SCRATCH/leaf.pem" >>"$SCRATCH/openssl" 2>&1
mv "$SCRATCH/signed.key" "$SCRATCH/leaf.key"

host client server
wire client eth0 server eth0
address client eth0 10.89.0.2/24
address server eth0 "$HOST/24"
capture client eth0 "$SCRATCH/tls.pcap" -s 0
start_or_leave client
decoding() {
	weir_status client
	[ "$(look value "$SCRATCH/client/status" decoding.confined)" = True ]
}
wait_for $((5 * SLOW)) decoding || not_ok tls/decoding "no child decodes"
serve 4431 own -tls1_2 -cipher ECDHE-RSA-AES256-GCM-SHA384
serve 4432 leaf -tls1_2 -alpn h2,http/1.1
serve 4433 own -tls1_3 -ciphersuites TLS_CHACHA20_POLY1305_SHA256
serve 4434 own -tls1_3 -groups P-384
talk 4431 -servername "$NAME"
talk 4432 -servername "$NAME" -alpn h2,http/1.1 -sess_out "$SCRATCH/session"
talk 4432 -servername "$NAME" -sess_in "$SCRATCH/session"
resumed=$(grep -c "^Reused" "$SCRATCH/talked")
talk 4433 -noservername
talk 4434 -servername "$NAME" -groups X25519:P-384
talk 4431 -tls1_3
quic
EVENTS=$SCRATCH/client/events.json
all_told() { [ "$(told 4435 tls.cipher | wc -l)" = 2 ] && [ "$(told 4431 tls.version | wc -l)" = 2 ]; }
wait_for $((10 * SLOW)) all_told
capture_stop
weir_stop client
"$WEIR" replay -c /dev/null --rules "$RULES" --json --events "$SCRATCH/tls.pcap" >"$SCRATCH/replayed" 2>"$SCRATCH/errors"

sum() { openssl x509 -in "$SCRATCH/$1.pem" -outform DER | sha256sum | cut -d ' ' -f 1; }
AGREED="tls.version tls.cipher"
SERVER="tls.server.self_signed tls.server.issuer tls.server.hash.sha256"
# shellcheck disable=SC2086
for EVENTS in "$SCRATCH/client/events.json" "$SCRATCH/replayed"; do
	how=$(basename "$EVENTS" .json)
	same "tls/$how: 1.2" "$NAME 1.2 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 True CN=$NAME,O=Shop $(sum own)" \
		"$(told 4431 tls.client.server_name $AGREED $SERVER | head -n 1)"
	same "tls/$how: 1.2, signed by another" "1.2 h2 False CN=Authority $(sum leaf)" "$(told 4432 tls.version tls.next_protocol $SERVER | head -n 1)"
	if [ "$resumed" -gt 0 ]; then
		same "tls/$how: a session that is resumed" "1.2 - - -" "$(told 4432 tls.version $SERVER | tail -n 1)"
	else
		skip "tls/$how: a session that is resumed" "this OpenSSL did not resume it"
	fi
	same "tls/$how: 1.3" "- 1.3 TLS_CHACHA20_POLY1305_SHA256 - - -" "$(told 4433 tls.client.server_name $AGREED $SERVER)"
	same "tls/$how: a hello that is asked for again" "$NAME 1.3" "$(told 4434 tls.client.server_name tls.version)"
	same "tls/$how: a server that refuses" "- -" "$(told 4431 $AGREED | tail -n 1)"
	same "tls/$how: QUIC" "quic example.com 1.3 TLS_AES_128_GCM_SHA256
quic example.com 1.3 TLS_AES_128_GCM_SHA256" "$(told 4435 network.protocol tls.client.server_name $AGREED)"
done
