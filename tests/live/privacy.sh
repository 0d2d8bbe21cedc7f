#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# What `privacy` keeps back leaves by no way: texts are planted in a command line, a URL and a DNS
# name, and looked for in all that weir writes, sends and answers. The same rules fire on them, also
# after a restart.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
require_live dig curl zstdcat

ARGUMENT=plantedargument5r URLPATH=plantedpath9w QUERY=plantedquery3e NAME=plantedname7q
host outside inside
wire outside eth0 inside eth0
address outside eth0 10.79.0.2/24
address inside eth0 10.79.0.1/24
behind outside python3 "$TREE/tests/lib/dnsd.py" 10.79.0.2
behind outside python3 -m http.server -b 10.79.0.2 8000 >/dev/null 2>&1
echo ok >"$SCRATCH/mode"
wait_for 10 listening outside 8000
wait_for 10 listening outside 53 udp

# Every place of a rule from which a text leaves: keys, aliases, summaries, first(), last(), sets, what
# evidence has in common, samples.
RULES=$SCRATCH/rules
mkdir "$RULES"
cat >"$RULES/planted.yml" <<'END'
title: A name
id: 7a0b1d5e-2b1f-4f0e-8d55-0f6a3f0f1a01
name: asked
logsource: {category: network, service: dns}
detection:
    selection: {dns.question.name|startswith: plantedname}
    condition: selection
weir: {raise: detection, summary: "{source.ip} asked for {dns.question.name}"}
level: high
---
title: A page
id: 7a0b1d5e-2b1f-4f0e-8d55-0f6a3f0f1a02
name: fetched
logsource: {category: network, service: http}
detection:
    selection: {url.path|contains: plantedpath}
    condition: selection
weir: {raise: detection, summary: "{source.ip} fetched {url.original}, {url.query}"}
level: high
---
title: A program
id: 7a0b1d5e-2b1f-4f0e-8d55-0f6a3f0f1a03
name: ran
logsource: {category: network, service: process}
detection:
    selection: {process.command_line|contains: plantedargument}
    condition: selection
weir: {raise: detection, summary: "ran {process.command_line}"}
level: high
---
title: Names
id: 7a0b1d5e-2b1f-4f0e-8d55-0f6a3f0f1b01
name: names
correlation:
    type: event_count
    rules: [asked]
    generate: true
    group-by: [dns.question.name, source.ip]
    timespan: 1h
    condition: {gte: 1}
weir:
    raise: detection
    compute: {n: count, first: first(dns.question.name), all: values(dns.question.name)}
    summary: "{dns.question.name}: {first}, {n} times"
level: high
---
title: Labels
id: 7a0b1d5e-2b1f-4f0e-8d55-0f6a3f0f1b02
name: labels
correlation:
    type: event_count
    rules: [asked]
    generate: true
    group-by: [source.ip]
    timespan: 1h
    condition: {gte: 1}
weir: {compute: {n: count, newest: last(dns.question.label), all: values(dns.question.name)}}
level: high
---
title: Names here and there
id: 7a0b1d5e-2b1f-4f0e-8d55-0f6a3f0f1b03
name: pages
correlation:
    type: event_count
    rules: [fetched]
    generate: true
    group-by: [url.domain, url.path, source.ip]
    timespan: 1h
    condition: {gte: 1}
weir: {compute: {n: count, address: last(url.original)}}
level: high
---
title: Asked for, then fetched from
id: 7a0b1d5e-2b1f-4f0e-8d55-0f6a3f0f1c01
name: both
correlation:
    type: temporal
    rules: [names, pages]
    group-by: [what]
    aliases: {what: {names: dns.question.name, pages: url.domain}}
    timespan: 1h
weir: {raise: detection, summary: "{what}: {names.first} and {pages.address}"}
level: critical
---
title: One name twice
id: 7a0b1d5e-2b1f-4f0e-8d55-0f6a3f0f1c02
name: shared
correlation:
    type: temporal
    rules: [names, labels]
    group-by: [source.ip]
    timespan: 1h
    condition: names and labels and common(dns.question.name, names.all, labels.all) >= 1
weir: {raise: detection, common: [dns.question.name], summary: "{common}, {labels.newest}"}
level: critical
END
TOLD="ASKED BOTH FETCHED NAMES RAN SHARED"

