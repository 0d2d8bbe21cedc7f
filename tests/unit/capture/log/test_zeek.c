/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/capture/log/told.h"

/* Zeek's logs. What is expected is written by hand from Zeek's own documentation of its logs and of
 * conn_state, and from docs/rules.md (Order and time). */

#define CONN(rest)                                                                                 \
	"{\"ts\":1700000000.5,\"uid\":\"C1\",\"id.orig_h\":\"10.0.0.1\",\"id.orig_p\":50000,"      \
	"\"id.resp_h\":\"10.0.0.2\",\"id.resp_p\":443,\"proto\":\"tcp\"," rest "}\n"

#define COUNTS                                                                                     \
	"\"orig_bytes\":100,\"resp_bytes\":1000,\"orig_pkts\":5,\"orig_ip_bytes\":300,"            \
	"\"resp_pkts\":7,\"resp_ip_bytes\":1300"

#define MOVED                                                                                      \
	" source.bytes=300 destination.bytes=1300 source.packets=5 destination.packets=7"          \
	" source.payload_bytes=100 destination.payload_bytes=1000"
#define TOTAL                                                                                      \
	" flow.ended=true flow.total.source.bytes=300 flow.total.destination.bytes=1300"           \
	" flow.total.source.packets=5 flow.total.destination.packets=7"

static void a_finished_connection(void **state)
{
	(void)state;
	assert_told(CONN("\"service\":\"ssl\",\"duration\":2.25,\"conn_state\":\"SF\","
			 "\"history\":\"ShADadFf\"," COUNTS),
		    true,
		    "attempt 0.500000 start=0.500000 network.protocol=\"tls\"\n"
		    "connection 0.500000 network.state=\"established\" start=0.500000 "
		    "tcp.half_open=false network.protocol=\"tls\"\n"
		    "flow 2.750000 network.state=\"established\"" MOVED
		    " start=0.500000 event.duration=2250000000 tcp.half_open=false" TOTAL
		    " network.protocol=\"tls\"\n");
}

