/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/inside.h"

static json_t *malformed(const struct decoder *decoder, const struct decoder_counts *counts)
{
	json_t *kinds = json_object();

	for (unsigned i = 0; decoder->malformed && decoder->malformed[i] && i < MALFORMED_MAX; i++)
		if (counts->malformed[i])
			json_object_set_new(kinds, decoder->malformed[i],
					    json_integer((json_int_t)counts->malformed[i]));
	return kinds;
}

json_t *decode_report(const struct decode *d)
{
	const struct decoder *const *all = d->options.decoders;
	const struct decode_counts *c = &d->counts;
	json_t *protocols = json_object();

	for (unsigned i = 0; all[i] && i < DECODERS_MAX; i++)
		json_object_set_new(protocols, all[i]->protocol,
				    json_pack("{s:I,s:I,s:o}", "conversations",
					      (json_int_t)d->of[i].talks, "events",
					      (json_int_t)d->of[i].events, "malformed",
					      malformed(all[i], &d->of[i])));
	return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o}", "payloads",
			 (json_int_t)c->payloads, "conversations", (json_int_t)c->talks,
			 "remembered", (json_int_t)d->talks.count, "evicted",
			 (json_int_t)c->evicted, "unidentified", (json_int_t)c->unidentified,
			 "early", (json_int_t)c->early, "gaps", (json_int_t)c->gaps, "overlong",
			 (json_int_t)c->overlong, "no_room_to_hold", (json_int_t)c->held_full,
			 "no_memory", (json_int_t)c->no_memory, "protocols", protocols);
}
