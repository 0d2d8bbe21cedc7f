/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>

#include "stages.h"

/* What outputs and the state have to say of themselves becomes `health` events: when one begins to
 * fail, when it is well again, and what it lost. */

/* A loss that goes on is told once in so long; so long after one weir is degraded. */
#define TOLD_EVERY (60 * WEIR_SEC)

static void say(struct pipeline *p, const char *fact, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct pipeline *p, const char *fact, const char *format, ...)
{
	char message[640];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	pipeline_health(p, time_of_wall(time_now()), fact, message);
}

static uint64_t lost_of(const json_t *status)
{
	return (uint64_t)(json_integer_value(json_object_get(status, "dropped")) +
			  json_integer_value(json_object_get(status, "failed")));
}

/* Beginning and end of a fault. */
static void tell_fault(struct pipeline *p, struct told *told, const char *facts[2],
		       const char *name, const char *error)
{
	if (error && !told->failing)
		say(p, facts[0], "%s: %s", name, error);
	else if (!error && told->failing)
		say(p, facts[1], "%s: well again", name);
	told->failing = error;
}

static void tell_loss(struct pipeline *p, struct told *told, const char *name, uint64_t lost)
{
	weir_time now = time_boot();

	if (lost > told->seen) {
		told->seen = lost;
		told->losing = now;
	}
	if (lost == told->lost || (told->at && now - told->at < TOLD_EVERY))
		return;
	say(p, "output_loss", "%s: %llu records lost in all, %llu since this was last said", name,
	    (unsigned long long)lost, (unsigned long long)(lost - told->lost));
	told->lost = lost;
	told->at = now;
}

static void tell_sink(struct pipeline *p, struct sink *sink, struct told *told)
{
	static const char *facts[] = {"output_failing", "output_recovered"};
	json_t *status = sink->ops->status(sink);
	const char *path = json_string_value(json_object_get(status, "path"));
	const char *error = json_string_value(json_object_get(status, "error"));
	char name[160];

	snprintf(name, sizeof(name), "%s%s%s", sink->ops->name, path ? " " : "", path ? path : "");
	tell_fault(p, told, facts, name, error);
	tell_loss(p, told, name, lost_of(status));
	json_decref(status);
}

static void tell_state(struct pipeline *p)
{
	static const char *facts[] = {"state_failing", "state_recovered"};
	json_t *status = pipeline_state_status(p);

	if (status)
		tell_fault(p, &p->state_told, facts, "state",
			   json_string_value(json_object_get(status, "error")));
	json_decref(status);
}

void pipeline_health_tick(struct pipeline *p)
{
	for (size_t i = 0; i < p->sinks.len; i++) {
		if (i == p->told.len && !vec_add(&p->told))
			break;
		tell_sink(p, p->sinks.at[i], &p->told.at[i]);
	}
	tell_state(p);
}

bool pipeline_losing(const struct pipeline *p)
{
	weir_time now = time_boot();

	vec_each (told, &p->told)
		if (told->losing && now - told->losing < TOLD_EVERY)
			return true;
	return false;
}
