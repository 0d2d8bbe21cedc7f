/* SPDX-License-Identifier: Apache-2.0 */
#include "event/event.h"

#include <errno.h>

#include "base/arena.h"
#include "base/nearest.h"

const struct field_info field_table[FIELD_COUNT] = {
#define FIELD(id, type, subject, member, name, words)                                              \
	[FIELD_##id] = {name, words, offsetof(struct event, member), TYPE_##type,                  \
			SUBJECT_##subject},
#include "event/fields.def"
#undef FIELD
};

/* All names by which a field is known: its own first, then its aliases. */
struct known_name {
	const char *name;
	uint16_t length;
	int16_t field;
};

static const struct known_name known_names[] = {
#define FIELD(id, type, subject, member, name, words) {name, sizeof(name) - 1, FIELD_##id},
#include "event/fields.def"
#undef FIELD
#define ALIAS(name, id) {name, sizeof(name) - 1, FIELD_##id},
#include "event/aliases.def"
#undef ALIAS
};

#define KNOWN_NAMES (sizeof(known_names) / sizeof(known_names[0]))
#define NAME_CELLS  1024 /* a power of two, well above KNOWN_NAMES: chains stay short */
_Static_assert(KNOWN_NAMES * 2 <= NAME_CELLS, "the index of field names is too full: double it");

/* Index of known_names plus one by FNV-1a of the name; 0: free. Only our own names are in it, so
 * nobody outside can make it slow. Filled before main() and never changed. */
static uint16_t name_cells[NAME_CELLS];
static uint64_t text_fields[(FIELD_COUNT + 63) / 64];

static uint32_t name_hash(const char *name, size_t length)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < length; i++)
		h = (h ^ (unsigned char)name[i]) * 16777619u;
	return h;
}

__attribute__((constructor)) static void names_index(void)
{
	for (size_t i = 0; i < KNOWN_NAMES; i++) {
		uint32_t cell = name_hash(known_names[i].name, known_names[i].length);

		while (name_cells[cell % NAME_CELLS])
			cell++;
		name_cells[cell % NAME_CELLS] = (uint16_t)(i + 1);
	}
	for (unsigned f = 0; f < FIELD_COUNT; f++)
		if (type_is_text(field_table[f].type))
			text_fields[f / 64] |= UINT64_C(1) << (f % 64);
}

enum field field_find(const char *name, size_t length)
{
	uint32_t cell = name_hash(name, length);

	for (; name_cells[cell % NAME_CELLS]; cell++) {
		const struct known_name *known = &known_names[name_cells[cell % NAME_CELLS] - 1];

		if (known->length == length && !memcmp(known->name, name, length))
			return known->field;
	}
	return FIELD_NONE;
}

const char *field_nearest(const char *name, size_t length)
{
	char wrong[64];
	struct nearest nearest = {.wrong = wrong};

	snprintf(wrong, sizeof(wrong), "%.*s", length < sizeof(wrong) ? (int)length : 63, name);
	for (size_t i = 0; i < KNOWN_NAMES; i++)
		nearest_offer(&nearest, known_names[i].name);
	return nearest.best ? nearest.best : known_names[0].name;
}

static const char *const service_names[SERVICE_COUNT] = {
	[SERVICE_ATTEMPT] = "attempt", [SERVICE_CONNECTION] = "connection",
	[SERVICE_FLOW] = "flow",       [SERVICE_DNS] = "dns",
	[SERVICE_TLS] = "tls",	       [SERVICE_HTTP] = "http",
	[SERVICE_FILE] = "file",       [SERVICE_LOGIN] = "login",
	[SERVICE_PROCESS] = "process", [SERVICE_LISTENER] = "listener",
	[SERVICE_ARP] = "arp",	       [SERVICE_ICMP] = "icmp",
	[SERVICE_DHCP] = "dhcp",       [SERVICE_HEALTH] = "health",
};

/* By enum field_type, as people call them. */
static const char *const type_words[] = {
	[TYPE_ADDR] = "address", [TYPE_TEXT] = "text",	       [TYPE_TEXTS] = "list of texts",
	[TYPE_ENUM] = "name",	 [TYPE_COUNT] = "number",      [TYPE_REAL] = "number",
	[TYPE_TIME] = "time",	 [TYPE_DURATION] = "duration", [TYPE_BOOL] = "true/false",
	[TYPE_ROLES] = "roles",
};

/* By enum privacy_subject: the keys of `privacy`. */
static const char *const subject_words[SUBJECTS] = {
	[SUBJECT_OPEN] = "",
	[SUBJECT_COMMAND_LINES] = "command_lines",
	[SUBJECT_URLS] = "urls",
	[SUBJECT_COMMAND_LINES_URLS] = "command_lines, urls",
	[SUBJECT_DNS_NAMES] = "dns_names",
	[SUBJECT_URLS_DNS_NAMES] = "urls, dns_names",
};

void field_document(FILE *out)
{
	fputs("| field | type | says | private by | also known as |\n|---|---|---|---|---|\n", out);
	for (int f = 0; f < FIELD_COUNT; f++) {
		fprintf(out, "| `%s` | %s | %s | %s |", field_table[f].name,
			type_words[field_table[f].type], field_table[f].words,
			subject_words[field_table[f].subject]);
		for (size_t i = FIELD_COUNT; i < KNOWN_NAMES; i++)
			if (known_names[i].field == f)
				fprintf(out, " `%s`", known_names[i].name);
		fputs(" |\n", out);
	}
}

bool texts_next(const struct text *texts, uint32_t *at, struct text *element)
{
	const char *end;

	if (*at > texts->length || !texts->length)
		return false;
	element->at = texts->at + *at;
	end = memchr(element->at, TEXTS_JOINT, texts->length - *at);
	element->length = end ? (uint32_t)(end - element->at) : texts->length - *at;
	*at += element->length + 1;
	return true;
}

const char *service_name(enum event_service service)
{
	if (service == SERVICE_SIGNAL)
		return "signal";
	return (unsigned)service < SERVICE_COUNT ? service_names[service] : "unknown";
}

int service_find(const char *name, size_t length)
{
	for (int i = 0; i < SERVICE_COUNT; i++)
		if (strlen(service_names[i]) == length && !memcmp(service_names[i], name, length))
			return i;
	return -1;
}

int event_keep(struct event *e, struct arena *arena)
{
	for (unsigned word = 0; word < sizeof(text_fields) / sizeof(text_fields[0]); word++) {
		uint64_t bits = e->present[word] & text_fields[word];

		for (; bits; bits &= bits - 1) {
			unsigned f = word * 64 + (unsigned)__builtin_ctzll(bits);
			struct text *text = (struct text *)((char *)e + field_table[f].offset);

			text->at = arena_copy(arena, text->at, text->length);
			if (!text->at)
				return -ENOMEM;
		}
	}
	return 0;
}
