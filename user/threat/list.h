/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_THREAT_LIST_H
#define WEIR_THREAT_LIST_H

#include "threat/table.h"

/*
 * One threat list: a file, or a folder of files, in any of the forms of format.h. Reading stops at
 * nothing but a file that is not whole: what is no indicator, or one that would do harm, is passed
 * over and counted, and the first few are told with file and line. One thread.
 */
enum threat_level { THREAT_LOW, THREAT_MEDIUM, THREAT_HIGH, THREAT_CRITICAL };

const char *threat_level_name(enum threat_level level);

/* Whether files of a form of that name can be read (format.h). */
bool threat_format_is_known(const char *name);

struct threat_list_options {
	const char *path;
	const char *name;
	const char *format; /* of format.h; "auto": by content */
	const char *column; /* of CSV: its name, or its number from 1 on; NULL: by the heading */
	enum threat_level level;
	weir_time max_age; /* since it was changed, after which it is stale; 0: never */
	bool all;	   /* what MISP does not mark for detection too */
};

struct threat_counts {
	uint64_t entries[INDICATOR_KINDS];
	uint64_t refused[HARM_COUNT];
	uint64_t not_understood; /* lines and values that are no indicator */
	uint64_t of_others;	 /* kinds that weir does not look for, or not marked for it */
	uint64_t again;		 /* stood on the list already */
	uint64_t no_room;	 /* beyond threat.max_indicators */
	uint64_t files;
};

/* A file or a folder's files as they were: two readings are of the same if they are equal. */
struct threat_signature {
	uint64_t hash;
	weir_time changed; /* newest */
};

struct threat_list {
	struct threat_counts counts;
	struct threat_signature signature;
	char error[512]; /* why it could not be read; empty: it could */
};

uint64_t threat_counts_all(const struct threat_counts *counts);

/* 0, or -errno: it is not there. */
int threat_list_look(const char *path, struct threat_signature *signature);

/*
 * Reads the list into the table as its list `number`, up to `max` entries in the table. Faults are
 * logged as warnings. 0; or -errno with list->error said: then the table is good for nothing.
 */
int threat_list_read(const struct threat_list_options *options, uint16_t number,
		     const struct domain_list *domains, size_t max, struct threat_table *table,
		     struct threat_list *list);

#endif
