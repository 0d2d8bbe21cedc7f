/* SPDX-License-Identifier: Apache-2.0 */
#include "config/keys.h"

#include <string.h>

#include "enrich/ledger.h"

#define AT(member)                                                                                 \
	.offset = offsetof(struct config, member), .size = sizeof(((struct config *)0)->member)

static const struct config_choice transports[] = {
	{"local", SYSLOG_LOCAL}, {"udp", SYSLOG_UDP}, {"tcp", SYSLOG_TCP},
	{"tls", SYSLOG_TLS},	 {NULL, 0},
};

static const struct config_choice formats[] = {{"text", 0}, {"json", 1}, {NULL, 0}};

static const struct config_choice facilities[] = {
	{"kern", 0},	  {"user", 1},	  {"mail", 2},	  {"daemon", 3},  {"auth", 4},
	{"syslog", 5},	  {"lpr", 6},	  {"news", 7},	  {"uucp", 8},	  {"cron", 9},
	{"authpriv", 10}, {"ftp", 11},	  {"local0", 16}, {"local1", 17}, {"local2", 18},
	{"local3", 19},	  {"local4", 20}, {"local5", 21}, {"local6", 22}, {"local7", 23},
	{NULL, 0},
};

static const struct config_choice levels[] = {
	{"informational", SEVERITY_INFORMATIONAL},
	{"low", SEVERITY_LOW},
	{"medium", SEVERITY_MEDIUM},
	{"high", SEVERITY_HIGH},
	{"critical", SEVERITY_CRITICAL},
	{NULL, 0},
};

static const struct config_choice privacies[] = {
	{"keep", PRIVACY_KEEP},
	{"hash", PRIVACY_HASH},
	{"drop", PRIVACY_DROP},
	{NULL, 0},
};

static const struct config_choice webhook_formats[] = {
	{"json", WEBHOOK_JSON},
	{"slack", WEBHOOK_SLACK},
	{"alertmanager", WEBHOOK_ALERTMANAGER},
	{NULL, 0},
};

