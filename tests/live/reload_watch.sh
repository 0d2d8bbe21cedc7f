#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# reload.watch: rules that come as a ConfigMap's do, over a link that is turned, take effect by
# themselves; wrong ones change nothing, and are told until they are right.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live

RULES=$SCRATCH/rules
version=0
rules_become() { # as the kubelet does: a folder with all files, then the link to it at once
	version=$((version + 1))
	mkdir -p "$RULES/..$version"
	cat >"$RULES/..$version/mine.yml"
	ln -sfn "..$version" "$RULES/..tmp"
	mv -T "$RULES/..tmp" "$RULES/..data"
	ln -sfn ..data/mine.yml "$RULES/mine.yml"
}
rule() { # NAME PORT
	cat <<-END
		title: $1
		id: 5b0a1d5e-2b1f-4f0e-8d55-0f6a3f0f2c0$2
		name: $1
		logsource: {category: network, service: attempt}
		detection:
		    port: {destination.port: 900$2}
		    condition: port
		weir: {raise: detection}
		level: high
	END
}
value() {
	weir_status here # leaves with 5 while it is degraded
	look value "$SCRATCH/here/status" "$1"
}
is() { [ "$(value "$1")" = "$2" ]; }
talk() { on here python3 "$TRAFFIC" talk 10.96.0.1 "$1" 1 10 >/dev/null 2>&1; }
found() { talk "$2" && has_detection here "$1"; }

host here there
wire here eth0 there eth0
address here eth0 10.96.0.2/24
address there eth0 10.96.0.1/24
behind there python3 "$TRAFFIC" serve --tcp 9001,9002
wait_for 10 listening there 9002
rule FIRST_RULE 1 | rules_become
weir_config here
mkdir "$SCRATCH/here/weir.d"
echo 'reload: {watch: true}' >"$SCRATCH/here/weir.d/10-watch.yaml"
start_or_leave here
same "reload_watch/a drop-in switches it on" True "$(value reload.watch)"
check "reload_watch/the first rule is in force" wait_for $((20 * SLOW)) found FIRST_RULE 9001

rule SECOND_RULE 2 | rules_become
check "reload_watch/another takes effect" wait_for $((10 * SLOW)) is reload.done 1
check "reload_watch/and is in force" wait_for $((20 * SLOW)) found SECOND_RULE 9002
same "reload_watch/the first is gone" SECOND_RULE "$(on here "$WEIR" status --json | python3 -c '
import json, sys
print(",".join(r["name"] for r in json.load(sys.stdin)["rules"]))')"

printf 'title: half\nid: 5b0a' | rules_become
check "reload_watch/half a rule is refused" wait_for $((10 * SLOW)) is reload.failed 1
expect "reload_watch/the status says which" 5 'error +.*mine\.yml:[0-9]+:[0-9]+: ' on here "$WEIR" status
same "reload_watch/what was in force goes on" SECOND_RULE "$(on here "$WEIR" status --json | python3 -c '
import json, sys
print(",".join(r["name"] for r in json.load(sys.stdin)["rules"]))')"
same "reload_watch/it is not tried again for nothing" 1 "$(sleep 3; value reload.failed)"
rule FIRST_RULE 1 | rules_become
check "reload_watch/right again, it is taken" wait_for $((10 * SLOW)) is reload.done 2
expect "reload_watch/and all is well" 0 'is healthy' on here "$WEIR" status
told() { query here "select group_concat(fact || ' ' || message, '|') from health where fact like 'reload%'"; }
told_all() { [[ $(told) == 'reloaded '*'|reload_failed '*mine.yml*'|reloaded '* ]]; }
check "reload_watch/health has it all" wait_for $((10 * SLOW)) told_all

echo 'lateness: soon' >"$SCRATCH/here/weir.d/20-wrong.yaml"
check "reload_watch/a wrong drop-in too" wait_for $((10 * SLOW)) is reload.failed 2
check "reload_watch/is named" grep -q '20-wrong.yaml:1:11: lateness' "$SCRATCH/here/said"
echo 'reload: {watch: false}' >"$SCRATCH/here/weir.d/20-wrong.yaml"
check "reload_watch/it can be switched off" wait_for $((10 * SLOW)) is reload.watch False
