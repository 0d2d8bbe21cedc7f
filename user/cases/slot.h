/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CASES_SLOT_H
#define WEIR_CASES_SLOT_H

#include "cases/cases.h"

/* A case's value → a field's slot. Between events.c and slot.c; nobody else includes it. */

/* Says a fault at `at`; always -EINVAL. */
int case_fault(struct case_events *events, struct item at, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The field that a key names; FIELD_NONE with a fault. */
enum field case_field(struct case_events *events, struct item key);

/* A number, with a minus before it perhaps; durations are ns. 0, or -EINVAL with a fault. */
int case_number(struct case_events *events, struct item item, double *number);
/* Seconds, or a duration: ns. */
int case_time(struct case_events *events, struct item item, weir_time *time);

/* Sets a field to a value (a list for fields that are one). `{…}` in texts is made anew for every
 * event: its number is `n`. 0, or -EINVAL with a fault. */
int slot_set(struct case_events *events, struct event *e, enum field f, struct item value,
	     uint64_t n);

/* Adds a step to a number, or to an address as to a number. */
int slot_step(struct case_events *events, struct event *e, enum field f, struct item at,
	      int64_t step);

/* Below `n`, from the case's own generator. */
uint64_t case_random(struct case_events *events, uint64_t n);

#endif
