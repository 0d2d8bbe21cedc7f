/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/inside.h"

/* One protocol may have a decoder for each transport: they share names and kinds. */
static bool same(const struct decoder *a, const struct decoder *b)
{
	return a == b || !strcmp(a->protocol, b->protocol);
}

static void sum(const struct decode *d, const struct decoder *of, struct decoder_counts *sums)
{
	const struct decoder *const *all = d->options.decoders;

	*sums = (struct decoder_counts){0};
	for (unsigned i = 0; all[i] && i < DECODERS_MAX; i++) {
		if (!same(all[i], of))
			continue;
		sums->talks += d->of[i].talks;
		sums->events += d->of[i].events;
		for (unsigned k = 0; k < MALFORMED_MAX; k++)
			sums->malformed[k] += d->of[i].malformed[k];
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

static json_t *protocols(const struct decode *d)
{
	const struct decoder *const *all = d->options.decoders;
	json_t *list = json_object();
	struct decoder_counts sums;

	for (unsigned i = 0; all[i] && i < DECODERS_MAX; i++) {
		if (json_object_get(list, all[i]->protocol))
			continue;
		sum(d, all[i], &sums);
		json_object_set_new(list, all[i]->protocol,
				    json_pack("{s:I,s:I,s:o}", "conversations",
					      (json_int_t)sums.talks, "events",
					      (json_int_t)sums.events, "malformed",
					      malformed(all[i], &sums)));
	}
	return list;
}

json_t *decode_report(const struct decode *d)
{
	const struct decode_counts *c = &d->counts;

	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o}", "payloads",
			 (json_int_t)c->payloads, "conversations", (json_int_t)c->talks,
			 "remembered", (json_int_t)d->talks.count, "evicted",
			 (json_int_t)c->evicted, "unidentified", (json_int_t)c->unidentified,
			 "early", (json_int_t)c->early, "gaps", (json_int_t)c->gaps, "overlong",
			 (json_int_t)c->overlong, "no_room_to_hold", (json_int_t)c->held_full,
			 "no_memory", (json_int_t)c->no_memory, "protocols", protocols(d));
}
