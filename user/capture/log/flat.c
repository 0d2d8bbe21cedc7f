/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "capture/log/record.h"

/*
 * Any other JSON object that names addresses: a row of a firewall, a proxy, an export. Fields by
 * the public table of names; what the row tells by its kind where one is given, else by its fields.
 * docs/replay.md is what users read of this.
 */

static const struct column columns[] = {
	{"@timestamp", FIELD_NONE, FACT_TIME},
	{"timestamp", FIELD_NONE, FACT_TIME},
	{"ts", FIELD_NONE, FACT_TIME},
	{"time", FIELD_NONE, FACT_TIME},
	{"_time", FIELD_NONE, FACT_TIME},
	{"event_time", FIELD_NONE, FACT_TIME},
	{"eventTime", FIELD_NONE, FACT_TIME},
	{"EventTime", FIELD_NONE, FACT_TIME},
	{"UtcTime", FIELD_NONE, FACT_TIME},
	{"datetime", FIELD_NONE, FACT_TIME},
	{"start_time", FIELD_NONE, FACT_START},
	{"event.start", FIELD_NONE, FACT_START},
	{"end_time", FIELD_NONE, FACT_END},
	{"event.end", FIELD_NONE, FACT_END},
	{"duration", FIELD_NONE, FACT_DURATION},
	{"log_type", FIELD_NONE, FACT_KIND},
	{"event_type", FIELD_NONE, FACT_KIND},
	{"protocol", FIELD_NONE, FACT_PROTOCOL},
	{"proto", FIELD_NONE, FACT_PROTOCOL},
	{"Protocol", FIELD_NONE, FACT_PROTOCOL},
	{"service", FIELD_NONE, FACT_SERVICE},
	{"app", FIELD_NONE, FACT_SERVICE},
	{"application", FIELD_NONE, FACT_SERVICE},
	{"app_proto", FIELD_NONE, FACT_SERVICE},
	{"bytes_transferred", FIELD_NONE, FACT_BYTES},
	{"bytes", FIELD_NONE, FACT_BYTES},
	{"network.bytes", FIELD_NONE, FACT_BYTES},
	{"is_outbound", FIELD_NONE, FACT_OUTBOUND},
	{"direction", FIELD_NONE, FACT_DIRECTION},
	{"network.direction", FIELD_NONE, FACT_DIRECTION},
	{"host", FIELD_NONE, FACT_HOST},
	{"hostname", FIELD_NONE, FACT_HOST},
	{"uri", FIELD_NONE, FACT_URI},
	{"url", FIELD_NONE, FACT_URI},
	{"mime_type", FIELD_NONE, FACT_MIME},
	{"content_type", FIELD_NONE, FACT_MIME},
	{"signal_type", FIELD_NONE, FACT_SIGNAL},
	{"severity", FIELD_NONE, FACT_SEVERITY},
	{"comment", FIELD_NONE, FACT_PASS},
	{"description", FIELD_NONE, FACT_PASS},
	{"file_source", FIELD_NONE, FACT_PASS},
	{"reputation", FIELD_NONE, FACT_PASS},
	{"source_ip", FIELD_SOURCE_IP, 0},
	{"src", FIELD_SOURCE_IP, 0},
	{"srcip", FIELD_SOURCE_IP, 0},
	{"saddr", FIELD_SOURCE_IP, 0},
	{"source_port", FIELD_SOURCE_PORT, 0},
	{"sport", FIELD_SOURCE_PORT, 0},
	{"srcport", FIELD_SOURCE_PORT, 0},
	{"destination_ip", FIELD_DESTINATION_IP, 0},
	{"dst", FIELD_DESTINATION_IP, 0},
	{"dstip", FIELD_DESTINATION_IP, 0},
	{"daddr", FIELD_DESTINATION_IP, 0},
	{"dest_ip", FIELD_DESTINATION_IP, 0},
	{"destination_port", FIELD_DESTINATION_PORT, 0},
	{"dport", FIELD_DESTINATION_PORT, 0},
	{"dstport", FIELD_DESTINATION_PORT, 0},
	{"dest_port", FIELD_DESTINATION_PORT, 0},
	{"bytes_sent", FIELD_SOURCE_BYTES, 0},
	{"bytes_out", FIELD_SOURCE_BYTES, 0},
	{"sentbyte", FIELD_SOURCE_BYTES, 0},
	{"total_bytes_sent", FIELD_SOURCE_BYTES, 0},
	{"bytes_received", FIELD_DESTINATION_BYTES, 0},
	{"bytes_in", FIELD_DESTINATION_BYTES, 0},
	{"rcvdbyte", FIELD_DESTINATION_BYTES, 0},
	{"total_bytes_received", FIELD_DESTINATION_BYTES, 0},
	{"packets_sent", FIELD_SOURCE_PACKETS, 0},
	{"packets_received", FIELD_DESTINATION_PACKETS, 0},
	{"connection_count", FIELD_EVENT_COUNT, 0},
	{"action", FIELD_EVENT_ACTION, 0},
	{"outcome", FIELD_EVENT_OUTCOME, 0},
	{"src_role", FIELD_SOURCE_ROLE, 0},
	{"dest_role", FIELD_DESTINATION_ROLE, 0},
	{"first_seen_days", FIELD_DESTINATION_FIRST_SEEN_DAYS, 0},
	{"internal_hosts_contacting", FIELD_DESTINATION_PREVALENCE, 0},
	{"query", FIELD_DNS_QUESTION_NAME, 0},
	{"query_type", FIELD_DNS_QUESTION_TYPE, 0},
	{"qtype_name", FIELD_DNS_QUESTION_TYPE, 0},
	{"rcode_name", FIELD_DNS_RESPONSE_CODE, 0},
	{"rcode", FIELD_DNS_RESPONSE_CODE, 0},
	{"answers", FIELD_DNS_ANSWERS, 0},
	{"server_name", FIELD_TLS_SERVER_NAME, 0},
	{"sni", FIELD_TLS_SERVER_NAME, 0},
	{"ja3", FIELD_TLS_JA3, 0},
	{"ja4", FIELD_TLS_JA4, 0},
	{"method", FIELD_HTTP_METHOD, 0},
	{"status_code", FIELD_HTTP_STATUS, 0},
	{"user_agent", FIELD_USER_AGENT, 0},
	{"referrer", FIELD_HTTP_REFERRER, 0},
	{"filename", FIELD_FILE_NAME, 0},
	{"file_name", FIELD_FILE_NAME, 0},
	{"file_size", FIELD_FILE_SIZE, 0},
	{"md5", FIELD_FILE_MD5, 0},
	{"sha1", FIELD_FILE_SHA1, 0},
	{"sha256", FIELD_FILE_SHA256, 0},
	{"share", FIELD_SMB_SHARE, 0},
	{"command", FIELD_SMB_COMMAND, 0},
	{"user", FIELD_USER_NAME, 0},
	{"username", FIELD_USER_NAME, 0},
};