configure() { # MODE
	weir_config inside
	cat >>"$SCRATCH/inside/weir.yaml" <<-END
		lateness: 0s
		all_flows: true
		home_networks: [10.79.0.1/32]
		state: {interval: 1s}
		spool: {path: $SCRATCH/inside/spool, size: 1MiB}
		webhook: {url: 'http://10.79.0.2:8080/hook', timeout: 400ms}
		elastic: {url: 'http://10.79.0.2:8081', flows: true, timeout: 400ms}
		elastic_file_see: none
		journal: {enabled: true, socket: $SCRATCH/inside/journal}
		archive: {enabled: true, path: $SCRATCH/inside/archive}
		privacy: {command_lines: $1, urls: $1, dns_names: $1}
	END
	sed -i '/elastic_file_see/d' "$SCRATCH/inside/weir.yaml"
	sed -i "s,^elastic: {,&file: $SCRATCH/inside/bulk.json\, ," "$SCRATCH/inside/weir.yaml"
}

use() {
	on inside dig +tries=1 +time=2 "@10.79.0.2" "$NAME.test" A >/dev/null
	on inside curl -s -o "$SCRATCH/page" -H "Host: $NAME.test" -H "Referer: http://$NAME.test/$URLPATH" \
		"http://10.79.0.2:8000/$URLPATH.exe?$QUERY=1"
	on inside curl -s -m 4 -o "$SCRATCH/page" -H "X-Agent: $ARGUMENT" "http://10.79.0.2:8000/" --limit-rate 100
}

told() { [ "$(query inside 'select distinct rule_name from detection order by 1' | xargs)" = "$TOLD" ]; }
confined() {
	weir_status inside
	[ "$(look value "$SCRATCH/inside/status" decoding.confined)" = True ]
}
announced() { [ "$(grep -c DETECTION "$SCRATCH/inside/syslog")" -ge 6 ]; }

run() { # MODE: leaves all that was written and said in $SCRATCH/MODE
	rm -rf "$SCRATCH/inside"
	configure "$1"
	python3 - "$SCRATCH/inside/journal" "$SCRATCH/inside/journal.said" <<-'END' &
		import socket, sys
		s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		s.bind(sys.argv[1])
		while True:
		    with open(sys.argv[2], "ab") as said:
		        said.write(s.recv(1 << 20))
	END
	local journal=$!
	start_or_leave inside -i eth0
	wait_for $((5 * SLOW)) confined
	use &
	local using=$!
	sleep 2
	on inside timeout 30 "$WEIR" top -c "$SCRATCH/inside/weir.yaml" --json --count 3 >"$SCRATCH/inside/top"
	on inside timeout 30 "$WEIR" top -c "$SCRATCH/inside/weir.yaml" --once >"$SCRATCH/inside/top.text"
	wait "$using"
	check "privacy/$1: all rules fire" wait_for $((20 * SLOW)) told
	check "privacy/$1: all are announced" wait_for $((20 * SLOW)) announced
	weir_status inside
	sleep 2 # the state is written
	cp "$SCRATCH/inside/weir.db.state" "$SCRATCH/inside/state.running"
	weir_stop inside
	for verb in detections signals flows; do
		"$WEIR" $verb -c /dev/null --database "$SCRATCH/inside/weir.db" --json >"$SCRATCH/inside/$verb.json"
		"$WEIR" $verb -c /dev/null --database "$SCRATCH/inside/weir.db" >"$SCRATCH/inside/$verb.text"
	done
	for id in $(query inside 'select id from detection'); do
		"$WEIR" detections -c /dev/null --database "$SCRATCH/inside/weir.db" show "$id"
	done >"$SCRATCH/inside/shown.text"
	find "$SCRATCH/inside/archive" -name '*.zst' -exec zstdcat {} + >"$SCRATCH/inside/archive.json" 2>/dev/null
	sqlite3 "$SCRATCH/inside/weir.db" .dump >"$SCRATCH/inside/dump"
	kill "$journal" 2>/dev/null
	mv "$SCRATCH/inside" "$SCRATCH/$1"
}
has() { # MODE TEXT: the files in which it stands
	(cd "$SCRATCH/$1" && grep -rlia -- "$2" . | sort | xargs)
}
without() { # MODE TEXT: no file has it; that there are files was said by `has keep`
	same "privacy/$1: $2 stands nowhere" "" "$(has "$1" "$2")"
}

# ---- as it is: what is looked for below is there to be found ----

run keep
for file in ./archive.json ./bulk.json ./events.json ./journal.said ./syslog ./weir.db ./weir.db.state \
	./state.running ./shown.text ./detections.json ./signals.json ./spool; do
	check "privacy/keep: $file has the name" grep -qra "$NAME" "$SCRATCH/keep/$file"
