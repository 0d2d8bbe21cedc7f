/* SPDX-License-Identifier: Apache-2.0 */
/* What a DNS name is made of. */
#include <strings.h>

#include "enrich/derivation.h"
#include "enrich/letters.h"

/* Labels of services (RFC 8552): what stands before them is theirs, not data. */
static const char *const before_service[] = {"_domainkey", "_acme-challenge", "_msdcs", "domains"};

static bool label_is(const struct text *label, const char *name)
{
	return label->length == strlen(name) && !strncasecmp(label->at, name, label->length);
}

/* The label that begins at `at`; an empty one at the end. A dot behind a backslash is within it. */
static struct text label_at(const struct text *name, unsigned at)
{
	const char *from = name->at + at, *end = name->at + name->length, *dot = from;

	while ((dot = memchr(dot, '.', (size_t)(end - dot))) && dot > from && dot[-1] == '\\') {
		const char *slash = dot - 1;

		while (slash > from && slash[-1] == '\\')
			slash--;
		if ((dot - slash) % 2 == 0)
			break; /* backslashes of their own */
		dot++;
	}
	return (struct text){from, (uint32_t)((dot ? dot : end) - from)};
}

#define LABEL_MAX 256

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The bytes of a label that is written as in master files (RFC 1035, 5.1), in `bytes`; the label
 * itself where nothing of it is escaped. */
static struct text bytes_of_label(const struct text *label, char bytes[LABEL_MAX])
{
	uint32_t used = 0;

	if (label->length > 4 * LABEL_MAX || !memchr(label->at, '\\', label->length))
		return *label;
	for (uint32_t i = 0; i < label->length && used < LABEL_MAX; i++) {
		const char *c = label->at + i;
		uint32_t left = label->length - i;

		if (*c == '\\' && left > 3 && is_digit(c[1]) && is_digit(c[2]) && is_digit(c[3])) {
			bytes[used++] = (char)((c[1] - '0') * 100 + (c[2] - '0') * 10 + c[3] - '0');
			i += 3;
		} else if (*c == '\\' && left > 1) {
			bytes[used++] = c[1];
			i++;
		} else {
			bytes[used++] = *c;
		}
	}
	return (struct text){bytes, used};
}

/* DKIM selectors, ACME challenges, the GUIDs of Active Directory; SRV names begin with '_'. */
static bool of_service(const struct text *name, unsigned at, const struct text *label)
{
	unsigned next = at + label->length + 1;
	struct text after;

	if (label->at[0] == '_')
		return true;
	if (next >= name->length)
		return false;
	after = label_at(name, next);
	for (size_t i = 0; i < sizeof(before_service) / sizeof(before_service[0]); i++)
		if (label_is(&after, before_service[i]))
			return true;
	return false;
}

/* Of several the longest: it carries most of the data, a session's number stands beside it. */
static struct text encoded_of(const struct text *name)
{
	struct text longest = {0};
	char buffer[LABEL_MAX];

	for (unsigned at = 0; at < name->length;) {
		struct text label = label_at(name, at), bytes = bytes_of_label(&label, buffer);

		if (label.length > longest.length && !of_service(name, at, &label) &&
		    (letters_encoded(bytes.at, bytes.length) ||
		     letters_raw(bytes.at, bytes.length)))
			longest = label;
		at += label.length + 1;
	}
	return longest;
}

static void set_label(struct event *e, const struct text *name)
{
	struct text label = label_at(name, 0), bytes;
	char buffer[LABEL_MAX];

	if (!event_has(e, FIELD_DNS_LABEL))
		event_set(e, DNS_LABEL, dns_label, label);
	bytes = bytes_of_label(&e->dns_label, buffer);
	if (!event_has(e, FIELD_DNS_LABEL_LENGTH))
		event_set(e, DNS_LABEL_LENGTH, dns_label_length, bytes.length);
	if (!event_has(e, FIELD_DNS_LABEL_ENTROPY))
		event_set(e, DNS_LABEL_ENTROPY, dns_label_entropy,
			  letters_entropy(bytes.at, bytes.length));
}

static void set_encoded(struct event *e, const struct text *name)
{
	struct text encoded = encoded_of(name);

	if (encoded.length && !event_has(e, FIELD_DNS_ENCODED))
		event_set(e, DNS_ENCODED, dns_encoded, encoded);
}

/*
 * Where its registered domain begins; -1: it has none. What is no name of a host may carry data all
 * the same: labels that no host has, and what is too long for one when it is written out, are
 * passed from the left.
 */
static int registered_at(struct derive *derive, const struct text *name, struct domain *domain)
{
	for (unsigned at = 0; at < name->length;) {
		struct text rest = {name->at + at, name->length - at};

		if (domain_read(derive->domains, &rest, derive->question_text, domain))
			return domain->registered < 0 ? -1 : (int)at + domain->registered;
		at += label_at(name, at).length + 1;
	}
	return -1;
}

void derive_question(struct derive *derive, struct event *e)
{
	struct text name = e->dns_question_name, before;
	struct domain domain;
	int registered;

	if (!event_has(e, FIELD_DNS_QUESTION_NAME) || !name.length)
		return;
	if (name.at[name.length - 1] == '.')
		name.length--;
	registered = registered_at(derive, &name, &domain);
	before = name;
	if (registered >= 0) {
		before.length = registered ? (uint32_t)registered - 1 : 0;
		if (!event_has(e, FIELD_DNS_REGISTERED_DOMAIN))
			event_set(e, DNS_REGISTERED_DOMAIN, dns_registered_domain,
				  domain_registered(&domain));
		if (before.length && !event_has(e, FIELD_DNS_SUBDOMAIN))
			event_set(e, DNS_SUBDOMAIN, dns_subdomain, before);
	}
	set_label(e, &name);
	set_encoded(e, &before);
}

/* An address is its 4 or 16 bytes, everything else its text. */
void derive_answers(struct derive *derive, struct event *e)
{
	struct text answer;
	uint64_t bytes = 0;

	(void)derive;
	if (!event_has(e, FIELD_DNS_ANSWERS) || event_has(e, FIELD_DNS_ANSWERS_BYTES))
		return;
	for (uint32_t at = 0; texts_next(&e->dns_answers, &at, &answer);) {
		struct addr address;

		if (addr_parse(answer.at, answer.length, &address))
			bytes += answer.length;
		else
			bytes += addr_is_v4(&address) ? 4 : 16;
	}
	event_set(e, DNS_ANSWERS_BYTES, dns_answers_bytes, bytes);
}
