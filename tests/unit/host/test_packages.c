/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/host/tree.h"

#include <sqlite3.h>

#include "host/package.h"

static void expect(struct host_facts *facts, const char *path, enum host_owned owned)
{
	enum host_owned is = host_package_owns(facts, tree, path);

	if (is != owned)
		fail_msg("%s: %d and not %d", path, is, owned);
}

static void dpkg_owns_what_its_lists_say(void **state)
{
	struct host_facts *facts;

	(void)state;
	tree_file("var/lib/dpkg/info/curl.list", "/.\n/usr\n/usr/bin\n/usr/bin/curl\n");
	tree_file("var/lib/dpkg/info/libc6:amd64.list", "/lib/x86_64-linux-gnu/libc.so.6");
	tree_file("var/lib/dpkg/info/curl.md5sums", "/usr/bin/no-list\n");
	facts = tree_facts();
	expect(facts, "/usr/bin/curl", HOST_OWNED);
	expect(facts, "/lib/x86_64-linux-gnu/libc.so.6", HOST_OWNED); /* without a newline */
	expect(facts, "/usr/bin/no-list", HOST_NOT_OWNED);
	expect(facts, "/usr/bin/cur", HOST_NOT_OWNED);
	expect(facts, "/usr/bin/curl2", HOST_NOT_OWNED);
	expect(facts, "/home/u/usr/bin/curl", HOST_NOT_OWNED);
	expect(facts, "usr/bin/curl", HOST_UNKNOWN);
	expect(facts, "", HOST_UNKNOWN);
	host_facts_free(facts);
}

static void merged_folders_are_one(void **state)
{
	struct host_facts *facts;

	(void)state;
	tree_link("bin", "usr/bin");
	tree_link("lib", "/usr/lib");
	tree_link("sbin", "usr/sbin");
	tree_link("usr/sbin", "bin");
	tree_file("var/lib/dpkg/info/bash.list", "/bin/bash\n/usr/bin/bashbug\n/lib/ld.so\n"
						 "/sbin/init\n");
	facts = tree_facts();
	expect(facts, "/usr/bin/bash", HOST_OWNED);
	expect(facts, "/bin/bash", HOST_OWNED);
	expect(facts, "/bin/bashbug", HOST_OWNED);
	expect(facts, "/usr/lib/ld.so", HOST_OWNED);
	expect(facts, "/usr/bin/init", HOST_OWNED);
	host_facts_free(facts);
}

static void unmerged_folders_are_two(void **state)
{
	struct host_facts *facts;

	(void)state;
	tree_file("bin/bash", "");
	tree_file("var/lib/dpkg/info/bash.list", "/bin/bash\n");
	facts = tree_facts();
	expect(facts, "/bin/bash", HOST_OWNED);
	expect(facts, "/usr/bin/bash", HOST_NOT_OWNED);
	host_facts_free(facts);
}

static void diverted_files_lie_elsewhere(void **state)
{
	struct host_facts *facts;

	(void)state;
	tree_file("var/lib/dpkg/diversions", "/usr/bin/sh\n/usr/bin/sh.distrib\ndash\n"
					     "/usr/bin/perf\n/usr/bin/perf.real\n:\n"
					     "/cut/off\n");
	tree_file("var/lib/dpkg/info/dash.list", "/usr/bin/sh\n");
	tree_file("var/lib/dpkg/info/bash.list", "/usr/bin/sh\n");
	tree_file("var/lib/dpkg/info/perf:amd64.list", "/usr/bin/perf\n/cut/off\n");
	facts = tree_facts();
	expect(facts, "/usr/bin/sh", HOST_OWNED);
	expect(facts, "/usr/bin/sh.distrib", HOST_OWNED);
	expect(facts, "/usr/bin/perf", HOST_NOT_OWNED); /* the administrator's own */
	expect(facts, "/usr/bin/perf.real", HOST_OWNED);
	expect(facts, "/cut/off", HOST_OWNED);
	host_facts_free(facts);
}

static void apk_owns_files_in_folders(void **state)
{
	struct host_facts *facts;

	(void)state;
	tree_file("lib/apk/db/installed", "C:Q1abc=\nP:busybox\nF:bin\nR:busybox\na:0:0:755\n"
					  "Z:Q1x=\nF:\nR:init\nF:usr/lib\nR:libz.so.1\nR\n\n"
					  "P:musl\nF:lib\nR:ld-musl-x86_64.so.1\n");
	facts = tree_facts();
	expect(facts, "/bin/busybox", HOST_OWNED);
	expect(facts, "/init", HOST_OWNED);
	expect(facts, "/usr/lib/libz.so.1", HOST_OWNED);
	expect(facts, "/lib/ld-musl-x86_64.so.1", HOST_OWNED);
	expect(facts, "/busybox", HOST_NOT_OWNED);
	host_facts_free(facts);
}

