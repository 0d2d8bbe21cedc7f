#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `weir rules test`: the cases of the shipped rules, each a case here too; those of signals with the
# sanitizers on as well, which takes twenty times as long; and what it says of cases that fail.
# timeout: 300

. "$(dirname "$0")/../lib.sh"

"$WEIR" rules test -c /dev/null --rules "$TREE/rules" >"$SCRATCH/shipped" 2>&1
status=$?
sed "s|$TREE/||" "$SCRATCH/shipped"
expect "shipped rules keep their cases, and none is without" 0 '^[1-9][0-9]* cases, 0 failed; 0 gaps$' tail -n 1 "$SCRATCH/shipped"
same "and the status says so" 0 $status
expect "with the sanitizers too" 0 '^[1-9][0-9]* cases, 0 failed' \
	"$BUILD/weir-asan" rules test -c /dev/null --rules "$TREE/rules" "$TREE/rules/signals"

mkdir "$SCRATCH/rules"
cat >"$SCRATCH/rules/one.yml" <<END
title: One
id: 7d2fb3a8-7c35-4ae0-9d83-3d6a1a2a5d01
name: one
description: For this test.
level: high
logsource: {category: network, service: attempt}
detection: {s: {destination.port: 22, source.role: odd}, condition: s}
END
cases() {
	printf 'cases:\n' >"$SCRATCH/rules/one.cases.yml"
	cat >>"$SCRATCH/rules/one.cases.yml"
}
run() {
	"$WEIR" rules test -c /dev/null --rules "$SCRATCH/rules" "$@" | sed 's/^\(not \)\?ok /case: \1ok /; s/^\([0-9]* cases\)/case: \1/'
	return "${PIPESTATUS[0]}"
}
event='events: [{service: attempt, source.ip: 10.0.0.5, destination.ip: 10.0.0.6, destination.port: 22}]'
expect "rules without cases are named" 1 'no case expects ONE' run
cases <<END
    - {name: odd, roles: {odd: [10.0.0.5]}, expect: [{ONE: high}], $event}
    - {name: even, expect: [], $event}
END
expect "roles of the case itself" 0 '^case: 2 cases, 0 failed; 0 gaps$' run
for path in "$SCRATCH/rules" "$SCRATCH/rules/one.yml" "$SCRATCH/rules/one.cases.yml"; do
	expect "by path: ${path##*/}" 0 '^case: 2 cases, 0 failed' run "$path"
	expect "of rules that are not configured: ${path##*/}" 0 '2 cases, 0 failed' "$WEIR" rules test -c /dev/null --rules "$TREE/rules" "$path"
done
cases <<END
    - {name: odd, roles: {odd: [10.0.0.5]}, expect: [{ONE: low}], $event}
END
expect "what was said instead" 1 '^ +ONE said high, not low$' run
expect "and no ordinary work" 1 'no case beside it has ONE silent' run
cases <<END
    - {name: odd, expect: [], events: [{service: attempt, source.pi: 10.0.0.5}]}
END
expect "faults have their place" 1 "$SCRATCH/rules/one.cases.yml:2:[0-9]+: unknown field" run
cases <<END
    - {name: odd, expect: [ONE, $event}
END
expect "no YAML" 1 "$SCRATCH/rules/one.cases.yml:" run
expect "no such path" 1 'no such file' run /nonexistent
expect "no such word" 2 "'tset'" "$WEIR" rules tset
