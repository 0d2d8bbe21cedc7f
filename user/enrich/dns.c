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

/* The label that begins at `at`; an empty one at the end. */
static struct text label_at(const struct text *name, unsigned at)
{
	const char *from = name->at + at;
	const char *dot = memchr(from, '.', name->length - at);

	return (struct text){from, dot ? (uint32_t)(dot - from) : name->length - at};
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

	for (unsigned at = 0; at < name->length;) {
		struct text label = label_at(name, at);

		if (label.length > longest.length && !of_service(name, at, &label) &&
		    letters_encoded(label.at, label.length))
			longest = label;
		at += label.length + 1;
	}
	return longest;
}

static void set_label(struct event *e, const struct text *name)
{
	struct text label = label_at(name, 0);

	if (!event_has(e, FIELD_DNS_LABEL))
		event_set(e, DNS_LABEL, dns_label, label);
	if (!event_has(e, FIELD_DNS_LABEL_LENGTH))
		event_set(e, DNS_LABEL_LENGTH, dns_label_length, e->dns_label.length);
	if (!event_has(e, FIELD_DNS_LABEL_ENTROPY))
		event_set(e, DNS_LABEL_ENTROPY, dns_label_entropy,
			  letters_entropy(e->dns_label.at, e->dns_label.length));
}

static void set_encoded(struct event *e, const struct text *name)
{
	struct text encoded = encoded_of(name);

	if (encoded.length && !event_has(e, FIELD_DNS_ENCODED))
		event_set(e, DNS_ENCODED, dns_encoded, encoded);
}

void derive_question(struct derive *derive, struct event *e)
{
	struct text name = e->dns_question_name, before;
	struct domain domain;

	if (!event_has(e, FIELD_DNS_QUESTION_NAME) || !name.length)
		return;
	if (name.at[name.length - 1] == '.')
		name.length--;
	/* What is no name of a host may carry data all the same. */
	if (!domain_read(derive->domains, &name, derive->question_text, &domain))
		domain.registered = -1;
	before = name;
	if (domain.registered >= 0) {
		before.length = domain.registered ? (uint32_t)domain.registered - 1 : 0;
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
