#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# `weir support`: an archive that tells of a weir that runs, and of one that does not, what a report
# needs; and has none of the secrets, addresses and names that stand in what it is made of.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live tar

host outside inside
wire outside eth0 inside eth0
address outside eth0 10.83.0.2/24
address inside eth0 10.83.0.1/24 fd83::1/64
knocked() { [ "$(query inside "select count(*) from health where message like '%webhook%'")" -gt 0 ]; }
weir_config inside
home=$SCRATCH/inside
printf 'Zq8tokenfile\n' >"$home/token"
cat >>"$home/weir.yaml" <<-END
	lateness: 0s
	home_networks: [10.83.0.0/24, 'fd83::/64']
	roles: {backup: [192.0.2.77, '2001:db8:83::5']}
	placeholders: {admins: [plantedadmin]}
	spool: {path: $home/spool, size: 1MiB}
	webhook: {url: 'http://planteduser:plantedpass@plantedhook.example.org:1/services/plantedtoken', token_file: $home/token, headers: ['X-Key: plantedkey']}
	elastic: {url: 'http://10.83.0.2:9'}
END
many_rule 3 10s
sed -i "s,^rules: .*,rules: [$RULES]," "$home/weir.yaml"
start_or_leave inside -i eth0
on outside python3 - <<-'END'
	import socket
	for port in range(1000, 1010):
	    with socket.socket() as s:
	        s.connect_ex(("10.83.0.1", port))
END
fails() { weir_status inside && grep -q plantedhook "$home/status"; }
check "support/the status names the receiver" wait_for $((15 * SLOW)) fails
wait_for 5 knocked

gather() { # NAME [OPTION…]: unpacked in $SCRATCH/NAME
	local name=$1
	shift
	on inside "$WEIR" support -c "$home/weir.yaml" -o "$SCRATCH/$name.tar.gz" "$@" >"$SCRATCH/$name.said" 2>&1 || return 1
	mkdir "$SCRATCH/$name"
	tar xzf "$SCRATCH/$name.tar.gz" -C "$SCRATCH/$name"
}
check "support/of one that runs" gather runs
same "support/it is whole" "README health.json kernel.txt limits.txt rules.json status.json system.txt version.txt weir.yaml" \
	"$(cd "$SCRATCH/runs" && echo *)"
same "support/nobody else reads it" 600 "$(stat -c %a "$SCRATCH/runs.tar.gz")"
check "support/it says where it is" grep -q "wrote $SCRATCH/runs.tar.gz" "$SCRATCH/runs.said"
check "support/and what is in it" grep -Eq ' [0-9]+  status.json$' "$SCRATCH/runs.said"

# What was planted is in what it was made of, and not in it.
planted=(planteduser plantedpass plantedhook plantedtoken plantedkey plantedadmin Zq8tokenfile 10.83.0.1 10.83.0.2 fd83 192.0.2.77
	2001:db8 "$(mac inside eth0)" example.org)
[[ $(uname -n) == localhost ]] || planted+=("$(uname -n)")
for word in "${planted[@]}"; do
	same "support/nothing has $word" "" "$(grep -rliwF -- "$word" "$SCRATCH/runs" | xargs)"
done
check "support/the status is weir's" grep -q '"health": "' "$SCRATCH/runs/status.json"
check "support/pseudonyms stand there" grep -Eq 'ip-private-[0-9]+' "$SCRATCH/runs/weir.yaml"
same "support/one address is one pseudonym" \
	"$(grep -o 'ip-private-[0-9]*' "$SCRATCH/runs/status.json" | sort -u | wc -l)" \
	"$(grep -oE '10\.83\.0\.[0-9]+|fd83:[0-9a-f:]*[0-9a-f]' <(on inside "$WEIR" status --json) | sort -u | wc -l)"
check "support/rules are listed" grep -q MANY_ATTEMPTS "$SCRATCH/runs/rules.json"
check "support/with counts" grep -Eq '"signals": 1' "$SCRATCH/runs/rules.json"
check "support/health events are there" grep -q '"event.action"' "$SCRATCH/runs/health.json"
check "support/limits are" grep -q 'Max open files' "$SCRATCH/runs/limits.txt"
check "support/values that may be secret are not" grep -Eq 'url: \(removed\)' "$SCRATCH/runs/weir.yaml"

expect "support/a file that is there stays" 3 'another name' on inside "$WEIR" support -c "$home/weir.yaml" -o "$SCRATCH/runs.tar.gz"
expect "support/a folder that is none" 3 'cannot be written' on inside "$WEIR" support -c "$home/weir.yaml" -o "$SCRATCH/none/x"
expect "support/wrong usage" 2 'support' "$WEIR" support what
weir_stop inside
check "support/of one that does not run" gather stopped --json
check "support/which it says" grep -q '"running":false' "$SCRATCH/stopped.said"
check "support/inside, too" grep -q 'not running' "$SCRATCH/stopped/status.json"
printf 'nonsense: 1\n' >"$home/weir.yaml"
check "support/with a configuration that is wrong" gather wrong
check "support/which it says there" grep -q 'weir check' "$SCRATCH/wrong/weir.yaml"
