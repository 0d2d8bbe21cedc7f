/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/capture/log/told.h"

/* Any JSON that names addresses, in whatever form it stands in a file. */

#define ROW(rest)                                                                                  \
	"{\"event_time\":\"2023-11-14T22:13:20Z\",\"src_ip\":\"10.0.0.1\","                        \
	"\"dest_ip\":\"10.0.0.2\",\"dest_port\":443" rest "}"

static void a_row_is_a_connection(void **state)
{
	(void)state;
	assert_told(ROW(""), false,
		    "attempt 0.000000 source.ip=\"10.0.0.1\" destination.ip=\"10.0.0.2\" "
		    "destination.port=443 start=0.000000\n"
		    "connection 0.000000 source.ip=\"10.0.0.1\" destination.ip=\"10.0.0.2\" "
		    "destination.port=443 start=0.000000\n");
}

/* Sent if outbound, else received; the other way is 0. */
static void bytes_have_a_way(void **state)
{
	static const struct {
		const char *rest;
		uint64_t sent, received;
	} cases[] = {
		{",\"bytes_transferred\":7,\"is_outbound\":true", 7, 0},
		{",\"bytes_transferred\":7,\"is_outbound\":false", 0, 7},
		{",\"bytes_transferred\":7", 0, 7},
		{",\"bytes_transferred\":7,\"direction\":\"outbound\"", 7, 0},
		{",\"bytes_transferred\":\"7\",\"direction\":\"inbound\"", 0, 7},
		{",\"bytes_sent\":3,\"bytes_received\":4,\"bytes_transferred\":7", 3, 4},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char log[512];
		struct reading r;

		snprintf(log, sizeof(log), ROW("%s"), cases[i].rest);
		r = read_bytes(log, strlen(log));
		assert_int_equal(r.events.len, 3);
		assert_int_equal(r.events.at[2].service, SERVICE_FLOW);
		assert_int_equal(r.events.at[2].source_bytes, cases[i].sent);
		assert_int_equal(r.events.at[2].destination_bytes, cases[i].received);
		assert_false(event_has(&r.events.at[0], FIELD_SOURCE_BYTES));
		reading_free(&r);
	}
}

