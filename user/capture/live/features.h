/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_LIVE_FEATURES_H
#define WEIR_LIVE_FEATURES_H

#include <stdbool.h>

/* What a kernel may have or lack: weir runs either way, and says which. */
enum feature {
	FEATURE_TCX,
	FEATURE_BATCH,
	FEATURE_XDP_LOAD_BYTES,
	FEATURE_CGROUP_ID,
	FEATURE_RING_BUFFER,
	FEATURE_BTF,
	FEATURE_OWNERS,
	FEATURES
};

struct feature_words {
	const char *key;  /* in JSON */
	const char *name; /* for people */
	const char *with, *without;
};

extern const struct feature_words feature_words[FEATURES];

struct features {
	bool has[FEATURES];
	bool refused; /* who asks may not: what it has not got may be there */
};

/* Asks this kernel, by trying. What is not allowed is taken for not there. Any thread. */
void features_probe(struct features *features);

#endif
