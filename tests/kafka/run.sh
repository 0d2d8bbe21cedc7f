#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# `make test-kafka`: the output to Kafka against an Apache Kafka of one node, as docs/outputs.md says it:
# what arrives, a broker that dies and comes back, messages that are too large, TLS, passwords, a topic
# that is not there. What arrived is read by Kafka's own console consumer. Root, java and, for the first
# time, mvn with Maven's registry: 55 MB of jars are kept in ${WEIR_CACHE:-~/.cache/weir}/kafka. Not part
# of `make test`; two to five minutes.

. "$(dirname "$0")/../lib.sh"
. "$TREE/tests/lib/net.sh"
. "$TREE/tests/lib/certificates.sh"
. "$TREE/tests/lib/fault.sh"
require_live java openssl
VERSION=4.1.2
JARS=${WEIR_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/weir}/kafka/$VERSION
HERE=$TREE/tests/kafka
BROKER_HOME=$SCRATCH/broker
export KAFKA_PASSWORD=right

# ---- the broker ----

jars() {
	[ ! -e "$JARS/complete" ] || return 0
	require_tool mvn
	rm -rf "$JARS"
	mkdir -p "$JARS"
	cat >"$JARS/pom.xml" <<-END
		<project xmlns="http://maven.apache.org/POM/4.0.0">
		  <modelVersion>4.0.0</modelVersion>
		  <groupId>weir</groupId>
		  <artifactId>test-kafka</artifactId>
		  <version>1</version>
		  <packaging>pom</packaging>
		  <dependencies>
		    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$VERSION</version></dependency>
		    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka-tools</artifactId><version>$VERSION</version></dependency>
		    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
		  </dependencies>
		</project>
	END
	timeout 300 nice mvn -q -B -f "$JARS/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
		-DoutputDirectory="$JARS" >"$SCRATCH/mvn" 2>&1 && touch "$JARS/complete"
}
if ! jars; then
	skip kafka "mvn has no Kafka $VERSION: $(grep -v '^$' "$SCRATCH/mvn" | tail -n 1)"
	exit 0
fi

