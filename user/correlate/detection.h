/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CORRELATE_DETECTION_H
#define WEIR_CORRELATE_DETECTION_H

#include "signal/signal.h"

#define DETECTION_SIGNALS_MAX 32
#define DETECTION_SAMPLES_MAX 32

enum detection_change {
	DETECTION_RAISED, /* new */
	/* More evidence. What brings no new signal is told at most once in LIFE_TELL of event time.
	 */
	DETECTION_UPDATED,
	DETECTION_CLOSED, /* its rule has not held for `suppress` */
};

/* Borrowed: alive during the call that hands it over. The evidence are copies whose pointers live
 * as long as the detection. */
struct detection {
	const struct rule *rule;
	char id[UUID_TEXT_MAX];
	enum detection_change change;
	bool worse; /* severity rose with this update */
	/* Once in its life: as soon as it is critical, else LIFE_TELL after it was raised, so that
	 * what follows at once (how severe it is, on whom) stands in the one line that people get.
	 */
	bool announce;
	const enum field *key_fields; /* names of an alias: key_names */
	const char *const *key_names;
	const struct value *keys;
	unsigned keys_len;
	enum severity severity;
	double confidence, coverage;
	weir_time first, last; /* of the evidence's event time */
	weir_time emitted;
	uint64_t count;			     /* times its rule held */
	const struct signal *const *signals; /* by time */
	unsigned signals_len;
	const struct value *common; /* values that the evidence shares (weir.common) */
	unsigned common_len;
	/* The chance that one of what the evidence shares, or of what common() counts, is not
	 * shared: sets keep fingerprints of what is beyond their bound. 0: all is known whole. */
	double common_wrong;
	const char *message; /* one sentence */
	const char *why;     /* why it fired, in words, lines */
};

#endif
