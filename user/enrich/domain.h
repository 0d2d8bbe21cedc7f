/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ENRICH_DOMAIN_H
#define WEIR_ENRICH_DOMAIN_H

#include "event/event.h"

/*
 * Names of hosts, and where their registered domain begins: by the public suffix list of the
 * system or of libpsl, whichever is newer. A list remembers what it said: one thread's at a time.
 */
#define DOMAIN_MAX 253

struct domain {
	const char *text; /* in small letters, without the root's dot; ended by a zero */
	unsigned length;
	int registered; /* where it begins; -1: there is none */
};

struct domain_list;

/* NULL without memory. */
struct domain_list *domain_list_open(void);
void domain_list_close(struct domain_list *list);

/* The name in `buffer`, which must live as long as the domain. False if it is none: empty, too
 * long, an address, or with an empty label. */
bool domain_read(const struct domain_list *list, const struct text *name,
		 char buffer[DOMAIN_MAX + 1], struct domain *domain);

/* The label that its owner chose (`example` of www.example.co.uk), by suffixes of registries alone:
 * a hoster's customers do not choose theirs. False: there is none. */
bool domain_chosen(const struct domain_list *list, const struct domain *domain, struct text *label);

static inline struct text domain_text(const struct domain *domain)
{
	return (struct text){domain->text, domain->length};
}

static inline struct text domain_registered(const struct domain *domain)
{
	return (struct text){domain->text + domain->registered,
			     domain->length - (unsigned)domain->registered};
}

#endif