# Programs of Kafka's, small and quick to start: CLASS ARGUMENT….
KAFKA=(java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "$JARS/*")
if ! java -version >"$SCRATCH/java" 2>&1 || [ "$(sed -n 's/.*version "\([0-9]*\).*/\1/p' "$SCRATCH/java" | head -n 1)" -lt 17 ]; then
	skip kafka "Kafka $VERSION takes Java 17: $(head -n 1 "$SCRATCH/java")"
	exit 0
fi

broker_make() {
	local security=org.apache.kafka.common.security
	mkdir "$BROKER_HOME"
	authority known
	authority stranger
	certificate server known IP:10.78.0.2
	cat "$SCRATCH/server.key" "$SCRATCH/server.pem" >"$BROKER_HOME/server.pem"
	cat >"$BROKER_HOME/properties" <<-END
		process.roles=broker,controller
		node.id=1
		controller.quorum.voters=1@10.78.0.2:9091
		controller.listener.names=CONTROLLER
		listeners=PLAINTEXT://10.78.0.2:9092,SSL://10.78.0.2:9093,SASL_SSL://10.78.0.2:9094,CONTROLLER://10.78.0.2:9091
		advertised.listeners=PLAINTEXT://10.78.0.2:9092,SSL://10.78.0.2:9093,SASL_SSL://10.78.0.2:9094
		listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SSL:SSL,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
		inter.broker.listener.name=PLAINTEXT
		ssl.keystore.type=PEM
		ssl.keystore.location=$BROKER_HOME/server.pem
		sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
		listener.name.sasl_ssl.plain.sasl.jaas.config=$security.plain.PlainLoginModule required user_weir="$KAFKA_PASSWORD";
		listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=$security.scram.ScramLoginModule required;
		auto.create.topics.enable=false
		offsets.topic.replication.factor=1
		log.dirs=$BROKER_HOME/log
	END
	on outside "${KAFKA[@]}" kafka.tools.StorageTool format --config "$BROKER_HOME/properties" \
		--cluster-id "$(openssl rand 16 | base64 | tr '+/' 'ab' | tr -d =)" \
		--add-scram "SCRAM-SHA-512=[name=weir,password=$KAFKA_PASSWORD]" >"$BROKER_HOME/formatted" 2>&1
}
broker_start() {
	behind outside "${KAFKA[@]}" kafka.Kafka "$BROKER_HOME/properties" >>"$BROKER_HOME/said" 2>&1
	BROKER=$!
	wait_for $((60 * SLOW)) listening outside 9094
}
broker_kill() {
	kill -KILL "$BROKER"
	wait "$BROKER" 2>/dev/null
}

# topic NAME [SETTING…]: makes it, of one partition.
topic() {
	on outside "${KAFKA[@]}" org.apache.kafka.tools.TopicCommand --bootstrap-server 10.78.0.2:9092 --create \
		--topic "$1" --partitions 1 --replication-factor 1 "${@:2}" >"$BROKER_HOME/$1.made" 2>&1
}
# reader NAME: all that comes there goes to $SCRATCH/NAME, key and value a line, as long as this runs.
reader() {
	behind outside "${KAFKA[@]}" org.apache.kafka.tools.consumer.ConsoleConsumer --bootstrap-server 10.78.0.2:9092 \
		--topic "$1" --partition 0 --offset earliest --property print.key=true >"$SCRATCH/$1" 2>"$SCRATCH/$1.said"
}

two_hosts
if ! broker_make; then
	not_ok kafka/format "$(tail -n 1 "$BROKER_HOME/formatted")"
	exit 1
fi
if ! broker_start; then
	not_ok kafka/broker "$(tail -n 3 "$BROKER_HOME/said")"
	exit 1
fi
topic weir.detections &
made=($!)
topic weir.signals &
made+=($!)
topic weir.flows
wait "${made[@]}"
for name in detections signals flows; do
	check "kafka/topic weir.$name" grep -q 'Created topic' "$BROKER_HOME/weir.$name.made"
	reader "weir.$name"
done

# ---- weir ----

# configured [LINE…]: with these keys of kafka.
configured() {
	knock_config inside
	printf '%s\n' "spool: {path: $SCRATCH/spool}" "kafka:" "  timeout: 4s" >>"$SCRATCH/inside/weir.yaml"
	printf '  %s\n' "$@" >>"$SCRATCH/inside/weir.yaml"
}
again() { # LINE…
	weir_stop inside || not_ok "kafka/weir stops" "it left with $?"
	configured "$@"
	start_or_leave inside -i eth0
}
kafka() { python3 "$HERE/topic.py" "$@" 2>&1; }
arrived() { [ "$(kafka ports "$SCRATCH/$1")" = "${*:2}" ]; }
says() { sink inside kafka error | grep -qE -- "$1"; }
waits() { [ "$(sink inside kafka spool.records)" -ge "$1" ]; }
well() { status_is inside health healthy && [ "$(sink inside kafka spool.records)" = 0 ]; }
soon=$((30 * SLOW))

knock_rules
cat >"$RULES/large.yml" <<-END
	title: A detection of many words
	id: 5b0a1d5e-2b1f-4f0e-8d55-0f6a3f0f3b03
	name: large
	logsource: {category: network, service: attempt}
	detection: {large: {destination.port: 3000}, condition: large}
	level: critical
	weir: {raise: detection, actions: [$(printf 'Look at it. %.0s' {1..1200})]}
END

configured "brokers: 10.78.0.2:9092" "flows: weir.flows"
start_or_leave inside -i eth0
knock 1000 1009
told=({1000..1009})
check "kafka/detections arrive, in order" wait_for $soon arrived weir.detections "${told[@]}"
check "kafka/signals arrive, in order" wait_for $soon arrived weir.signals "${told[@]}"
same "kafka/detections are keyed, and as weir writes them" "" "$(kafka wrong "$SCRATCH/weir.detections" "$SCRATCH/inside/events.json" alert)"
same "kafka/signals too" "" "$(kafka wrong "$SCRATCH/weir.signals" "$SCRATCH/inside/events.json" signal)"
same "kafka/each once" "0 0" "$(kafka twice "$SCRATCH/weir.detections") $(kafka twice "$SCRATCH/weir.signals")"
same "kafka/weir's own connections are none of its events" 0 \
	"$(look count "$SCRATCH/inside/events.json" attempt destination.port=9092)"
check "kafka/it is well" wait_for 10 well
again "brokers: 10.78.0.2:9092" "flows: weir.flows"
flows() { [ "$(kafka ports "$SCRATCH/weir.flows" | tr ' ' '\n' | sort | xargs)" = "${told[*]}" ]; }
check "kafka/connections arrive when they ended" wait_for $soon flows
same "kafka/connections are keyed, and as weir writes them" "" "$(kafka wrong "$SCRATCH/weir.flows" "$SCRATCH/inside/events.json" event)"

# ---- a broker that dies ----

broker_kill
knock 1100 1104
check "kafka/dead: status says why" wait_for $soon says 'refused|[Dd]isconnected'
check "kafka/dead: all wait" wait_for 10 waits 10
check "kafka/dead: weir is degraded" status_is inside health degraded
weir_stop inside KILL
start_or_leave inside -i eth0
knock 1105 1109
told+=({1100..1109})
check "kafka/dead: weir killed, all wait still" wait_for 10 waits 20
broker_start
check "kafka/back: detections arrive, in order" wait_for $((2 * soon)) arrived weir.detections "${told[@]}"
check "kafka/back: signals arrive, in order" wait_for $soon arrived weir.signals "${told[@]}"
same "kafka/back: nothing was lost" 00 "$(sink inside kafka failed)$(sink inside kafka dropped)"
check "kafka/back: it is well" wait_for $soon well
echo "figure: kafka, came twice after a kill $(kafka twice "$SCRATCH/weir.detections")"

# ---- too large for a topic ----

largest=$(awk -F '\t' 'length($2) > most { most = length($2) } END { print most }' "$SCRATCH/weir.detections")
check "kafka/topic weir.small" topic weir.small --config max.message.bytes=$((largest * 2))
reader weir.small
again "brokers: 10.78.0.2:9092" "signals: none" "detections: weir.small"
knock 2000
check "kafka/small: one fits" wait_for $soon arrived weir.small 2000
broker_kill # so that the next go at once, as one set that is too large
knock 2001 2020
knock 3000
knock 2021 2040
check "kafka/small: all wait" wait_for $soon waits 42
broker_start
check "kafka/small: what fits arrives" wait_for $((2 * soon)) arrived weir.small {2000..2020} 3000 {2021..2040}
same "kafka/small: the large one is counted" 1 "$(sink inside kafka failed)"
check "kafka/small: and told" says 'topic weir.small: .*too large'
knock 2041
check "kafka/small: others go on" wait_for $soon arrived weir.small {2000..2020} 3000 {2021..2041}

# ---- TLS and passwords ----

# refuses CASE WORDS: what is detected waits, and status has these words; passes CASE: all that waits goes.
port=4000 before=${#told[@]}
refuses() {
	knock $port
	told+=("$port")
	port=$((port + 1))
	check "kafka/$1: status says why" wait_for $soon says "$2"
	check "kafka/$1: it waits" wait_for 10 waits 1
	check "kafka/$1: weir is degraded" status_is inside health degraded
	if [ "$(sink inside kafka failed)$(sink inside kafka dropped)" != 00 ]; then not_ok "kafka/$1: nothing is lost"; fi
	check "kafka/$1: nothing got through" arrived weir.detections "${told[@]:0:before}"
}
passes() {
	knock $port
	told+=("$port")
	port=$((port + 1))
	check "kafka/$1: all arrive, in order" wait_for $soon arrived weir.detections "${told[@]}"
	check "kafka/$1: it is well" wait_for $soon well
	before=${#told[@]}
}
tls() { # ADDRESS AUTHORITY
	again "brokers: $1" "signals: none" "options: {security.protocol: SSL, ssl.ca.location: $SCRATCH/$2.pem}"
}
tls 10.78.0.2:9093 stranger
refuses "an authority that is not known" 'certificate'
tls 10.78.0.2:9093 known
passes TLS
tls 10.78.0.2:9092 known
refuses "TLS where there is none" 'SSL|TLS|[Dd]isconnected'

password() { # MECHANISM TEXT
	again "brokers: 10.78.0.2:9094" "signals: none" "options:" "  security.protocol: SASL_SSL" "  sasl.mechanism: $1" \
		"  sasl.username: weir" "  sasl.password: '$2'" "  ssl.ca.location: $SCRATCH/known.pem" "  compression.type: zstd"
}
password PLAIN wrong
refuses "a wrong password" '[Aa]uthentication'
password PLAIN "\${KAFKA_PASSWORD}"
passes "the right password"
# Its SCRAM says a number twice before that version, and brokers of today refuse it.
rdkafka=$(pkg-config --modversion rdkafka 2>/dev/null || echo 0)
if [ "$(printf '%s\n' 2.6.1 "$rdkafka" | sort -V | head -n 1)" = 2.6.1 ]; then
	password SCRAM-SHA-512 wrong
	refuses "SCRAM, a wrong password" '[Aa]uthentication'
	password SCRAM-SHA-512 "\${KAFKA_PASSWORD}"
	passes "SCRAM, the right password"
else
	skip "kafka/SCRAM" "librdkafka $rdkafka is refused by Kafka $VERSION; 2.6.1 is not"
fi
again "brokers: 10.78.0.2:9094" "signals: none"
refuses "no password" 'SASL|SSL|[Dd]isconnected'

# ---- a topic that is not there ----

again "brokers: 10.78.0.2:9092" "signals: weir.late"
check "kafka/what waited arrives" wait_for $soon arrived weir.detections "${told[@]}"
knock 5000 5009
told+=({5000..5009})
check "kafka/no topic: it is named" wait_for $soon says 'topic weir.late: it does not exist'
check "kafka/no topic: weir is degraded" status_is inside health degraded
check "kafka/no topic: the other's arrive" wait_for $soon arrived weir.detections "${told[@]}"
sleep 5 # it is tried again meanwhile
topic weir.late
reader weir.late
check "kafka/no topic: they arrive when it is made" wait_for $((2 * soon)) arrived weir.late {5000..5009}
check "kafka/no topic: it is well" wait_for $soon well
same "kafka/no topic: the other's came once" 0 "$(kafka twice "$SCRATCH/weir.detections" 5000)"
weir_stop inside
same "kafka/weir stops" 0 $?
