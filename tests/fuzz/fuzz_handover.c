/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "capture/live/inside.h"
#include "decode/decode.h"
#include "event/order.h"

/*
 * What another weir hands over is another process's: sections of its state, without their
 * checksums, which keep no one out. The first byte says which section. Flows that were taken must
 * be good for all that follows. LLVMFuzzerTestOneInput() as libFuzzer, AFL++ and honggfuzz call it.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SLOTS 1024

static struct flow_slot hot[SLOTS];
static struct flow *by_slot[SLOTS];

static void on_event(void *context, const struct event *event)
{
	(void)context;
	(void)event;
}

static void on_ordered(void *context, struct event *event)
{
	(void)context;
	(void)event;
}

static void on_watermark(void *context, weir_time watermark)
{
	(void)context;
	(void)watermark;
}

static struct live *make_live(void)
{
	static const struct clock_sample sample = {100000, WEIR_HOUR, WEIR_HOUR, WEIR_HOUR};
	struct live *live = calloc(1, sizeof(*live));

	if (!live)
		abort();
	live->kernel.main = live->kernel.cold = live->kernel.free = live->kernel.retired = -1;
	live->kernel.half[0] = live->kernel.half[1] = -1;
	live->kernel.attachments = live->kernel.attachment_live = live->kernel.traffic = -1;
	live->kernel.traffic_len = 8192;
	live->kernel.cpus = 1;
	live->kernel.slots = SLOTS;
	memset(by_slot, 0, sizeof(by_slot));
	live->slots = (struct slots){.free = -1, .hot = hot, .flow = by_slot, .ready = SLOTS};
	live->handover = (struct handover)HANDOVER_EMPTY;
	live->coverage = coverage_new();
	LIST_INIT(&live->known);
	own_init(&live->own);
	nat_init(&live->nat, LIVE_NETNS);
	clock_start(&live->clock, &sample, TIME_NONE);
	return live;
}

static void free_live(struct live *live)
{
	struct known *known;

	while ((known = LIST_FIRST(&live->known)))
		known_drop(live, known->flow);
	if (live->known_len || live->halves.known)
		abort();
	watches_leave(live);
	vec_free(&live->watches.free_stats);
	vec_free(&live->watches.gone);
	vec_free(&live->ends.waiting);
	vec_free(&live->ends.reused);
	vec_free(&live->rings.staged);
	vec_free(&live->again);
	coverage_free(live->coverage);
	nat_free(&live->nat);
	own_free(&live->own);
	free(live);
}

static void take_flows(const struct state_image *image)
{
	const struct flow_ops ops = {
		.event = on_event, .services = UINT32_MAX, .interval = WEIR_SEC};
	struct flow_table *flows = flow_table_new(&ops);
	struct live *live = make_live();
	struct flow_keeper keeper = live_flow_keeper(live);
	int err;

	keeper.protocol = decode_protocol;
	err = flow_load(flows, image, &keeper);
	free_live(live);
	if (!err) {
		flow_advance(flows, flow_due(flows) + WEIR_HOUR, NULL, NULL);
		flow_finish(flows);
	}
	flow_table_free(flows);
}

static void take_live(const struct state_image *image)
{
	struct live *live = make_live();
	weir_time offset;
	uint32_t ready;

	if (!live_load_head(live, image, &offset, &ready))
		live_load(live, image);
	free_live(live);
}

static void take_waiting(const struct state_image *image)
{
	const struct order_ops ops = {on_ordered, on_watermark, NULL};
	struct order *order = order_new(&ops);
	int input = order_input(order, WEIR_SEC);

	order_load(order, (uint32_t)input, image);
	order_end(order, (uint32_t)input);
	order_free(order);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct {
		const char *kind;
		void (*take)(const struct state_image *image);
	} sections[] = {{"flows", take_flows}, {"live", take_live}, {"waiting", take_waiting}};
	struct state_entry entry = {.version = 1};
	struct state_image image = {.bytes = data, .length = size, .entries = &entry};
	unsigned which;

	if (!size)
		return 0;
	which = data[0] % 3;
	image.entries_len = 1;
	entry.offset = 1;
	entry.length = size - 1;
	strcpy(entry.kind, sections[which].kind);
	sections[which].take(&image);
	return 0;
}
