/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "capture/log/record.h"

/*
 * Suricata's EVE: flow, netflow, dns (versions 1 to 3), http, tls, fileinfo, ssh, smb.
 * https://docs.suricata.io/en/latest/output/eve/eve-json-format.html
 */

static const struct column columns[] = {
	{"timestamp", FIELD_NONE, FACT_TIME},
	{"event_type", FIELD_NONE, FACT_KIND},
	{"flow_id", FIELD_NONE, FACT_FLOW_ID},
	{"src_ip", FIELD_SOURCE_IP, 0},
	{"src_port", FIELD_SOURCE_PORT, 0},
	{"dest_ip", FIELD_DESTINATION_IP, 0},
	{"dest_port", FIELD_DESTINATION_PORT, 0},
	{"proto", FIELD_NETWORK_TRANSPORT, 0},
	{"icmp_type", FIELD_ICMP_TYPE, 0},
	{"icmp_code", FIELD_ICMP_CODE, 0},
	{"vlan", FIELD_VLAN_ID, 0},
	{"in_iface", FIELD_INTERFACE_NAME, 0},
	{"app_proto", FIELD_NONE, FACT_SERVICE},
	{"direction", FIELD_NONE, FACT_DIRECTION},
	{"community_id", FIELD_NONE, FACT_PASS},
	/* flow, netflow */
	{"flow.start", FIELD_NONE, FACT_START},
	{"flow.end", FIELD_NONE, FACT_END},
	{"flow.state", FIELD_NONE, FACT_STATE},
	{"flow.pkts_toserver", FIELD_SOURCE_PACKETS, 0},
	{"flow.pkts_toclient", FIELD_DESTINATION_PACKETS, 0},
	{"flow.bytes_toserver", FIELD_SOURCE_BYTES, 0},
	{"flow.bytes_toclient", FIELD_DESTINATION_BYTES, 0},
	{"tcp.tcp_flags_ts", FIELD_NONE, FACT_FLAGS_SENT},
	{"tcp.tcp_flags_tc", FIELD_NONE, FACT_FLAGS_RECEIVED},
	{"netflow.start", FIELD_NONE, FACT_START},
	{"netflow.end", FIELD_NONE, FACT_END},
	{"netflow.pkts", FIELD_SOURCE_PACKETS, 0},
	{"netflow.bytes", FIELD_SOURCE_BYTES, 0},
	/* dns: of one question, of several (3), of one answer (1) */
	{"dns.type", FIELD_NONE, FACT_SUBKIND},
	{"dns.rrname", FIELD_DNS_QUESTION_NAME, 0},
	{"dns.rrtype", FIELD_DNS_QUESTION_TYPE, 0},
	{"dns.queries.rrname", FIELD_DNS_QUESTION_NAME, 0},
	{"dns.queries.rrtype", FIELD_DNS_QUESTION_TYPE, 0},
	{"dns.query.rrname", FIELD_DNS_QUESTION_NAME, 0},
	{"dns.query.rrtype", FIELD_DNS_QUESTION_TYPE, 0},
	{"dns.rcode", FIELD_DNS_RESPONSE_CODE, 0},
	{"dns.rdata", FIELD_DNS_ANSWERS, 0},
	{"dns.answers.rdata", FIELD_DNS_ANSWERS, 0},
	{"dns.grouped.A", FIELD_NONE, FACT_PASS},
	{"dns.grouped.AAAA", FIELD_NONE, FACT_PASS},
	{"dns.grouped.CNAME", FIELD_NONE, FACT_PASS},
	/* tls */
	{"tls.sni", FIELD_TLS_SERVER_NAME, 0},
	{"tls.version", FIELD_NONE, FACT_VALIDATION},
	{"tls.subject", FIELD_NONE, FACT_SUBJECT},
	{"tls.issuerdn", FIELD_NONE, FACT_ISSUER},
	{"tls.ja3.hash", FIELD_TLS_JA3, 0},
	{"tls.ja4", FIELD_TLS_JA4, 0},
	{"tls.client_alpns", FIELD_TLS_ALPN, 0},
	/* http */
	{"http.hostname", FIELD_NONE, FACT_HOST},
	{"http.url", FIELD_NONE, FACT_URI},
	{"http.http_user_agent", FIELD_USER_AGENT, 0},
	{"http.http_content_type", FIELD_HTTP_MIME_TYPE, 0},
	{"http.http_refer", FIELD_HTTP_REFERRER, 0},
	{"http.http_method", FIELD_HTTP_METHOD, 0},
	{"http.protocol", FIELD_NONE, FACT_PROTOCOL},
	{"http.status", FIELD_HTTP_STATUS, 0},
	/* fileinfo, smb */
	{"fileinfo.filename", FIELD_FILE_NAME, 0},
	{"fileinfo.size", FIELD_FILE_SIZE, 0},
	{"fileinfo.mimetype", FIELD_FILE_MIME_TYPE, 0},
	{"fileinfo.md5", FIELD_FILE_MD5, 0},
	{"fileinfo.sha1", FIELD_FILE_SHA1, 0},
	{"fileinfo.sha256", FIELD_FILE_SHA256, 0},
	{"smb.command", FIELD_NONE, FACT_HISTORY},
	{"smb.filename", FIELD_FILE_NAME, 0},
	{"smb.share", FIELD_SMB_SHARE, 0},
	{"smb.status", FIELD_SMB_STATUS, 0},
	{"smb.disposition", FIELD_NONE, FACT_STATE},
};

