/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/live/inside.h"
#include "state/memory.h"

/* What one live source told, the next one tells in the same words: nothing was forgotten. */

#define SLOTS 16
#define BOOT  (1000 * WEIR_SEC)
#define WALL  (INT64_C(1800000000) * WEIR_SEC)

struct host {
	struct live live;
	struct flow_table *flows;
	struct flow_slot hot[SLOTS];
	struct flow *by_slot[SLOTS];
	struct state_memory memory;
	int links[4];
};

static void on_event(void *context, const struct event *event)
{
	(void)context;
	(void)event;
}

static struct host *make(weir_time wall)
{
	struct host *host = calloc(1, sizeof(*host));
	const struct flow_ops ops = {
		.event = on_event, .services = UINT32_MAX, .interval = WEIR_SEC};
	const struct clock_sample sample = {100000, BOOT, BOOT, wall};
	struct kernel *kernel = &host->live.kernel;

	host->flows = flow_table_new(&ops);
	kernel->main = kernel->cold = kernel->free = kernel->retired = -1;
	kernel->half[0] = kernel->half[1] = -1;
	kernel->traffic_len = 64;
	kernel->slots = SLOTS;
	host->live.slots =
		(struct slots){.free = -1, .hot = host->hot, .flow = host->by_slot, .ready = SLOTS};
	host->live.handover = (struct handover)HANDOVER_EMPTY;
	host->live.coverage = coverage_new();
	table_init(&host->live.interfaces.by_index, sizeof(uint32_t),
		   offsetof(struct interface, ifindex));
	LIST_INIT(&host->live.known);
	own_init(&host->live.own);
	nat_init(&host->live.nat, LIVE_NETNS);
	clock_start(&host->live.clock, &sample, TIME_NONE);
	return host;
}

static void drop(struct host *host)
{
	struct live *live = &host->live;
	struct known *known;

	while ((known = LIST_FIRST(&live->known)))
		known_drop(live, known->flow);
	assert_int_equal(live->known_len, 0);
	assert_int_equal(live->halves.known, 0);
	flow_table_free(host->flows);
	watches_leave(live);
	vec_free(&live->watches.free_stats);
	vec_free(&live->watches.gone);
	vec_free(&live->ends.waiting);
	vec_free(&live->ends.reused);
	vec_free(&live->rings.staged);
	vec_free(&live->again);
	vec_free(&live->handover.links);
	table_free(&live->interfaces.by_index);
	coverage_free(live->coverage);
	nat_free(&live->nat);
	own_free(&live->own);
	state_memory_free(&host->memory);
	free(host);
}

static void save(struct host *host)
{
	struct state_writer *writer = malloc(sizeof(*writer));
	struct flow_keeper keeper = live_flow_keeper(&host->live);

	host->memory.length = 0;
	assert_int_equal(state_begin(writer, 2, state_memory_put, &host->memory), 0);
	live_save(&host->live, writer);
	flow_save(host->flows, writer, &keeper);
	assert_int_equal(state_end(writer), 0);
	free(writer);
}

static int load(struct host *to, const struct state_image *image)
{
	struct flow_keeper keeper = live_flow_keeper(&to->live);
	weir_time offset = 0;
	uint32_t ready = 0;
	int err = live_load_head(&to->live, image, &offset, &ready);

	err = err ? err : live_load(&to->live, image);
	if (!err) {
		assert_int_equal(offset, WALL - BOOT);
		assert_int_equal(ready, SLOTS);
		to->live.clock.offset = offset;
	}
	return err ? err : flow_load(to->flows, image, &keeper);
}

static struct seen seen_of(uint16_t port, uint32_t slot)
{
	struct seen seen = {.slot = slot, .generation = 1};

	memset(seen.key.addr, 0x11, sizeof(seen.key.addr));
	seen.key.addr[1][15] = 0x12;
	seen.key.port[0] = port;
	seen.key.proto = 6;
	seen.facts.first = BOOT;
	seen.facts.packets[0] = 3;
	seen.facts.bytes[0] = 180;
	seen.facts.last[0] = 100000;
	seen.facts.cookie[0] = port;
	seen.facts.state = slot == RECORD_NO_SLOT ? FLOW_NEW : FLOW_ESTABLISHED;
	return seen;
}

static void add_flows(struct host *host)
{
	struct seen half = seen_of(1, RECORD_NO_SLOT), whole = seen_of(2, 3);
	struct flow *flow;

	assert_int_equal(known_see(&host->live, host->flows, &half), LEARNT);
	assert_int_equal(known_see(&host->live, host->flows, &whole), LEARNT);
	flow = flow_find(host->flows, &whole.key);
	known_of(flow)->more = calloc(1, sizeof(struct known_more));
	known_of(flow)->more->base.bytes[0] = 60;
	known_of(flow)->more->nat.source_port = 77;
	known_of(flow)->ending = true;
	flow->nat = &known_of(flow)->more->nat;
}

