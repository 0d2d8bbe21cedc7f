/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/live.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "attacher/attacher.h"
#include "base/log.h"
#include "capture/live/inside.h"
#include "capture/live/instance.h"
#include "capture/live/leftover.h"
#include "capture/live/owners.h"

/* The live source as a whole: in which order its parts are opened and closed. */

/* ---- opening ---- */

static const char **copy_patterns(struct live *live, const char *const *patterns)
{
	const char **copy;
	size_t n = 0, i;

	while (patterns && patterns[n])
		n++;
	copy = arena_alloc(&live->arena, (n + 1) * sizeof(*copy));
	for (i = 0; copy && i < n; i++) {
		copy[i] = arena_text(&live->arena, patterns[i]);
		if (!copy[i])
			return NULL;
	}
	return copy;
}

static int copy_options(struct live *live, const struct live_options *options)
{
	struct hook_rule *hooks;
	size_t i;

	live->options = *options;
	if (!live->options.interval)
		live->options.interval = WEIR_SEC;
	live->options.interfaces = copy_patterns(live, options->interfaces);
	hooks = arena_alloc(&live->arena, (options->hooks_len + 1) * sizeof(*hooks));
	if (!live->options.interfaces || !hooks)
		return -ENOMEM;
	for (i = 0; i < options->hooks_len; i++) {
		hooks[i] = options->hooks[i];
		if (!hooks[i].pattern)
			continue;
		hooks[i].pattern = arena_text(&live->arena, hooks[i].pattern);
		if (!hooks[i].pattern)
			return -ENOMEM;
	}
	live->options.hooks = hooks;
	return 0;
}

static int no_memory(struct error *error)
{
	return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for the live source");
}

static int open_interfaces(struct live *live, struct error *error)
{
	const struct interfaces_ops ops = {
		.changed = watch_changed, .gone = watch_gone, .context = live};
	int err = interfaces_open(&live->interfaces, &ops, NULL, error);

	if (err)
		return err;
	return watch_require_patterns(live, error);
}

/* Asks for what another weir has; `why_clean` is said if there is one that does not give it. */
static int ask_for_hand_over(struct live *live, struct error *error)
{
	int err;

	if (!live->options.take_over)
		return 0;
	err = handover_ask(&live->handover, live->why_clean, error);
	live->predecessor = live->handover.pid;
	/* Nothing is attached there yet when what is handed over is taken up. */
	if (live->options.visitor && !live->options.clean)
		live->options.clean = "other network namespaces are to be watched, which are not "
				      "handed over";
	if (live->options.clean)
		snprintf(live->why_clean, sizeof(live->why_clean), "%s", live->options.clean);
	return err;
}

static int load(struct live *live, struct error *error)
{
	struct handover *handover = &live->handover;
	int err;

	sizes_choose(&live->sizes, &live->options);
	if (handover->offered && !live->options.clean) {
		err = kernel_load(&live->kernel, &live->sizes, &live->options, &handover->maps,
				  error);
		live->handed = !err;
		if (err != -ESTALE)
			return err;
		snprintf(live->why_clean, sizeof(live->why_clean), "%.*s",
			 (int)sizeof(live->why_clean) - 1, error->text);
		sizes_choose(&live->sizes, &live->options);
	}
	return kernel_load(&live->kernel, &live->sizes, &live->options, NULL, error);
}

static int open_tables(struct live *live, struct error *error)
{
	int programs[KERNEL_PROGRAMS], err = load(live, error);

	if (err)
		return err;
	kernel_programs(&live->kernel, programs);
	err = attacher_programs(live->options.attacher, programs, KERNEL_PROGRAMS);
	if (err)
		return error_set(error, EXIT_SYSTEM, -err,
				 "the process that attaches does not take the programs: %s",
				 strerror(-err));
	if (live->kernel.halvings)
		log_warn("memory for %u flows only: more was not granted", live->kernel.slots);
	return 0;
}

static int open_clock(struct live *live, const weir_time *offset, struct error *error)
{
	struct clock_sample sample;
	int err = kernel_clock(&live->kernel, &sample);

	if (err)
		return error_set(error, EXIT_SYSTEM, -err, "cannot read the kernel's clock: %s",
				 strerror(-err));
	if (offset)
		clock_go_on(&live->clock, &sample, *offset);
	else
		clock_start(&live->clock, &sample, live->options.earliest);
	time_shift_set(live->clock.shift);
	live->scanned = (uint32_t)sample.jiffies;
	live->ends.swept = live->checked = sample.boot;
	return 0;
}