#define CONNECTION (1u << SERVICE_ATTEMPT | 1u << SERVICE_CONNECTION | 1u << SERVICE_FLOW)

/* What a row is about, as logs call it. */
static const struct {
	const char *word;
	unsigned tells;
} kinds[] = {
	{"conn", CONNECTION},
	{"connection", CONNECTION},
	{"flow", CONNECTION},
	{"netflow", CONNECTION},
	{"network", CONNECTION},
	{"firewall", CONNECTION},
	{"traffic", CONNECTION},
	{"dns", 1u << SERVICE_DNS},
	{"ssl", 1u << SERVICE_TLS},
	{"tls", 1u << SERVICE_TLS},
	{"http", 1u << SERVICE_HTTP},
	{"proxy", 1u << SERVICE_HTTP},
	{"web", 1u << SERVICE_HTTP},
	{"file", 1u << SERVICE_FILE},
	{"files", 1u << SERVICE_FILE},
	{"fileinfo", 1u << SERVICE_FILE},
	{"smb", 1u << SERVICE_FILE},
	{"login", 1u << SERVICE_LOGIN},
	{"logon", 1u << SERVICE_LOGIN},
	{"auth", 1u << SERVICE_LOGIN},
	{"authentication", 1u << SERVICE_LOGIN},
	{"ssh", 1u << SERVICE_LOGIN},
};

