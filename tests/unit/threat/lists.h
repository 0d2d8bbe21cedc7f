/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_TEST_THREAT_LISTS_H
#define WEIR_TEST_THREAT_LISTS_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "threat/threat.h"

/* Lists from texts, for tests: each in a file of its own, which is gone after it was read. */

static inline void list_write(const char *path, const void *bytes, size_t length)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

struct list_read {
	struct threat_table table;
	struct threat_list list;
	int err;
};

static inline struct list_read list_read_bytes(const void *bytes, size_t length,
					       const struct threat_list_options *how, size_t max)
{
	static char path[64];
	struct threat_list_options options = *how;
	struct domain_list *domains = domain_list_open();
	struct list_read read = {0};

	snprintf(path, sizeof(path), "/tmp/weir-list-XXXXXX");
	close(mkstemp(path));
	list_write(path, bytes, length);
	options.path = path;
	options.format = options.format ? options.format : "auto";
	read.err = threat_list_read(&options, 0, domains, max, &read.table, &read.list);
	domain_list_close(domains);
	unlink(path);
	return read;
}

static inline struct list_read list_read_text(const char *text)
{
	return list_read_bytes(text, strlen(text), &(struct threat_list_options){0}, 1000000);
}

static inline void list_found(void *context, const struct threat_entry *entry)
{
	*(const struct threat_entry **)context = entry;
}

/* The entry that a table has of something; of several the last. */
static inline const struct threat_entry *list_find(const struct threat_table *table,
						   const char *text, enum indicator_kind kind)
{
	static struct indicator indicator;
	const struct threat_entry *entry = NULL;

	assert_true(indicator_read(text, strlen(text), kind, &indicator));
	threat_table_find(table, &indicator, list_found, &entry);
	return entry;
}

static inline bool list_has(const struct list_read *read, const char *text)
{
	return list_find(&read->table, text, INDICATOR_ANY);
}

#endif
