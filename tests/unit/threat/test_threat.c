/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/threat/lists.h"

static char folder[] = "/tmp/weir-lists-XXXXXX";
static char one[64], other[64];

static int make_folder(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(one, sizeof(one), "%s/one.txt", folder);
	snprintf(other, sizeof(other), "%s/other.txt", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(one);
	unlink(other);
	return rmdir(folder);
}

static void write_list(const char *path, const char *text)
{
	list_write(path, text, strlen(text));
}

static bool match(const struct threat *threat, const char *text, struct threat_hit *hit)
{
	static struct indicator indicator;

	assert_true(indicator_read(text, strlen(text), INDICATOR_ANY, &indicator));
	return threat_match(threat, &indicator, time_now(), hit);
}

static bool has(const struct threat *threat, const char *text)
{
	struct threat_hit hit;

	return match(threat, text, &hit);
}

static struct threat *open_lists(const struct threat_list_options *lists, size_t len)
{
	const struct threat_options options = {lists, len, 1000};
	struct threat *threat = threat_open(&options);

	assert_non_null(threat);
	return threat;
}

static void the_worst_list_counts(void **state)
{
	const struct threat_list_options lists[] = {
		{.path = one, .name = "one", .format = "auto", .level = THREAT_MEDIUM},
		{.path = other, .name = "other", .format = "auto", .level = THREAT_HIGH},
	};
	struct threat_hit hit;
	struct threat *threat;

	(void)state;
	write_list(one, "203.0.113.0/24\n203.0.113.5\nonly.example\n");
	write_list(other, "203.0.113.5\n");
	threat = open_lists(lists, 2);
	assert_true(match(threat, "203.0.113.5", &hit));
	assert_string_equal(hit.list->name, "other");
	assert_int_equal(hit.entry->size, 128);
	assert_true(match(threat, "203.0.113.6", &hit));
	assert_string_equal(hit.list->name, "one");
	assert_int_equal(hit.entry->size, 96 + 24);
	assert_true(match(threat, "www.only.example", &hit));
	assert_int_equal(hit.entry->size, 2);
	assert_false(has(threat, "example.only"));
	threat_close(threat);
}

static void one_that_is_not_there_leaves_the_others(void **state)
{
	const struct threat_list_options lists[] = {
		{.path = "/nonexistent/list", .name = "none", .format = "auto"},
		{.path = one, .name = "one", .format = "auto"},
	};
	struct threat *threat;
	bool degraded = false;
	json_t *status;

	(void)state;
	write_list(one, "203.0.113.5\n");
	threat = open_lists(lists, 2);
	assert_true(has(threat, "203.0.113.5"));
	status = threat_status(threat, &degraded);
	assert_true(degraded);
	assert_non_null(
		strstr(json_string_value(json_object_get(
			       json_array_get(json_object_get(status, "lists"), 0), "error")),
		       "No such file"));
	json_decref(status);
	threat_close(threat);
}

static void what_is_over_is_met_before_alone(void **state)
{
	const struct threat_list_options lists[] = {{.path = one, .name = "one", .format = "auto"}};
	const weir_time end = INT64_C(1767225600) * WEIR_SEC; /* 2026-01-01 */
	static struct indicator indicator;
	struct threat_hit hit;
	struct threat *threat;

	(void)state;
	write_list(one, "{\"objects\":[{\"type\":\"indicator\",\"valid_until\":"
			"\"2026-01-01T00:00:00Z\",\"pattern\":\"[ipv4-addr:value = "
			"'203.0.113.5']\"}]}");
	threat = open_lists(lists, 1);
	assert_true(indicator_read("203.0.113.5", 11, INDICATOR_ANY, &indicator));
	assert_true(threat_match(threat, &indicator, end - WEIR_HOUR, &hit));
	assert_false(threat_match(threat, &indicator, end + WEIR_HOUR, &hit));
	threat_close(threat);
}

static bool soon(struct threat *threat, const char *text, bool wanted)
{
	for (int i = 0; i < 200; i++) {
		threat_take(threat);
		if (has(threat, text) == wanted)
			return true;
		usleep(100000);
	}
	return false;
}

static void changed_lists_are_read_again(void **state)
{
	const struct threat_list_options lists[] = {
		{.path = folder, .name = "folder", .format = "auto"}};
	struct threat *threat;
	bool degraded = false;

	(void)state;
	write_list(one, "203.0.113.5\n");
	write_list(other, "203.0.113.6\n");
	threat = open_lists(lists, 1);
	assert_int_equal(threat_watch(threat), 0);
	write_list(one, "203.0.113.7\n");
	assert_true(soon(threat, "203.0.113.7", true));
	assert_false(has(threat, "203.0.113.5"));
	assert_true(has(threat, "203.0.113.6"));
	/* What is no list any more: the last good one stays, and it is said. */
	write_list(one, "<html>\n");
	list_write(other, "\0\0", 2);
	for (int i = 0; i < 200 && !degraded; i++) {
		threat_take(threat);
		json_decref(threat_status(threat, &degraded));
		usleep(100000);
	}
	assert_true(degraded);
	assert_true(has(threat, "203.0.113.7"));
	assert_true(has(threat, "203.0.113.6"));
	/* And it heals. */
	write_list(one, "203.0.113.8\n");
	write_list(other, "203.0.113.9\n");
	assert_true(soon(threat, "203.0.113.9", true));
	assert_false(has(threat, "203.0.113.6"));
	threat_close(threat);
}

static void other_options_come_with_a_reload(void **state)
{
	const struct threat_list_options first[] = {
		{.path = one, .name = "one", .format = "auto", .level = THREAT_LOW}};
	const struct threat_list_options then[] = {
		{.path = other, .name = "other", .format = "auto", .level = THREAT_LOW},
		{.path = one, .name = "one", .format = "auto", .level = THREAT_CRITICAL}};
	const struct threat_options options = {then, 2, 1000};
	struct threat_hit hit;
	struct threat *threat;

	(void)state;
	write_list(one, "203.0.113.5\n");
	write_list(other, "203.0.113.6\n");
	threat = open_lists(first, 1);
	assert_int_equal(threat_watch(threat), 0);
	assert_int_equal(threat_again(threat, &options), 0);
	assert_true(soon(threat, "203.0.113.6", true));
	assert_true(match(threat, "203.0.113.5", &hit));
	assert_int_equal(hit.list->level, THREAT_CRITICAL);
	threat_close(threat);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_worst_list_counts),
		cmocka_unit_test(one_that_is_not_there_leaves_the_others),
		cmocka_unit_test(what_is_over_is_met_before_alone),
		cmocka_unit_test(changed_lists_are_read_again),
		cmocka_unit_test(other_options_come_with_a_reload),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