static unsigned by_kind(const struct record *record)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (record_is(record, FACT_KIND, kinds[i].word))
			return kinds[i].tells;
	return 0;
}

/* Each group of fields tells an event of its own, beside the connection. */
static unsigned by_fields(const struct record *record)
{
	const struct event *e = &record->event;
	unsigned tells = CONNECTION;

	if (event_has(e, FIELD_DNS_QUESTION_NAME))
		tells |= 1u << SERVICE_DNS;
	if (event_has(e, FIELD_TLS_SERVER_NAME) || event_has(e, FIELD_TLS_JA3) ||
	    event_has(e, FIELD_TLS_JA4))
		tells |= 1u << SERVICE_TLS;
	if (event_has(e, FIELD_HTTP_METHOD) || event_has(e, FIELD_URL_PATH) ||
	    event_has(e, FIELD_HTTP_STATUS))
		tells |= 1u << SERVICE_HTTP;
	if (event_has(e, FIELD_FILE_NAME) || event_has(e, FIELD_FILE_SHA256) ||
	    event_has(e, FIELD_FILE_SHA1) || event_has(e, FIELD_FILE_MD5))
		tells |= 1u << SERVICE_FILE;
	if (event_has(e, FIELD_USER_NAME) && event_has(e, FIELD_EVENT_OUTCOME))
		tells |= 1u << SERVICE_LOGIN;
	return tells;
}

/*
 * A number of bytes without its way: sent if the row says outbound, else received; of which the
 * other way is then 0. So a row that says nothing is never taken for an upload.
 */
static void put_bytes(struct record *record)
{
	struct event *e = &record->event;
	bool outbound = record_is(record, FACT_DIRECTION, "outbound");
	uint64_t bytes;

	if (record->fact[FACT_OUTBOUND])
		cell_truth(record->fact[FACT_OUTBOUND], &outbound);
	if (!record_count(record, FACT_BYTES, &bytes) || event_has(e, FIELD_SOURCE_BYTES) ||
	    event_has(e, FIELD_DESTINATION_BYTES))
		return;
	event_set(e, SOURCE_BYTES, source_bytes, outbound ? bytes : 0);
	event_set(e, DESTINATION_BYTES, destination_bytes, outbound ? 0 : bytes);
}

static void put_names(struct record *record)
{
	struct event *e = &record->event;
	struct text host = record_text(record, FACT_HOST), uri = record_text(record, FACT_URI);
	struct text mime = record_text(record, FACT_MIME);
	bool file = event_has(e, FIELD_FILE_NAME) || record_is(record, FACT_KIND, "files");

	if (uri.length || event_has(e, FIELD_HTTP_METHOD))
		record_url(e, uri, host);
	if (host.length && !event_has(e, FIELD_DESTINATION_DOMAIN))
		event_set(e, DESTINATION_DOMAIN, destination_domain, host);
	if (mime.length && file && !event_has(e, FIELD_FILE_MIME_TYPE))
		event_set(e, FILE_MIME_TYPE, file_mime_type, mime);
	if (mime.length && !event_has(e, FIELD_HTTP_MIME_TYPE))
		event_set(e, HTTP_MIME_TYPE, http_mime_type, mime);
	record_file_name(e);
	if (record->fact[FACT_SERVICE])
		record_protocol(record, record_text(record, FACT_SERVICE));
	if (record->fact[FACT_PROTOCOL]) {
		uint64_t number;

		if (record_count(record, FACT_PROTOCOL, &number) && number < 256)
			event_set(e, NETWORK_TRANSPORT, network_transport, (uint16_t)number);
		else
			record_protocol(record, record_text(record, FACT_PROTOCOL));
	}
	/* "TCP" and a service: the first decides, whatever the second would imply. */
	if (record_is(record, FACT_PROTOCOL, "tcp"))
		event_set(e, NETWORK_TRANSPORT, network_transport, 6);
	else if (record_is(record, FACT_PROTOCOL, "udp"))
		event_set(e, NETWORK_TRANSPORT, network_transport, 17);
}

