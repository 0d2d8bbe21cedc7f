/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "decode/decode.h"

static const char *heard;

static void on_protocol(void *context, const struct decode_origin *origin, const char *name)
{
	(void)context;
	(void)origin;
	heard = name;
}

enum { TCP = 6, UDP = 17, CLIENT = 0, SERVER = 1 };

static struct decode *stage(void)
{
	const struct decode_options options = {0};
	const struct decode_ops ops = {NULL, on_protocol, NULL};
	struct decode *decode = decode_new(&options, &ops);

	assert_non_null(decode);
	return decode;
}

static uint32_t conversations;

/* A new conversation each time. */
static void say(struct decode *decode, uint8_t proto, unsigned side, uint16_t port,
		const void *bytes, size_t length)
{
	struct payload_record r = {
		.key = {.port = {bpf_htons(40000), bpf_htons(port)}, .proto = proto},
		.started = 1,
		.wire = (uint32_t)length,
		.length = (uint16_t)length,
		.kind = PAYLOAD_FLOW,
		.direction = (uint8_t)side,
		.last = 1,
	};

	conversations++;
	memcpy(r.key.addr[0] + 12, &conversations, sizeof(conversations));
	decode_payload(decode, &r, bytes, 0);
}

static const char *name_of(uint8_t proto, unsigned side, uint16_t port, const void *bytes,
			   size_t length)
{
	struct decode *decode = stage();

	heard = NULL;
	say(decode, proto, side, port, bytes, length);
	decode_free(decode);
	return heard ? heard : "";
}

#define SAID(name, proto, side, port, bytes)                                                       \
	{                                                                                          \
		name, proto, side, port, sizeof(bytes) - 1, bytes                                  \
	}
#define ZEROS_8	 "\0\0\0\0\0\0\0\0"
#define ZEROS_32 ZEROS_8 ZEROS_8 ZEROS_8 ZEROS_8
#define BYTES_8	 "\x9a\x1c\x7d\x33\xe0\x51\xb2\x84"
#define BYTES_32 BYTES_8 BYTES_8 BYTES_8 BYTES_8