enum { ICMP = 1, TCP = 6, ICMPV6 = 58 };
enum { FIN = 0x01, SYN = 0x02, RST = 0x04, ACK = 0x10 };

#define ETHERNET_HEADER 14
#define VLAN_TAG	4

static bool eve_claims(const struct row *row)
{
	bool time = false, kind = false, of_suricata = false;

	vec_each (cell, &row->cells) {
		kind |= cell_named(cell, "event_type");
		time |= cell_named(cell, "timestamp");
		of_suricata |= cell_named(cell, "flow_id") || cell_named(cell, "stats.uptime");
		if (time && kind && of_suricata)
			return true;
	}
	return false;
}

/* ---- flows ---- */

/* Suricata counts frames with their link header (GET_PKT_LEN), weir IP packets. */
static void take_link_header(struct event *e, enum field bytes, enum field packets)
{
	uint64_t *sum = (uint64_t *)(void *)((char *)e + field_table[bytes].offset);
	uint64_t header = ETHERNET_HEADER + (event_has(e, FIELD_VLAN_ID) ? VLAN_TAG : 0);
	uint64_t less;

	if (!event_has(e, bytes) || !event_has(e, packets))
		return;
	if (!__builtin_mul_overflow(*(const uint64_t *)event_slot(e, packets), header, &less) &&
	    less <= *sum)
		*sum -= less;
}

/* TCP flags seen one way; -1: not recorded. */
static int flags_of(const struct record *record, enum fact fact)
{
	struct text text = record_text(record, fact);
	char copy[5] = {0}, *end;
	long flags;

	if (!text.length || text.length >= sizeof(copy))
		return -1;
	memcpy(copy, text.at, text.length);
	flags = strtol(copy, &end, 16);
	return *end ? -1 : (int)flags;
}

/* By flags: what neither has SYN was seen from its middle on. */
static void tcp_by_flags(struct connection *c, int sent, int received, bool answered)
{
	if (!(sent & SYN)) {
		c->midstream = (sent | received) & (SYN | ACK | RST);
		if (!c->midstream) /* FIN, NULL and Xmas probes */
			c->state = received > 0 ? STATE_REJECTED : STATE_UNANSWERED;
	} else if (received > 0 && (received & SYN)) {
		c->state = STATE_ESTABLISHED;
		c->half_open = !(sent & (ACK | FIN));
	} else if (received > 0 && (received & RST)) {
		c->state = STATE_REJECTED;
	} else {
		c->state = answered ? STATE_ESTABLISHED : STATE_UNANSWERED;
	}
}

static bool is_icmp(const struct event *e)
{
	return e->network_transport == ICMP || e->network_transport == ICMPV6;
}

static bool can_be_answered(const struct record *record)
{
	const struct event *e = &record->event;

	if (record_is_cast(record))
		return false;
	if (!event_has(e, FIELD_NETWORK_TRANSPORT) || !is_icmp(e))
		return true;
	return event_has(e, FIELD_ICMP_TYPE) && (e->icmp_type == 8 || e->icmp_type == 128);
}

static struct connection flow_outcome(const struct record *record)
{
	const struct event *e = &record->event;
	struct connection c = {
		.start = record->start, .end = record->end, .state = -1, .ended = true};
	int sent = flags_of(record, FACT_FLAGS_SENT);
	int received = flags_of(record, FACT_FLAGS_RECEIVED);
	bool answered = event_has(e, FIELD_DESTINATION_PACKETS) && e->destination_packets;
	bool tcp = event_has(e, FIELD_NETWORK_TRANSPORT) && e->network_transport == TCP;

	if (tcp && sent >= 0)
		tcp_by_flags(&c, sent, received, answered);
	else if (tcp && record_is(record, FACT_STATE, "new"))
		c.state = answered ? -1 : STATE_UNANSWERED;
	else if (answered)
		c.state = STATE_ESTABLISHED;
	else if (can_be_answered(record))
		c.state = STATE_UNANSWERED;
	c.decided = c.start;
	if (c.state == STATE_UNANSWERED)
		c.decided += UNANSWERED_AFTER;
	else if (c.state == STATE_REJECTED)
		c.decided = c.end;
	return c;
}

