/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "stages.h"
#include "state/memory.h"

/* Rules, roles and home networks anew, while everything goes on: what the stages know is written
 * to memory, and read by fresh ones over the new rules. */

struct reload {
	struct pipeline_roles roles;
	struct ruleset *rules;
	struct recorded *recorded;
	struct pipeline_engine engine;
	struct state_memory memory;
};

static void reload_free(struct reload *reload)
{
	pipeline_roles_free(&reload->roles);
	pipeline_engine_free(&reload->engine);
	recorded_free(reload->recorded);
	ruleset_free(reload->rules);
	state_memory_free(&reload->memory);
}

static int engine_make(struct pipeline *p, const struct config *config, struct reload *reload,
		       struct faults *faults)
{
	struct error error = {0};
	int err = pipeline_engine_make(p, config, reload->rules, &reload->engine, &error);

	if (err)
		fault_add(faults, (struct place){0}, true, "%s", error.text);
	return err;
}

/* What is known is written under the roles that it is known by. */
static int prepare(struct pipeline *p, const struct config *config, struct reload *reload,
		   struct faults *faults)
{
	struct rule_options options = config_rule_options(config);
	int err = pipeline_roles_read(config, &reload->roles);

	err = err ? err : pipeline_state_write(p, &reload->memory);
	if (err)
		return err;
	pipeline_roles_set(&reload->roles);
	err = ruleset_load(&reload->rules, &options, faults);
	err = err ? err : engine_make(p, config, reload, faults);
	if (!err) {
		reload->recorded = recorded_new(reload->rules);
		err = reload->recorded ? 0 : -ENOMEM;
	}
	if (err)
		pipeline_roles_set(&p->who);
	return err;
}

static int go_on(struct pipeline *p, const struct config *config, struct reload *reload,
		 struct faults *faults, struct state_loaded *loaded)
{
	int err = pipeline_state_read(&reload->engine, reload->rules, reload->memory.bytes,
				      reload->memory.length, loaded);

	if (!err)
		return 0;
	log_warn("the rules start anew: what they knew could not be handed over: %s",
		 err == -ENOMEM ? "not enough memory" : "a fault of weir's own");
	*loaded = (struct state_loaded){0};
	pipeline_engine_free(&reload->engine);
	return engine_make(p, config, reload, faults);
}

/* They are read on a thread of their own: those from before are used until they are. */
static int lists_again(struct pipeline *p, const struct config *config)
{
	struct threat_options options = config_threat_options(config);

	return p->threat ? threat_again(p->threat, &options) : 0;
}

int pipeline_reload(struct pipeline *p, struct config *config, struct faults *faults,
		    struct state_loaded *loaded)
{
	struct reload reload = {0};
	int err = prepare(p, config, &reload, faults);

	err = err ? err : go_on(p, config, &reload, faults, loaded);
	err = err ? err : lists_again(p, config);
	if (err) {
		pipeline_roles_set(&p->who);
		reload_free(&reload);
		return err;
	}
	pipeline_engine_take(p, &reload.engine);
	recorded_free(p->recorded); /* live there are none that wait */
	p->recorded = reload.recorded;
	ruleset_free(p->rules);
	p->rules = reload.rules;
	pipeline_roles_free(&p->who);
	p->who = reload.roles;
	pipeline_roles_use(p, config);
	config_free(p->reloaded);
	p->reloaded = config;
	flow_want(p->flows, pipeline_services(p));
	state_memory_free(&reload.memory);
	return 0;
}
