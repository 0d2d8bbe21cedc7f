#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Webhook and Elasticsearch over HTTPS: a receiver whose certificate has another name, has ended, is
# signed by itself or by somebody else is sent nothing; status says why, it is tried again, and all that
# waited goes out, in order, when the certificate is right.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
. "$TREE/tests/lib/fault.sh"
. "$TREE/tests/lib/certificates.sh"
require_live openssl

two_hosts
knock_rules
authority known
authority stranger
certificate right known IP:10.78.0.2
certificate othername known DNS:elsewhere.test,IP:10.78.0.9
certificate ended known IP:10.78.0.2 -1
certificate unknown stranger IP:10.78.0.2
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=self \
	-addext subjectAltName=IP:10.78.0.2 -keyout "$SCRATCH/self.key" -out "$SCRATCH/self.pem" 2>/dev/null
for name in right othername ended unknown self; do
	[ -s "$SCRATCH/$name.pem" ] || not_ok "receivers_tls/$name" "openssl made no certificate"
done

knock_config inside
cat >>"$SCRATCH/inside/weir.yaml" <<-END
	spool: {path: $SCRATCH/spool, size: 1MiB}
	webhook: {url: 'https://10.78.0.2:8443/hook', timeout: 2s, ca_file: $SCRATCH/known.pem}
	elastic: {url: 'https://10.78.0.2:9443', timeout: 2s, signals: false, ca_file: $SCRATCH/known.pem}
END
log=$SCRATCH/posted bulk=$SCRATCH/bulk
: >"$log"
: >"$bulk"
echo ok >"$SCRATCH/mode"
echo bulk >"$SCRATCH/mode.bulk"
SERVERS=()
serve() { # CERTIFICATE
	behind outside python3 "$TREE/tests/lib/httpd.py" 10.78.0.2 8443 "$SCRATCH/mode" "$log" "$SCRATCH/$1.pem" "$SCRATCH/$1.key"
	SERVERS=($!)
	behind outside python3 "$TREE/tests/lib/httpd.py" 10.78.0.2 9443 "$SCRATCH/mode.bulk" "$bulk" "$SCRATCH/$1.pem" "$SCRATCH/$1.key"
	SERVERS+=($!)
	wait_for 10 listening outside 8443 && wait_for 10 listening outside 9443
}
end() {
	kill "${SERVERS[@]}"
	wait "${SERVERS[@]}" 2>/dev/null
}
posted() {
	python3 -c '
import json, sys
print(*[json.loads(line)["destination.port"] for line in open(sys.argv[1])])' "$log"
}
stored_there() {
	python3 -c '
import json, sys
print(*sorted({d["destination.port"] for d in map(json.loads, open(sys.argv[1])) if "destination.port" in d}))' "$bulk"
}
has_posted() { [ "$(posted)" = "$*" ]; }
has_stored() { [ "$(stored_there)" = "$*" ]; }
says() { sink inside "$1" error | grep -qiE -- "$2"; }
waits() { [ "$(sink inside "$1" spool.records)" = "$2" ]; }

told=(1000)
port=1001
serve right
start_or_leave inside -i eth0
knock 1000
check "receivers_tls/right: it is posted" wait_for 10 has_posted 1000
check "receivers_tls/right: it is stored" wait_for 10 has_stored 1000

refused() { # CERTIFICATE WORDS
	local name
	end
	serve "$1"
	knock $port
	for name in webhook elastic; do
		check "receivers_tls/$1: $name says why" wait_for $((15 * SLOW)) says $name "$2"
		check "receivers_tls/$1: $name keeps it" wait_for 5 waits $name 1
	done
	check "receivers_tls/$1: weir is degraded" status_is inside health degraded
	same "receivers_tls/$1: the webhook got nothing" "${told[*]}" "$(posted)"
	same "receivers_tls/$1: nor did Elasticsearch" "${told[*]}" "$(stored_there)"
	end
	serve right
	told+=("$port")
	port=$((port + 1))
	check "receivers_tls/$1: it is posted then" wait_for $((20 * SLOW)) has_posted "${told[@]}"
	check "receivers_tls/$1: it is stored then" wait_for $((20 * SLOW)) has_stored "${told[@]}"
}
refused othername 'name|subject|match|certificate'
refused ended 'expired|certificate'
refused self 'self|certificate'
refused unknown 'issuer|certificate'
check "receivers_tls/nothing was given up" test "$(sink inside webhook failed)$(sink inside elastic failed)" = 00
check "receivers_tls/nothing was lost" test "$(sink inside webhook dropped)$(sink inside elastic dropped)" = 00
check "receivers_tls/it is well" wait_for 10 status_is inside health healthy
weir_stop inside