static void tell_flow(struct record *record, const struct intake *intake)
{
	struct connection c = flow_outcome(record);

	connection_tell(record, &c, intake);
}

static void swap_ends(struct event *e)
{
	struct addr ip = e->source_ip;
	uint64_t port = e->source_port;

	e->source_ip = e->destination_ip;
	e->destination_ip = ip;
	if (!event_has(e, FIELD_SOURCE_PORT) || !event_has(e, FIELD_DESTINATION_PORT))
		return;
	e->source_port = e->destination_port;
	e->destination_port = port;
}

/* The two records of a flow come one after the other, the second one with its ends swapped. Flows
 * of other threads may stand between. */
#define FLOWS_REMEMBERED 4096
struct eve_memory {
	uint64_t flow[FLOWS_REMEMBERED];
};

static bool is_second(struct record *record)
{
	struct eve_memory *memory = record->memory;
	uint64_t id, *known;

	if (!record_count(record, FACT_FLOW_ID, &id) || !id)
		return false;
	known = &memory->flow[(id * UINT64_C(0x9e3779b97f4a7c15) >> 32) % FLOWS_REMEMBERED];
	if (*known == id) {
		*known = 0;
		return true;
	}
	*known = id;
	return false;
}

/* A record of one way only: of the first nobody knows yet whether an answer follows. */
static void tell_netflow(struct record *record, const struct intake *intake)
{
	struct event *e = &record->event;
	struct connection c = {.start = record->start,
			       .end = record->end,
			       .decided = record->start,
			       .state = -1,
			       .ended = true};

	if (is_second(record)) {
		swap_ends(e);
		c.moved_only = true;
		if (event_has(e, FIELD_SOURCE_BYTES))
			event_set(e, DESTINATION_BYTES, destination_bytes, e->source_bytes);
		if (event_has(e, FIELD_SOURCE_PACKETS))
			event_set(e, DESTINATION_PACKETS, destination_packets, e->source_packets);
		event_set(e, SOURCE_BYTES, source_bytes, 0);
		event_set(e, SOURCE_PACKETS, source_packets, 0);
	} else {
		event_set(e, DESTINATION_BYTES, destination_bytes, 0);
		event_set(e, DESTINATION_PACKETS, destination_packets, 0);
	}
	connection_tell(record, &c, intake);
}

/* ---- the others ---- */

/* Version 1 has the packet's ends: of an answer the server's first. */
static void tell_dns(struct record *record, const struct intake *intake)
{
	struct event *e = &record->event;
	bool query = record_is(record, FACT_SUBKIND, "query") ||
		     record_is(record, FACT_SUBKIND, "request");

	if (query) {
		event_clear(e, FIELD_DNS_RESPONSE_CODE);
	} else {
		if (event_has(e, FIELD_SOURCE_PORT) && e->source_port == 53 &&
		    !(event_has(e, FIELD_DESTINATION_PORT) && e->destination_port == 53))
			swap_ends(e);
		if (!event_has(e, FIELD_DNS_RESPONSE_CODE))
			event_set(e, DNS_RESPONSE_CODE, dns_response_code,
				  text_of_literal("NOERROR"));
	}
	record_protocol(record, text_of_literal("dns"));
	record_tell(record, SERVICE_DNS, record->start, intake);
}

static void tell_tls(struct record *record, const struct intake *intake)
{
	struct event *e = &record->event;
	struct text version = record_text(record, FACT_VALIDATION);
	struct text subject = record_text(record, FACT_SUBJECT);
	struct text issuer = record_text(record, FACT_ISSUER);

	if (version.length > 4 && !memcmp(version.at, "TLS ", 4))
		version = (struct text){version.at + 4, version.length - 4};
	if (version.length && !text_is(&version, "UNDETERMINED"))
		event_set(e, TLS_VERSION, tls_version, version);
	if (subject.length && issuer.length)
		event_set(e, TLS_SELF_SIGNED, tls_self_signed,
			  subject.length == issuer.length &&
				  !memcmp(subject.at, issuer.at, subject.length));
	record_protocol(record, text_of_literal("tls"));
	record_tell(record, SERVICE_TLS, record->start, intake);
}

static void put_http(struct record *record)
{
	struct text version = record_text(record, FACT_PROTOCOL);

	record_url(&record->event, record_text(record, FACT_URI), record_text(record, FACT_HOST));
	if (version.length > 5 && !memcmp(version.at, "HTTP/", 5))
		event_set(&record->event, HTTP_VERSION, http_version,
			  ((struct text){version.at + 5, version.length - 5}));
}

static void tell_http(struct record *record, const struct intake *intake)
{
	put_http(record);
	record_protocol(record, text_of_literal("http"));
	record_tell(record, SERVICE_HTTP, record->start, intake);
}

