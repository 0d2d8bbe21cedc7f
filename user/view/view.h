/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_VIEW_VIEW_H
#define WEIR_VIEW_VIEW_H

#include <jansson.h>

#include "event/event.h"

/*
 * What moves now, for somebody who looks (`weir top`): the connections that the flow stage tells
 * of each second, with what enrichment says of them. It is there only while somebody looks: it
 * begins with nothing, and knows of a connection from its next packet on. Bounded: VIEW_FLOWS
 * connections, of which those that moved last stay, and of those that moved in one second the ones
 * that moved more; what was left out is counted. Engine thread only.
 */
#define VIEW_FLOWS    4096
#define VIEW_HISTORY  120	      /* seconds */
#define VIEW_PATIENCE (10 * WEIR_SEC) /* so long after the last look it is kept */

struct view;

struct view *view_new(weir_time now); /* CLOCK_BOOTTIME; NULL without memory */
void view_free(struct view *view);

/* An event in the order of events, enriched; of `flow`, `attempt` and `connection` something is
 * kept, of others nothing. */
void view_event(struct view *view, const struct event *event);

/* Nothing older than this comes any more: seconds before it are over. */
void view_advance(struct view *view, weir_time watermark);

/* Whether somebody has looked within VIEW_PATIENCE. */
bool view_is_watched(const struct view *view, weir_time now);

/*
 * What there is to see, a new reference (NULL without memory):
 *   at           the second that is shown, RFC 3339; missing: none is over yet
 *   rates        of that second: bytes.sent, bytes.received (by the local side; of what has none,
 *                by the initiator), packets, attempts, connections, flows (that moved)
 *   history      bytes of the seconds before it, oldest first, at most VIEW_HISTORY
 *   flows        the busiest `limit` of those that have `filter` (without case) in one of their
 *                texts: ECS objects, with source.bytes and so on of that second, flow.total.* so
 *                far, flow.idle (s), and flow.ended of those that ended
 *   flows_shown, flows_matching, flows_known, flows_left_out
 *   processes    the busiest `limit` by the same flows: process.*, container.*, orchestrator.*,
 *                flows, source.bytes, destination.bytes of that second
 * `limit` 0: all; `filter` "": all.
 */
json_t *view_json(struct view *view, weir_time now, size_t limit, const char *filter);

#endif