static void pacman_owns_what_stands_under_files(void **state)
{
	struct host_facts *facts;

	(void)state;
	tree_file("var/lib/pacman/local/ALPM_DB_VERSION", "9\n");
	tree_file("var/lib/pacman/local/curl-8.0-1/files",
		  "%FILES%\nusr/\nusr/bin/curl\n\n%BACKUP%\netc/curlrc\tabc\n");
	facts = tree_facts();
	expect(facts, "/usr/bin/curl", HOST_OWNED);
	expect(facts, "/etc/curlrc\tabc", HOST_NOT_OWNED);
	host_facts_free(facts);
}

/* ---- rpm ---- */

static uint8_t header[1024];
static size_t header_len;

static void put32(uint8_t *at, uint32_t number)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(number >> (24 - 8 * i));
}

/* Two files in two folders: /usr/bin/rpm, /etc/rpmrc. */
static void header_make(void)
{
	static const char store[] = "\0\0\0\1\0\0\0\0"
				    "rpm\0rpmrc\0"
				    "/etc/\0/usr/bin/";
	static const uint32_t entries[3][4] = {{1116, 4, 0, 2}, {1117, 8, 8, 2}, {1118, 8, 18, 2}};

	put32(header, 3);
	put32(header + 4, sizeof(store));
	for (unsigned i = 0; i < 12; i++)
		put32(header + 8 + 4 * i, entries[i / 4][i % 4]);
	memcpy(header + 8 + 48, store, sizeof(store));
	header_len = 8 + 48 + sizeof(store);
}

static void run(sqlite3 *db, const char *sql)
{
	assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void database_make(const char *path, const char *schema)
{
	sqlite3_stmt *insert;
	sqlite3 *db;

	header_make();
	assert_int_equal(sqlite3_open(tree_path(path), &db), SQLITE_OK);
	run(db, "PRAGMA journal_mode = WAL");
	run(db, schema);
	assert_int_equal(
		sqlite3_prepare_v2(db, "INSERT INTO Packages VALUES (1, ?)", -1, &insert, NULL),
		SQLITE_OK);
	sqlite3_bind_blob(insert, 1, header, (int)header_len, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(insert), SQLITE_DONE);
	sqlite3_finalize(insert);
	sqlite3_close(db);
}

static void rpm_owns_what_its_headers_say(void **state)
{
	struct host_facts *facts;

	(void)state;
	database_make("var/lib/rpm/rpmdb.sqlite",
		      "CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY, blob BLOB NOT NULL)");
	facts = tree_facts();
	expect(facts, "/usr/bin/rpm", HOST_OWNED);
	expect(facts, "/etc/rpmrc", HOST_OWNED);
	expect(facts, "/etc/rpm", HOST_NOT_OWNED);
	host_facts_free(facts);
}

static void rpm_databases_that_are_none_own_nothing(void **state)
{
	struct host_facts *facts;

	(void)state;
	database_make("var/lib/rpm/rpmdb.sqlite",
		      "CREATE VIRTUAL TABLE Packages USING fts5(hnum, blob)");
	facts = tree_facts();
	expect(facts, "/usr/bin/rpm", HOST_UNKNOWN);
	tree_file("var/lib/rpm/rpmdb.sqlite", "no database at all, but a file of some length");
	expect(facts, "/usr/bin/rpm", HOST_UNKNOWN);
	unlink(tree_path("var/lib/rpm/rpmdb.sqlite"));
	tree_file("var/lib/rpm/Packages", "of Berkeley");
	expect(facts, "/usr/bin/rpm", HOST_UNKNOWN);
	host_facts_free(facts);
}

/* Every length, and every byte changed: what the sanitizers would see. */
static void damaged_headers_are_survived(void **state)
{
	(void)state;
	header_make();
	for (size_t i = 0; i < header_len; i++) {
		struct package_index index = {.budget = 1 << 20};
		uint8_t *cut = malloc(i ? i : 1), *bent = malloc(header_len);

		assert_true(cut && bent);
		memcpy(cut, header, i);
		memcpy(bent, header, header_len);
		bent[i] ^= 0xff;
		rpm_header_read(cut, i, &index);
		assert_int_equal(index.paths.count, 0);
		rpm_header_read(bent, header_len, &index);
		assert_true(index.paths.count <= 2);
		package_free(&index);
		free(cut);
		free(bent);
	}
}

/* ---- what is there ---- */

static void without_a_database_nothing_is_known(void **state)
{
	struct host_facts *facts = tree_facts();

	(void)state;
	expect(facts, "/usr/bin/curl", HOST_UNKNOWN);
	tree_file("var/lib/dpkg/status.d/base", "Package: base\n"); /* an image made without dpkg */
	expect(facts, "/usr/bin/curl", HOST_UNKNOWN);
	assert_int_equal(host_package_owns(facts, "/nowhere/at/all", "/usr/bin/curl"),
			 HOST_UNKNOWN);
	host_facts_free(facts);
}

static void changes_are_seen(void **state)
{
	struct host_facts *facts;
	struct host_stats stats;

	(void)state;
	tree_file("var/lib/dpkg/info/curl.list", "/usr/bin/curl\n");
	facts = tree_facts();
	expect(facts, "/usr/bin/curl", HOST_OWNED);
	expect(facts, "/usr/bin/wget", HOST_NOT_OWNED);
	tree_file("var/lib/dpkg/info/wget.list", "/usr/bin/wget\n");
	expect(facts, "/usr/bin/wget", HOST_OWNED);
	unlink(tree_path("var/lib/dpkg/info/curl.list"));
	tree_now += 2 * WEIR_SEC;
	expect(facts, "/usr/bin/curl", HOST_NOT_OWNED);
	host_stats(facts, &stats);
	assert_int_equal(stats.indexed, 3);
	assert_int_equal(stats.roots, 1);
	assert_int_equal(stats.paths, 1);
	host_facts_free(facts);
}

static weir_time slow_clock(void)
{
	return tree_now += WEIR_SEC;
}

/* Who changes a database all the time does not keep the engine busy, and no guess is made. */
static void indexes_are_put_off_when_they_take_too_long(void **state)
{
	const struct host_options options = {.root = tree, .clock = slow_clock};
	struct host_facts *facts = host_facts_new(&options);
	struct host_stats stats;
	char name[64];

	(void)state;
	for (unsigned i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "var/lib/dpkg/info/p%u.list", i);
		tree_file(name, "/usr/bin/curl\n");
		expect(facts, "/usr/bin/curl", HOST_OWNED);
	}
	expect(facts, "/usr/bin/new", HOST_UNKNOWN);
	host_stats(facts, &stats);
	assert_in_range(stats.indexed, 2, 3);
	assert_true(stats.put_off >= 5);
	tree_now += WEIR_MIN;
	expect(facts, "/usr/bin/new", HOST_NOT_OWNED);
	host_facts_free(facts);
}

