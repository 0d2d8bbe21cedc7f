/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utmpx.h>

#include <cmocka.h>

#include "capture/login/follow.h"
#include "capture/login/journal.h"
#include "capture/login/logins.h"
#include "capture/login/records.h"
#include "capture/login/same.h"

static char folder[] = "/tmp/weir-logins-XXXXXX";
static char log_path[64], old_path[64], btmp_path[64];

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(log_path, sizeof(log_path), "%s/auth.log", folder);
	snprintf(old_path, sizeof(old_path), "%s/auth.log.1", folder);
	snprintf(btmp_path, sizeof(btmp_path), "%s/btmp", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(log_path);
	unlink(old_path);
	unlink(btmp_path);
	return rmdir(folder);
}

static void append(const char *path, const void *bytes, size_t length)
{
	FILE *file = fopen(path, "ab");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	fclose(file);
}

static void append_text(const char *path, const char *text)
{
	append(path, text, strlen(text));
}

static char collected[FOLLOW_PIECE_MAX];

static void collect(void *context, const char *bytes, size_t length)
{
	(void)context;
	assert_true(strlen(collected) + length + 2 < sizeof(collected));
	strncat(collected, bytes, length);
	strcat(collected, "|");
}

static const char *poll_file(struct follow *follow)
{
	collected[0] = '\0';
	follow_poll(follow, collect, NULL);
	return collected;
}

static void a_file_is_followed(void **state)
{
	static char text[3 * FOLLOW_PIECE_MAX];
	struct follow follow;

	(void)state;
	append_text(log_path, "before\nhalf");
	follow_init(&follow, log_path, 0);
	assert_string_equal(poll_file(&follow), "");
	append_text(log_path, " of it\none\ntw");
	assert_string_equal(poll_file(&follow), " of it|one|");
	append_text(log_path, "o\n");
	assert_string_equal(poll_file(&follow), "two|");
	/* Rotated: what came to the old one last, then all of the new one. */
	assert_int_equal(rename(log_path, old_path), 0);
	append_text(old_path, "last\n");
	assert_string_equal(poll_file(&follow), "last|");
	append_text(old_path, "very last\n");
	memset(text, 'b', FOLLOW_PIECE_MAX / 2); /* longer than what was read of the old one */
	append_text(log_path, text);
	append_text(log_path, "\nnew\n");
	poll_file(&follow);
	assert_true(!strncmp(collected, "very last|bbb", 13) && strstr(collected, "b|new|"));
	/* Cut short, as copytruncate does. */
	assert_int_equal(truncate(log_path, 0), 0);
	assert_string_equal(poll_file(&follow), "");
	append_text(log_path, "anew\n");
	assert_string_equal(poll_file(&follow), "anew|");
	/* A line that is too long. */
	memset(text, 'a', sizeof(text) - 1);
	append_text(log_path, text);
	append_text(log_path, "\nshort\n");
	assert_string_equal(poll_file(&follow), "short|");
	assert_int_equal(follow.too_long, 1);
	follow_close(&follow);
}

static void what_is_no_file_is_tried_again(void **state)
{
	struct follow follow;

	(void)state;
	unlink(log_path);
	follow_init(&follow, log_path, 0);
	assert_string_equal(poll_file(&follow), "");
	assert_int_equal(follow.error, -ENOENT);
	append_text(log_path, "first\n");
	assert_string_equal(poll_file(&follow), "first|");
	assert_int_equal(follow.error, 0);
	follow_close(&follow);
	unlink(log_path);
	assert_int_equal(mkfifo(log_path, 0600), 0);
	follow_init(&follow, log_path, 0);
	assert_string_equal(poll_file(&follow), "");
	assert_int_equal(follow.error, -EINVAL);
	follow_close(&follow);
	unlink(log_path);
}

static struct utmpx record_of(short type, const char *user, const char *line, uint32_t v4)
{
	struct utmpx record = {.ut_type = type};

	memcpy(record.ut_user, user, strlen(user));
	memcpy(record.ut_line, line, strlen(line));
	record.ut_addr_v6[0] = (int32_t)htonl(v4);
	record.ut_tv.tv_sec = 1700000000;
	return record;
}

static void records_are_read(void **state)
{
	static const char longest[] = "abcdefghijklmnopqrstuvwxyz012345";
	struct utmpx record = record_of(USER_PROCESS, longest, "pts/0", 0xcb007109);
	char source[ADDR_TEXT_MAX];
	struct login login;

	(void)state;
	assert_true(login_record_read((char *)&record, sizeof(record), false, &login));
	assert_string_equal(login.user, longest);
	assert_string_equal(addr_format(&login.source, source), "203.0.113.9");
	assert_true(login.success && login.at == INT64_C(1700000000) * WEIR_SEC);
	assert_string_equal(login.program, "sshd");
	assert_false(login_record_read((char *)&record, sizeof(record) - 1, false, &login));
	record = record_of(LOGIN_PROCESS, "root", "ssh:notty", 0xcb007109);
	assert_false(login_record_read((char *)&record, sizeof(record), false, &login));
	assert_true(login_record_read((char *)&record, sizeof(record), true, &login));
	assert_false(login.success);
	record = record_of(DEAD_PROCESS, "root", "pts/0", 0);
	assert_false(login_record_read((char *)&record, sizeof(record), false, &login));
	record = record_of(USER_PROCESS, "anna", "tty1", 0);
	assert_true(login_record_read((char *)&record, sizeof(record), false, &login));
	assert_false(login.has_source);
	assert_string_equal(login.program, "login");
}

