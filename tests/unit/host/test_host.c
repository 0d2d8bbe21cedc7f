/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/host/tree.h"

static void programs_lie_in_places(void **state)
{
	static const struct {
		const char *path, *place;
	} cases[] = {
		{"/usr/bin/curl", "system"},
		{"/bin/sh", "system"},
		{"/lib/systemd/systemd", "system"},
		{"/lib64/ld.so", "system"},
		{"/library/x", "other"},
		{"/usr/local/bin/x", "local"},
		{"/opt/x/y", "opt"},
		{"/home/u/x", "home"},
		{"/root/x", "home"},
		{"/rooted", "other"},
		{"/tmp/x", "tmp"},
		{"/var/tmp/x", "tmp"},
		{"/run/user/1000/x", "tmp"},
		{"/dev/shm/x", "shm"},
		{"/dev/.x", "tmp"},
		{"/var/www/html/x", "var"},
		{"/srv/x", "var"},
		{"/mnt/usb/x", "media"},
		{"/snap/firefox/1/firefox", "system"},
		{"/nix/store/abc/bin/x", "system"},
		{"/memfd:x", "memory"},
		{"/app/server", "other"},
		{"", "other"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(host_location(cases[i].path, false), cases[i].place);
	assert_string_equal(host_location("/usr/bin/curl", true), "memory");
}

static void users_are_read_again_when_they_change(void **state)
{
	struct host_facts *facts;
	struct host_stats stats;

	assert_int_equal(tree_new(state), 0);
	tree_file("etc/passwd", "root:x:0:0:root:/root:/bin/sh\ntoor:x:0:0::/:\n"
				"www-data:x:33:33:www-data:/var/www:/sbin/nologin\n"
				"bad\nbad:x\nbad:x:12\nbad:x:12a:\nbad:x::\n:x:13:\n"
				"bad:x:4294967296:\nbad:x:-1:\nlast:x:4294967294:0::/:");
	tree_file("usr/lib/passwd", "root:x:0:0::/:\nchrony:x:990:990::/:\n");
	facts = tree_facts();
	assert_string_equal(host_user(facts, 0), "root");
	assert_string_equal(host_user(facts, 33), "www-data");
	assert_string_equal(host_user(facts, 990), "chrony");
	assert_string_equal(host_user(facts, 4294967294), "last");
	assert_null(host_user(facts, 12));
	assert_null(host_user(facts, 13));
	host_stats(facts, &stats);
	assert_int_equal(stats.users, 4);
	tree_file("etc/passwd", "admin:x:0:0::/:\n");
	assert_string_equal(host_user(facts, 0), "root"); /* looked at once a second */
	tree_now += WEIR_SEC;
	assert_string_equal(host_user(facts, 0), "admin");
	assert_null(host_user(facts, 33));
	host_facts_free(facts);
	tree_free(state);
}

static void without_files_nobody_has_a_name(void **state)
{
	struct host_facts *facts;

	assert_int_equal(tree_new(state), 0);
	facts = tree_facts();
	assert_null(host_user(facts, 0));
	host_facts_free(facts);
	tree_free(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_lie_in_places),
		cmocka_unit_test(users_are_read_again_when_they_change),
		cmocka_unit_test(without_files_nobody_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
