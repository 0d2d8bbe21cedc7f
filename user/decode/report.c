/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/inside.h"

/* One protocol may have a decoder for each transport: they share names and kinds. */
static bool same(const struct decoder *a, const struct decoder *b)
{
	return a == b || !strcmp(a->protocol, b->protocol);
}

static void sum(const struct decode_totals *t, const struct decoder *const *all,
		const struct decoder *of, struct decoder_counts *sums)
{
	*sums = (struct decoder_counts){0};
	for (unsigned i = 0; all[i] && i < DECODERS_MAX; i++) {
		if (!same(all[i], of))
			continue;
		sums->talks += t->of[i].talks;
		sums->events += t->of[i].events;
		for (unsigned k = 0; k < MALFORMED_MAX; k++)
			sums->malformed[k] += t->of[i].malformed[k];
	}
}

static json_t *malformed(const struct decoder *decoder, const struct decoder_counts *counts)
{
	json_t *kinds = json_object();

	for (unsigned i = 0; decoder->malformed && decoder->malformed[i] && i < MALFORMED_MAX; i++)
		if (counts->malformed[i])
			json_object_set_new(kinds, decoder->malformed[i],
					    json_integer((json_int_t)counts->malformed[i]));
	return kinds;
}

static json_t *protocols(const struct decode_totals *t, const struct decoder *const *all)
{
	json_t *list = json_object();
	struct decoder_counts sums;

	for (unsigned i = 0; all[i] && i < DECODERS_MAX; i++) {
		if (json_object_get(list, all[i]->protocol))
			continue;
		sum(t, all, all[i], &sums);
		json_object_set_new(list, all[i]->protocol,
				    json_pack("{s:I,s:I,s:o}", "conversations",
					      (json_int_t)sums.talks, "events",
					      (json_int_t)sums.events, "malformed",
					      malformed(all[i], &sums)));
	}
	return list;
}

void decode_totals(const struct decode *d, struct decode_totals *totals)
{
	totals->counts = d->counts;
	totals->remembered = d->talks.count;
	memcpy(totals->of, d->of, sizeof(totals->of));
}

/* Nothing but numbers of one width, one behind the other. */
_Static_assert(sizeof(struct decode_totals) ==
		       sizeof(struct decode_counts) + sizeof(uint64_t) +
			       DECODERS_MAX * (2 + MALFORMED_MAX) * sizeof(uint64_t),
	       "added up as words");

void decode_totals_add(struct decode_totals *sum, const struct decode_totals *more)
{
	const uint64_t *from = (const uint64_t *)more;
	uint64_t *to = (uint64_t *)sum, remembered = sum->remembered;

	for (size_t i = 0; i < sizeof(*sum) / sizeof(uint64_t); i++)
		to[i] += from[i];
	sum->remembered = remembered;
}

json_t *decode_totals_report(const struct decode_totals *t, const struct decoder *const *all)
{
	const struct decode_counts *c = &t->counts;

	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o}", "payloads",
			 (json_int_t)c->payloads, "conversations", (json_int_t)c->talks,
			 "remembered", (json_int_t)t->remembered, "evicted", (json_int_t)c->evicted,
			 "aged", (json_int_t)c->aged, "resumed", (json_int_t)c->resumed,
			 "unidentified", (json_int_t)c->unidentified, "early", (json_int_t)c->early,
			 "gaps", (json_int_t)c->gaps, "overlong", (json_int_t)c->overlong,
			 "no_room_to_hold", (json_int_t)c->held_full, "no_memory",
			 (json_int_t)c->no_memory, "protocols", protocols(t, all));
}

json_t *decode_report(const struct decode *d)
{
	struct decode_totals totals;

	decode_totals(d, &totals);
	return decode_totals_report(&totals, d->options.decoders);
}
