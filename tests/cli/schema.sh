#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The JSON Schema of the configuration takes what weir takes, and refuses what it refuses.

. "$(dirname "$0")/../lib.sh"
require_python jsonschema yaml

"$WEIR" help --schema >"$SCRATCH/schema.json"

# validates FILE: by the schema.
validates() {
	"$PYTHON" - "$SCRATCH/schema.json" "$1" <<'EOF'
import json, sys
import jsonschema, yaml

schema = json.load(open(sys.argv[1]))
jsonschema.Draft202012Validator.check_schema(schema)
jsonschema.Draft202012Validator(schema).validate(yaml.safe_load(open(sys.argv[2])))
EOF
}

# both NAME STATUS: weir and the schema say 0 (right) or 1 (wrong) of $SCRATCH/weir.yaml.
both() {
	local status=0
	"$WEIR" run -c "$SCRATCH/weir.yaml" --print-config >"$SCRATCH/said" 2>&1 || status=$?
	same "weir: $1" "$2" "$status"
	status=0
	validates "$SCRATCH/weir.yaml" >"$SCRATCH/said" 2>&1 || status=1
	same "schema: $1" "$2" "$status"
}

right() {
	printf '%b' "$2" >"$SCRATCH/weir.yaml"
	both "$1" 0
}

wrong() {
	printf '%b' "$2" >"$SCRATCH/weir.yaml"
	both "$1" 1
}

"$WEIR" run -c /dev/null --print-config >"$SCRATCH/weir.yaml"
both "what is in force" 0
cp "$TREE/deploy/weir.yaml" "$SCRATCH/weir.yaml"
both "the sample" 0
sed -E 's/^( *)#([a-z])/\1\2/' "$TREE/deploy/weir.yaml" >"$SCRATCH/weir.yaml"
both "the sample, every key taken in" 0
right "nothing" ''
right "an empty section" 'retention:\n'
right "numbers and words" 'flow: {slots: auto, half_open: 4096}\nsyslog: {transport: udp, server: a, port: 514}\n'
right "sizes and durations" 'retention: {age: 1h30m, size: 500 MB}\nflow: {ring: 8388608}\n'
right "truth" 'loopback: yes\nall_flows: false\nlenient: "on"\n'
right "one for a list" 'home_networks: 10.0.0.0/8\nroles: {backup: [10.0.5.1], scanner: 10.0.9.9}\n'
right "a list's sections" 'threat: {lists: [/a, {path: /b, level: high}]}\n'
right "the environment" 'lateness: ${WEIR_TEST:-2s}\nloopback: ${WEIR_TEST:-true}\nflow:\n    slots: ${WEIR_TEST:-auto}\n'
right "the environment in lists and words" \
	'home_networks: ${WEIR_TEST:-10.0.0.0/8}\nsyslog:\n    facility: ${WEIR_TEST:-local3}\n'
wrong "an unknown key" 'lopback: true\n'
wrong "an unknown key in a section" 'retention: {agee: 3d}\n'
wrong "a word for a number" 'flow: {slots: many}\n'
wrong "a number out of bounds" 'flow: {slots: 12}\n'
wrong "a wrong unit" 'retention: {age: 30 parsecs}\n'
wrong "a duration without its unit" 'lateness: 5\n'
wrong "a list for a value" 'lateness: [1s]\n'
wrong "a value for a section" 'flow: 12\n'
wrong "no choice" 'syslog: {transport: tpc}\n'
wrong "no truth" 'loopback: maybe\n'
wrong "no network" 'home_networks: [home]\n'
wrong "no hook" 'hooks: [eth0=xpd]\n'
wrong "a role's name" 'roles: {Backup: [10.0.0.1]}\n'
wrong "a list's unknown part" 'threat: {lists: [{path: /b, levle: high}]}\n'
wrong "no mapping" '[loopback]\n'