const struct config_key config_keys[] = {
	/* What is home, who is who. */
	{"home_networks", &config_networks_type, AT(home),
	 "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 169.254.0.0/16 fc00::/7 fe80::/10",
	 .live = true,
	 .words = "Networks that are inside: what goes on between them is internal traffic.\n"
		  "On the command line: --home NETWORK."},
	{"roles", &config_roles_type, AT(roles), "", .live = true,
	 .words =
		 "Which addresses have a role that rules ask for: those of docs/enrichment.md, or\n"
		 "others of your own. backup_server is a backup too: so is any NAME_MORE a NAME.\n"
		 "{backup: [10.0.5.0/24], monitoring: [10.0.9.9], scanner: [10.0.9.10]}"},

	/* What is learned of destinations, and where they are. */
	{"learn.days", &config_count_type, AT(learn.days), "7", NULL, 1, 90, .live = true,
	 .words = "Days after its first use from which a destination, or a pair of source and\n"
		  "destination, is known and no longer new."},
	{"learn.max_destinations", &config_count_type, AT(learn.max_destinations), "250000", NULL,
	 1024, LEDGER_MAX, .live = true,
	 .words = "Destinations that are remembered (48 bytes each); without room, those\n"
		  "used least recently are forgotten."},
	{"learn.max_pairs", &config_count_type, AT(learn.max_pairs), "500000", NULL, 1024,
	 LEDGER_MAX, .live = true,
	 .words = "The same for pairs of source, destination and port (32 bytes each)."},
	{"learn.max_names", &config_count_type, AT(max_names), "65536", NULL, 1024, 16777216,
	 .live = true,
	 .words = "Names of addresses that are remembered for each client, from DNS answers and\n"
		  "requests (about 130 bytes each)."},
	{"geo.city", &config_path_type, AT(geo.city), "none", "none", .live = true,
	 .words = "MaxMind database (.mmdb) of countries and places."},
	{"geo.country", &config_path_type, AT(geo.country), "none", "none", .live = true,
	 .words = "The same of countries alone, where there is no geo.city."},
	{"geo.asn", &config_path_type, AT(geo.asn), "none", "none", .live = true,
	 .words = "The same of autonomous systems."},

	/* Threat lists. */
	{"threat.lists", &config_threat_lists_type, AT(threat_lists), "", .live = true,
	 .words = "Threat lists: files, or folders of files, each with what it is called and how "
		  "much\n"
		  "it says; docs/threat-lists.md. They are read again when they change.\n"
		  "[/etc/weir/threat/mine.txt, {path: /var/lib/feeds/c2.csv, level: high}]"},
	{"threat.max_indicators", &config_count_type, AT(threat_max), "2000000", NULL, 1000,
	 50000000, .live = true,
	 .words = "Indicators of all lists that are kept (20 bytes each); others are left out."},

	{"logins.sources", &config_texts_type, AT(login_sources), "auto",
	 .words =
		 "Where this host's log-ins are read: journal, or paths of logs, wtmp and btmp.\n"
		 "auto: the journal if there is one, else auth.log or secure, else wtmp and btmp.\n"
		 "None: []. docs/logins.md."},

	/* Capture. */
	{"interfaces", &config_texts_type, AT(interfaces), "",
	 .words =
		 "Interfaces to watch: names and patterns ('eth*'); one with a leading '!' is\n"
		 "left out ('!docker*'). None named: all that carry traffic, and those that come.\n"
		 "On the command line: --interface NAME."},
	{"loopback", &config_bool_type, AT(loopback), "false",
	 .words = "Watch lo too. On the command line: --lo."},
	{"namespaces", &config_texts_type, AT(namespaces), "",
	 .words = "Other network namespaces whose interfaces are watched from inside: names under\n"
		  "/run/netns and patterns ('cni-*'), pid:NUMBER, or all: those of all processes "
		  "and\n"
		  "names; with a leading '!' a name is left out. With loopback, their lo too. It "
		  "takes\n"
		  "CAP_SYS_ADMIN: docs/operations.md. On the command line: --netns NAME."},
	{"hooks", &config_hooks_type, AT(hooks), "auto",
	 .words = "Where packets are counted, [INTERFACE=]auto|tc|xdp; the last that matches an\n"
		  "interface decides. auto is tc everywhere. On the command line: --hook."},
	{"flow.slots", &config_count_type, AT(flow_slots), "auto", "auto", 1024, 16777216,
	 .words = "Connections that the kernel's table holds. auto: 2 % of memory."},
	{"flow.half_open", &config_count_type, AT(half_open), "auto", "auto", 1024, 16777216,
	 .words = "Unanswered connections that it holds, inbound and outbound each.\n"
		  "auto: 1024 a CPU, at least 65536."},
	{"flow.ring", &config_power_type, AT(ring_bytes), "4MiB", NULL, 4096, 1073741824,
	 .words = "Size of the ring through which the kernel tells of connections, bytes;\n"
		  "a power of two."},
	{"flow.first_packets", &config_count_type, AT(first_packets), "auto", "auto", 100, 10000000,
	 .words = "Unanswered connections a second that are told one by one; of more, only their\n"
		  "number. An eighth of it is what one local port, or one cgroup, may have, and "
		  "once\n"
		  "more of what is found unanswered. auto: 8000."},
	{"flow.agent_flows", &config_count_type, AT(max_flows), "auto", "auto", 1024, 67108864,
	 .words = "Connections that the agent remembers; beyond, the oldest of those that nobody\n"
		  "answered are reported early, the established last. auto: as many as the "
		  "kernel's\n"
		  "tables hold."},
	{"host_root", &config_path_type, AT(host_root), "/",
	 .words = "Where the files of the host are, which say what packages own, what containers\n"
		  "are called and who users are. In a container that watches its host: where the\n"
		  "host's root is mounted, such as /host."},
	{"owners.enabled", &config_bool_type, AT(owners), "true",
	 .words = "Know which process and container a connection is of, and tell of programs that\n"
		  "start and sockets that listen: docs/processes.md."},
	{"kubernetes.enabled", &config_bool_type, AT(kubernetes.enabled), "false",
	 .words = "Ask the Kubernetes API which pods run on this node, with their labels and what\n"
		  "they belong to; in a pod with a service account: docs/kubernetes.md."},
	{"kubernetes.server", &config_text_type, AT(kubernetes.server), "auto", "auto",
	 .secret = true,
	 .words = "Its address, https://HOST[:PORT]. auto: the environment's\n"
		  "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT."},
	{"kubernetes.credentials", &config_path_type, AT(kubernetes.credentials), "auto", "auto",
	 .words = "Folder with the account's token, ca.crt and namespace, read anew as they "
		  "change.\n"
		  "auto: /var/run/secrets/kubernetes.io/serviceaccount."},
	{"kubernetes.node", &config_text_type, AT(kubernetes.node), "auto", "auto", .secret = true,
	 .words =
		 "Name of this node there. auto: the environment's NODE_NAME, or the host's name."},
	{"kubernetes.rules_label", &config_text_type, AT(kubernetes.rules_label), "none", "none",
	 .words =
		 "Labels of ConfigMaps whose files are rules, such as 'weir/rules=true'. none: no\n"
		 "ConfigMaps are asked for."},
	{"kubernetes.rules_namespace", &config_text_type, AT(kubernetes.rules_namespace), "auto",
	 "auto", .words = "The one namespace of those ConfigMaps. auto: the account's."},
	{"kubernetes.rules_folder", &config_path_type, AT(kubernetes.rules_folder),
	 "/var/lib/weir/rules",
	 .words = "Where these rules are kept, a folder for each ConfigMap; they stand beside "
		  "those\n"
		  "of 'rules'."},
	{"kubernetes.cache", &config_path_type, AT(kubernetes.cache), "/var/lib/weir/pods.json",
	 "none",
	 .words = "Where the pods are kept over a restart, for when the API is silent then.\n"
		  "none: nowhere."},
	{"payload.enabled", &config_bool_type, AT(payload.enabled), "true",
	 .words = "Copy the first bytes of connections, and whole DNS messages, out of the kernel\n"
		  "for the decoders. false: nothing is decoded, in a replay neither."},
	{"payload.budget", &config_bytes_type, AT(payload.budget), "16MiB", NULL, 65536,
	 UINT64_C(1) << 36,
	 .words =
		 "Bytes a second that are copied at most; a quarter is kept for the beginnings of\n"
		 "connections."},
	{"payload.opening", &config_bytes_type, AT(payload.opening), "4KiB", NULL, 512, 16384,
	 .words = "Bytes of each direction of a connection that are copied, whatever it speaks."},
	{"payload.ring_bytes", &config_power_type, AT(payload.ring_bytes), "auto", "auto", 65536,
	 1073741824,
	 .words = "Size of the ring through which the kernel sends them, a power of two.\n"
		  "auto: a 2048th of memory, 1 to 4 MiB."},
	{"lateness", &config_duration_type, AT(lateness), "3s", NULL, 0, WEIR_HOUR,
	 .words = "How long rules wait for events that come late; at least 2s where payload is\n"
		  "decoded."},

	/* Rules. */
	{"rules", &config_texts_type, AT(rules),
	 "/usr/share/weir/rules " WEIR_SYSCONFDIR "/weir/rules", .live = true,
	 .words = "Rule files and folders; of two rules with one id the later wins.\n"
		  "On the command line: --rules PATH."},
	{"lenient", &config_bool_type, AT(lenient), "false", .live = true,
	 .words = "Skip a rule that is for events or fields weir does not have, instead of "
		  "refusing to\n"
		  "start. On the command line: --lenient."},
	{"placeholders", &config_placeholders_type, AT(placeholders), "", .live = true,
	 .secret = true,
	 .words = "What %name% stands for in rules that say |expand.\n"
		  "{Servers: ['srv*', 'db*'], Administrators: [root, admin]}"},

	{"reload.watch", &config_bool_type, AT(reload_watch), "false", .live = true,
	 .words = "Watch the configuration and the folders of rules, and reload when something "
		  "has\n"
		  "changed there; what is wrong changes nothing, and is told. For ConfigMaps."},

	/* What leaves. */
	{"privacy.command_lines", &config_choice_type, AT(privacy.command_lines), "keep",
	 .choices = privacies,
	 .words = "What stands of command lines in all that weir writes and shows: keep, all of\n"
		  "it; hash, a keyed hash, by which equal ones are still told from others; drop,\n"
		  "nothing. Rules see them as they are. docs/fields.md has the fields,\n"
		  "docs/outputs.md what it means for each output."},
	{"privacy.urls", &config_choice_type, AT(privacy.urls), "keep", .choices = privacies,
	 .words = "The same of URLs, with their paths and the names of files in them."},
	{"privacy.dns_names", &config_choice_type, AT(privacy.dns_names), "keep",
	 .choices = privacies,
	 .words = "The same of DNS names, from DNS, TLS, HTTP and certificates, and of what DNS\n"
		  "answered."},
	{"privacy.key_file", &config_path_type, AT(privacy.key_file), "auto",
	 .words = "File of the secret of which hashes are made, and the seal of the state. It is\n"
		  "made (0600) when it is first needed. auto: privacy.key beside the database."},

	/* State. */
	{"state.path", &config_path_type, AT(state_path), "auto", "none",
	 .words = "Where windows, baselines and open detections are kept over restarts. auto: "
		  "beside\n"
		  "the database, with .state behind its name; none: nowhere."},
	{"state.interval", &config_duration_type, AT(state_interval), "2s", NULL, WEIR_SEC,
	 WEIR_HOUR,
	 .words = "How often, where something changed. So much, and the lateness, is forgotten "
		  "when\n"
		  "weir is killed."},

	/* Sinks. */
	{"database", &config_path_type, AT(database), WEIR_LOCALSTATEDIR "/lib/weir/weir.db",
	 "none",
	 .words = "Where detections and signals are stored (SQLite). none: nowhere.\n"
		  "On the command line: --database FILE."},
	{"retention.age", &config_duration_type, AT(keep_for), "30d", "forever", WEIR_MIN,
	 INT64_MAX, .words = "How long the database keeps what it was given."},
	{"retention.size", &config_bytes_type, AT(keep_bytes), "1GiB", "unlimited", 1048576, 0,
	 .words = "How large the database may grow, bytes; the oldest goes first."},
	{"all_flows", &config_bool_type, AT(all_flows), "false",
	 .words = "Store every finished connection, not only those that are evidence."},
	{"syslog.enabled", &config_bool_type, AT(syslog), "true",
	 .words = "Announce detections by syslog."},
	{"syslog.transport", &config_choice_type, AT(syslog_options.transport), "local",
	 .choices = transports,
	 .words = "local: the socket below. udp, tcp (RFC 6587), tls (RFC 5425): RFC 5424 to a\n"
		  "server."},
	{"syslog.socket", &config_path_type, AT(syslog_options.local_path), "/dev/log",
	 .words = "The local socket."},
	{"syslog.server", &config_text_type, AT(syslog_options.server), "none", "none",
	 .secret = true, .words = "Name or address of the server."},
	{"syslog.port", &config_text_type, AT(syslog_options.port), "auto", "auto",
	 .words = "Its port or service name. auto: 514, with tls 6514."},
	{"syslog.ca_file", &config_path_type, AT(syslog_options.ca_file), "none", "none",
	 .words = "Certificates (PEM) that may sign the server's. none: those of the system."},
	{"syslog.facility", &config_choice_text_type, AT(syslog_options.facility), "authpriv",
	 .choices = facilities, .words = "Facility of the messages."},
	{"syslog.format", &config_choice_type, AT(syslog_options.json), "text", .choices = formats,
	 .words = "text: words; json: the whole JSON object behind @cee:."},
	{"syslog.max_line", &config_bytes_type, AT(syslog_options.max_line), "2048", NULL, 480,
	 65536, .words = "Longest message, bytes."},
	{"syslog.queue", &config_count_type, AT(syslog_options.queue), "4096", NULL, 16, 1048576,
	 .words = "Messages that may wait for a slow server."},
	{"spool.path", &config_path_type, AT(network.spool), "/var/lib/weir/spool", "none",
	 .words = "Folder in which records wait for receivers that are away, a folder each.\n"
		  "none: in memory, 4 MiB each, until weir ends."},
	{"spool.size", &config_bytes_type, AT(network.spool_bytes), "256MiB", NULL, 1048576,
	 UINT64_C(1) << 40,
	 .words = "How much may wait for each receiver, bytes; the oldest goes first."},
	{"webhook.url", &config_text_type, AT(webhook.http.url), "none", "none", .secret = true,
	 .words = "Address to which detections are posted (http or https); docs/outputs.md."},
	{"webhook.url_file", &config_path_type, AT(webhook.http.url_file), "none", "none",
	 .words = "File whose first line is that address, where it is a secret, as Slack's are."},
	{"webhook.format", &config_choice_type, AT(webhook.format), "json",
	 .choices = webhook_formats,
	 .words = "json: the JSON object; slack: a message (Mattermost and Rocket.Chat read it\n"
		  "too); alertmanager: an alert, for its address /api/v2/alerts."},
	{"webhook.level", &config_choice_type, AT(webhook.level), "low", .choices = levels,
	 .words = "Severity that a detection must have."},
	{"webhook.headers", &config_texts_type, AT(webhook.http.headers), "", .secret = true,
	 .words = "More headers of each request: ['X-Team: network']."},
	{"webhook.token_file", &config_path_type, AT(webhook.http.token_file), "none", "none",
	 .words =
		 "File whose first line is a secret for the header Authorization: a token, before\n"
		 "which 'Bearer' is put, or two words ('Splunk TOKEN'). Read for each request."},
	{"webhook.ca_file", &config_path_type, AT(webhook.http.ca_file), "none", "none",
	 .words = "Certificates (PEM) that may sign the server's. none: those of the system."},
	{"webhook.timeout", &config_duration_type, AT(webhook.http.timeout), "10s", NULL,
	 100 * WEIR_MSEC, 5 * WEIR_MIN,
	 .words = "How long a request may take; then it is sent again."},
	{"webhook.link", &config_text_type, AT(webhook.link), "none", "none", .secret = true,
	 .words = "Address of your page about a detection, with {id} in it, for slack and\n"
		  "alertmanager."},
	{"webhook.queue", &config_count_type, AT(webhook.queue), "1024", NULL, 16, 1048576,
	 .words = "Detections that may wait for the spool."},
	{"elastic.url", &config_text_type, AT(elastic.http.url), "none", "none", .secret = true,
	 .words = "Address of an Elasticsearch or OpenSearch, without a path: documents are "
		  "created\n"
		  "by its API _bulk; docs/outputs.md."},
	{"elastic.index", &config_text_type, AT(elastic.index), "weir",
	 .words = "Index or data stream that they go to."},
	{"elastic.level", &config_choice_type, AT(elastic.choice.level), "informational",
	 .choices = levels, .words = "Severity that a detection must have."},
	{"elastic.signals", &config_bool_type, AT(elastic.choice.signals), "true",
	 .words = "Send signals too."},
	{"elastic.flows", &config_bool_type, AT(elastic.choice.flows), "false",
	 .words = "Send every connection that ended too: many."},
	{"elastic.headers", &config_texts_type, AT(elastic.http.headers), "", .secret = true,
	 .words = "More headers of each request."},
	{"elastic.token_file", &config_path_type, AT(elastic.http.token_file), "none", "none",
	 .words = "File whose first line is a secret for the header Authorization: 'ApiKey KEY', "
		  "or\n"
		  "'Basic USER:PASSWORD' in base64. Read for each request."},
	{"elastic.ca_file", &config_path_type, AT(elastic.http.ca_file), "none", "none",
	 .words = "Certificates (PEM) that may sign the server's. none: those of the system."},
	{"elastic.timeout", &config_duration_type, AT(elastic.http.timeout), "30s", NULL,
	 100 * WEIR_MSEC, 5 * WEIR_MIN,
	 .words = "How long a request may take; then it is sent again."},
	{"elastic.queue", &config_count_type, AT(elastic.queue), "16384", NULL, 16, 1048576,
	 .words = "Records that may wait for the spool."},
	{"elastic.file", &config_path_type, AT(elastic_file), "none", "none",
	 .words = "File to which the same lines are written, for a program of yours that sends\n"
		  "them."},
	{"kafka.brokers", &config_text_type, AT(kafka.brokers), "none", "none", .secret = true,
	 .words = "Brokers of a Kafka, HOST:PORT, divided by commas; docs/outputs.md."},
	{"kafka.detections", &config_text_type, AT(kafka.detections), "weir.detections", "none",
	 .words = "Topic of detections. none: they are not sent."},
	{"kafka.signals", &config_text_type, AT(kafka.signals), "weir.signals", "none",
	 .words = "Topic of signals, likewise."},
	{"kafka.flows", &config_text_type, AT(kafka.flows), "none", "none",
	 .words = "Topic of every connection that ended: many."},
	{"kafka.options", &config_options_type, AT(kafka.options), "", .secret = true,
	 .words = "Options of librdkafka, by its own names: TLS, SASL, compression, sizes.\n"
		  "{security.protocol: SASL_SSL, sasl.mechanism: PLAIN, sasl.username: weir}"},
	{"kafka.timeout", &config_duration_type, AT(kafka.timeout), "10s", NULL, WEIR_SEC,
	 5 * WEIR_MIN, .words = "How long a message may take; then it is sent again."},
	{"kafka.queue", &config_count_type, AT(kafka.queue), "16384", NULL, 16, 1048576,
	 .words = "Records that may wait for the spool."},
	{"journal.enabled", &config_bool_type, AT(journal), "false",
	 .words = "Announce detections to journald with fields (WEIR_RULE, WEIR_ID, …). Where\n"
		  "journald reads syslog too: set syslog.enabled to false, or it has them twice."},
	{"journal.socket", &config_path_type, AT(journal_options.socket),
	 "/run/systemd/journal/socket", .words = "The socket of journald's own protocol."},
	{"json.path", &config_path_type, AT(json_path), "none", "none",
	 .words = "File to which detections are written as JSON, one object a line; -: standard\n"
		  "output. On the command line: --json[=FILE]."},
	{"json.signals", &config_bool_type, AT(json_signals), "false",
	 .words = "Write signals there too."},
	{"json.events", &config_bool_type, AT(json_events), "false",
	 .words = "Write events there too: many."},
	{"metrics.listen", &config_listen_type, AT(metrics.listen), "none", "none",
	 .words = "Where Prometheus asks for metrics by HTTP, at /metrics: 127.0.0.1:9477, or\n"
		  "unix:/run/weir/metrics.sock (0660, group weir). docs/metrics.md."},
	{"metrics.remote", &config_bool_type, AT(metrics.remote), "false",
	 .words = "Let metrics.listen be an address that other hosts reach. Whoever reaches it "
		  "reads\n"
		  "the names of rules and interfaces, and how much traffic there is."},
	{"archive.enabled", &config_bool_type, AT(archive), "false",
	 .words = "Keep all events, so that new rules can be tried on what was:\n"
		  "'weir replay --since 7d'."},
	{"archive.path", &config_path_type, AT(archive_options.path),
	 WEIR_LOCALSTATEDIR "/lib/weir/events",
	 .words = "Folder of the kept events, a compressed file an hour."},
	{"archive.age", &config_duration_type, AT(archive_options.keep_for), "7d", "forever",
	 WEIR_HOUR, INT64_MAX, .words = "How long events are kept."},
	{"archive.size", &config_bytes_type, AT(archive_options.keep_bytes), "1GiB", "unlimited",
	 16777216, 0, .words = "How much room they may take, bytes; the oldest hours go first."},
};
const size_t config_keys_len = sizeof(config_keys) / sizeof(config_keys[0]);

int config_key_find(const char *name, size_t length)
{
	for (size_t i = 0; i < config_keys_len; i++)
		if (strlen(config_keys[i].name) == length &&
		    !memcmp(config_keys[i].name, name, length))
			return (int)i;
	return -1;
}