static void roots_are_bounded(void **state)
{
	struct host_facts *facts = tree_facts();
	struct host_stats stats;
	char path[PATH_MAX];

	(void)state;
	for (unsigned i = 0; i < 80; i++) {
		char list[96];

		snprintf(list, sizeof(list), "root%u/var/lib/dpkg/info/a.list", i);
		tree_file(list, "/usr/bin/a\n");
		snprintf(path, sizeof(path), "%s/root%u", tree, i);
		assert_int_equal(host_package_owns(facts, path, "/usr/bin/a"), HOST_OWNED);
		assert_int_equal(host_package_owns(facts, path, "/usr/bin/b"), HOST_NOT_OWNED);
	}
	host_stats(facts, &stats);
	assert_int_equal(stats.roots, 64);
	assert_int_equal(stats.evicted, 16);
	host_facts_free(facts);
}

/* ---- hostile roots ---- */

static void links_do_not_lead_out(void **state)
{
	struct host_facts *facts = tree_facts();
	char inner[PATH_MAX], outside[PATH_MAX];

	(void)state;
	tree_file("outside/info/secret.list", "/usr/bin/secret\n");
	snprintf(outside, sizeof(outside), "%s/outside/info", tree);
	tree_link("root/var/lib/dpkg/info", outside); /* absolute */
	snprintf(inner, sizeof(inner), "%s/root", tree);
	assert_int_equal(host_package_owns(facts, inner, "/usr/bin/secret"), HOST_UNKNOWN);
	unlink(tree_path("root/var/lib/dpkg/info"));
	tree_link("root/var/lib/dpkg/info", "../../../../outside/info");
	assert_int_equal(host_package_owns(facts, inner, "/usr/bin/secret"), HOST_UNKNOWN);
	/* one that stays inside is followed, and none of a list */
	unlink(tree_path("root/var/lib/dpkg/info"));
	tree_file("root/opt/info/good.list", "/usr/bin/good\n");
	tree_link("root/opt/info/bad.list", "../../../outside/info/secret.list");
	tree_link("root/var/lib/dpkg/info", "/opt/info");
	assert_int_equal(host_package_owns(facts, inner, "/usr/bin/good"), HOST_OWNED);
	assert_int_equal(host_package_owns(facts, inner, "/usr/bin/secret"), HOST_UNKNOWN);
	host_facts_free(facts);
}

