/* SPDX-License-Identifier: Apache-2.0 */
#include "fuzz/replay.h"
#include "threat/format.h"

/* Threat lists of any form: whatever is in them, what is told as an indicator can be found. */

static void found(void *context, const struct threat_entry *entry)
{
	*(bool *)context = entry->key;
}

static void find_again(struct threat_table *table)
{
	static const char *const some[] = {"203.0.113.5", "www.evil.example", "2001:db8::1"};

	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		static struct indicator indicator;
		bool is_there = false;

		if (!indicator_read(some[i], strlen(some[i]), INDICATOR_ANY, &indicator))
			abort();
		threat_table_find(table, &indicator, found, &is_there);
		if (threat_table_add(table, &indicator, 1, 0) < 0)
			abort();
		is_there = false;
		threat_table_find(table, &indicator, found, &is_there);
		if (!is_there)
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct domain_list *domains;
	struct threat_table table = {0};
	struct threat_list list;
	struct threat_list_options options = {.format = "auto", .all = size % 2};
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	char path[64];

	replay_quiet();
	if (!domains)
		domains = domain_list_open();
	if (!domains || fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	options.path = path;
	threat_list_read(&options, 0, domains, 1000, &table, &list);
	if (threat_counts_all(&list.counts) != table.len ||
	    strlen(list.error) >= sizeof(list.error))
		abort();
	find_again(&table);
	threat_table_free(&table);
	close(fd);
	return 0;
}
