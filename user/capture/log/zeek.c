/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "capture/log/record.h"

/*
 * Zeek's logs, in its own form or as JSON: conn, dns, ssl, http, files, ssh.
 * https://docs.zeek.org/en/master/logs/index.html; conn_state and history as in
 * https://docs.zeek.org/en/master/scripts/base/protocols/conn/main.zeek.html
 */

static const struct column columns[] = {
	{"_path", FIELD_NONE, FACT_KIND},
	{"ts", FIELD_NONE, FACT_TIME},
	{"id.orig_h", FIELD_SOURCE_IP, 0},
	{"id.orig_p", FIELD_NONE, FACT_SOURCE_PORT},
	{"id.resp_h", FIELD_DESTINATION_IP, 0},
	{"id.resp_p", FIELD_NONE, FACT_DESTINATION_PORT},
	{"proto", FIELD_NETWORK_TRANSPORT, 0},
	{"service", FIELD_NONE, FACT_SERVICE},
	{"vlan", FIELD_VLAN_ID, 0},
	{"community_id", FIELD_NONE, FACT_PASS},
	{"uid", FIELD_NONE, FACT_PASS},
	{"local_orig", FIELD_NONE, FACT_PASS},
	{"local_resp", FIELD_NONE, FACT_PASS},
	{"tunnel_parents", FIELD_NONE, FACT_PASS},
	{"orig_l2_addr", FIELD_NONE, FACT_PASS},
	{"resp_l2_addr", FIELD_NONE, FACT_PASS},
	/* conn */
	{"duration", FIELD_NONE, FACT_DURATION},
	{"conn_state", FIELD_NONE, FACT_STATE},
	{"history", FIELD_NONE, FACT_HISTORY},
	{"missed_bytes", FIELD_NONE, FACT_MISSED},
	{"orig_bytes", FIELD_SOURCE_PAYLOAD_BYTES, 0},
	{"resp_bytes", FIELD_DESTINATION_PAYLOAD_BYTES, 0},
	{"orig_pkts", FIELD_SOURCE_PACKETS, 0},
	{"resp_pkts", FIELD_DESTINATION_PACKETS, 0},
	{"orig_ip_bytes", FIELD_SOURCE_BYTES, 0},
	{"resp_ip_bytes", FIELD_DESTINATION_BYTES, 0},
	/* dns */
	{"query", FIELD_DNS_QUESTION_NAME, 0},
	{"qtype_name", FIELD_DNS_QUESTION_TYPE, 0},
	{"rcode_name", FIELD_DNS_RESPONSE_CODE, 0},
	{"answers", FIELD_DNS_ANSWERS, 0},
	{"rtt", FIELD_NONE, FACT_RTT},
	{"trans_id", FIELD_NONE, FACT_PASS},
	{"qclass", FIELD_NONE, FACT_PASS},
	{"qclass_name", FIELD_NONE, FACT_PASS},
	{"qtype", FIELD_NONE, FACT_PASS},
	{"rcode", FIELD_NONE, FACT_PASS},
	{"TTLs", FIELD_NONE, FACT_PASS},
	/* ssl; `version` is that of ssl, http and ssh */
	{"version", FIELD_NONE, FACT_SUBKIND},
	{"cipher", FIELD_TLS_CIPHER, 0},
	{"server_name", FIELD_TLS_SERVER_NAME, 0},
	{"validation_status", FIELD_NONE, FACT_VALIDATION},
	{"subject", FIELD_NONE, FACT_SUBJECT},
	{"issuer", FIELD_NONE, FACT_ISSUER},
	{"ja3", FIELD_TLS_JA3, 0},
	{"ja4", FIELD_TLS_JA4, 0},
	/* http */
	{"method", FIELD_HTTP_METHOD, 0},
	{"host", FIELD_NONE, FACT_HOST},
	{"uri", FIELD_NONE, FACT_URI},
	{"referrer", FIELD_HTTP_REFERRER, 0},
	{"user_agent", FIELD_USER_AGENT, 0},
	{"status_code", FIELD_HTTP_STATUS, 0},
	{"resp_mime_types", FIELD_HTTP_MIME_TYPE, 0},
	{"resp_filenames", FIELD_FILE_NAME, 0},
	{"username", FIELD_USER_NAME, 0},
	/* files */
	{"fuid", FIELD_NONE, FACT_PASS},
	{"source", FIELD_NONE, FACT_PROTOCOL},
	{"tx_hosts", FIELD_NONE, FACT_SENDERS},
	{"rx_hosts", FIELD_NONE, FACT_RECEIVERS},
	{"is_orig", FIELD_NONE, FACT_IS_ORIG},
	{"mime_type", FIELD_FILE_MIME_TYPE, 0},
	{"filename", FIELD_FILE_NAME, 0},
	{"seen_bytes", FIELD_NONE, FACT_BYTES},
	{"total_bytes", FIELD_FILE_SIZE, 0},
	{"md5", FIELD_FILE_MD5, 0},
	{"sha1", FIELD_FILE_SHA1, 0},
	{"sha256", FIELD_FILE_SHA256, 0},
	/* ssh */
	{"auth_success", FIELD_NONE, FACT_SUCCESS},
	{"auth_attempts", FIELD_NONE, FACT_ATTEMPTS},
};