/* First bytes of real programs, on ports that say nothing; texts and keys shortened or made up. */
static const struct {
	const char *name;
	uint8_t proto;
	unsigned side;
	uint16_t port;
	size_t length;
	const char *bytes;
} said[] = {
	SAID("bittorrent", TCP, CLIENT, 9999,
	     "\x13"
	     "BitTorrent protocol" ZEROS_8 BYTES_32),
	SAID("bittorrent", UDP, CLIENT, 9999,
	     "d1:ad2:id20:abcdefghij0123456789e1:q4:ping1:t2:aa1:y1:qe"),
	SAID("bittorrent", UDP, CLIENT, 9999, "\0\0\4\x17\x27\x10\x19\x80\0\0\0\0\x12\x34\x56\x78"),
	SAID("bittorrent", UDP, CLIENT, 9999,
	     "\x41\0\x5a\x11\x01\x02\x03\x04\0\0\0\0\0\x0f\0\0\0\1\0\0"),
	SAID("bitcoin", TCP, CLIENT, 9999, "\xf9\xbe\xb4\xd9version\0\0\0\0\0\x66\0\0\0" BYTES_8),
	SAID("stratum", TCP, CLIENT, 9999,
	     "{\"id\": 1, \"method\": \"mining.subscribe\", \"params\": [\"cgminer/4.9\"]}\n"),
	SAID("stratum", TCP, CLIENT, 443,
	     "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"login\",\"params\":{\"login\":\"4AB\","
	     "\"pass\":\"x\",\"agent\":\"XMRig/6.21.0\",\"algo\":[\"rx/0\"]}}\n"),
	SAID("stratum", TCP, CLIENT, 80,
	     "{\"id\":1,\"jsonrpc\":\"2.0\",\"method\":\"eth_submitLogin\",\"params\":[\"0xabc\"]}"
	     "\n"),
	SAID("stratum", TCP, SERVER, 9999,
	     "{\"id\":null,\"method\":\"mining.set_difficulty\",\"params\":[8192]}\n"),
	SAID("stratum", TCP, SERVER, 9999,
	     "{\"jsonrpc\":\"2.0\",\"method\":\"job\",\"params\":{\"blob\":\"1010\",\"job_id\":"
	     "\"7\",\"target\":\"b88d0600\"}}\n"),
	SAID("postgresql", TCP, CLIENT, 9999, "\0\0\0\x08\x04\xd2\x16\x2f"),
	SAID("postgresql", TCP, CLIENT, 9999, "\0\0\0\x17\0\3\0\0user\0postgres\0\0"),
	SAID("mysql", TCP, SERVER, 9999,
	     "\x4a\0\0\0\x0a"
	     "8.0.36\0\x0b\0\0\0" BYTES_8),
	SAID("mongodb", TCP, CLIENT, 9999,
	     "\x3a\0\0\0\1\0\0\0\0\0\0\0\xd4\7\0\0\0\0\0\0admin.$cmd\0"),
	SAID("mongodb", TCP, CLIENT, 9999, "\x3a\0\0\0\1\0\0\0\0\0\0\0\xdd\7\0\0\0\0\0\0"),
	SAID("redis", TCP, CLIENT, 9999, "*1\r\n$4\r\nPING\r\n"),
	SAID("redis", TCP, CLIENT, 9999, "*12\r\n$5\r\nLPUSH\r\n"),
	SAID("memcached", TCP, CLIENT, 9999, "set key 0 900 4\r\ndata\r\n"),
	SAID("memcached", TCP, CLIENT, 9999,
	     "\x80\0\0\3\0\0\0\0\0\0\0\3\0\0\0\0\0\0\0\0\0\0\0\0key"),
	SAID("memcached", UDP, CLIENT, 9999, "\0\0\0\0\0\1\0\0stats\r\n"),
	SAID("kafka", TCP, CLIENT, 9999, "\0\0\0\x12\0\x12\0\3\0\0\0\1\0\x08rdkafka1"),
	SAID("cassandra", TCP, CLIENT, 9999, "\4\0\0\0\5\0\0\0\0"),
	SAID("cassandra", TCP, CLIENT, 9999,
	     "\4\0\0\1\1\0\0\0\x16\0\1\0\x0b"
	     "CQL_VERSION\0\5"
	     "3.0.0"),
	SAID("zookeeper", TCP, CLIENT, 9999, "\0\0\0\x2d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x75\x30"),
	SAID("tds", TCP, CLIENT, 9999,
	     "\x12\1\0\x2e\0\0\1\0\0\0\x1a\0\6\1\0\x20\0\1\2\0\x21\0\1\3\0\x22\0\4\4\0\x26\0\1\xff"
	     "\x11\0\0\1\0\0\0\0\0\0\0\0"),
	SAID("tns", TCP, CLIENT, 9999,
	     "\0\x5a\0\0\1\0\0\0\1\x36\1\x2c(DESCRIPTION=(CONNECT_DATA=(SERVICE_NAME=x)))"),
	SAID("iscsi", TCP, CLIENT, 9999,
	     "\x43\x87\0\0\0\0\0\x40" ZEROS_8 ZEROS_32 "InitiatorName=iqn.1993-08.org.debian"),
	SAID("mqtt", TCP, CLIENT, 9999, "\x10\x0e\0\4MQTT\4\2\0\x3c\0\2id"),
	SAID("mqtt", TCP, CLIENT, 9999, "\x10\x80\1\0\4MQTT\5\2\0\x3c"),
	SAID("amqp", TCP, CLIENT, 9999, "AMQP\0\0\x09\1"),
	SAID("nats", TCP, SERVER, 9999, "INFO {\"server_id\":\"N\"}\r\n"),
	SAID("irc", TCP, CLIENT, 9999, "NICK bot123\r\nUSER a b c d\r\n"),
	SAID("xmpp", TCP, CLIENT, 9999, "<?xml version='1.0'?><stream:stream to='a'>"),
	SAID("smtp", TCP, SERVER, 9999, "220 mail.example.org ESMTP Postfix\r\n"),
	SAID("smtp", TCP, CLIENT, 9999, "EHLO client\r\n"),
	SAID("ftp", TCP, SERVER, 9999, "220 (vsFTPd 3.0.3)\r\n"),
	SAID("pop3", TCP, SERVER, 9999, "+OK Dovecot ready.\r\n"),
	SAID("imap", TCP, SERVER, 9999, "* OK [CAPABILITY IMAP4rev1] ready\r\n"),
	SAID("vnc", TCP, SERVER, 9999, "RFB 003.008\n"),
	SAID("rtsp", TCP, CLIENT, 9999, "OPTIONS rtsp://a/ RTSP/1.0\r\n"),
	SAID("sip", UDP, CLIENT, 9999, "REGISTER sip:example.org SIP/2.0\r\n"),
	SAID("sip", TCP, CLIENT, 9999, "INVITE sips:a@example.org SIP/2.0\r\n"),
	SAID("nfs", TCP, CLIENT, 9999,
	     "\x80\0\0\x28\x12\x34\x56\x78\0\0\0\0\0\0\0\2\0\1\x86\xa3\0\0\0\4"),
	SAID("portmap", UDP, CLIENT, 9999, "\x12\x34\x56\x78\0\0\0\0\0\0\0\2\0\1\x86\xa0\0\0\0\2"),
	SAID("sunrpc", TCP, CLIENT, 9999,
	     "\x80\0\0\x28\x12\x34\x56\x78\0\0\0\0\0\0\0\2\0\1\x86\xb5\0\0\0\4"),
	SAID("rsync", TCP, SERVER, 9999, "@RSYNCD: 31.0\n"),
	SAID("git", TCP, CLIENT, 9999, "0033git-upload-pack /project.git\0host=a\0"),
	SAID("svn", TCP, SERVER, 9999, "( success ( 2 2 ( ) ( edit-pipeline"),
	SAID("http2", TCP, CLIENT, 9999, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
	SAID("ssdp", UDP, CLIENT, 9999, "M-SEARCH * HTTP/1.1\r\n"),
	SAID("wireguard", UDP, CLIENT, 443,
	     "\1\0\0\0" BYTES_32 BYTES_32 BYTES_32 BYTES_32 BYTES_8 BYTES_8),
	SAID("openvpn", UDP, CLIENT, 443, "\x38" BYTES_8 "\0\0\0\0\0"),
	SAID("openvpn", UDP, CLIENT, 443,
	     "\x38" BYTES_8 BYTES_8 BYTES_8 "\1\2\3\4\0\0\0\1\x65\x43\x21\0\0\0\0\0\0"),
	SAID("openvpn", TCP, CLIENT, 443, "\0\x0e\x38" BYTES_8 "\0\0\0\0\0"),
	SAID("ike", UDP, CLIENT, 9999, BYTES_8 ZEROS_8 "\x21\x20\x22\x08\0\0\0\0\0\0\0\x1c"),
	SAID("ike", UDP, CLIENT, 4500,
	     "\0\0\0\0" BYTES_8 ZEROS_8 "\x21\x20\x22\x08\0\0\0\0\0\0\0\x1c"),
	SAID("socks", TCP, CLIENT, 9999, "\5\1\0"),
	SAID("socks", TCP, CLIENT, 9999, "\5\3\0\1\2"),
	SAID("socks", TCP, CLIENT, 9999, "\4\1\0\x50\x0a\0\0\1root\0"),
	SAID("stun", UDP, CLIENT, 443, "\0\1\0\0\x21\x12\xa4\x42" BYTES_8 "\1\2\3\4"),
	SAID("stun", TCP, CLIENT, 443,
	     "\0\3\0\x08\x21\x12\xa4\x42" BYTES_8 "\1\2\3\4\0\x19\0\4\x11\0\0\0"),
	SAID("dtls", UDP, CLIENT, 443,
	     "\x16\xfe\xff\0\0\0\0\0\0\0\0\0\x10\1\0\0\4\0\0\0\0\0\0\0\4"
	     "\xfe\xfd\1\2"),
	SAID("ldap", TCP, CLIENT, 9999, "\x30\x0c\2\1\1\x60\7\2\1\3\4\0\x80\0"),
	SAID("ldap", TCP, CLIENT, 9999, "\x30\x84\0\0\0\x10\2\1\1\x60\x84\0\0\0\7\2\1\3\4\0\x80\0"),
	SAID("ldap", TCP, CLIENT, 9999, "\x30\x25\2\1\1\x63\x20\4\0\x0a\1\0\x0a\1\0\2\1\0\2\1\0"),
	SAID("kerberos", TCP, CLIENT, 9999,
	     "\0\0\0\xb1\x6a\x81\xae\x30\x81\xab\xa1\3\2\1\5\xa2\3\2\1\x0a\xa3\x0e\x30\x0c"),
	SAID("kerberos", UDP, CLIENT, 9999, "\x6a\x81\xae\x30\x81\xab\xa1\3\2\1\5\xa2\3\2\1\x0a"),
	SAID("radius", UDP, CLIENT, 9999, "\1\7\0\x1b" BYTES_8 BYTES_8 "\1\7guest"),
	SAID("ntp", UDP, CLIENT, 123,
	     "\xe3\0\3\xfa\0\1\0\0\0\1\0\0" ZEROS_8 ZEROS_8 ZEROS_8 "\0\0\0\0" BYTES_8),
	SAID("ntp", UDP, CLIENT, 9999, "\x23\0\0\0" ZEROS_32 "\0\0\0\0" BYTES_8),
	SAID("snmp", UDP, CLIENT, 9999,
	     "\x30\x1a\2\1\1\4\6public\xa0\x0d\2\1\1\2\1\0\2\1\0\x30\2\5\0"),
	SAID("syslog", UDP, CLIENT, 9999, "<34>1 2026-01-01T00:00:00Z host app - - - hello"),
	SAID("syslog", TCP, CLIENT, 9999, "44 <165>1 2026-01-01T00:00:00Z host app"),
	SAID("tftp", UDP, CLIENT, 9999,
	     "\0\1pxelinux.0\0octet\0tsize\0"
	     "0\0"),
	SAID("telnet", TCP, SERVER, 9999, "\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23"),
	SAID("modbus", TCP, CLIENT, 502, "\0\1\0\0\0\6\1\3\0\0\0\x0a"),
	SAID("bacnet", UDP, CLIENT, 9999, "\x81\x0b\0\x0c\1\x20\xff\xff\0\xff\x10\x08"),
	SAID("dcerpc", TCP, CLIENT, 9999, "\5\0\x0b\3\x10\0\0\0\x74\0\0\0\2\0\0\0"),
	/* What looks a little like one of them. */
	SAID("", TCP, CLIENT, 9999,
	     "{\"jsonrpc\":\"2.0\",\"method\":\"eth_getBlockByNumber\",\"params\":[]}\n"),
	SAID("", TCP, CLIENT, 9999,
	     "{\"id\":0,\"method\":\"server.version\",\"params\":[\"electrum\",\"1.4\"]}\n"),
	SAID("", TCP, CLIENT, 9999, "{\"method\":\"login\",\"user\":\"a\",\"password\":\"b\"}\n"),
	SAID("", TCP, SERVER, 9999, "220 what is this"),
	SAID("", UDP, CLIENT, 9999, "\1\0\0\0 is not as long as a handshake"),
	SAID("", TCP, CLIENT, 9999, "\5\3\0"),
};

static void protocols_are_named_by_what_they_say(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		const char *name = name_of(said[i].proto, said[i].side, said[i].port, said[i].bytes,
					   said[i].length);

		if (strcmp(name, said[i].name))
			print_error("line %zu of the table\n", i + 1);
		assert_string_equal(name, said[i].name);
	}
}

