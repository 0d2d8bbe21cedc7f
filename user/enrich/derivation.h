/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ENRICH_DERIVATION_H
#define WEIR_ENRICH_DERIVATION_H

#include "enrich/derive.h"
#include "enrich/domain.h"
#include "threat/threat.h"

/* Between derive.c, which knows the order, and the files that make the fields. */

#define CHANNEL_TEXT_MAX 256

struct derive {
	struct domain_list *domains;
	struct names *names;
	struct learn *learn;
	struct geo *geo;
	const struct threat *threat;	 /* its owner's; NULL: there are no lists */
	const struct network_set *local; /* this host's addresses; NULL: not known */
	/* bits of the table of derivations, by service */
	uint32_t runs[SERVICE_COUNT], observes[SERVICE_COUNT];
	/* of the event at hand */
	struct domain destination; /* destination.domain; length 0: none */
	char destination_text[DOMAIN_MAX + 1], question_text[DOMAIN_MAX + 1];
	char channel_text[CHANNEL_TEXT_MAX], community_text[COMMUNITY_ID_MAX];
	char threat_text[INDICATOR_TEXT_MAX + 1];
};

/* url.c */
void derive_url(struct derive *derive, struct event *event);
void derive_file(struct derive *derive, struct event *event);
void derive_process(struct derive *derive, struct event *event);

/* dns.c */
void derive_question(struct derive *derive, struct event *event);
void derive_answers(struct derive *derive, struct event *event);

/* destination.c */
void derive_destination(struct derive *derive, struct event *event);
void observe_names(struct derive *derive, const struct event *event);

/* channel.c */
void derive_channel(struct derive *derive, struct event *event);

/* threat.c */
void derive_threat(struct derive *derive, struct event *event);

#define derive_text(event, id, member, from, size)                                                 \
	event_set(event, id, member, ((struct text){(from), (uint32_t)(size)}))

#endif
