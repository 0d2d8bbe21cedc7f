/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <strings.h>

#include "event/event.h"

/* The name tables of ENUM fields. */

static const char *const transports[256] = {
#define TRANSPORT(number, keyword) [number] = keyword,
#include "event/transports.def"
#undef TRANSPORT
};

static const char *const directions[] = {
	[DIRECTION_INBOUND] = "inbound",   [DIRECTION_OUTBOUND] = "outbound",
	[DIRECTION_INTERNAL] = "internal", [DIRECTION_FORWARDED] = "forwarded",
	[DIRECTION_EXTERNAL] = "external",
};

static const char *const states[] = {
	[STATE_ESTABLISHED] = "established",
	[STATE_REJECTED] = "rejected",
	[STATE_UNANSWERED] = "unanswered",
};

static const char *const scopes[] = {
	[SCOPE_LOOPBACK] = "loopback",	 [SCOPE_MULTICAST] = "multicast",
	[SCOPE_BROADCAST] = "broadcast", [SCOPE_LINK] = "link",
	[SCOPE_INTERNAL] = "internal",	 [SCOPE_EXTERNAL] = "external",
};

#define TABLE(names, whole)                                                                        \
	{                                                                                          \
		names, sizeof(names) / sizeof((names)[0]), whole                                   \
	}

struct enum_table {
	const char *const *names;
	unsigned count;
	bool numbers; /* numbers without a name are written as numbers */
};

static const struct enum_table enum_tables[FIELD_COUNT] = {
	[FIELD_NETWORK_TRANSPORT] = TABLE(transports, true),
	[FIELD_NETWORK_DIRECTION] = TABLE(directions, false),
	[FIELD_NETWORK_STATE] = TABLE(states, false),
	[FIELD_SOURCE_SCOPE] = TABLE(scopes, false),
	[FIELD_DESTINATION_SCOPE] = TABLE(scopes, false),
};

/* What other tools call a transport whose keyword is another. */
static const struct {
	const char *name;
	unsigned number;
} transport_aliases[] = {
	{"icmp6", 58}, {"icmpv6", 58},	{"icmp-v6", 58},
	{"ospf", 89},  {"ip-in-ip", 4}, {"udp-lite", 136},
};

/* "0" to "255", for numbers without a keyword: names must outlive every caller. */
static char number_names[256][4];

__attribute__((constructor)) static void numbers_name(void)
{
	for (unsigned i = 0; i < 256; i++)
		snprintf(number_names[i], sizeof(number_names[i]), "%u", i & 0xff);
}

static bool same(const char *known, const char *name, size_t length)
{
	return known && !strncasecmp(known, name, length) && !known[length];
}

static int number_parse(const char *name, size_t length, unsigned count)
{
	unsigned number = 0;

	if (!length || length > 5)
		return -1;
	for (size_t i = 0; i < length; i++) {
		if (name[i] < '0' || name[i] > '9')
			return -1;
		number = number * 10 + (unsigned)(name[i] - '0');
	}
	return number < count ? (int)number : -1;
}

int field_enum_number(enum field f, const char *name, size_t length)
{
	const struct enum_table *table = &enum_tables[f];

	if (memchr(name, '\0', length))
		return -1;
	for (unsigned i = 0; i < table->count; i++)
		if (same(table->names[i], name, length))
			return (int)i;
	if (!table->numbers)
		return -1;
	for (size_t i = 0; i < sizeof(transport_aliases) / sizeof(transport_aliases[0]); i++)
		if (same(transport_aliases[i].name, name, length))
			return (int)transport_aliases[i].number;
	return number_parse(name, length, table->count);
}

const char *field_enum_name(enum field f, unsigned number)
{
	const struct enum_table *table = &enum_tables[f];

	if (number >= table->count)
		return NULL;
	if (!table->names[number] && table->numbers)
		return number_names[number];
	return table->names[number];
}