/* `ready`: slots that another weir handed out. */
static int open_mapped(struct live *live, uint32_t ready, struct error *error)
{
	int err = slots_open(&live->slots, live->kernel.free, live->kernel.hot, live->kernel.slots,
			     ready);

	if (!err)
		err = rings_open(live);
	if (!err)
		err = grace_open(&live->grace, live->kernel.main);
	if (err)
		return error_set(error, EXIT_SYSTEM, -err, "cannot map the flow table: %s",
				 strerror(-err));
	return 0;
}

static int wait_for(int epoll, int fd)
{
	struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

	return fd < 0 || !epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) ? 0 : -errno;
}

static int open_waiting(struct live *live, struct error *error)
{
	int err;

	live->epoll = epoll_create1(EPOLL_CLOEXEC);
	err = live->epoll < 0 ? -errno : 0;
	if (!err)
		err = wait_for(live->epoll, ring_fd(live->rings.ring));
	if (!err)
		err = wait_for(live->epoll, interfaces_fd(&live->interfaces));
	if (!err)
		err = wait_for(live->epoll, conntrack_fd(&live->conntrack));
	if (!err)
		err = wait_for(live->epoll, live->grace.event);
	if (!err && live->options.owners)
		err = wait_for(live->epoll, owners_fd(live->options.owners));
	return err ? error_set(error, EXIT_SYSTEM, -err, "cannot wait for events: %s",
			       strerror(-err))
		   : 0;
}

static void on_translation(void *context, const struct nat_pair *pair)
{
	struct live *live = context;

	if (live->flows)
		known_translated(live, live->flows, pair);
}

/* It is to leave, and gives nothing but its place. */
static int take_over(struct live *live, struct error *error)
{
	bool there = instance_holder() >= 0;
	bool asked = handover_decline(&live->handover, live->why_clean);

	live->control = instance_take_over(asked, &live->leaving, error);
	if (live->control < 0)
		return live->control;
	live->took_over = there;
	interfaces_drain(&live->interfaces);
	return 0;
}

/* All else that may fail was done before: until here another weir that is to leave goes on. */
static int attach_all(struct live *live, struct error *error)
{
	weir_time asked = time_monotonic();
	int err = live->options.take_over ? take_over(live, error) : 0;

	if (err)
		return err;
	live->leftovers = leftover_remove(&live->interfaces);
	watch_all(live);
	if (live->took_over) {
		live->gap = time_monotonic() - asked;
		log_info("a clean start: %s", live->why_clean);
		health_say(live, "clean_start",
			   "the weir that was here gave nothing but its place (%s): what was open "
			   "begins anew",
			   live->why_clean);
	}
	return watch_require_any(live, error);
}

static int stale(struct live *live, struct error *error)
{
	return error_set(error, EXIT_SYSTEM, ESTALE, "%s", live->why_clean);
}

/* The other one stands still from here on: nothing that takes long, and nothing that changes what
 * it would go on with. */
static int open_handed(struct live *live, struct error *error)
{
	struct handover *from = &live->handover;
	weir_time offset;
	uint32_t ready;
	int err;

	if (handover_take(from, live->why_clean))
		return stale(live, error);
	err = live_load_head(live, &from->image, &offset, &ready);
	err = err ? err : open_clock(live, &offset, error);
	err = err ? err : open_mapped(live, ready, error);
	err = err ? err : live_load(live, &from->image);
	if (!err)
		return 0;
	snprintf(live->why_clean, sizeof(live->why_clean), "its state cannot be taken: %s",
		 strerror(-err));
	return stale(live, error);
}

static int open_clean(struct live *live, struct error *error)
{
	int err = open_clock(live, NULL, error);

	return err ? err : open_mapped(live, 0, error);
}

static int open_parts(struct live *live, const struct live_options *options, struct error *error)
{
	int err = copy_options(live, options);

	if (err)
		return no_memory(error);
	if (!options->take_over) {
		live->control = instance_take(error);
		if (live->control < 0)
			return live->control;
	}
	err = open_interfaces(live, error);
	err = err ? err : ask_for_hand_over(live, error);
	err = err ? err : open_tables(live, error);
	if (err)
		return err;
	live->coverage = coverage_new();
	if (!live->coverage)
		return no_memory(error);
	nat_init(&live->nat, LIVE_NETNS);
	live->nat.learnt_pair = on_translation;
	live->nat.context = live;
	conntrack_open(&live->conntrack, &live->nat, options->attacher);
	live->watches.no_tcx = options->clsact;
	if (options->visitor && within_open(live, options->visitor))
		return no_memory(error);
	err = live->handed ? open_handed(live, error) : open_clean(live, error);
	err = err ? err : open_waiting(live, error);
	return err || live->handed ? err : attach_all(live, error);
}

