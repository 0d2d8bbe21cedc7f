#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# weir.yaml: every fault with its place, exit status 1, and nothing is started.

. "$(dirname "$0")/../lib.sh"
FILE=$SCRATCH/weir.yaml

# fault NAME LINE:COLUMN PATTERN: of what stands in $FILE.
fault() {
	expect "$1" 1 "^$FILE:$2: $3" "$WEIR" run -c "$FILE" --print-config
}

printf 'lateness: 3s\nretntion:\n    age: 3d\n' >"$FILE"
fault "unknown key" 2:1 "unknown key 'retntion': nearest is 'retention"
printf 'retention:\n    age: 30 parsecs\n' >"$FILE"
fault "wrong unit" 2:10 "retention.age is '30 parsecs': give a duration such as"
printf 'flow: {slots: [1]}\n' >"$FILE"
fault "wrong type" 1:15 "flow.slots is a list: give a whole number"
printf 'loopback: true\nroles:\n  backup: [10.0.0.0/8, ten]\n' >"$FILE"
fault "wrong network in a role" 3:24 "roles is 'backup=ten': give"
printf 'a: [1\nb: 2\n' >"$FILE"
fault "no YAML" '[12]:[0-9]+' "not YAML"
printf 'syslog: {transport: tls}\n' >"$FILE"
fault "transport without a server" 1:1 "syslog.transport needs a server"

expect "missing file" 1 '^weir: /nonexistent/weir.yaml: cannot read the configuration \(No such file' \
	"$WEIR" run -c /nonexistent/weir.yaml --print-config
expect "folder" 1 'cannot read the configuration \(Is a directory\)' "$WEIR" check -c "$SCRATCH"

mkdir "$SCRATCH/weir.d"
printf 'lateness: 5s\n' >"$FILE"
printf 'lateness: 6s\nloopback: ${WEIR_TEST_LO}\n' >"$SCRATCH/weir.d/50-site.yaml"
expect "drop-in" 0 "^lateness: 6s +# $SCRATCH/weir.d/50-site.yaml:1\$" \
	env WEIR_TEST_LO=yes "$WEIR" run -c "$FILE" --print-config
expect "environment" 0 "^loopback: true +# $SCRATCH/weir.d/50-site.yaml:2\$" \
	env WEIR_TEST_LO=yes "$WEIR" run -c "$FILE" --print-config
expect "not in the environment" 1 "^$SCRATCH/weir.d/50-site.yaml:2:11: loopback: \\$\{WEIR_TEST_LO\} is not in the environment" \
	env -u WEIR_TEST_LO "$WEIR" run -c "$FILE" --print-config
rm -r "$SCRATCH/weir.d"

printf 'loopback: true\nretention:\n    age: 10d\n' >"$FILE"
expect "value of the file" 0 "age: 10d +# $FILE:3\$" "$WEIR" run -c "$FILE" --print-config
expect "value of the command line" 0 '^interfaces: \["eth\*"\] +# command line$' \
	"$WEIR" run -c "$FILE" -i 'eth*' --print-config
expect "default value" 0 '^lateness: 3s +# default$' "$WEIR" run -c "$FILE" --print-config
"$WEIR" run -c "$FILE" --print-config >"$SCRATCH/printed.yaml"
expect "what is printed can be read" 0 'age: 10d' "$WEIR" run -c "$SCRATCH/printed.yaml" --print-config
expect "the shipped sample is right" 0 '# default' "$WEIR" run -c "$TREE/deploy/weir.yaml" --print-config
