/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "support/scrub.h"

static void becomes(struct scrub *scrub, const char *text, const char *expected)
{
	char *made = NULL;
	size_t size;
	FILE *out = open_memstream(&made, &size);

	scrub_text(scrub, text, out);
	fclose(out);
	assert_string_equal(made, expected);
	free(made);
}

static void addresses_keep_their_kind(void **state)
{
	struct scrub *scrub = scrub_new();

	(void)state;
	becomes(scrub, "10.0.0.1 192.168.0.1:80, 10.0.0.1/24.",
		"ip-private-1 ip-private-2:80, ip-private-1/24.");
	becomes(scrub, "127.0.0.1 ::1 [2001:db8::1]:443 fe80::1%eth0",
		"ip-loopback-1 ip-loopback-2 [ip-public-1]:443 ip-link-1%eth0");
	becomes(scrub, "2001:DB8:0::1 224.0.0.1 0.0.0.0", "ip-public-1 ip-multicast-1 0.0.0.0");
	becomes(scrub, "aa:bb:cc:dd:ee:ff AA:BB:CC:DD:EE:FF", "mac-1 mac-1");
	becomes(scrub, "2026-11-27T08:10:21Z 6.1.0-18-amd64",
		"2026-11-27T08:10:21Z 6.1.0-18-amd64");
	scrub_free(scrub);
}

static void names_of_hosts_and_people_go(void **state)
{
	struct scrub *scrub = scrub_new();

	(void)state;
	scrub_know(scrub, SCRUB_USER, "alice");
	scrub_know(scrub, SCRUB_HOST, "web-7");
	scrub_know_all(scrub, SCRUB_SECRET, "{sasl.password: 's3cret', a: b}");
	becomes(scrub, "on WEB-7: /home/alice/x.yaml, user-alice.slice",
		"on host-1: /home/user-1/x.yaml, user-user-1.slice");
	becomes(scrub, "https://bob:pass@db.corp.example:5432/x?key=s3cret",
		"https://user-2@host-2:5432/x?key=secret-1");
	becomes(scrub, "mail from alice@corp.example.", "mail from user-1@host-3.");
	becomes(scrub, "/var/lib/weir/weir.db weir.yaml webhook.url dns.question.name libbpf.so.1",
		"/var/lib/weir/weir.db weir.yaml webhook.url dns.question.name libbpf.so.1");
	scrub_free(scrub);
}

static void json_keeps_its_form(void **state)
{
	struct scrub *scrub = scrub_new();
	json_t *value = json_pack("{s:s, s:[s,i], s:{s:b}}", "process.command_line", "rm -rf /",
				  "list", "10.9.8.7", 5, "10.9.8.7", "up", 1);
	json_t *clean = scrub_json(scrub, value);
	char *text = json_dumps(clean, JSON_COMPACT);

	(void)state;
	assert_string_equal(text,
			    "{\"process.command_line\":\"(removed)\",\"list\":[\"ip-private-1\",5],"
			    "\"ip-private-1\":{\"up\":true}}");
	free(text);
	json_decref(clean);
	json_decref(value);
	scrub_free(scrub);
}

static void strange_texts_end(void **state)
{
	static const char *const strange[] = {
		"",    ":", "::",    "@",     "a@",	  "@@",	    "%",
		"...", "-", ":::::", "a:%:b", "1.2.3.4:", "fe80::", "\xff\xfe.\xff"};
	struct scrub *scrub = scrub_new();
	char longest[5000];

	(void)state;
	for (size_t i = 0; i < sizeof(strange) / sizeof(strange[0]); i++) {
		char *made = NULL;
		size_t size;
		FILE *out = open_memstream(&made, &size);

		scrub_text(scrub, strange[i], out);
		fclose(out);
		free(made);
	}
	memset(longest, 'x', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	becomes(scrub, longest, "(a long word)");
	scrub_free(scrub);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_keep_their_kind),
		cmocka_unit_test(names_of_hosts_and_people_go),
		cmocka_unit_test(json_keeps_its_form),
		cmocka_unit_test(strange_texts_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