/* conn_state → the outcome; whether it is half open by the history. */
static void every_state(void **state)
{
	static const struct {
		const char *state, *history;
		weir_time decided; /* ms after the first packet; -1: no attempt, no outcome */
		int outcome;
		bool half_open;
	} cases[] = {
		{"S0", "S", 5000, STATE_UNANSWERED, false},
		{"S1", "ShADad", 0, STATE_ESTABLISHED, false},
		{"S1", "Sh", 0, STATE_ESTABLISHED, true},
		{"SF", "ShADadfF", 0, STATE_ESTABLISHED, false},
		{"REJ", "Sr", 250, STATE_REJECTED, false},
		{"S2", "ShADadF", 0, STATE_ESTABLISHED, false},
		{"S3", "ShADadf", 0, STATE_ESTABLISHED, false},
		{"RSTO", "ShADaR", 0, STATE_ESTABLISHED, false},
		{"RSTO", "ShR", 0, STATE_ESTABLISHED, true},
		{"RSTR", "ShADar", 0, STATE_ESTABLISHED, false},
		{"RSTOS0", "SR", 5000, STATE_UNANSWERED, false},
		{"RSTRH", "^hr", -1, -1, false},
		{"SH", "SF", 5000, STATE_UNANSWERED, false},
		{"SHR", "^hf", -1, -1, false},
		{"OTH", "DdAa", -1, -1, false},
		{"OTH", "Fr", 250, STATE_REJECTED, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char log[1024];
		struct reading r;
		const struct event *e;

		snprintf(log, sizeof(log),
			 CONN("\"duration\":0.25,\"conn_state\":\"%s\",\"history\":\"%s\"," COUNTS),
			 cases[i].state, cases[i].history);
		r = read_bytes(log, strlen(log));
		assert_int_equal(r.events.len, cases[i].decided < 0 ? 1 : 3);
		e = &r.events.at[r.events.len - 1];
		assert_int_equal(e->service, SERVICE_FLOW);
		assert_int_equal(event_has(e, FIELD_MIDSTREAM), cases[i].decided < 0);
		if (cases[i].decided >= 0) {
			e = &r.events.at[1];
			assert_int_equal(e->service, SERVICE_CONNECTION);
			assert_int_equal(e->time, TOLD_EPOCH + 500 * WEIR_MSEC +
							  cases[i].decided * WEIR_MSEC);
			assert_int_equal(e->network_state, cases[i].outcome);
			assert_int_equal(e->tcp_half_open, cases[i].half_open);
		}
		reading_free(&r);
	}
}

/* Probes without SYN, ACK or RST open nothing and are attempts all the same. */
static void probes_are_attempts(void **state)
{
	(void)state;
	assert_told(
		CONN("\"duration\":0.01,\"conn_state\":\"OTH\",\"history\":\"r\","
		     "\"orig_pkts\":1,\"orig_ip_bytes\":40,\"resp_pkts\":1,\"resp_ip_bytes\":40"),
		true,
		"attempt 0.500000 start=0.500000\n"
		"connection 0.510000 network.state=\"rejected\" start=0.500000 "
		"event.duration=10000000 tcp.half_open=false\n"
		"flow 0.510000 network.state=\"rejected\" source.bytes=40 destination.bytes=40 "
		"source.packets=1 destination.packets=1 start=0.500000 event.duration=10000000 "
		"tcp.half_open=false flow.ended=true flow.total.source.bytes=40 "
		"flow.total.destination.bytes=40 flow.total.source.packets=1 "
		"flow.total.destination.packets=1\n");
}

/* 150 s: two whole minutes with 2/5 each, half a minute with the rest. */
static void long_ones_are_spread(void **state)
{
	struct reading r;
	static const char log[] =
		CONN("\"duration\":150.0,\"conn_state\":\"SF\",\"history\":\"ShADadFf\"," COUNTS);

	(void)state;
	r = read_bytes(log, strlen(log));
	assert_int_equal(r.events.len, 5);
	for (unsigned i = 2; i < 5; i++) {
		const struct event *e = &r.events.at[i];
		bool last = i == 4;

		assert_int_equal(e->service, SERVICE_FLOW);
		assert_true(e->flow_estimated);
		assert_int_equal(e->event_start, TOLD_EPOCH + 500 * WEIR_MSEC + (i - 2) * WEIR_MIN);
		assert_int_equal(e->time, last ? TOLD_EPOCH + 150500 * WEIR_MSEC
					       : e->event_start + WEIR_MIN);
		assert_int_equal(e->source_bytes, last ? 60 : 120);
		assert_int_equal(e->destination_bytes, last ? 260 : 520);
		assert_int_equal(e->source_packets, last ? 1 : 2);
		assert_int_equal(e->destination_packets, last ? 3 : 2);
		assert_int_equal(event_has(e, FIELD_FLOW_ENDED), last);
	}
	assert_int_equal(r.events.at[4].flow_total_source_bytes, 300);
	reading_free(&r);
}

/* However long and odd: the sums are those of the record, in a bounded number of events. */
static void sums_are_exact(void **state)
{
	static const double durations[] = {60, 60.001, 119.5, 3601, 86400.5, 1e8};

	(void)state;
	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++) {
		char log[1024];
		uint64_t bytes = 0, packets = 0;
		struct reading r;

		snprintf(log, sizeof(log),
			 CONN("\"duration\":%f,\"conn_state\":\"SF\",\"orig_pkts\":1234567,"
			      "\"orig_ip_bytes\":18446744073709551,\"resp_pkts\":3,"
			      "\"resp_ip_bytes\":120"),
			 durations[i]);
		r = read_bytes(log, strlen(log));
		assert_true(r.events.len < 45000);
		vec_each (e, &r.events) {
			if (e->service != SERVICE_FLOW)
				continue;
			bytes += e->source_bytes;
			packets += e->destination_packets;
		}
		assert_int_equal(bytes, 18446744073709551u);
		assert_int_equal(packets, 3);
		reading_free(&r);
	}
}

#define TSV                                                                                        \
	"#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n"            \
	"#path\tconn\n#open\t2023-11-14-22-13-20\n"                                                \
	"#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\t" \
	"orig_bytes\tresp_bytes\tconn_state\tlocal_orig\tmissed_bytes\thistory\torig_pkts\t"       \
	"orig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents\n"                                \
	"#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\t"     \
	"string\tbool\tcount\tstring\tcount\tcount\tcount\tcount\tset[string]\n"

