/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CAPTURE_LOGIN_SAME_H
#define WEIR_CAPTURE_LOGIN_SAME_H

#include "capture/login/login.h"

/*
 * One log-in may stand in the journal, in auth.log and in wtmp. Of each user, address and outcome
 * is counted how often each source has told it lately; what another has told as often is not told
 * again. So five failures that two sources have are five. Zeroed: nothing was told. One thread.
 */
#define SAME_SOURCES 8
#define SAME_KEYS    1024 /* at once; a power of two */

struct same {
	struct same_key {
		uint64_t key; /* 0: free */
		weir_time newest;
		uint32_t seen[SAME_SOURCES], told;
	} keys[SAME_KEYS];
};

/* Whether it is new, coming from source number `source` at `now`. */
bool same_is_new(struct same *same, unsigned source, const struct login *login, weir_time now);

#endif