static void one_login_of_two_sources_is_one(void **state)
{
	static struct same same;
	struct login login = {.count = 1, .has_source = true};
	weir_time now = 1000 * WEIR_SEC;
	unsigned told = 0;

	(void)state;
	login_set_user(&login, "root", 4);
	for (int i = 0; i < 5; i++)
		told += same_is_new(&same, 0, &login, now);
	for (int i = 0; i < 6; i++)
		told += same_is_new(&same, 1, &login, now + i * WEIR_SEC);
	assert_int_equal(told, 6);
	login.success = true; /* another outcome is another log-in */
	assert_true(same_is_new(&same, 1, &login, now));
	assert_false(same_is_new(&same, 0, &login, now));
	assert_true(same_is_new(&same, 0, &login, now + WEIR_HOUR));
}

static void only_the_system_is_trusted(void **state)
{
	const struct text sudo = {"/usr/bin/sudo", 13}, other = {"/home/x/sshd", 12};

	(void)state;
	assert_true(journal_trusts(0, &other));
	assert_true(journal_trusts(1000, &sudo));
	assert_false(journal_trusts(1000, &other));
	assert_false(journal_trusts(1000, &(struct text){"", 0}));
}

static unsigned told_count;
static char told_user[LOGIN_USER_MAX + 1];

static void tell(void *context, const struct login *login)
{
	struct event e;

	(void)context;
	login_event(login, &e);
	assert_true(event_has(&e, FIELD_SOURCE_IP) && event_has(&e, FIELD_DESTINATION_IP));
	assert_true(e.service == SERVICE_LOGIN && e.time > 0);
	memcpy(told_user, login->user, sizeof(told_user));
	told_count++;
}

static bool told(struct logins *logins, unsigned count)
{
	for (int i = 0; i < 200 && told_count < count; i++) {
		logins_drain(logins, tell, NULL);
		usleep(50000);
	}
	return told_count == count;
}

static void logins_come_while_they_happen(void **state)
{
	const char *const sources[] = {log_path, btmp_path, NULL};
	struct utmpx record = record_of(LOGIN_PROCESS, "root", "ssh:notty", 0x7f000001);
	struct error error = {0};
	struct logins *logins;
	bool degraded = false;
	json_t *status;

	(void)state;
	append_text(log_path, "Failed password for old from 127.0.0.1 port 4 ssh2\n");
	append(btmp_path, &record, sizeof(record));
	assert_int_equal(logins_open(&logins, sources, NULL, &error), 0);
	append_text(log_path, "Failed password for root from 127.0.0.1 port 4 ssh2\n"
			      "Nov 26 10:00:00 h sshd[7]: Failed password for root from 127.0.0.1 "
			      "port 4 ssh2\n");
	append(btmp_path, &record, sizeof(record)); /* the same */
	append_text(log_path, "Accepted password for new from 127.0.0.1 port 4 ssh2\n");
	assert_true(told(logins, 3));
	assert_string_equal(told_user, "new");
	usleep(600000);
	assert_true(told(logins, 3));
	status = logins_status(logins, &degraded);
	assert_false(degraded);
	assert_int_equal(
		json_integer_value(json_object_get(
			json_array_get(json_object_get(status, "sources"), 1), "told_by_another")),
		1);
	json_decref(status);
	logins_close(logins);
}

static void a_full_queue_is_counted(void **state)
{
	const char *const sources[] = {log_path, NULL};
	struct error error = {0};
	struct logins *logins;
	bool degraded = false;

	(void)state;
	assert_int_equal(logins_open(&logins, sources, NULL, &error), 0);
	for (int i = 0; i < LOGINS_QUEUE + 10; i++)
		append_text(log_path, "Failed password for root from 127.0.0.1 port 4 ssh2\n");
	for (int i = 0; i < 200 && !degraded; i++) {
		json_decref(logins_status(logins, &degraded));
		usleep(50000);
	}
	assert_true(degraded);
	logins_close(logins);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_followed),
		cmocka_unit_test(what_is_no_file_is_tried_again),
		cmocka_unit_test(records_are_read),
		cmocka_unit_test(one_login_of_two_sources_is_one),
		cmocka_unit_test(only_the_system_is_trusted),
		cmocka_unit_test(logins_come_while_they_happen),
		cmocka_unit_test(a_full_queue_is_counted),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
