/* SPDX-License-Identifier: Apache-2.0 */
/* What moves now: kept while somebody looks. */
#include "stages.h"
#include "view/view.h"

json_t *pipeline_top(struct pipeline *p, weir_time now, size_t limit, const char *filter)
{
	if (!p->view) {
		p->view = view_new(now);
		flow_want(p->flows, pipeline_services(p));
	}
	return p->view ? view_json(p->view, now, limit, filter) : NULL;
}

void pipeline_view_tick(struct pipeline *p, weir_time now)
{
	if (!p->view || view_is_watched(p->view, now))
		return;
	view_free(p->view);
	p->view = NULL;
	flow_want(p->flows, pipeline_services(p));
}