static void own_form(void **state)
{
	(void)state;
	/* An unanswered question, then an answered one, of UDP; missed bytes; ICMP with its type.
	 */
	assert_told(TSV "1700000000.500000\tC1\t10.0.0.1\t5353\t10.0.0.2\t53\tudp\tdns\t-\t-\t-\t"
			"S0\tT\t0\tD\t1\t60\t0\t0\t(empty)\n"
			"#close\t2023-11-14-22-14-20\n",
		    true,
		    "attempt 0.500000 start=0.500000 network.protocol=\"dns\"\n"
		    "connection 5.500000 network.state=\"unanswered\" start=0.500000 "
		    "network.protocol=\"dns\"\n"
		    "flow 0.500000 network.state=\"unanswered\" source.bytes=60 "
		    "destination.bytes=0 source.packets=1 destination.packets=0 start=0.500000 "
		    "event.duration=0 flow.ended=true flow.total.source.bytes=60 "
		    "flow.total.destination.bytes=0 flow.total.source.packets=1 "
		    "flow.total.destination.packets=0 network.protocol=\"dns\"\n");
	assert_told(TSV "1700000001.000000\tC2\tfe80::1\t8\tfe80::2\t0\ticmp\t-\t1.000000\t64\t64\t"
			"OTH\t-\t100\t-\t1\t100\t1\t100\tC9,C10\r\n",
		    false,
		    "attempt 1.000000 source.ip=\"fe80::1\" destination.ip=\"fe80::2\" "
		    "network.transport=\"icmp\" start=1.000000 icmp.type=8 icmp.code=0 "
		    "weir.coverage=0.66666666666666663\n"
		    "connection 1.000000 source.ip=\"fe80::1\" destination.ip=\"fe80::2\" "
		    "network.transport=\"icmp\" network.state=\"established\" start=1.000000 "
		    "icmp.type=8 icmp.code=0 weir.coverage=0.66666666666666663\n"
		    "flow 2.000000 source.ip=\"fe80::1\" destination.ip=\"fe80::2\" "
		    "network.transport=\"icmp\" network.state=\"established\" source.bytes=100 "
		    "destination.bytes=100 source.packets=1 destination.packets=1 "
		    "source.payload_bytes=64 destination.payload_bytes=64 start=1.000000 "
		    "event.duration=1000000000 icmp.type=8 icmp.code=0 flow.ended=true "
		    "flow.total.source.bytes=100 flow.total.destination.bytes=100 "
		    "flow.total.source.packets=1 flow.total.destination.packets=1 "
		    "weir.coverage=0.66666666666666663\n");
}

static void lines_that_are_none(void **state)
{
	static const char log[] = TSV "too\tfew\n"
				      "x\tC1\t10.0.0.1\t1\t10.0.0.2\t2\tudp\t-\t-\t-\t-\tS0\tT\t0\t"
				      "D\t1\t60\t0\t0\t-\n"
				      "1\tC1\t10.0.0\t1\t10.0.0.2\t2\tudp\t-\t-\t-\t-\tS0\tT\t0\t"
				      "D\t1\t60\t0\t0\t-\n"
				      "1\tC1\t10.0.0.1\t70000\t10.0.0.2\t2\tudp\t-\t-\t-\t-\tS0\t"
				      "T\t0\tD\t1\t60\t0\t0\t-\n";
	struct reading r = read_bytes(log, strlen(log));

	(void)state;
	assert_int_equal(r.events.len, 0);
	assert_int_equal(skipped(&r, "bad_lines"), 4);
	reading_free(&r);
	r = read_bytes("#fields\tts\n", 11);
	assert_int_equal(r.err, 0);
	reading_free(&r);
}

#define HEAD(path)                                                                                 \
	"{\"_path\":\"" path "\",\"ts\":1700000000.5,\"uid\":\"C1\",\"id.orig_h\":\"10.0.0.1\","   \
	"\"id.orig_p\":50000,\"id.resp_h\":\"10.0.0.2\",\"id.resp_p\":53,"

