/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/capture/log/told.h"

/* Suricata's EVE. What is expected is written by hand from Suricata's documentation of the format;
 * its bytes count Ethernet's header (14) of each packet. */

#define HEAD(kind)                                                                                 \
	"{\"timestamp\":\"2023-11-14T23:14:20.500000+0100\",\"flow_id\":77,\"in_iface\":\"eth0\"," \
	"\"event_type\":\"" kind "\",\"src_ip\":\"10.0.0.1\",\"src_port\":50000,"                  \
	"\"dest_ip\":\"10.0.0.2\",\"dest_port\":443,"

#define FLOW(packets, flags)                                                                       \
	HEAD("flow")                                                                               \
	"\"proto\":\"TCP\",\"app_proto\":\"tls\",\"flow\":{" packets                               \
	",\"start\":\"2023-11-14T23:13:20.000000+0100\",\"end\":"                                  \
	"\"2023-11-14T23:13:22.000000+0100\",\"age\":2,\"state\":\"closed\",\"reason\":"           \
	"\"timeout\",\"alerted\":false},\"tcp\":{" flags "}}\n"
#define BOTH                                                                                       \
	"\"pkts_toserver\":5,\"pkts_toclient\":7,\"bytes_toserver\":370,\"bytes_toclient\":1398"

static void a_flow(void **state)
{
	(void)state;
	assert_told(FLOW(BOTH, "\"tcp_flags_ts\":\"1b\",\"tcp_flags_tc\":\"1b\""), true,
		    "attempt 0.000000 start=0.000000 observer.ingress.interface.name=\"eth0\" "
		    "network.protocol=\"tls\"\n"
		    "connection 0.000000 network.state=\"established\" start=0.000000 "
		    "tcp.half_open=false observer.ingress.interface.name=\"eth0\" "
		    "network.protocol=\"tls\"\n"
		    "flow 2.000000 network.state=\"established\" source.bytes=300 "
		    "destination.bytes=1300 source.packets=5 destination.packets=7 "
		    "start=0.000000 event.duration=2000000000 tcp.half_open=false "
		    "observer.ingress.interface.name=\"eth0\" flow.ended=true "
		    "flow.total.source.bytes=300 flow.total.destination.bytes=1300 "
		    "flow.total.source.packets=5 flow.total.destination.packets=7 "
		    "network.protocol=\"tls\"\n");
}

