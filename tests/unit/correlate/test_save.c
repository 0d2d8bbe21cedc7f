/* SPDX-License-Identifier: Apache-2.0 */
#include "../signal/harness.h"
#include "state/memory.h"

/* Correlation goes on in another one from a snapshot as if nothing had been. */

#define SEEN(name, id, port, level)                                                                \
	"---\ntitle: " name "\nname: " name "\nid: " id "\nstatus: stable\nlevel: " level          \
	"\ncorrelation:\n  type: event_count\n  rules: [attempts]\n  group-by: [source.ip]\n"      \
	"  timespan: 10s\n  condition: {gte: 1}\nweir:\n  window: tumbling\n"                      \
	"  compute: {n: count where destination.port = " port ", "                                 \
	"targets: values(destination.ip where destination.port = " port ")}\n"                     \
	"  having: n >= 1\n  suppress: 10s\n  severity: {critical: n >= 10}\n"
#define BOTH                                                                                       \
	BASE_RULE SEEN("scan", "22222222-2222-4222-8222-222222222222", "1", "low") SEEN(           \
		"access", "33333333-3333-4333-8333-333333333333", "2",                             \
		"medium") "---\ntitle: Both of one source\nname: both\n"                           \
			  "id: 44444444-4444-4444-8444-444444444444\nstatus: stable\n"             \
			  "level: medium\ncorrelation:\n  type: temporal\n"                        \
			  "  rules: [scan, access]\n  group-by: [source.ip]\n  timespan: 5m\n"     \
			  "weir:\n  suppress: 10m\n  common: [destination.ip]\n"                   \
			  "  summary: \"{source.ip}: {common}\"\n"

static void save(struct bench *b, struct state_memory *memory)
{
	struct state_writer *w = calloc(1, sizeof(*w));

	assert_int_equal(
		state_begin(w, 1 + correlate_sections(b->correlate), state_memory_put, memory), 0);
	ruleset_save(w, b->set);
	correlate_save(b->correlate, w);
	assert_int_equal(state_end(w), 0);
	free(w);
}

/* What correlate_load() says; on success it is the bench's. */
static int load(struct bench *b, const struct state_memory *memory, unsigned *left_out)
{
	struct correlate_ops ops = {
		.detection = bench_detection, .signal = bench_temporal, .context = b};
	struct correlate *correlate = correlate_new(b->set, &ops);
	struct state_image image;
	struct rule_map map;
	const char *words;
	int err;

	assert_int_equal(state_image_open(&image, memory->bytes, memory->length, &words), 0);
	assert_int_equal(rule_map_load(&map, &image, b->set), 0);
	err = correlate_load(correlate, &image, &map, left_out);
	rule_map_free(&map);
	state_image_close(&image);
	if (!err) {
		correlate_free(b->correlate);
		b->correlate = correlate;
	} else {
		correlate_free(correlate);
	}
	return err;
}

static void reborn(struct bench *b)
{
	struct state_memory memory = {0};
	unsigned left_out;

	save(b, &memory);
	assert_int_equal(load(b, &memory, &left_out), 0);
	assert_int_equal(left_out, 0);
	state_memory_free(&memory);
}

static void scan(struct bench *b, double at, const char *target)
{
	push(b, attempt(at, "10.0.0.1", target, 1));
}

static void access_to(struct bench *b, double at, const char *target)
{
	push(b, attempt(at, "10.0.0.1", target, 2));
}

static void attack(struct bench *b, bool with_snapshots)
{
	scan(b, 1, "10.1.0.1");
	scan(b, 1.5, "10.1.0.7");
	if (with_snapshots)
		reborn(b);
	access_to(b, 20, "10.1.0.1");
	if (with_snapshots)
		reborn(b);
	access_to(b, 21, "10.1.0.7");
	for (int i = 0; i < 20; i++)
		access_to(b, 31 + i / 10.0, "10.1.0.1");
	if (with_snapshots)
		reborn(b);
	passes(b, 60);
	if (with_snapshots)
		reborn(b);
	passes(b, 2000);
}

static void evidence_and_open_detections_go_on(void **state)
{
	struct bench *one = bench_new(BOTH), *other = bench_new(BOTH);
	struct correlate_stats stats;

	(void)state;
	attack(one, false);
	attack(other, true);
	assert_true(one->detections >= 4);
	assert_int_equal(one->detections, other->detections);
	for (size_t i = 0; i < one->detections; i++) {
		const struct told_detection *a = &one->detection[i], *b = &other->detection[i];

		assert_int_equal(a->change, b->change);
		assert_int_equal(a->announce, b->announce);
		assert_int_equal(a->severity, b->severity);
		assert_int_equal(a->count, b->count);
		assert_int_equal(a->first, b->first);
		assert_int_equal(a->last, b->last);
		assert_int_equal(a->common_len, b->common_len);
		assert_string_equal(a->id, b->id);
		assert_string_equal(a->message, b->message);
		assert_string_equal(a->why, b->why);
	}
	correlate_stats(other->correlate, &stats);
	assert_int_equal(stats.open, 0);
	bench_free(one);
	bench_free(other);
}

/* A rule that is another one now starts anew; its open detection is left out and counted. */
static void changed_rules_start_anew(void **state)
{
	struct bench *one = bench_new(BOTH), *other;
	struct state_memory memory = {0};
	unsigned left_out;
	char *changed;

	(void)state;
	scan(one, 1, "10.1.0.1");
	access_to(one, 20, "10.1.0.1");
	assert_int_equal(one->detections, 1);
	save(one, &memory);
	changed = strdup(BOTH);
	memcpy(strstr(changed, "timespan: 5m"), "timespan: 4m", 12);
	other = bench_new(changed);
	assert_int_equal(load(other, &memory, &left_out), 0);
	assert_int_equal(left_out, 1);
	scan(other, 30, "10.1.0.2");
	access_to(other, 40, "10.1.0.1");
	assert_int_equal(other->detections, 0);
	bench_free(other);
	/* Words for people change nothing. */
	memcpy(changed, BOTH, strlen(BOTH));
	memcpy(strstr(changed, "{source.ip}: {common}"), "{source.ip}- {common}", 21);
	other = bench_new(changed);
	assert_int_equal(load(other, &memory, &left_out), 0);
	assert_int_equal(left_out, 0);
	access_to(other, 40, "10.1.0.1");
	assert_string_equal(other->detection[0].id, one->detection[0].id);
	assert_int_equal(other->detection[0].change, DETECTION_UPDATED);
	bench_free(other);
	bench_free(one);
	free(changed);
	state_memory_free(&memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(evidence_and_open_detections_go_on),
		cmocka_unit_test(changed_rules_start_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