enum { ICMP = 1, TCP = 6, UDP = 17, ICMPV6 = 58, SCTP = 132 };

static bool zeek_claims(const struct row *row)
{
	bool time = false, of_zeek = false;

	vec_each (cell, &row->cells) {
		time |= cell_named(cell, "ts");
		of_zeek |= cell_named(cell, "id.orig_h") || cell_named(cell, "_path") ||
			   cell_named(cell, "fuid");
		if (time && of_zeek)
			return true;
	}
	return false;
}

/* ---- conn ---- */

/* What a state of TCP says; https://docs.zeek.org, Conn::Info$conn_state. */
static const struct {
	const char *name;
	int8_t outcome; /* enum network_state; -1: its beginning was not seen */
} states[] = {
	{"S0", STATE_UNANSWERED},     /* SYN, no answer */
	{"S1", STATE_ESTABLISHED},    /* established, not terminated */
	{"SF", STATE_ESTABLISHED},    /* and terminated */
	{"REJ", STATE_REJECTED},      /* SYN, RST */
	{"S2", STATE_ESTABLISHED},    /* closed by the originator, not by the responder */
	{"S3", STATE_ESTABLISHED},    /* the reverse */
	{"RSTO", STATE_ESTABLISHED},  /* reset by the originator */
	{"RSTR", STATE_ESTABLISHED},  /* reset by the responder */
	{"RSTOS0", STATE_UNANSWERED}, /* SYN, RST of the originator: no SYN-ACK seen */
	{"RSTRH", -1},		      /* SYN-ACK, RST of the responder: no SYN seen */
	{"SH", STATE_UNANSWERED},     /* SYN, FIN of the originator: no SYN-ACK seen */
	{"SHR", -1},		      /* SYN-ACK, FIN of the responder: no SYN seen */
	{"OTH", -1},		      /* no SYN seen */
};

/* In the history a letter is upper-case for the originator: S SYN, H SYN-ACK, A pure ACK, D data,
 * F FIN, R RST. */
static bool history_has(const struct text *history, const char *letters)
{
	for (uint32_t i = 0; i < history->length; i++)
		if (history->at[i] && strchr(letters, history->at[i]))
			return true;
	return false;
}

/* FIN, NULL and Xmas probes stand in no connection: they neither open nor acknowledge. */
static bool is_probe(const struct event *e, const struct text *history)
{
	if (!event_has(e, FIELD_SOURCE_PACKETS) || !e->source_packets)
		return false;
	return !history_has(history, "SHADRshadf");
}

static void tcp_outcome(struct record *record, struct connection *c)
{
	struct text state = record_text(record, FACT_STATE);
	struct text history = record_text(record, FACT_HISTORY);

	c->state = -1;
	if (!state.length)
		return;
	c->midstream = true;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		if (!text_is(&state, states[i].name))
			continue;
		c->state = states[i].outcome;
		c->midstream = c->state < 0;
	}
	if (text_is(&state, "OTH") && is_probe(&record->event, &history)) {
		c->midstream = false;
		c->state = history_has(&history, "r") ? STATE_REJECTED : STATE_UNANSWERED;
	}
	c->half_open =
		c->state == STATE_ESTABLISHED && history.length && !history_has(&history, "ADF");
}

