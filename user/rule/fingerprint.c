/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hash.h"
#include "rule/load.h"

/*
 * What a rule is, as a number: two rules of one fingerprint count alike, so the state of one may go
 * on in the other (user/signal/save.c). It is made of what decides (logsource, detection,
 * correlation, weir) and of the rules referred to; words for people change nothing.
 */

/* Fixed: it is compared over restarts. */
#define WORD_A	 UINT64_C(0x9ae16a3b2f90404f)
#define WORD_B	 UINT64_C(0xc3a5c85c97cb3127)
#define DEEP_MAX 64 /* nested deeper, it is one with all that is nested deeper there */

static uint64_t mix(uint64_t sum, const void *bytes, size_t length)
{
	return hash_keyed(bytes, length, sum ^ WORD_A, WORD_B);
}

static uint64_t mix_number(uint64_t sum, uint64_t number)
{
	return mix(sum, &number, sizeof(number));
}

static uint64_t mix_item(uint64_t sum, struct item item, unsigned deep)
{
	if (!item.node || deep > DEEP_MAX)
		return mix_number(sum, 0);
	sum = mix_number(sum, (uint64_t)item.node->type * 2 + item_is_null(item));
	if (item_is_text(item))
		return mix(sum, item_text(item), item_length(item));
	for (size_t i = 0; i < item_len(item); i++) {
		if (item_is_map(item))
			sum = mix_item(sum, item_key(item, i), deep + 1);
		sum = mix_item(sum, item_is_map(item) ? item_value(item, i) : item_at(item, i),
			       deep + 1);
	}
	return mix_number(sum, item_len(item));
}

static bool for_people(struct item key)
{
	return !strcmp(item_text(key), "summary") || !strcmp(item_text(key), "actions");
}

uint64_t draft_fingerprint(const struct draft *draft)
{
	uint64_t sum = mix_number(0, draft->rule.kind);

	sum = mix_item(sum, draft->logsource, 0);
	sum = mix_item(sum, draft->detection, 0);
	sum = mix_item(sum, draft->correlation, 0);
	for (size_t i = 0; item_is_map(draft->weir) && i < item_len(draft->weir); i++) {
		if (for_people(item_key(draft->weir, i)))
			continue;
		sum = mix_item(sum, item_key(draft->weir, i), 0);
		sum = mix_item(sum, item_value(draft->weir, i), 0);
	}
	for (unsigned i = 0; i < draft->refs_len; i++)
		sum = mix_number(sum, draft->refs[i]->rule.fingerprint);
	return sum ? sum : 1; /* 0: of no definition */
}
