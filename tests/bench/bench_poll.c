/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What reading all counters of a million flows costs: the scan of the mapped counters that each
 * poll makes (capture/live/slots.h), with every flow moved and all its counters read, against
 * bpf_map_lookup_batch() over the same main table. Of each the median round counts.
 */

#include <bpf/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture/live/load.h"
#include "capture/live/slots.h"

#define FLOWS  1000000u
#define ROUNDS 9
#define BATCH  8192
#define NOW    1000000u /* jiffies of the newest packets */

struct batch {
	struct flow_key key[BATCH];
	struct flow_ref ref[BATCH];
};

static double ms_since(weir_time start)
{
	return (double)(time_boot() - start) / 1e6;
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double median(double rounds[ROUNDS])
{
	qsort(rounds, ROUNDS, sizeof(rounds[0]), compare);
	return rounds[ROUNDS / 2];
}

/* Every slot is mapped and handed out, as it would be after a million promotions. */
static int map_all(struct slots *slots)
{
	int err = 0;

	while (!err && slots->ready < slots->all) {
		slots->used = slots->ready;
		err = slots_refill(slots);
	}
	return err;
}

static void fill_slot(struct flow_slot *slot, uint32_t number)
{
	for (unsigned d = 0; d < 2; d++) {
		slot->bytes[d] = 1000 + number;
		slot->payload[d] = 900 + number;
		slot->packets[d] = 10;
		slot->last[d] = NOW;
	}
	slot->state = FLOW_ESTABLISHED;
	slot->generation = 1;
}

static int fill(const struct kernel *kernel, struct slots *slots, struct batch *batch)
{
	for (uint32_t at = 0; at < FLOWS;) {
		uint32_t count = FLOWS - at < BATCH ? FLOWS - at : BATCH;
		int err;

		memset(batch, 0, sizeof(*batch));
		for (uint32_t i = 0; i < count; i++) {
			memcpy(batch->key[i].addr[0] + 12, &(uint32_t){at + i}, 4);
			batch->key[i].proto = 6;
			batch->ref[i] = (struct flow_ref){at + i, 1};
			fill_slot(&slots->hot[at + i], at + i);
		}
		err = bpf_map_update_batch(kernel->main, batch->key, batch->ref, &count, NULL);
		if (err)
			return err;
		at += count;
	}
	return 0;
}

struct sums {
	const struct flow_slot *hot;
	uint64_t flows, bytes, payload, packets;
};

static void add(void *context, uint32_t number)
{
	struct sums *sums = context;
	const struct flow_slot *slot = &sums->hot[number];

	sums->flows++;
	for (unsigned d = 0; d < 2; d++) {
		sums->bytes += slot->bytes[d];
		sums->payload += slot->payload[d];
		sums->packets += slot->packets[d];
	}
}

static double time_scan(const struct slots *slots, struct sums *sums)
{
	weir_time start = time_boot();

	*sums = (struct sums){.hot = slots->hot};
	slots_scan(slots->hot, slots->ready, NOW, add, sums);
	return ms_since(start);
}

static double time_batches(const struct kernel *kernel, struct batch *batch, uint64_t *flows)
{
	weir_time start = time_boot();
	__u32 in = 0, out = 0, count;
	int err = 0;

	*flows = 0;
	while (!err) {
		count = BATCH;
		err = bpf_map_lookup_batch(kernel->main, *flows ? &in : NULL, &out, batch->key,
					   batch->ref, &count, NULL);
		*flows += count;
		in = out;
	}
	return ms_since(start);
}

static int measure(const struct kernel *kernel, struct slots *slots, struct batch *batch)
{
	double scans[ROUNDS], batches[ROUNDS];
	struct sums sums = {0};
	uint64_t flows = 0;

	for (unsigned i = 0; i < ROUNDS; i++) {
		scans[i] = time_scan(slots, &sums);
		batches[i] = time_batches(kernel, batch, &flows);
	}
	if (sums.flows != FLOWS || flows != FLOWS || sums.packets != 20ull * FLOWS) {
		fprintf(stderr, "bench_poll: %llu flows scanned, %llu looked up, not %u\n",
			(unsigned long long)sums.flows, (unsigned long long)flows, FLOWS);
		return 1;
	}
	printf("{\"name\": \"poll.million_flows.ms\", \"value\": %.2f, \"unit\": \"ms\", "
	       "\"against\": \"bpf_map_lookup_batch over the same table in the same run: %.0f "
	       "ms\"}\n",
	       median(scans), median(batches));
	return 0;
}

int main(void)
{
	const struct live_options options = {.slots = SLOTS_MAX};
	struct batch *batch = malloc(sizeof(*batch));
	struct kernel kernel;
	struct slots slots = {0};
	struct sizes sizes;
	struct error error = {0};
	int status = 1;

	sizes_choose(&sizes, &options);
	if (!batch || kernel_load(&kernel, &sizes, &options, NULL, &error)) {
		fprintf(stderr, "bench_poll: %s\n", error.text);
		free(batch);
		return 3;
	}
	if (kernel.slots < FLOWS)
		fprintf(stderr, "bench_poll: no memory for a million flows\n");
	else if (slots_open(&slots, kernel.free, kernel.hot, kernel.slots, 0) || map_all(&slots) ||
		 fill(&kernel, &slots, batch))
		fprintf(stderr, "bench_poll: cannot fill the table\n");
	else
		status = measure(&kernel, &slots, batch);
	slots_close(&slots);
	kernel_unload(&kernel);
	free(batch);
	return status;
}