static bool is_icmp(const struct event *e)
{
	return e->network_transport == ICMP || e->network_transport == ICMPV6;
}

/* Requests to which an answer belongs: echo, timestamp, address mask; echo of version 6. */
static bool icmp_asks(const struct event *e)
{
	if (e->network_transport == ICMPV6)
		return e->icmp_type == 128;
	return e->icmp_type == 8 || e->icmp_type == 13 || e->icmp_type == 17;
}

/* Of what is no TCP: an answer was seen or was not. */
static void other_outcome(struct record *record, struct connection *c)
{
	const struct event *e = &record->event;
	bool answered = event_has(e, FIELD_DESTINATION_PACKETS) && e->destination_packets;

	c->state = -1;
	if (record_is(record, FACT_STATE, "SHR")) {
		c->midstream = true;
		return;
	}
	if (!event_has(e, FIELD_DESTINATION_PACKETS) && !record->fact[FACT_STATE])
		return;
	answered |= record_is(record, FACT_STATE, "SF");
	if (answered)
		c->state = STATE_ESTABLISHED;
	else if (!record_is_cast(record) && (!is_icmp(e) || icmp_asks(e)))
		c->state = STATE_UNANSWERED;
}

/* Bytes as on the wire; where only payloads were recorded, these: at least so many. */
static void put_wire_bytes(struct event *e)
{
	if (!event_has(e, FIELD_SOURCE_BYTES) && event_has(e, FIELD_SOURCE_PAYLOAD_BYTES))
		event_set(e, SOURCE_BYTES, source_bytes, e->source_payload_bytes);
	if (!event_has(e, FIELD_DESTINATION_BYTES) && event_has(e, FIELD_DESTINATION_PAYLOAD_BYTES))
		event_set(e, DESTINATION_BYTES, destination_bytes, e->destination_payload_bytes);
}

/* What Zeek missed of the content, of all that there was. */
static void put_coverage(struct record *record)
{
	struct event *e = &record->event;
	uint64_t missed, seen = 0;

	if (!record_count(record, FACT_MISSED, &missed) || !missed)
		return;
	if (event_has(e, FIELD_SOURCE_BYTES))
		seen += e->source_bytes;
	if (event_has(e, FIELD_DESTINATION_BYTES))
		seen += e->destination_bytes;
	event_set(e, COVERAGE, weir_coverage, (double)seen / ((double)seen + (double)missed));
}

static void tell_conn(struct record *record, const struct intake *intake)
{
	struct connection c = {.start = record->start, .end = record->end, .ended = true};
	const struct event *e = &record->event;

	if (event_has(e, FIELD_NETWORK_TRANSPORT) && e->network_transport == TCP)
		tcp_outcome(record, &c);
	else
		other_outcome(record, &c);
	/* The log has no time of the answer but where the answer was the end. */
	c.decided = c.start;
	if (c.state == STATE_UNANSWERED)
		c.decided += UNANSWERED_AFTER;
	else if (c.state == STATE_REJECTED)
		c.decided = c.end;
	connection_tell(record, &c, intake);
}

/* ---- the others ---- */

static void tell_dns(struct record *record, const struct intake *intake)
{
	struct event *e = &record->event;
	struct text code = e->dns_response_code, answers = e->dns_answers;
	bool has_code = event_has(e, FIELD_DNS_RESPONSE_CODE);
	bool has_answers = event_has(e, FIELD_DNS_ANSWERS);
	weir_time rtt = 0;

	event_clear(e, FIELD_DNS_RESPONSE_CODE);
	event_clear(e, FIELD_DNS_ANSWERS);
	record_tell(record, SERVICE_DNS, record->start, intake);
	if (!has_code && !has_answers)
		return;
	record_seconds(record, FACT_RTT, &rtt);
	event_set(e, DNS_RESPONSE_CODE, dns_response_code,
		  has_code ? code : text_of_literal("NOERROR"));
	if (has_answers)
		event_set(e, DNS_ANSWERS, dns_answers, answers);
	record_tell(record, SERVICE_DNS, record->start + rtt, intake);
}

