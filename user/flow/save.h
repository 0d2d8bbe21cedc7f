/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_FLOW_SAVE_H
#define WEIR_FLOW_SAVE_H

#include "flow/flow.h"
#include "state/reader.h"

/*
 * The flow stage as it stands, for the process that goes on in this one's place: open flows with
 * what was told of them, so that each has one `attempt`, one `connection` and one last `flow`
 * event whoever tells them. Engine thread only.
 */

/* What a source keeps of a flow (struct flow.source), behind it in the same section. */
struct flow_keeper {
	void (*save)(void *context, struct state_writer *writer, const struct flow *flow);
	/* The flow stands in the table. False: it cannot be, or there is no memory. */
	bool (*load)(void *context, struct state_reader *reader, struct flow *flow);
	/* A protocol's name that lives for ever, or NULL. */
	const char *(*protocol)(const char *name, size_t length);
	void *context;
};

/* One section. Changes nothing. */
void flow_save(const struct flow_table *table, struct state_writer *writer,
	       const struct flow_keeper *keeper);

/* Into a table that has seen nothing; flow_ops.ready is what it was too. 0, or -EBADMSG if it
 * cannot be what flow_save() wrote, or -ENOMEM: then the table is good for flow_table_free() once
 * its source has let its flows go. */
int flow_load(struct flow_table *table, const struct state_image *image,
	      const struct flow_keeper *keeper);

#endif