static void other_logs(void **state)
{
	(void)state;
	assert_told(HEAD("dns") "\"proto\":\"udp\",\"query\":\"a.example\",\"qtype_name\":\"TXT\","
				"\"rcode_name\":\"NOERROR\",\"rtt\":0.25,\"TTLs\":[1,2],"
				"\"answers\":[\"TXT 3 abc\",\"TXT 1 d\"]}",
		    true,
		    "dns 0.500000 dns.question.name=\"a.example\" dns.question.type=\"TXT\"\n"
		    "dns 0.750000 dns.question.name=\"a.example\" dns.question.type=\"TXT\" "
		    "dns.response_code=\"NOERROR\" dns.answers=[\"TXT 3 abc\",\"TXT 1 d\"]\n");
	assert_told(
		HEAD("ssl") "\"version\":\"TLSv12\",\"cipher\":\"X\",\"server_name\":\"s.example\","
			    "\"validation_status\":\"self signed certificate\"}",
		true,
		"tls 0.500000 network.protocol=\"tls\" tls.client.server_name=\"s.example\" "
		"tls.version=\"1.2\" tls.cipher=\"X\" tls.server.self_signed=true\n");
	assert_told(HEAD("http") "\"method\":\"GET\",\"host\":\"h.example:8080\","
				 "\"uri\":\"/a/b.exe?c=d\",\"version\":\"1.1\",\"status_code\":200,"
				 "\"resp_mime_types\":[\"application/x-dosexec\",\"text/plain\"]}",
		    true,
		    "http 0.500000 network.protocol=\"http\" http.request.method=\"GET\" "
		    "http.version=\"1.1\" http.response.status_code=200 "
		    "http.response.mime_type=\"application/x-dosexec\" "
		    "url.original=\"/a/b.exe?c=d\" url.domain=\"h.example\" url.path=\"/a/b.exe\" "
		    "url.query=\"c=d\" url.extension=\"exe\"\n");
	assert_told("{\"_path\":\"files\",\"ts\":1700000000.5,\"fuid\":\"F\",\"tx_hosts\":"
		    "[\"192.0.2.1\"],\"rx_hosts\":[\"10.0.0.1\"],\"source\":\"HTTP\","
		    "\"mime_type\":\"application/x-dosexec\",\"filename\":\"dir/tool.exe\","
		    "\"is_orig\":false,\"seen_bytes\":1234,\"md5\":\"0123\"}",
		    false,
		    "file 0.500000 source.ip=\"10.0.0.1\" destination.ip=\"192.0.2.1\" "
		    "network.transport=\"tcp\" network.protocol=\"http\" file.name=\"tool.exe\" "
		    "file.extension=\"exe\" file.path=\"dir/tool.exe\" "
		    "file.mime_type=\"application/x-dosexec\" file.size=1234 "
		    "file.hash.md5=\"0123\"\n");
	assert_told(HEAD("ssh") "\"auth_success\":true,\"auth_attempts\":4}", true,
		    "login 0.500000 event.count=3 network.protocol=\"ssh\" "
		    "event.outcome=\"failure\"\n"
		    "login 0.500000 network.protocol=\"ssh\" event.outcome=\"success\"\n");
}

static void logs_that_tell_nothing(void **state)
{
	static const char log[] = HEAD("weird") "\"name\":\"x\"}\n" HEAD("dns") "\"query\":\"q\"}";
	struct reading r = read_bytes(log, strlen(log));

	(void)state;
	assert_int_equal(r.events.len, 1);
	assert_int_equal(skipped(&r, "records_of_other_kinds"), 1);
	assert_string_equal(json_string_value(json_object_get(r.report, "type")), "zeek");
	reading_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_finished_connection),  cmocka_unit_test(every_state),
		cmocka_unit_test(probes_are_attempts),	  cmocka_unit_test(long_ones_are_spread),
		cmocka_unit_test(sums_are_exact),	  cmocka_unit_test(own_form),
		cmocka_unit_test(lines_that_are_none),	  cmocka_unit_test(other_logs),
		cmocka_unit_test(logs_that_tell_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