/* "TLSv12" is 1.2, "TLSv13" 1.3, "SSLv3" stays. */
static void tell_tls(struct record *record, const struct intake *intake)
{
	static const char *const versions[][2] = {
		{"TLSv10", "1.0"}, {"TLSv11", "1.1"}, {"TLSv12", "1.2"}, {"TLSv13", "1.3"}};
	struct event *e = &record->event;
	struct text version = record_text(record, FACT_SUBKIND), known = version;
	struct text validation = record_text(record, FACT_VALIDATION);

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++)
		if (text_is(&version, versions[i][0]))
			known = text_of_literal(versions[i][1]);
	if (known.length)
		event_set(e, TLS_VERSION, tls_version, known);
	/* OpenSSL's words, old and new, for a leaf that signs itself. */
	if (validation.length)
		event_set(e, TLS_SELF_SIGNED, tls_self_signed,
			  text_is(&validation, "self signed certificate") ||
				  text_is(&validation, "self-signed certificate"));
	record_protocol(record, text_of_literal("tls"));
	record_tell(record, SERVICE_TLS, record->start, intake);
}

static void tell_http(struct record *record, const struct intake *intake)
{
	struct event *e = &record->event;
	struct text version = record_text(record, FACT_SUBKIND);

	record_url(e, record_text(record, FACT_URI), record_text(record, FACT_HOST));
	if (version.length)
		event_set(e, HTTP_VERSION, http_version, version);
	record_file_name(e);
	record_protocol(record, text_of_literal("http"));
	record_tell(record, SERVICE_HTTP, record->start, intake);
}

static void put_address(struct record *record, enum field f, enum fact fact)
{
	if (record->fact[fact] && !event_has(&record->event, f))
		cell_read(&record->reader, f, record->fact[fact]);
}

/* Before Zeek 5.1 the log names who sent and who received, not who asked: that is told by is_orig.
 */
static void tell_file(struct record *record, const struct intake *intake)
{
	struct event *e = &record->event;
	bool by_initiator = false;
	uint64_t seen;

	if (record->fact[FACT_IS_ORIG])
		cell_truth(record->fact[FACT_IS_ORIG], &by_initiator);
	put_address(record, FIELD_SOURCE_IP, by_initiator ? FACT_SENDERS : FACT_RECEIVERS);
	put_address(record, FIELD_DESTINATION_IP, by_initiator ? FACT_RECEIVERS : FACT_SENDERS);
	if (!event_has(e, FIELD_FILE_SIZE) && record_count(record, FACT_BYTES, &seen))
		event_set(e, FILE_SIZE, file_size, seen);
	record_file_name(e);
	record_protocol(record, record_text(record, FACT_PROTOCOL));
	record_tell(record, SERVICE_FILE, record->start, intake);
}

/* One row a connection: auth_attempts guesses, of which the last succeeded or none did. */
static void tell_ssh(struct record *record, const struct intake *intake)
{
	struct event *e = &record->event;
	bool success = false;
	uint64_t attempts = 0;

	record_count(record, FACT_ATTEMPTS, &attempts);
	record_protocol(record, text_of_literal("ssh"));
	if (!record->fact[FACT_SUCCESS] || !cell_truth(record->fact[FACT_SUCCESS], &success)) {
		event_set(e, EVENT_OUTCOME, event_outcome, text_of_literal("unknown"));
		record_tell(record, SERVICE_LOGIN, record->start, intake);
		return;
	}
	attempts -= success && attempts;
	if (attempts || !success) {
		event_set(e, EVENT_OUTCOME, event_outcome, text_of_literal("failure"));
		if (attempts > 1)
			event_set(e, EVENT_COUNT, event_count, attempts);
		record_tell(record, SERVICE_LOGIN, record->start, intake);
		event_clear(e, FIELD_EVENT_COUNT);
	}
	if (!success)
		return;
	event_set(e, EVENT_OUTCOME, event_outcome, text_of_literal("success"));
	record_tell(record, SERVICE_LOGIN, record->start, intake);
}

/* ---- which log ---- */

