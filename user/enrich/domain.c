/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/domain.h"

#include <libpsl.h>
#include <stdlib.h>

#include "base/hash.h"

/* The longest top-level domain without an encoding of its own; what is longer is data. */
#define TOP_LEVEL_MAX 18

/* Names come again and again, and the list takes a search for each of their labels: what it said
 * is remembered, the last name of those that share a slot. */
#define REMEMBERED	1024
#define REMEMBERED_TEXT 60
#define NOT_ASKED	(-2)

struct remembered {
	uint8_t length;	       /* 0: none */
	int8_t registered;     /* where it begins; -1: there is none */
	int8_t chosen;	       /* where the label begins; -1: there is none; NOT_ASKED */
	uint8_t chosen_length; /* of the label */
	char text[REMEMBERED_TEXT];
};

struct domain_list {
	const psl_ctx_t *psl; /* NULL: no list was found; then the last label is the suffix */
	struct remembered *remembered; /* REMEMBERED of them */
};

struct domain_list *domain_list_open(void)
{
	struct domain_list *list = calloc(1, sizeof(*list));

	if (!list)
		return NULL;
	list->remembered = calloc(REMEMBERED, sizeof(*list->remembered));
	if (!list->remembered) {
		free(list);
		return NULL;
	}
	/* The one within the library costs nothing to open. */
	list->psl = psl_builtin_outdated() ? psl_latest(NULL) : psl_builtin();
	return list;
}

void domain_list_close(struct domain_list *list)
{
	if (!list)
		return;
	psl_free((psl_ctx_t *)list->psl); /* knows its own from the one within */
	free(list->remembered);
	free(list);
}

/* Copied in small letters; false if it is none. */
static bool fold(const struct text *name, char *into, struct domain *domain)
{
	unsigned length = name->length;
	char before = '.';

	if (length && name->at[length - 1] == '.')
		length--;
	if (!length || length > DOMAIN_MAX)
		return false;
	for (unsigned i = 0; i < length; i++) {
		char c = name->at[i];

		if ((c == '.' && before == '.') || (unsigned char)c <= ' ' || c == ':' || c == '[')
			return false;
		into[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
		before = c;
	}
	into[length] = '\0';
	domain->text = into;
	domain->length = length;
	return before != '.';
}

static const char *last_label(const struct domain *domain)
{
	const char *dot = memrchr(domain->text, '.', domain->length);

	return dot ? dot + 1 : domain->text;
}

/* Letters alone, or in the encoding of other scripts. */
static bool is_top_level(const char *label)
{
	size_t length = strlen(label);

	if (!strncmp(label, "xn--", 4))
		return true;
	return length > 1 && length <= TOP_LEVEL_MAX &&
	       strspn(label, "abcdefghijklmnopqrstuvwxyz") == length;
}

/* The slot of the name, whoever has it. NULL: it is too long to be remembered. */
static struct remembered *slot_of(const struct domain_list *list, const struct domain *domain)
{
	if (domain->length > REMEMBERED_TEXT)
		return NULL;
	return &list->remembered[hash_bytes(domain->text, domain->length) % REMEMBERED];
}

static bool remembers(const struct remembered *slot, const struct domain *domain)
{
	return slot && slot->length == domain->length &&
	       !memcmp(slot->text, domain->text, domain->length);
}

static void remember(struct remembered *slot, const struct domain *domain)
{
	if (!slot)
		return;
	slot->length = (uint8_t)domain->length;
	slot->registered = (int8_t)domain->registered;
	slot->chosen = NOT_ASKED;
	memcpy(slot->text, domain->text, domain->length);
}

bool domain_read(const struct domain_list *list, const struct text *name,
		 char buffer[DOMAIN_MAX + 1], struct domain *domain)
{
	struct remembered *slot;
	struct addr address;
	const char *registered;

	if (!fold(name, buffer, domain))
		return false;
	slot = slot_of(list, domain);
	if (remembers(slot, domain)) {
		domain->registered = slot->registered;
		return true;
	}
	if (!addr_parse(domain->text, domain->length, &address))
		return false;
	registered = list->psl && is_top_level(last_label(domain))
			     ? psl_registrable_domain(list->psl, domain->text)
			     : NULL;
	domain->registered = registered ? (int)(registered - domain->text) : -1;
	remember(slot, domain);
	return true;
}

static bool find_chosen(const struct domain_list *list, const struct domain *domain,
			struct text *label)
{
	const char *at = domain->text, *dot;

	for (; (dot = strchr(at, '.')); at = dot + 1)
		if (psl_is_public_suffix2(list->psl, dot + 1, PSL_TYPE_ICANN)) {
			*label = (struct text){at, (uint32_t)(dot - at)};
			return true;
		}
	return false;
}

bool domain_chosen(const struct domain_list *list, const struct domain *domain, struct text *label)
{
	struct remembered *slot;
	bool found;

	if (!list->psl || domain->registered < 0)
		return false;
	slot = slot_of(list, domain);
	if (remembers(slot, domain) && slot->chosen != NOT_ASKED) {
		*label = (struct text){domain->text + slot->chosen, slot->chosen_length};
		return slot->chosen >= 0;
	}
	found = find_chosen(list, domain, label);
	if (remembers(slot, domain)) {
		slot->chosen = found ? (int8_t)(label->at - domain->text) : -1;
		slot->chosen_length = found ? (uint8_t)label->length : 0;
	}
	return found;
}