static void what_is_no_file_is_not_waited_for(void **state)
{
	struct host_facts *facts = tree_facts();

	(void)state;
	tree_file("var/lib/dpkg/info/curl.list", "/usr/bin/curl\n");
	assert_int_equal(mkfifo(tree_path("var/lib/dpkg/info/evil.list"), 0644), 0);
	assert_int_equal(mkfifo(tree_path("lib/apk/db/installed"), 0644), 0);
	assert_int_equal(mkfifo(tree_path("var/lib/rpm/rpmdb.sqlite"), 0644), 0);
	assert_int_equal(mkfifo(tree_path("etc/passwd"), 0644), 0);
	alarm(20);
	expect(facts, "/usr/bin/curl", HOST_OWNED);
	expect(facts, "/usr/bin/wget", HOST_UNKNOWN);
	assert_null(host_user(facts, 0));
	alarm(0);
	host_facts_free(facts);
}

static void long_lines_are_left_out(void **state)
{
	struct host_facts *facts = tree_facts();
	size_t size = 200000;
	char *text = malloc(size);

	(void)state;
	assert_non_null(text);
	memset(text, 'a', size);
	memcpy(text, "/usr/bin/before\n/", 17);
	memcpy(text + size - 18, "\n/usr/bin/after\n/x", 18);
	tree_bytes("var/lib/dpkg/info/long.list", text, size);
	free(text);
	expect(facts, "/usr/bin/before", HOST_OWNED);
	expect(facts, "/usr/bin/after", HOST_OWNED);
	expect(facts, "/x", HOST_OWNED);
	host_facts_free(facts);
}

/* A file with a hole is as long as one likes and takes no room. */
static void what_is_too_large_is_unknown(void **state)
{
	struct host_facts *facts = tree_facts();
	struct host_stats stats;
	char inner[PATH_MAX];

	(void)state;
	tree_file("root/var/lib/dpkg/info/large.list", "/usr/bin/a\n");
	assert_int_equal(truncate(tree_path("root/var/lib/dpkg/info/large.list"), 65 << 20), 0);
	snprintf(inner, sizeof(inner), "%s/root", tree);
	assert_int_equal(host_package_owns(facts, inner, "/usr/bin/a"), HOST_OWNED);
	assert_int_equal(host_package_owns(facts, inner, "/usr/bin/b"), HOST_UNKNOWN);
	host_stats(facts, &stats);
	assert_int_equal(stats.unreadable, 1);
	host_facts_free(facts);
}

/* ---- stores ---- */

static void stores_count_where_their_manager_is(void **state)
{
	struct host_facts *facts = tree_facts();

	(void)state;
	expect(facts, "/nix/store/abc-curl-8/bin/curl", HOST_UNKNOWN);
	tree_file("nix/var/nix/db/db.sqlite", "");
	tree_file("var/lib/flatpak/repo/config", "");
	expect(facts, "/nix/store/abc-curl-8/bin/curl", HOST_OWNED);
	expect(facts, "/var/lib/flatpak/app/org.x/x", HOST_OWNED);
	expect(facts, "/home/u/.local/share/flatpak/app/org.x/x", HOST_UNKNOWN);
	/* a folder of that name that is no image */
	tree_file("snap/evil/1/bin/evil", "");
	expect(facts, "/snap/evil/1/bin/evil", HOST_UNKNOWN);
	host_facts_free(facts);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, tree_new, tree_free)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(dpkg_owns_what_its_lists_say),
		TEST(merged_folders_are_one),
		TEST(unmerged_folders_are_two),
		TEST(diverted_files_lie_elsewhere),
		TEST(apk_owns_files_in_folders),
		TEST(pacman_owns_what_stands_under_files),
		TEST(rpm_owns_what_its_headers_say),
		TEST(rpm_databases_that_are_none_own_nothing),
		TEST(damaged_headers_are_survived),
		TEST(without_a_database_nothing_is_known),
		TEST(changes_are_seen),
		TEST(indexes_are_put_off_when_they_take_too_long),
		TEST(roots_are_bounded),
		TEST(links_do_not_lead_out),
		TEST(what_is_no_file_is_not_waited_for),
		TEST(long_lines_are_left_out),
		TEST(what_is_too_large_is_unknown),
		TEST(stores_count_where_their_manager_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