done
for word in "$ARGUMENT" "$URLPATH" "$QUERY"; do
	check "privacy/keep: events have $word" grep -q "$word" "$SCRATCH/keep/events.json"
	check "privacy/keep: the database has $word" grep -q "$word" "$SCRATCH/keep/dump"
done
check "privacy/keep: top has the command line" grep -q "$ARGUMENT" "$SCRATCH/keep/top"
check "privacy/keep: no key is made" test ! -e "$SCRATCH/keep/privacy.key"

# ---- hashed ----

run hash
for word in "$ARGUMENT" "$URLPATH" "$QUERY" "$NAME"; do without hash "$word"; done
same "privacy/hash: the key is weir's alone" 600 "$(stat -c %a "$SCRATCH/hash/privacy.key")"
check "privacy/hash: top has the command line's hash" grep -Eq '"process.command_line": ?"hash:[0-9a-f]{24}"' "$SCRATCH/hash/top"
hashed() { # FIELD: what events have there
	grep -Eo "\"$1\":\"hash:[0-9a-f]{24}\"" "$SCRATCH/hash/events.json" | sort -u | cut -d: -f2- | head -n 1
}
check "privacy/hash: a name is one name by DNS and by HTTP" \
	grep -qF "\"url.domain\":$(hashed dns.question.name)" "$SCRATCH/hash/events.json"
check "privacy/hash: the key of a detection is the hash" \
	grep -qF "\"dns.question.name\":$(hashed dns.question.name)" "$SCRATCH/hash/detections.json"
same "privacy/hash: ids are others than of the name" "" "$(comm -12 \
	<(sqlite3 "$SCRATCH/keep/weir.db" 'select id from detection union select id from signal' | sort) \
	<(sqlite3 "$SCRATCH/hash/weir.db" 'select id from detection union select id from signal' | sort))"
expect "privacy/hash: no filter is made of a hash" 1 'privacy' "$WEIR" detections -c "$SCRATCH/hash/weir.yaml" \
	--database "$SCRATCH/hash/weir.db" close \
	"$(sqlite3 "$SCRATCH/hash/weir.db" "select id from detection where rule_name = 'NAMES'")" --as false-positive --allow

# After a restart windows know what they knew, and the hash of a name is the same.
mv "$SCRATCH/hash" "$SCRATCH/inside"
before=$(query inside "select count(*) from detection where rule_name = 'NAMES'")
: >"$SCRATCH/inside/events.json"
start_or_leave inside -i eth0
check "privacy/hash: it goes on from the sealed state" grep -q 'going on from the state' "$SCRATCH/inside/said"
wait_for $((5 * SLOW)) confined
on inside dig +tries=1 +time=2 "@10.79.0.2" "$NAME.test" A >/dev/null
again() { grep -q '"dns.question.name":"hash:' "$SCRATCH/inside/events.json"; }
check "privacy/hash: the name is asked for again" wait_for 10 again
weir_stop inside
same "privacy/hash: it is the same detection" "$before" "$(query inside "select count(*) from detection where rule_name = 'NAMES'")"
same "privacy/hash: no second name" 1 "$(grep -ho '"dns.question.name":"[^"]*"' "$SCRATCH/inside/events.json" \
	"$SCRATCH/inside/archive.json" | sort -u | wc -l)"
# A key that others read is none, and without the key the state is not believed.
chmod 644 "$SCRATCH/inside/privacy.key"
expect "privacy/a key that others may read" 1 'privacy.key_file.*0600' timeout 20 nsenter --net="/run/netns/$NET-inside" "$WEIR" run -c "$SCRATCH/inside/weir.yaml"
rm "$SCRATCH/inside/privacy.key"
start_or_leave inside -i eth0
check "privacy/without the key the state is set aside" grep -q 'set aside.*privacy.key_file' "$SCRATCH/inside/said"
weir_stop inside
mv "$SCRATCH/inside" "$SCRATCH/hash"

# ---- dropped ----

run drop
for word in "$ARGUMENT" "$URLPATH" "$QUERY" "$NAME"; do without drop "$word"; done
same "privacy/drop: nothing is hashed" "" "$(has drop 'hash:[0-9a-f]')"
same "privacy/drop: no such field has anything" 0 "$(grep -cE '"(process.command_line|url.path|dns.question.name)":"' "$SCRATCH/drop/events.json")"
