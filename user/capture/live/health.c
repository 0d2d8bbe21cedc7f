/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "capture/live/inside.h"

/* What the live source says of itself: facts for `health` events. */

void health_say(struct live *live, const char *fact, const char *format, ...)
{
	struct health *health = &live->health;
	struct health_fact *next;
	va_list args;

	if (health->count == HEALTH_WAITING_MAX) {
		health->dropped++;
		return;
	}
	next = &health->waiting[(health->first + health->count) % HEALTH_WAITING_MAX];
	next->fact = fact;
	va_start(args, format);
	vsnprintf(next->message, sizeof(next->message), format, args);
	va_end(args);
	health->count++;
}

bool live_health(struct live *live, const char **fact, const char **message)
{
	struct health *health = &live->health;
	struct health_fact *next = &health->waiting[health->first];

	if (!health->count)
		return false;
	health->first = (health->first + 1) % HEALTH_WAITING_MAX;
	health->count--;
	*fact = next->fact;
	*message = next->message;
	return true;
}

/* ---- losses ---- */

/* One that goes on is told once in so long, with what came together meanwhile. */
#define TOLD_EVERY (60 * WEIR_SEC)

static const char *const loss_words[LOSS_COUNT] = {
#define X(name, words) [LOSS_##name] = words,
	WEIR_LOSSES(X)
#undef X
};

/* What a reader should hear of: not what is no loss, nor what every network carries some of. */
static bool worth_telling(enum loss reason)
{
	switch (reason) {
	case LOSS_TABLE_FULL:
	case LOSS_HALF_OPEN_FULL:
	case LOSS_RING_FULL:
	case LOSS_NONLINEAR:
	case LOSS_NO_ATTACHMENT:
	case LOSS_PAYLOAD_RING:
		return true;
	case LOSS_NOT_IP:
	case LOSS_TRUNCATED_LINK:
	case LOSS_TRUNCATED_IP:
	case LOSS_TRUNCATED_TRANSPORT:
	case LOSS_BAD_IP_VERSION:
	case LOSS_BAD_IP_HEADER:
	case LOSS_BAD_TRANSPORT_HEADER:
	case LOSS_TOO_MANY_TAGS:
	case LOSS_TOO_MANY_EXTENSIONS:
	case LOSS_FRAGMENT_EARLY:
	case LOSS_DUPLICATE:
	case LOSS_BUDGET:
	case LOSS_RACE:
	case LOSS_PAYLOAD_BUDGET:
	case LOSS_PAYLOAD_FRAGMENT:
	case LOSS_PAYLOAD_UNREADABLE:
	case LOSS_COUNT:
		break;
	}
	return false;
}

/* Without more for so long it is over. */
#define OVER_AFTER (5 * WEIR_SEC)

static void tell_over(struct live *live, enum loss reason)
{
	struct health *health = &live->health;
	weir_time now = live->clock.newest.boot;

	if (live->losses[reason] != health->newest[reason]) {
		health->newest[reason] = live->losses[reason];
		health->grew[reason] = now;
		return;
	}
	if (!health->grew[reason] || now - health->grew[reason] < OVER_AFTER)
		return;
	health->grew[reason] = 0;
	health->told[reason] = 0; /* what comes next is told at once */
	health->losses[reason] = live->losses[reason];
	health_say(live, reason == LOSS_TABLE_FULL ? "table_full_over" : "loss_over",
		   "%s: over, none for %d seconds; %llu in all", loss_words[reason],
		   (int)(OVER_AFTER / WEIR_SEC), (unsigned long long)live->losses[reason]);
}

void health_losses(struct live *live)
{
	struct health *health = &live->health;
	unsigned i;

	for (i = 0; i < LOSS_COUNT; i++) {
		uint64_t more = live->losses[i] - health->losses[i];
		const char *fact = i == LOSS_TABLE_FULL ? "table_full" : "loss";

		if (worth_telling(i))
			tell_over(live, i);
		if (!more || !worth_telling(i) ||
		    (health->told[i] && live->clock.newest.boot - health->told[i] < TOLD_EVERY))
			continue;
		health->losses[i] = live->losses[i];
		health->told[i] = live->clock.newest.boot;
		health_say(live, fact, "%s: %llu in all, %llu since this was last said",
			   loss_words[i], (unsigned long long)live->losses[i],
			   (unsigned long long)more);
	}
}