static void add_lists(struct live *live)
{
	*(uint32_t *)vec_add(&live->watches.free_stats) = 5;
	snprintf(((struct gone *)vec_add(&live->watches.gone))->name, IFNAMSIZ, "eth9");
	*(struct ending *)vec_add(&live->ends.waiting) = (struct ending){7, 9};
	*(struct flow_ref *)vec_add(&live->ends.reused) = (struct flow_ref){8, 2};
	((struct flow_record *)vec_add(&live->rings.staged))->kind = RECORD_CLOSED;
	*(uint32_t *)vec_add(&live->again) = 11;
}

/* An interface with a link in, and a filter out. */
static void add_watch(struct host *host, struct interface *interface)
{
	struct live *live = &host->live;
	struct watch *watch = calloc(1, sizeof(*watch));

	live->watches.next_id = 2;
	live->watches.next_stats = 8;
	watch->attachment =
		(struct attachment){.ifindex = 4, .id_in = 1, .id_out = 2, .stats_in = 6};
	snprintf(watch->name, sizeof(watch->name), "eth0");
	watch->hook[WATCH_IN] = (struct hook){.ops = &hook_tcx, .ifindex = 4, .link = dup(0)};
	watch->hook[WATCH_OUT] = (struct hook){.ops = &hook_clsact,
					       .ifindex = 4,
					       .link = -1,
					       .handle = 0x77,
					       .priority = 2,
					       .id = 3};
	*interface = (struct interface){.ifindex = 4, .watch = watch};
	assert_int_equal(table_insert(&live->interfaces.by_index, interface), 0);
	live->watches.count = 1;
	live->halves.begun = 12;
	live->accounted = 360;
	live->cut = 3;
	coverage_add(live->coverage, WALL, 100, 1);
	coverage_add(live->coverage, WALL + 3 * WEIR_SEC, 300, 50);
}

static void hand_link(struct host *from, struct host *to)
{
	int link;

	assert_int_equal(watches_links(&from->live, &link, 1), 1);
	*(int *)vec_add(&to->live.handover.links) = dup(link);
}

/* Interfaces find their watches only when the hand-over is over. */
static void put_on(struct host *host, struct interface *interface)
{
	struct live *live = &host->live;

	assert_int_equal(live->watches.adopted.len, 1);
	*interface = (struct interface){.ifindex = 4, .watch = live->watches.adopted.at[0].watch};
	assert_int_equal(table_insert(&live->interfaces.by_index, interface), 0);
	live->watches.adopted.at[0].watch = NULL;
	live->watches.count = 1;
}

static void the_next_one_says_the_same(void **state)
{
	struct host *from = make(WALL), *to = make(WALL - WEIR_HOUR);
	struct interface interface[2];
	struct state_image image;
	const char *words;

	(void)state;
	add_flows(from);
	add_lists(&from->live);
	add_watch(from, &interface[0]);
	save(from);
	hand_link(from, to);
	assert_int_equal(state_image_open(&image, from->memory.bytes, from->memory.length, &words),
			 0);
	assert_int_equal(load(to, &image), 0);
	assert_int_equal(to->live.handover.links.at[0], -1);
	assert_int_equal(to->live.known_len, 2);
	assert_int_equal(to->live.halves.known, 1);
	assert_int_equal(to->by_slot[3]->nat->source_port, 77);
	put_on(to, &interface[1]);
	save(to);
	assert_int_equal(from->memory.length, to->memory.length);
	state_image_close(&image);
	drop(from);
	drop(to);
}

/* Cut anywhere, or with a number in place of another: no crash, and never half of it taken as the
 * whole. */
static void what_cannot_be_is_refused(void **state)
{
	struct host *from = make(WALL);
	struct interface interface;
	struct state_image image;
	const char *words;

	(void)state;
	add_flows(from);
	add_lists(&from->live);
	add_watch(from, &interface);
	save(from);
	assert_int_equal(state_image_open(&image, from->memory.bytes, from->memory.length, &words),
			 0);
	for (size_t i = 0; i < image.entries_len; i++) {
		struct state_entry *entry = &image.entries[i];
		uint64_t length = entry->length;

		while (entry->length--) {
			struct host *to = make(WALL);

			hand_link(from, to);
			assert_true(load(to, &image));
			vec_each (link, &to->live.handover.links)
				if (*link >= 0)
					close(*link);
			drop(to);
		}
		entry->length = length;
	}
	state_image_close(&image);
	drop(from);
}

/* A link for each hook that has one: no more, no less. */
static void links_are_counted(void **state)
{
	struct host *from = make(WALL), *to = make(WALL);
	struct interface interface;
	struct state_image image;
	const char *words;

	(void)state;
	add_watch(from, &interface);
	save(from);
	assert_int_equal(state_image_open(&image, from->memory.bytes, from->memory.length, &words),
			 0);
	assert_int_equal(load(to, &image), -EBADMSG);
	state_image_close(&image);
	drop(from);
	drop(to);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_next_one_says_the_same),
		cmocka_unit_test(what_cannot_be_is_refused),
		cmocka_unit_test(links_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