static void protocols(void **state)
{
	static const struct {
		const char *rest, *protocol;
		int transport;
	} cases[] = {
		{",\"protocol\":\"HTTPS\"", "tls", 6},
		{",\"protocol\":\"TCP\",\"service\":\"rdp\"", "rdp", 6},
		{",\"protocol\":\"UDP\",\"service\":\"dns\"", "dns", 17},
		{",\"protocol\":\"TCP\",\"service\":\"dns\"", "dns", 6},
		{",\"protocol\":\"DNS\"", "dns", 17},
		{",\"protocol\":\"RDP\"", "rdp", 6},
		{",\"protocol\":6", NULL, 6},
		{",\"proto\":\"icmp\"", NULL, 1},
		{",\"protocol\":\"TCP\",\"service\":\"Veeam\"", "veeam", 6},
		{",\"service\":\"gssapi,smb,ntlm\"", "smb", 6},
		{",\"protocol\":\"-\"", NULL, -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char log[512];
		struct reading r;
		const struct event *e;

		snprintf(log, sizeof(log), ROW("%s"), cases[i].rest);
		r = read_bytes(log, strlen(log));
		e = &r.events.at[0];
		assert_int_equal(event_has(e, FIELD_NETWORK_PROTOCOL), cases[i].protocol != NULL);
		if (cases[i].protocol)
			assert_memory_equal(e->network_protocol.at, cases[i].protocol,
					    strlen(cases[i].protocol));
		assert_int_equal(event_has(e, FIELD_NETWORK_TRANSPORT), cases[i].transport >= 0);
		if (cases[i].transport >= 0)
			assert_int_equal(e->network_transport, cases[i].transport);
		reading_free(&r);
	}
}

static unsigned told_services(const char *log)
{
	struct reading r = read_bytes(log, strlen(log));
	unsigned services = 0;

	vec_each (e, &r.events)
		services |= 1u << e->service;
	reading_free(&r);
	return services;
}

/* By its kind where it names one, else by its fields beside the connection. */
static void what_a_row_tells(void **state)
{
	const unsigned both = 1u << SERVICE_ATTEMPT | 1u << SERVICE_CONNECTION;

	(void)state;
	assert_int_equal(told_services(ROW(",\"query\":\"a.example\"")), both | 1u << SERVICE_DNS);
	assert_int_equal(told_services(ROW(",\"log_type\":\"dns\",\"query\":\"a.example\"")),
			 1u << SERVICE_DNS);
	assert_int_equal(told_services(ROW(",\"server_name\":\"s\"")), both | 1u << SERVICE_TLS);
	assert_int_equal(told_services(ROW(",\"method\":\"GET\",\"uri\":\"/\"")),
			 both | 1u << SERVICE_HTTP);
	assert_int_equal(told_services(ROW(",\"log_type\":\"files\",\"filename\":\"x.exe\"")),
			 1u << SERVICE_FILE);
	assert_int_equal(told_services(ROW(",\"log_type\":\"conn\",\"connection_count\":3")), both);
	assert_int_equal(told_services(ROW(",\"user.name\":\"u\",\"outcome\":\"failure\"")),
			 both | 1u << SERVICE_LOGIN);
	assert_int_equal(told_services(ROW(",\"log_type\":\"coffee\"")), 0);
}

static void counts_and_names(void **state)
{
	(void)state;
	assert_told(ROW(",\"log_type\":\"http\",\"connection_count\":3,\"host\":\"h.example\","
			"\"uri\":\"/u/x.exe?a\",\"method\":\"GET\",\"status_code\":200,"
			"\"mime_type\":\"application/x-dosexec\",\"filename\":\"x.exe\","
			"\"first_seen_days\":1,\"internal_hosts_contacting\":2,\"comment\":\"c\""),
		    true,
		    "http 0.000000 event.count=3 destination.first_seen_days=1.0 "
		    "destination.prevalence=2 destination.domain=\"h.example\" "
		    "http.request.method=\"GET\" http.response.status_code=200 "
		    "http.response.mime_type=\"application/x-dosexec\" "
		    "url.original=\"/u/x.exe?a\" url.domain=\"h.example\" url.path=\"/u/x.exe\" "
		    "url.query=\"a\" url.extension=\"exe\" file.name=\"x.exe\" "
		    "file.extension=\"exe\" file.mime_type=\"application/x-dosexec\"\n");
}

/* One a line, one behind the other, in arrays, over many lines: always the same two rows. */
static void every_form_of_text(void **state)
{
	static const char *const forms[] = {
		ROW("") "\n" ROW("") "\n",
		ROW("") ROW(""),
		ROW("") " " ROW(""),
		"[" ROW("") "," ROW("") "]",
		"[\n" ROW("") ",\n" ROW("") "\n]\n",
		"[" ROW("") "]\n[" ROW("") "]",
		"\xef\xbb\xbf \n" ROW("") "\r\n\r\n" ROW("") "\r\n",
		"{\n  \"event_time\": 1700000000,\n  \"src_ip\": \"10.0.0.1\",\n \"dst_ip\":\n"
		"\"10.0.0.2\", \"note\": \"} \\\" {\", \"deep\": {\"er\": [{}]}\n}\n" ROW(""),
		"\x1e" ROW("") "\n\x1e" ROW("") "\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		struct reading r = read_bytes(forms[i], strlen(forms[i]));

		assert_int_equal(r.err, 0);
		if (r.events.len != 4)
			fail_msg("form %zu told %zu events", i, r.events.len);
		assert_int_equal(skipped(&r, "bad_lines"), 0);
		reading_free(&r);
	}
}

static void every_form_of_time(void **state)
{
	static const char *const times[] = {
		"1700000000",
		"1700000000.0",
		"\"1700000000\"",
		"1700000000000",
		"\"1700000000000\"",
		"1700000000000000",
		"1700000000000000000",
		"\"2023-11-14T22:13:20Z\"",
		"\"2023-11-14 22:13:20\"",
		"\"2023-11-14T23:13:20.000+0100\"",
		"\"2023-11-14T22:13:20.000000+0000\"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		char log[256];
		struct reading r;

		snprintf(log, sizeof(log), "{\"ts\":%s,\"src_ip\":\"10.0.0.1\"}", times[i]);
		r = read_bytes(log, strlen(log));
		assert_int_equal(r.events.len, 2);
		assert_int_equal(r.events.at[0].time, TOLD_EPOCH);
		reading_free(&r);
	}
}

static void what_is_wrong_is_counted(void **state)
{
	static const struct {
		const char *log, *key;
	} cases[] = {
		{"{\"ts\":1,\"src_ip\":\"10.0.0.256\"}", "bad_lines"},
		{"{\"ts\":1,\"src_ip\":\"10.0.0.1\",\"src_port\":65536}", "bad_lines"},
		{"{\"ts\":1e300,\"src_ip\":\"10.0.0.1\"}", "bad_lines"},
		{"{\"ts\":123456789012345678901234567890,\"src_ip\":\"10.0.0.1\"}", "bad_lines"},
		{"{\"ts\":\"soon\",\"src_ip\":\"10.0.0.1\"}", "bad_lines"},
		{"{\"src_ip\":\"10.0.0.1\"}", "bad_lines"},
		{"{\"ts\":1}", "bad_lines"},
		{"{\"ts\":1,\"src_ip\":\"10.0.0.1\",\"x\":\"\xff\"}", "bad_lines"},
		{"{\"ts\":1,\"src_ip\":\"10.0.0.1\",\"dst_ip\":", "bad_lines"},
		{"{\"ts\":1,\"src_ip\":\"10.0.0.1\",\"http.response.status_code\":\"OK\"}",
		 "bad_values"},
		{"{\"ts\":1,\"src_ip\":\"10.0.0.1\",\"a\":{\"b\":{\"c\":{\"d\":{\"e\":{\"f\":"
		 "{\"g\":{\"h\":{\"i\":1}}}}}}}}}",
		 "unknown_fields"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reading r = read_bytes(cases[i].log, strlen(cases[i].log));

		assert_int_equal(r.err, 0);
		assert_int_equal(skipped(&r, cases[i].key), 1);
		assert_int_equal(r.events.len, strcmp(cases[i].key, "bad_lines") ? 2 : 0);
		reading_free(&r);
	}
}

/* Of two names for one thing the first counts; weir's own events are refused if they say one thing
 * twice. */
static void said_twice(void **state)
{
	static const char own[] =
		"{\"@timestamp\":\"2023-11-14T22:13:20Z\",\"event.dataset\":\"weir.flow\","
		"\"source.ip\":\"10.0.0.1\",\"source.ip\":\"10.0.0.2\"}";
	struct reading r = read_bytes(own, strlen(own));

	(void)state;
	assert_int_equal(r.events.len, 0);
	assert_int_equal(skipped(&r, "bad_lines"), 1);
	reading_free(&r);
	assert_told("{\"ts\":1700000000,\"src_ip\":\"10.0.0.1\",\"source\":{\"ip\":\"10.0.0.9\"}}",
		    false,
		    "attempt 0.000000 source.ip=\"10.0.0.1\" start=0.000000\n"
		    "connection 0.000000 source.ip=\"10.0.0.1\" start=0.000000\n");
}

static void signals(void **state)
{
	static const char log[] =
		"[{\"signal_type\":\"PERIODIC_BEACON\",\"src_ip\":\"10.0.0.1\",\"severity\":"
		"\"HIGH\",\"timestamp\":\"2023-11-14T22:13:20Z\",\"exchange_count\":8}]";
	struct reading r = read_bytes(log, strlen(log));

	(void)state;
	assert_int_equal(r.events.len, 0);
	assert_int_equal(r.signals, 1);
	reading_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_row_is_a_connection),
		cmocka_unit_test(bytes_have_a_way),
		cmocka_unit_test(protocols),
		cmocka_unit_test(what_a_row_tells),
		cmocka_unit_test(counts_and_names),
		cmocka_unit_test(every_form_of_text),
		cmocka_unit_test(every_form_of_time),
		cmocka_unit_test(what_is_wrong_is_counted),
		cmocka_unit_test(said_twice),
		cmocka_unit_test(signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
