/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_ENRICH_DERIVE_H
#define WEIR_ENRICH_DERIVE_H

#include "base/error.h"
#include "enrich/geo.h"
#include "enrich/learn.h"
#include "enrich/names.h"

struct threat;

/*
 * Fields that follow from others and from what was seen before (docs/enrichment.md says how each
 * is made): names, first seen, where addresses are, parts of URLs and DNS names, reasons to wonder
 * about a connection, what is on a threat list. A field that an input gives is never changed. Only
 * those that somebody wants are made, and only the stores that they need are kept. Engine thread
 * only.
 */
struct derive_options {
	/* By service, the fields that rules or outputs read; read while it is opened. */
	const struct field_set *wanted; /* SERVICE_COUNT of them */
	struct learn_options learn;
	size_t max_names;
	struct geo_options geo;
	const struct threat *threat; /* threat lists, which outlive it; NULL: none */
};

struct derive;

/* 0; or -errno with `error` said: a database that cannot be used is one even where nobody reads
 * what it has. */
int derive_open(struct derive **derive, const struct derive_options *options, struct error *error);
void derive_close(struct derive *derive);

/* Which addresses are this host's own, from the next event on; NULL: not known. Borrowed. */
void derive_local(struct derive *derive, const struct network_set *local);

/* Bit a service whose events teach it something, whether rules read them or not. */
uint32_t derive_services(const struct derive *derive);

/* Adds what is wanted of the event's service, then learns from it. Scopes must be there. The texts
 * it adds are good until the next event. */
void derive_event(struct derive *derive, struct event *event);

/* How many sections derive_save() writes at most. */
#define DERIVE_SECTIONS 2

struct state_writer;
struct state_image;

/* What it has learned, for derive_load() of another, which must have seen nothing. Stores that
 * nobody wants are left out, at either end. 0; -EBADMSG if it cannot be what derive_save() wrote,
 * or -ENOMEM: then it is good for derive_close() only. */
void derive_save(const struct derive *derive, struct state_writer *writer);
int derive_load(struct derive *derive, const struct state_image *image);

/* The stores, for statistics; NULL: nobody wants what is in them. */
struct learn *derive_learn(struct derive *derive);
struct names *derive_names(struct derive *derive);

#endif
