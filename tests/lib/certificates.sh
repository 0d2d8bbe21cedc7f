# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Certificates for tests: authority NAME; certificate NAME AUTHORITY SUBJECT_ALTERNATIVE [DAYS]. Each is
# $SCRATCH/NAME.pem with its key in $SCRATCH/NAME.key.

authority() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$1" \
		-keyout "$SCRATCH/$1.key" -out "$SCRATCH/$1.pem" 2>/dev/null
}
certificate() {
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$1" \
		-keyout "$SCRATCH/$1.key" -out "$SCRATCH/$1.csr" 2>/dev/null
	openssl x509 -req -in "$SCRATCH/$1.csr" -CA "$SCRATCH/$2.pem" -CAkey "$SCRATCH/$2.key" -CAcreateserial \
		-days "${4:-2}" -extfile <(echo "subjectAltName=$3") -out "$SCRATCH/$1.pem" 2>/dev/null
}
