/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CAPTURE_KINDS_H
#define WEIR_CAPTURE_KINDS_H

#include "capture/source.h"

/* The kinds of file, one a file of this folder; source.c lists them. */
extern const struct source_kind pcap_kind;
extern const struct source_kind pcapng_kind;
extern const struct source_kind json_kind; /* log/ */
extern const struct source_kind zeek_kind; /* log/ */
extern const struct source_kind auth_kind; /* log/ */

/* How far back records may go (docs/rules.md, Order and time). */
#define CAPTURE_LATENESS WEIR_SEC
#define LOG_LATENESS	 (5 * WEIR_MIN)

#endif