static void outcomes(void **state)
{
	static const struct {
		const char *sent, *received;
		int outcome; /* -1: midstream */
		bool half_open;
	} cases[] = {
		{"1b", "1b", STATE_ESTABLISHED, false},
		{"06", "12", STATE_ESTABLISHED, true},
		{"02", "14", STATE_REJECTED, false},
		{"02", "00", STATE_UNANSWERED, false},
		{"18", "18", -1, false},
		{"29", "14", -1, false},
		{"01", "00", STATE_UNANSWERED, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char log[1024];
		struct reading r;

		snprintf(log, sizeof(log),
			 FLOW("\"pkts_toserver\":1,\"pkts_toclient\":%d,\"bytes_toserver\":54,"
			      "\"bytes_toclient\":%d",
			      "\"tcp_flags_ts\":\"%s\",\"tcp_flags_tc\":\"%s\""),
			 strcmp(cases[i].received, "00") != 0,
			 strcmp(cases[i].received, "00") ? 54 : 0, cases[i].sent,
			 cases[i].received);
		r = read_bytes(log, strlen(log));
		assert_int_equal(r.events.len, cases[i].outcome < 0 ? 1 : 3);
		if (cases[i].outcome >= 0) {
			const struct event *e = &r.events.at[1];

			assert_int_equal(e->network_state, cases[i].outcome);
			assert_int_equal(e->tcp_half_open, cases[i].half_open);
			assert_int_equal(e->time - TOLD_EPOCH,
					 cases[i].outcome == STATE_UNANSWERED ? 5 * WEIR_SEC
					 : cases[i].outcome == STATE_REJECTED ? 2 * WEIR_SEC
									      : 0);
		}
		reading_free(&r);
	}
}

/* Each way is a record; the second, with the same flow and its ends swapped, is the answer. */
static void netflow(void **state)
{
	static const char log[] = HEAD(
		"netflow") "\"proto\":\"UDP\",\"netflow\":{\"pkts\":2,\"bytes\":128,\"start\":"
			   "\"2023-11-14T22:13:20+0000\",\"end\":\"2023-11-14T22:13:21+0000\"}}\n"
			   "{\"timestamp\":\"2023-11-14T22:14:20+0000\",\"flow_id\":77,\"event_"
			   "type\":\"netflow\","
			   "\"src_ip\":\"10.0.0.2\",\"src_port\":443,\"dest_ip\":\"10.0.0.1\","
			   "\"dest_port\":50000,"
			   "\"proto\":\"UDP\",\"netflow\":{\"pkts\":1,\"bytes\":114,\"start\":"
			   "\"2023-11-14T22:13:20+0000\",\"end\":\"2023-11-14T22:13:21+0000\"}}\n";
	struct reading r = read_bytes(log, strlen(log));
	const struct event *e;

	(void)state;
	assert_int_equal(r.events.len, 4);
	assert_int_equal(r.events.at[0].service, SERVICE_ATTEMPT);
	assert_false(event_has(&r.events.at[1], FIELD_NETWORK_STATE));
	assert_int_equal(r.events.at[2].source_bytes, 100);
	e = &r.events.at[3];
	assert_int_equal(e->service, SERVICE_FLOW);
	assert_int_equal(e->source_port, 50000);
	assert_int_equal(e->destination_port, 443);
	assert_int_equal(e->source_bytes, 0);
	assert_int_equal(e->destination_bytes, 100);
	reading_free(&r);
}

#define NAME  " dns.question.name=\"a.example\" dns.question.type=\"A\""
#define IFACE " observer.ingress.interface.name=\"eth0\""

static void dns_of_all_versions(void **state)
{
	(void)state;
	/* 2: query and answer */
	assert_told(HEAD("dns") "\"proto\":\"UDP\",\"dns\":{\"type\":\"query\",\"id\":1,\"rrname\":"
				"\"a.example\",\"rrtype\":\"A\"}}",
		    true, "dns 60.500000" IFACE " network.protocol=\"dns\"" NAME "\n");
	assert_told(
		HEAD("dns") "\"proto\":\"UDP\",\"dns\":{\"version\":2,\"type\":\"answer\","
			    "\"rrname\":\"a.example\",\"rrtype\":\"A\",\"rcode\":\"NOERROR\","
			    "\"answers\":[{\"rrname\":\"a.example\",\"rrtype\":\"A\",\"ttl\":5,"
			    "\"rdata\":\"192.0.2.1\"},{\"rrtype\":\"A\",\"rdata\":\"192.0.2.2\"}],"
			    "\"grouped\":{\"A\":[\"192.0.2.1\",\"192.0.2.2\"]}}}",
		true,
		"dns 60.500000" IFACE " network.protocol=\"dns\"" NAME
		" dns.response_code=\"NOERROR\" dns.answers=[\"192.0.2.1\",\"192.0.2.2\"]\n");
	/* 3 */
	assert_told(HEAD("dns") "\"proto\":\"UDP\",\"dns\":{\"version\":3,\"type\":\"response\","
				"\"rcode\":\"NXDOMAIN\",\"queries\":[{\"rrname\":\"a.example\","
				"\"rrtype\":\"A\"}]}}",
		    true,
		    "dns 60.500000" IFACE " network.protocol=\"dns\"" NAME
		    " dns.response_code=\"NXDOMAIN\"\n");
	/* 1: the ends are the packet's */
	assert_told("{\"timestamp\":\"2023-11-14T22:13:20Z\",\"flow_id\":1,\"event_type\":\"dns\","
		    "\"src_ip\":\"10.0.0.2\",\"src_port\":53,\"dest_ip\":\"10.0.0.1\","
		    "\"dest_port\":50000,\"proto\":\"UDP\",\"dns\":{\"type\":\"answer\",\"rcode\":"
		    "\"NOERROR\",\"rrname\":\"a.example\",\"rrtype\":\"A\",\"rdata\":"
		    "\"192.0.2.1\"}}",
		    false,
		    "dns 0.000000 source.ip=\"10.0.0.1\" source.port=50000 "
		    "destination.ip=\"10.0.0.2\" destination.port=53 network.transport=\"udp\" "
		    "network.protocol=\"dns\"" NAME
		    " dns.response_code=\"NOERROR\" dns.answers=[\"192.0.2.1\"]\n");
}

static void others(void **state)
{
	(void)state;
	assert_told(HEAD("tls") "\"proto\":\"TCP\",\"tls\":{\"sni\":\"s.example\",\"version\":"
				"\"TLS 1.2\",\"subject\":\"CN=x\",\"issuerdn\":\"CN=x\",\"ja3\":"
				"{\"hash\":\"abc\",\"string\":\"1,2\"}}}",
		    true,
		    "tls 60.500000" IFACE " network.protocol=\"tls\" "
		    "tls.client.server_name=\"s.example\" tls.client.ja3=\"abc\" "
		    "tls.version=\"1.2\" tls.server.self_signed=true\n");
	assert_told(
		HEAD("http") "\"proto\":\"TCP\",\"http\":{\"hostname\":\"h.example\",\"url\":"
			     "\"/x.exe?a=b\",\"http_user_agent\":\"UA\",\"http_method\":\"GET\","
			     "\"protocol\":\"HTTP/1.1\",\"status\":200,\"length\":9}}",
		true,
		"http 60.500000" IFACE " network.protocol=\"http\" "
		"http.request.method=\"GET\" http.version=\"1.1\" "
		"http.response.status_code=200 url.original=\"/x.exe?a=b\" "
		"url.domain=\"h.example\" url.path=\"/x.exe\" url.query=\"a=b\" "
		"url.extension=\"exe\" user_agent.original=\"UA\"\n");
	/* The sender stands first: who asked is the other. */
	assert_told("{\"timestamp\":\"2023-11-14T22:13:20Z\",\"flow_id\":1,\"event_type\":"
		    "\"fileinfo\",\"src_ip\":\"192.0.2.1\",\"src_port\":80,\"dest_ip\":"
		    "\"10.0.0.1\",\"dest_port\":50000,\"proto\":\"TCP\",\"app_proto\":\"http\","
		    "\"fileinfo\":{\"filename\":\"/d/x.exe\",\"size\":12,\"sha256\":\"00\"}}",
		    false,
		    "file 0.000000 source.ip=\"10.0.0.1\" source.port=50000 "
		    "destination.ip=\"192.0.2.1\" destination.port=80 network.transport=\"tcp\" "
		    "network.protocol=\"http\" file.name=\"x.exe\" file.extension=\"exe\" "
		    "file.path=\"/d/x.exe\" file.size=12 file.hash.sha256=\"00\"\n");
	assert_told(HEAD("smb") "\"proto\":\"TCP\",\"smb\":{\"command\":\"SMB2_COMMAND_WRITE\","
				"\"filename\":\"a\\\\svc.exe\",\"share\":\"\\\\\\\\h\\\\ADMIN$\"}}",
		    true,
		    "file 60.500000" IFACE " network.protocol=\"smb\" file.name=\"svc.exe\" "
		    "file.extension=\"exe\" file.path=\"a\\\\svc.exe\" smb.command=\"write\" "
		    "smb.share=\"\\\\\\\\h\\\\ADMIN$\"\n");
	assert_told(HEAD("smb") "\"proto\":\"TCP\",\"smb\":{\"command\":\"SMB2_COMMAND_CREATE\","
				"\"disposition\":\"FILE_OPEN\",\"status\":\"STATUS_SUCCESS\","
				"\"filename\":\"svc.exe\"}}",
		    true,
		    "file 60.500000" IFACE " network.protocol=\"smb\" file.name=\"svc.exe\" "
		    "file.extension=\"exe\" smb.command=\"open\" "
		    "smb.status=\"STATUS_SUCCESS\"\n");
	assert_told(HEAD("ssh") "\"proto\":\"TCP\",\"ssh\":{\"client\":{\"software_version\":"
				"\"x\"}}}",
		    true,
		    "login 60.500000" IFACE
		    " network.protocol=\"ssh\" event.outcome=\"unknown\"\n");
}

static void alerts_are_counted(void **state)
{
	static const char log[] =
		HEAD("alert") "\"proto\":\"TCP\",\"alert\":{\"signature\":\"x\"}}\n"
			      "{\"timestamp\":\"2023-11-14T22:13:20Z\",\"event_type\":\"stats\","
			      "\"stats\":"
			      "{\"uptime\":1}}\n";
	struct reading r = read_bytes(log, strlen(log));

	(void)state;
	assert_int_equal(r.events.len, 0);
	assert_int_equal(skipped(&r, "records_of_other_kinds"), 2);
	assert_int_equal(skipped(&r, "bad_lines"), 0);
	reading_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flow),  cmocka_unit_test(outcomes),
		cmocka_unit_test(netflow), cmocka_unit_test(dns_of_all_versions),
		cmocka_unit_test(others),  cmocka_unit_test(alerts_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