/* Every part is closed as far as it was opened. */
static void free_parts(struct live *live)
{
	if (live->kernel.weir)
		watch_close(live);
	live->attaching = false;
	if (live->interfaces.socket)
		interfaces_close(&live->interfaces);
	if (live->epoll >= 0)
		close(live->epoll);
	conntrack_close(&live->conntrack);
	nat_free(&live->nat);
	grace_close(&live->grace);
	rings_close(live);
	slots_close(&live->slots);
	kernel_unload(&live->kernel);
	coverage_free(live->coverage);
	if (live->control >= 0)
		close(live->control);
	if (live->leaving >= 0)
		close(live->leaving);
	handover_close(&live->handover);
	own_free(&live->own);
	vec_free(&live->ends.waiting);
	vec_free(&live->ends.batch);
	vec_free(&live->ends.reused);
	vec_free(&live->again);
	free(live->halves.buffer);
	free(live->watching);
	arena_free(&live->arena);
	free(live);
}

int live_open(struct live **out, const struct live_options *options, struct error *error)
{
	struct live *live = calloc(1, sizeof(*live));
	int err;

	if (!live)
		return no_memory(error);
	live->control = live->epoll = live->leaving = live->grace.event = -1;
	live->handover = (struct handover)HANDOVER_EMPTY;
	LIST_INIT(&live->known);
	own_init(&live->own);
	err = open_parts(live, options, error);
	if (err) {
		if (live->handed)
			watches_leave(live);
		free_parts(live);
		return err;
	}
	*out = live;
	return 0;
}

/* ---- from another weir ---- */

const struct state_image *live_handed(const struct live *live)
{
	return live->handed ? &live->handover.image : NULL;
}

int live_take_up(struct live *live, struct error *error)
{
	int err;

	interfaces_drain(&live->interfaces);
	watches_replace(live);
	err = handover_done(&live->handover, live->why_clean);
	if (err)
		return error_set(error, EXIT_SYSTEM, -err, "the weir that runs here goes on: %s",
				 live->why_clean);
	live->took_over = true;
	live->control = live->handover.control;
	live->handover.control = -1;
	instance_own(live->control);
	watches_adopt(live);
	slots_refill(&live->slots);
	health_say(live, "handed_over",
		   "the weir that was here handed over: nothing was missed, and what is open goes "
		   "on; decoders begin anew in %llu conversations",
		   (unsigned long long)live->cut);
	return watch_require_any(live, error);
}

/* So long may the other weir take to store what it knows. */
#define STORE_MOST (30 * WEIR_SEC)

static bool await_process(int process)
{
	struct pollfd ends = {.fd = process, .events = POLLIN};

	return process < 0 || poll(&ends, 1, (int)(STORE_MOST / WEIR_MSEC)) > 0;
}

bool live_await(struct live *live, pid_t *pid)
{
	struct handover *from = &live->handover;
	bool ended =
		from->fd >= 0 ? handover_await(from, STORE_MOST) : await_process(live->leaving);

	*pid = live->predecessor;
	handover_close(from);
	if (live->took_over && !ended)
		log_warn("the weir that was here does not end: what it learned last may not be "
			 "known");
	return live->took_over;
}

/* ---- closing ---- */

/* What the table ends after us cannot point into our memory. */
static void forget_known(struct live *live, struct flow_table *flows)
{
	struct known *known;

	while ((known = LIST_FIRST(&live->known))) {
		struct flow *flow = known->flow;

		if (flows && flow->nat && flow->decided)
			known_end(live, flows, flow); /* still shows its translation */
		else
			known_drop(live, flow);
	}
}

void live_close(struct live *live, struct flow_table *flows)
{
	if (!live)
		return;
	if (live->handed && !live->took_over) {
		live_leave(live);
		return;
	}
	if (live->kernel.weir)
		watch_detach_all(live);
	if (flows)
		live_read_last(live, flows);
	forget_known(live, flows);
	free_parts(live);
}

void live_leave(struct live *live)
{
	if (!live)
		return;
	watches_leave(live);
	forget_known(live, NULL);
	free_parts(live);
}