struct log_kind {
	const char *path; /* _path, #path */
	const char *mark; /* else: a field that only this log has */
	void (*tell)(struct record *record, const struct intake *intake);
	bool addresses; /* without them a row tells nothing */
};
static const struct log_kind kinds[] = {
	{"conn", "conn_state", tell_conn, true}, {"dns", "qtype_name", tell_dns, true},
	{"ssl", "cipher", tell_tls, true},	 {"http", "status_code", tell_http, true},
	{"files", "fuid", tell_file, false},	 {"ssh", "auth_attempts", tell_ssh, true},
	{"http", "method", tell_http, true},	 {"dns", "query", tell_dns, true},
	{"ssl", "server_name", tell_tls, true},	 {"ssh", "auth_success", tell_ssh, true},
	{"conn", "history", tell_conn, true},	 {"conn", "orig_pkts", tell_conn, true},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const struct log_kind *kind_by_mark(const struct record *record)
{
	for (size_t i = 0; i < KINDS; i++)
		vec_each (cell, &record->row->cells)
			if (strlen(kinds[i].mark) == cell->name_length &&
			    !memcmp(kinds[i].mark, cell->name, cell->name_length))
				return &kinds[i];
	return NULL;
}

static const struct log_kind *kind_of(const struct record *record)
{
	for (size_t i = 0; record->fact[FACT_KIND] && i < KINDS; i++)
		if (record_is(record, FACT_KIND, kinds[i].path))
			return &kinds[i];
	return record->fact[FACT_KIND] ? NULL : kind_by_mark(record);
}

/* Zeek writes an ICMP message's type and code where others have ports. */
static bool put_ports(struct record *record, struct error *error)
{
	struct event *e = &record->event;
	bool icmp = event_has(e, FIELD_NETWORK_TRANSPORT) && is_icmp(e);
	uint64_t from, to;

	if (!record->fact[FACT_SOURCE_PORT] || !record->fact[FACT_DESTINATION_PORT])
		return true;
	if (!record_count(record, FACT_SOURCE_PORT, &from) ||
	    !record_count(record, FACT_DESTINATION_PORT, &to) || from > UINT16_MAX ||
	    to > UINT16_MAX) {
		error_set(error, EXIT_INPUT, EINVAL, "id.orig_p or id.resp_p is no port: 0 to %u",
			  UINT16_MAX);
		return false;
	}
	if (icmp) {
		event_set(e, ICMP_TYPE, icmp_type, from);
		event_set(e, ICMP_CODE, icmp_code, to);
	} else {
		event_set(e, SOURCE_PORT, source_port, from);
		event_set(e, DESTINATION_PORT, destination_port, to);
	}
	return true;
}

static enum verdict zeek_read(struct record *record, struct error *error)
{
	const struct log_kind *kind = kind_of(record);
	struct event *e = &record->event;
	weir_time duration = 0;

	if (!kind)
		return VERDICT_KIND;
	if (!record->fact[FACT_TIME] || !cell_time(record->fact[FACT_TIME], &record->start)) {
		error_set(error, EXIT_INPUT, EINVAL, "ts is missing or wrong: seconds since 1970");
		return VERDICT_BAD;
	}
	if (kind->addresses &&
	    (!event_has(e, FIELD_SOURCE_IP) || !event_has(e, FIELD_DESTINATION_IP))) {
		error_set(error, EXIT_INPUT, EINVAL, "no id.orig_h or id.resp_h");
		return VERDICT_BAD;
	}
	if (!put_ports(record, error))
		return VERDICT_BAD;
	record->tells = (unsigned)(kind - kinds);
	record->end = record->start;
	if (kind->tell == tell_conn) {
		record_seconds(record, FACT_DURATION, &duration);
		record->end += duration;
		record_protocol(record, record_text(record, FACT_SERVICE));
		put_wire_bytes(e);
		put_coverage(record);
	}
	return VERDICT_TELL;
}

static void zeek_tell(struct record *record, const struct intake *intake)
{
	kinds[record->tells].tell(record, intake);
}

const struct log_format zeek_format = {
	.type = "zeek",
	.columns = columns,
	.columns_len = sizeof(columns) / sizeof(columns[0]),
	.undo = true,
	.claims = zeek_claims,
	.read = zeek_read,
	.tell = zeek_tell,
};
