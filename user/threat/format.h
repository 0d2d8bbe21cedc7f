/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_THREAT_FORMAT_H
#define WEIR_THREAT_FORMAT_H

#include "capture/reader.h"
#include "threat/list.h"

/* Between list.c, which opens files, and the files that know what is in them. */

/* The file at hand, and where its indicators go. */
struct threat_intake {
	const struct threat_list_options *options;
	const struct domain_list *domains;
	struct threat_table *table;
	struct threat_counts *counts;
	size_t max;
	uint16_t number;
	unsigned told; /* faults of this list so far */
	const char *file;
	uint64_t line; /* at which the reader is; 0: the form has none */
	char why[200]; /* what is wrong with the whole file */
	struct indicator indicator;
};

/* How one form is read. */
struct threat_format {
	const char *name;
	/* By the beginning of the file. */
	bool (*claims)(const char *head, size_t length);
	/* 0; -EINVAL with intake->why: not whole, or something else; -ENOMSG with it: whole, and
	 * nothing is in it that could be a list; -ENOMEM. */
	int (*read)(struct reader *reader, struct threat_intake *intake);
};

/* In the order in which files are offered to them; the last takes any text. */
extern const struct threat_format threat_json, threat_csv, threat_text;

/* One entry: of that kind, or as it looks. False: it is none, which is counted and told. `until`:
 * minutes since the epoch; 0: for ever. -ENOMEM is told at the end, by intake->why. */
bool threat_tell(struct threat_intake *intake, const char *text, size_t length,
		 enum indicator_kind kind, uint32_t until);
/* The same of intake->indicator. */
void threat_tell_read(struct threat_intake *intake, uint32_t until);

/* Something that is no indicator where one should be. */
void threat_fault(struct threat_intake *intake, const char *text, size_t length, const char *what);

/* The next line without its end; false: no more. One that is too long comes empty, and is told. */
struct threat_line {
	const char *at;
	size_t length;
};
bool threat_next_line(struct reader *reader, struct threat_intake *intake,
		      struct threat_line *line);

/* A line without blanks around it. */
struct threat_line threat_trim(struct threat_line line);

/* Nothing, or a remark. */
bool threat_is_remark(const struct threat_line *line);

/* stix.c: all indicators of a pattern. False: it asks for more than any of several. */
bool threat_stix_pattern(struct threat_intake *intake, const char *pattern, uint32_t until);

/* json.c's callers: one object each. */
struct json_t;
void threat_misp_attribute(struct threat_intake *intake, const struct json_t *attribute);
void threat_stix_object(struct threat_intake *intake, const struct json_t *object);

#endif