/* The row has who sent the file first; the initiator is who asked: the higher port, where the row
 * does not say which way the file went. */
static void tell_file(struct record *record, const struct intake *intake)
{
	struct event *e = &record->event;
	bool to_client = record_is(record, FACT_DIRECTION, "to_client");

	if (!record->fact[FACT_DIRECTION] && event_has(e, FIELD_SOURCE_PORT) &&
	    event_has(e, FIELD_DESTINATION_PORT))
		to_client = e->source_port < e->destination_port;
	if (to_client)
		swap_ends(e);
	put_http(record);
	record_file_name(e);
	record_protocol(record, record_text(record, FACT_SERVICE));
	record_tell(record, SERVICE_FILE, record->start, intake);
}

/* "SMB2_COMMAND_WRITE" is write; a create that only opens what is there is open. */
static void tell_smb(struct record *record, const struct intake *intake)
{
	struct event *e = &record->event;
	struct text command = record_text(record, FACT_HISTORY);
	const char *name =
		command.length ? memmem(command.at, command.length, "COMMAND_", 8) : NULL;
	char *copy;

	if (name) {
		uint32_t length = (uint32_t)(command.at + command.length - name - 8);

		copy = arena_copy(&record->arena, name + 8, length);
		for (uint32_t i = 0; copy && i < length; i++)
			if (copy[i] >= 'A' && copy[i] <= 'Z')
				copy[i] |= 0x20;
		if (copy)
			event_set(e, SMB_COMMAND, smb_command, ((struct text){copy, length}));
	}
	if (record_is(record, FACT_STATE, "FILE_OPEN"))
		event_set(e, SMB_COMMAND, smb_command, text_of_literal("open"));
	record_file_name(e);
	record_protocol(record, text_of_literal("smb"));
	record_tell(record, SERVICE_FILE, record->start, intake);
}

/* The versions of both ends were seen: whether a log-in followed stays hidden. */
static void tell_ssh(struct record *record, const struct intake *intake)
{
	event_set(&record->event, EVENT_OUTCOME, event_outcome, text_of_literal("unknown"));
	record_protocol(record, text_of_literal("ssh"));
	record_tell(record, SERVICE_LOGIN, record->start, intake);
}

/* ---- which ---- */

struct eve_kind {
	const char *name;
	void (*tell)(struct record *record, const struct intake *intake);
	bool flow; /* its time is the flow's own */
};
static const struct eve_kind kinds[] = {
	{"flow", tell_flow, true},	{"netflow", tell_netflow, true}, {"dns", tell_dns, false},
	{"http", tell_http, false},	{"http2", tell_http, false},	 {"tls", tell_tls, false},
	{"fileinfo", tell_file, false}, {"ssh", tell_ssh, false},	 {"smb", tell_smb, false},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static bool put_times(struct record *record, bool flow)
{
	const struct cell *time = record->fact[FACT_TIME], *start = record->fact[FACT_START];
	const struct cell *end = record->fact[FACT_END];

	if (!flow || !start) {
		if (!time || !cell_time(time, &record->start))
			return false;
		record->end = record->start;
		return true;
	}
	if (!cell_time(start, &record->start))
		return false;
	if (!end || !cell_time(end, &record->end) || record->end < record->start)
		record->end = record->start;
	return true;
}

static enum verdict eve_read(struct record *record, struct error *error)
{
	struct event *e = &record->event;
	unsigned kind = 0;

	while (kind < KINDS && !record_is(record, FACT_KIND, kinds[kind].name))
		kind++;
	if (kind == KINDS)
		return VERDICT_KIND;
	if (!put_times(record, kinds[kind].flow)) {
		error_set(error, EXIT_INPUT, EINVAL, "timestamp is missing or wrong");
		return VERDICT_BAD;
	}
	if (!event_has(e, FIELD_SOURCE_IP) || !event_has(e, FIELD_DESTINATION_IP)) {
		error_set(error, EXIT_INPUT, EINVAL, "no src_ip or dest_ip");
		return VERDICT_BAD;
	}
	record->tells = kind;
	if (kinds[kind].flow) {
		take_link_header(e, FIELD_SOURCE_BYTES, FIELD_SOURCE_PACKETS);
		take_link_header(e, FIELD_DESTINATION_BYTES, FIELD_DESTINATION_PACKETS);
		record_protocol(record, record_text(record, FACT_SERVICE));
	}
	return VERDICT_TELL;
}

static void eve_tell(struct record *record, const struct intake *intake)
{
	kinds[record->tells].tell(record, intake);
}

const struct log_format eve_format = {
	.type = "eve",
	.columns = columns,
	.columns_len = sizeof(columns) / sizeof(columns[0]),
	.claims = eve_claims,
	.read = eve_read,
	.tell = eve_tell,
	.memory = sizeof(struct eve_memory),
};
