/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/domain.h"

#include <libpsl.h>
#include <stdlib.h>

/* The longest top-level domain without an encoding of its own; what is longer is data. */
#define TOP_LEVEL_MAX 18

struct domain_list {
	const psl_ctx_t *psl; /* NULL: no list was found; then the last label is the suffix */
};

struct domain_list *domain_list_open(void)
{
	struct domain_list *list = calloc(1, sizeof(*list));

	/* The one within the library costs nothing to open. */
	if (list)
		list->psl = psl_builtin_outdated() ? psl_latest(NULL) : psl_builtin();
	return list;
}

void domain_list_close(struct domain_list *list)
{
	if (!list)
		return;
	psl_free((psl_ctx_t *)list->psl); /* knows its own from the one within */
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

bool domain_read(const struct domain_list *list, const struct text *name,
		 char buffer[DOMAIN_MAX + 1], struct domain *domain)
{
	struct addr address;
	const char *registered;

	if (!fold(name, buffer, domain) || !addr_parse(domain->text, domain->length, &address))
		return false;
	registered = list->psl && is_top_level(last_label(domain))
			     ? psl_registrable_domain(list->psl, domain->text)
			     : NULL;
	domain->registered = registered ? (int)(registered - domain->text) : -1;
	return true;
}

bool domain_chosen(const struct domain_list *list, const struct domain *domain, struct text *label)
{
	const char *at = domain->text, *dot;

	if (!list->psl || domain->registered < 0)
		return false;
	for (; (dot = strchr(at, '.')); at = dot + 1)
		if (psl_is_public_suffix2(list->psl, dot + 1, PSL_TYPE_ICANN)) {
			*label = (struct text){at, (uint32_t)(dot - at)};
			return true;
		}
	return false;
}
