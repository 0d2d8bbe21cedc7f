/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "sink/post.h"
#include "unit/sink/receiver.h"

#define ANSWER_MAX 4096

static struct post *opened(struct post_options options)
{
	struct post *post = NULL;
	struct error error;

	options.name = "webhook";
	options.content_type = "application/json";
	options.timeout_ms = options.timeout_ms ? options.timeout_ms : 5000;
	options.answer_max = ANSWER_MAX;
	if (post_open(&post, &options, &error))
		fail_msg("%s", error.text);
	return post;
}

/* One request, and what came of it. */
static struct post_answer once(struct receiver_http *r, struct post_options options)
{
	static char text[ANSWER_MAX + 1];
	struct post_answer answer;
	struct post *post;

	options.url = options.url ? options.url : r->url;
	post = opened(options);
	post_send(post, "{\"a\": 1}", 8, NULL, NULL, &answer);
	memcpy(text, answer.text, answer.length + 1);
	answer.text = text;
	post_close(post);
	return answer;
}

static void it_is_posted(void **state)
{
	static const struct told_answer ok = {RECEIVER_OK, 0, 0};
	static const char *const headers[] = {"X-Team: network", NULL};
	struct receiver_http r;
	struct post_answer answer;

	(void)state;
	receiver_begin(&r, &ok, 1);
	answer = once(&r, (struct post_options){.headers = headers});
	assert_int_equal(answer.status, 200);
	assert_int_equal(post_verdict(&answer), POST_DONE);
	assert_string_equal(answer.text, "ok");
	assert_memory_equal(r.requests[0], "POST /hook HTTP/1.1\r\n", 21);
	assert_non_null(strstr(r.requests[0], "\r\nX-Team: network\r\n"));
	assert_non_null(strstr(r.requests[0], "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(r.requests[0], "\r\nUser-Agent: weir/"));
	assert_string_equal(receiver_body(&r, 0), "{\"a\": 1}");
	receiver_end(&r);
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

/* Read for each request; a word of its own before it replaces Bearer. */
static void a_token_comes_from_a_file(void **state)
{
	static const struct told_answer ok = {RECEIVER_OK, 0, 0};
	char path[64];
	struct receiver_http r;
	struct post_answer answer;
	struct post *post;

	(void)state;
	snprintf(path, sizeof(path), "/tmp/weir-token-%d", (int)getpid());
	write_text(path, "secret\nrest\n");
	receiver_begin(&r, &ok, 1);
	post = opened((struct post_options){.url = r.url, .token_file = path});
	post_send(post, "", 0, NULL, NULL, &answer);
	assert_non_null(strstr(r.requests[0], "\r\nAuthorization: Bearer secret\r\n"));
	write_text(path, "Splunk other");
	post_send(post, "", 0, NULL, NULL, &answer);
	assert_non_null(strstr(r.requests[1], "\r\nAuthorization: Splunk other\r\n"));
	unlink(path);
	post_send(post, "", 0, NULL, NULL, &answer);
	assert_int_equal(post_verdict(&answer), POST_AGAIN);
	assert_non_null(strstr(answer.error.text, path));
	assert_int_equal(receiver_count(&r), 2);
	post_close(post);
	receiver_end(&r);
}

static void statuses_mean_what_they_say(void **state)
{
	static const struct {
		long status;
		enum post_verdict verdict;
	} cases[] = {
		{200, POST_DONE},  {202, POST_DONE},	{204, POST_DONE},    {0, POST_AGAIN},
		{301, POST_AGAIN}, {400, POST_REFUSED}, {401, POST_REFUSED}, {404, POST_REFUSED},
		{408, POST_AGAIN}, {413, POST_REFUSED}, {425, POST_AGAIN},   {429, POST_AGAIN},
		{500, POST_AGAIN}, {503, POST_AGAIN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct post_answer answer = {.status = cases[i].status};

		assert_int_equal(post_verdict(&answer), cases[i].verdict);
	}
}

static void it_may_ask_for_time(void **state)
{
	static const struct told_answer busy = {
		"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 17\r\nContent-Length: 4\r\n"
		"Connection: close\r\n\r\nslow",
		0, 0};
	struct receiver_http r;
	struct post_answer answer;

	(void)state;
	receiver_begin(&r, &busy, 1);
	answer = once(&r, (struct post_options){0});
	assert_int_equal(answer.asked, 17);
	assert_non_null(strstr(answer.error.text, " answers 429: slow"));
	assert_null(strstr(answer.error.text, "/hook")); /* a path may be a secret */
	receiver_end(&r);
}

static void a_redirect_stays_with_its_server(void **state)
{
	static const struct told_answer same[] = {
		{RECEIVER_HEAD("307 Moved") "Location: /other\r\n\r\n", 0, 0},
		{RECEIVER_HEAD("301 Moved") "Location: /third\r\n\r\n", 0, 0},
		{RECEIVER_OK, 0, 0},
	};
	static const struct told_answer other = {
		RECEIVER_HEAD("307 Moved") "Location: http://127.0.0.2/hook\r\n\r\n", 0, 0};
	static const struct told_answer circle = {
		RECEIVER_HEAD("307 Moved") "Location: /hook\r\n\r\n", 0, 0};
	struct receiver_http r;
	struct post_answer answer;

	(void)state;
	receiver_begin(&r, same, 3);
	answer = once(&r, (struct post_options){0});
	assert_int_equal(answer.status, 200);
	assert_memory_equal(r.requests[2], "POST /third ", 12);
	assert_string_equal(receiver_body(&r, 2), "{\"a\": 1}");
	receiver_end(&r);

	receiver_begin(&r, &other, 1);
	answer = once(&r, (struct post_options){0});
	assert_int_equal(post_verdict(&answer), POST_AGAIN);
	assert_non_null(strstr(answer.error.text, "http://127.0.0.2:80), which is not followed"));
	receiver_end(&r);

	receiver_begin(&r, &circle, 1);
	answer = once(&r, (struct post_options){0});
	assert_int_equal(post_verdict(&answer), POST_AGAIN);
	assert_int_equal(receiver_count(&r), 1 + POST_REDIRECTS_MAX);
	receiver_end(&r);
}

static void a_long_answer_is_cut(void **state)
{
	static const struct told_answer chatter = {"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
						   0, 64 << 20};
	struct receiver_http r;
	struct post_answer answer;

	(void)state;
	receiver_begin(&r, &chatter, 1);
	answer = once(&r, (struct post_options){0});
	assert_int_equal(post_verdict(&answer), POST_DONE);
	assert_true(answer.cut);
	assert_int_equal(answer.length, ANSWER_MAX);
	receiver_end(&r);
}

static void a_head_without_end_is_given_up(void **state)
{
	static char head[1 << 20];
	struct told_answer chatter = {head, 0, 0};
	struct receiver_http r;
	struct post_answer answer;
	size_t n;

	(void)state;
	n = (size_t)sprintf(head, "HTTP/1.1 200 OK\r\n");
	while (n + 32 < sizeof(head))
		n += (size_t)sprintf(head + n, "X-More: and more and more\r\n");
	receiver_begin(&r, &chatter, 1);
	answer = once(&r, (struct post_options){0});
	assert_int_equal(post_verdict(&answer), POST_AGAIN);
	receiver_end(&r);
}

static void who_is_slow_or_silent_is_given_up(void **state)
{
	static const struct told_answer slow = {RECEIVER_OK, 1000, 0};
	static const struct told_answer silent = {NULL, 0, 0};
	struct receiver_http r;
	struct post_answer answer;

	(void)state;
	receiver_begin(&r, &slow, 1);
	answer = once(&r, (struct post_options){.timeout_ms = 200});
	assert_int_equal(post_verdict(&answer), POST_AGAIN);
	assert_non_null(strstr(answer.error.text, "timed out"));
	receiver_end(&r);
	receiver_begin(&r, &silent, 1);
	answer = once(&r, (struct post_options){0});
	assert_int_equal(answer.status, 0);
	receiver_end(&r);
}

static bool at_once(void *context)
{
	(void)context;
	return true;
}

static void it_is_given_up_when_asked_to(void **state)
{
	static const struct told_answer slow = {RECEIVER_OK, 3000, 0};
	struct receiver_http r;
	struct post_answer answer;
	struct post *post;

	(void)state;
	receiver_begin(&r, &slow, 1);
	post = opened((struct post_options){.url = r.url});
	post_send(post, "x", 1, at_once, NULL, &answer);
	assert_int_equal(post_verdict(&answer), POST_AGAIN);
	post_close(post);
	shutdown(r.fd, SHUT_RDWR);
	receiver_end(&r);
}

static void expect_wrong(struct post_options options, const char *words)
{
	struct post *post = NULL;
	struct error error = {0};

	options.name = "webhook";
	options.content_type = "text/plain";
	options.answer_max = ANSWER_MAX;
	assert_true(post_open(&post, &options, &error) < 0);
	if (!strstr(error.text, words))
		fail_msg("'%s' has no '%s'", error.text, words);
}

static void what_is_wrong_is_said(void **state)
{
	static const char *const headers[] = {"no header", NULL};
	const char *url = "http://localhost/";

	(void)state;
	expect_wrong((struct post_options){.url = "localhost/hook"}, "give one such as https://");
	expect_wrong((struct post_options){.url = "ftp://localhost/"}, "give one such as https://");
	expect_wrong((struct post_options){.url = "file:///etc/passwd"}, "give one such as");
	expect_wrong((struct post_options){.url = url, .headers = headers}, "give 'Name: value'");
	expect_wrong((struct post_options){.url = url, .ca_file = "/nowhere"}, "/nowhere");
	expect_wrong((struct post_options){.url = url, .token_file = "/nowhere"}, "/nowhere");
	expect_wrong((struct post_options){.url_file = "/dev/null"}, "has no line");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_posted),
		cmocka_unit_test(a_token_comes_from_a_file),
		cmocka_unit_test(statuses_mean_what_they_say),
		cmocka_unit_test(it_may_ask_for_time),
		cmocka_unit_test(a_redirect_stays_with_its_server),
		cmocka_unit_test(a_long_answer_is_cut),
		cmocka_unit_test(a_head_without_end_is_given_up),
		cmocka_unit_test(who_is_slow_or_silent_is_given_up),
		cmocka_unit_test(it_is_given_up_when_asked_to),
		cmocka_unit_test(what_is_wrong_is_said),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