/* When it was, from the facts that say so: false if that is nowhere. */
static bool put_times(struct record *record)
{
	const struct cell *time = record->fact[FACT_TIME], *start = record->fact[FACT_START];
	const struct cell *end = record->fact[FACT_END];
	weir_time duration;

	if (!(start && cell_time(start, &record->start)) &&
	    !(time && cell_time(time, &record->start)))
		return false;
	record->end = record->start;
	if (record_seconds(record, FACT_DURATION, &duration))
		record->end += duration;
	else if (end && cell_time(end, &record->end) && record->end < record->start)
		record->end = record->start;
	return true;
}

static enum verdict bad(struct error *error, const char *words)
{
	error_set(error, EXIT_INPUT, EINVAL, "%s", words);
	return VERDICT_BAD;
}

static enum verdict flat_read(struct record *record, struct error *error)
{
	const struct event *e = &record->event;

	if (!put_times(record))
		return bad(error, record->fact[FACT_TIME] || record->fact[FACT_START]
					  ? "its time is wrong: it should be RFC 3339 or seconds "
					    "since 1970"
					  : "no time: ts, timestamp or event_time");
	if (record->fact[FACT_SIGNAL])
		return VERDICT_TELL;
	if (!event_has(e, FIELD_SOURCE_IP) && !event_has(e, FIELD_DESTINATION_IP))
		return bad(error, "no address: source.ip, src_ip or destination.ip, dest_ip");
	put_bytes(record);
	put_names(record);
	record->tells = record->fact[FACT_KIND] ? by_kind(record) : by_fields(record);
	return record->tells ? VERDICT_TELL : VERDICT_KIND;
}

static void tell_connection(struct record *record, const struct intake *intake)
{
	const struct event *e = &record->event;
	struct connection c = {
		.start = record->start,
		.end = record->end,
		.decided = record->start,
		.state = event_has(e, FIELD_NETWORK_STATE) ? e->network_state : -1,
		.half_open = event_has(e, FIELD_TCP_HALF_OPEN) && e->tcp_half_open,
		.ended = true,
	};

	if (c.state == STATE_UNANSWERED)
		c.decided += UNANSWERED_AFTER;
	connection_tell(record, &c, intake);
}

/* A query that has its answer beside it is two messages. */
static void tell_dns(struct record *record, const struct intake *intake)
{
	struct event *e = &record->event;
	struct event whole = *e;

	event_clear(e, FIELD_DNS_RESPONSE_CODE);
	event_clear(e, FIELD_DNS_ANSWERS);
	record_tell(record, SERVICE_DNS, record->start, intake);
	*e = whole;
	if (!event_has(e, FIELD_DNS_RESPONSE_CODE) && !event_has(e, FIELD_DNS_ANSWERS))
		return;
	if (!event_has(e, FIELD_DNS_RESPONSE_CODE))
		event_set(e, DNS_RESPONSE_CODE, dns_response_code, text_of_literal("NOERROR"));
	record_tell(record, SERVICE_DNS, record->end, intake);
}

static void tell_signal(struct record *record, const struct intake *intake)
{
	struct recorded_signal signal = {
		.at = record->start,
		.rule = record_text(record, FACT_SIGNAL),
		.severity = record_text(record, FACT_SEVERITY),
		.event = &record->event,
		.row = record->row,
	};

	record->event.time = record->start;
	intake->signal(intake->context, &signal);
}

static void flat_tell(struct record *record, const struct intake *intake)
{
	static const enum event_service single[] = {SERVICE_TLS, SERVICE_HTTP, SERVICE_FILE,
						    SERVICE_LOGIN};
	unsigned tells = record->tells;

	if (record->fact[FACT_SIGNAL]) {
		tell_signal(record, intake);
		return;
	}
	if (tells & 1u << SERVICE_DNS)
		tell_dns(record, intake);
	for (size_t i = 0; i < sizeof(single) / sizeof(single[0]); i++)
		if (tells & 1u << single[i])
			record_tell(record, single[i], record->start, intake);
	if (tells & 1u << SERVICE_CONNECTION)
		tell_connection(record, intake);
}

const struct log_format flat_format = {
	.type = "flat JSON",
	.columns = columns,
	.columns_len = sizeof(columns) / sizeof(columns[0]),
	.aliases = true,
	.read = flat_read,
	.tell = flat_tell,
};
