/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CAPTURE_TALLY_H
#define WEIR_CAPTURE_TALLY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* What a file held and what of it could not be used: X(name, key in the report). */
#define CAPTURE_SKIPS(X)                                                                           \
	X(TRUNCATED, "truncated")	      /* ends within a record */                           \
	X(CORRUPT, "corrupt")		      /* an impossible length: the rest is not read */     \
	X(UNREADABLE, "unreadable")	      /* the system failed to read on */                   \
	X(TIME, "time_out_of_range")	      /* packets */                                        \
	X(LINK_TYPE, "link_type_unsupported") /* packets */                                        \
	X(INTERFACE, "interface_unknown")     /* packets */                                        \
	X(BLOCK, "blocks_of_other_kinds")     /* nothing is lost */                                \
	X(LINE, "bad_lines")                                                                       \
	X(KIND,                                                                                    \
	  "records_of_other_kinds") /* what weir has no events for; signals and detections */      \
	X(FIELD, "unknown_fields")  /* left out of rows that are told */                           \
	X(VALUE, "bad_values")	    /* likewise */

enum capture_skip {
#define X(name, key) SKIP_##name,
	CAPTURE_SKIPS(X)
#undef X
		SKIP_COUNT,
};

struct tally {
	uint64_t records; /* handed over */
	uint64_t skipped[SKIP_COUNT];
};

/* Counts; the first of a kind in a file is told through log_warn() as "name: …". */
void tally_skip(struct tally *tally, const char *name, enum capture_skip skip, const char *format,
		...) __attribute__((format(printf, 4, 5)));

/* {"type", "records", "skipped": {…}}: a new reference. */
json_t *tally_report(const struct tally *tally, const char *type);

#endif