/* Each prefix is one packet of a conversation: nothing else is said before all is there. */
static void no_beginning_is_taken_for_another(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		for (size_t n = 1; said[i].proto == TCP && n < said[i].length; n++) {
			const char *name =
				name_of(TCP, said[i].side, said[i].port, said[i].bytes, n);

			if (*name && strcmp(name, said[i].name) && strcmp(name, "unidentified"))
				print_error("%s of %zu bytes: %s\n", said[i].name, n, name);
			assert_true(!*name || !strcmp(name, said[i].name) ||
				    !strcmp(name, "unidentified"));
		}
}

static uint64_t random_next(uint64_t *x)
{
	*x ^= *x >> 12;
	*x ^= *x << 25;
	*x ^= *x >> 27;
	return *x * UINT64_C(2685821657736338717);
}

static void chance_names_nothing(void **state)
{
	struct decode *decode = stage();
	uint64_t x = 12345;

	(void)state;
	for (int i = 0; i < 100000; i++) {
		uint8_t bytes[160];
		size_t length = 8 + random_next(&x) % (sizeof(bytes) - 8);

		for (size_t n = 0; n < length; n++)
			bytes[n] = (uint8_t)(random_next(&x) >> 56);
		heard = NULL;
		say(decode, i & 1 ? UDP : TCP, i >> 1 & 1, 9999, bytes, length);
		if (heard && strcmp(heard, "unidentified"))
			print_error("%d: %s\n", i, heard);
		assert_true(!heard || !strcmp(heard, "unidentified"));
	}
	decode_free(decode);
}

static void names_cross_as_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		if (*said[i].name)
			assert_string_equal(decode_protocol(said[i].name, strlen(said[i].name)),
					    said[i].name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(protocols_are_named_by_what_they_say),
		cmocka_unit_test(no_beginning_is_taken_for_another),
		cmocka_unit_test(chance_names_nothing),
		cmocka_unit_test(names_cross_as_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
