/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/login/same.h"

#include "base/hash.h"

#define MEMORY	 (30 * WEIR_SEC) /* sources may be so far apart */
#define USER_MAX 32		 /* characters that wtmp has of a name */

static uint64_t key_of(const struct login *login)
{
	char bytes[17 + USER_MAX] = {0};
	size_t user = login->user_length < USER_MAX ? login->user_length : USER_MAX;
	uint64_t key;

	bytes[0] = login->success;
	if (login->has_source)
		memcpy(bytes + 1, &login->source, 16);
	memcpy(bytes + 17, login->user, user);
	key = hash_bytes(bytes, sizeof(bytes));
	return key ? key : 1;
}

/* One place each: of two that fall together the newer stays, and both may be told twice. */
bool same_is_new(struct same *same, unsigned source, const struct login *login, weir_time now)
{
	uint64_t key = key_of(login);
	struct same_key *known = &same->keys[key % SAME_KEYS];

	source %= SAME_SOURCES;
	if (known->key != key || now - known->newest > MEMORY)
		*known = (struct same_key){.key = key};
	known->newest = now;
	known->seen[source] += login->count;
	if (known->seen[source] <= known->told)
		return false;
	known->told = known->seen[source];
	return true;
}
