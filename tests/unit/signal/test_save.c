/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots of the engine: every kind of window and aggregate goes on from one as if nothing had
 * been (test_oracle does the same with random rules), and damaged ones do no harm.
 * timeout: 280
 */
#include <errno.h>

#include "harness.h"

#include "signal/tuple.h"
#include "state/memory.h"

#define HOPS                                                                                       \
	"---\n"                                                                                    \
	"title: hops\n"                                                                            \
	"name: hops\n"                                                                             \
	"id: 22222222-2222-4222-8222-222222222201\n"                                               \
	"level: low\n"                                                                             \
	"correlation:\n"                                                                           \
	"  type: event_count\n"                                                                    \
	"  rules: [attempts]\n"                                                                    \
	"  group-by: [source.ip]\n"                                                                \
	"  timespan: 60s\n"                                                                        \
	"  condition: {gte: 1}\n"                                                                  \
	"weir:\n"                                                                                  \
	"  window: hop\n"                                                                          \
	"  every: 10s\n"                                                                           \
	"  compute:\n"                                                                             \
	"    n: count\n"                                                                           \
	"    sent: sum(source.bytes)\n"                                                            \
	"    who: distinct(destination.ip, user.name)\n"                                           \
	"    names: values(user.name)\n"                                                           \
	"  having: n > 3 and zscore(sent) > -100 or who > 2\n"                                     \
	"  baseline: {warmup: 2, mean: 5, stddev: 2}\n"                                            \
	"  suppress: 30s\n"                                                                        \
	"  max_distinct: 16\n"

#define SLIDES                                                                                     \
	"---\n"                                                                                    \
	"title: slides\n"                                                                          \
	"name: slides\n"                                                                           \
	"id: 22222222-2222-4222-8222-222222222202\n"                                               \
	"level: low\n"                                                                             \
	"correlation:\n"                                                                           \
	"  type: event_count\n"                                                                    \
	"  rules: [attempts]\n"                                                                    \
	"  group-by: [source.ip]\n"                                                                \
	"  timespan: 60s\n"                                                                        \
	"  condition: {gte: 1}\n"                                                                  \
	"weir:\n"                                                                                  \
	"  compute:\n"                                                                             \
	"    n: count\n"                                                                           \
	"    m: median(source.bytes)\n"                                                            \
	"    d: mad(source.bytes)\n"                                                               \
	"    p: percentile(source.bytes, 90)\n"                                                    \
	"    s: stddev(source.bytes)\n"                                                            \
	"    e: entropy(user.name)\n"                                                              \
	"  having: n > 2 and known(m) and e > 0\n"                                                 \
	"  max_keys: 8\n"

#define SESSIONS                                                                                   \
	"---\n"                                                                                    \
	"title: sessions\n"                                                                        \
	"name: sessions\n"                                                                         \
	"id: 22222222-2222-4222-8222-222222222203\n"                                               \
	"level: low\n"                                                                             \
	"correlation:\n"                                                                           \
	"  type: event_count\n"                                                                    \
	"  rules: [attempts]\n"                                                                    \
	"  group-by: [source.ip]\n"                                                                \
	"  timespan: 60s\n"                                                                        \
	"  condition: {gte: 1}\n"                                                                  \
	"weir:\n"                                                                                  \
	"  window: session\n"                                                                      \
	"  gap: 15s\n"                                                                             \
	"  compute:\n"                                                                             \
	"    n: count\n"                                                                           \
	"    a: first(user.name)\n"                                                                \
	"    z: last(user.name)\n"                                                                 \
	"    i: interval_mean\n"                                                                   \
	"    c: interval_cv\n"                                                                     \
	"    b: beacon(source.bytes)\n"                                                            \
	"  having: n > 1 and known(a)\n"

#define GROUPS                                                                                     \
	"---\n"                                                                                    \
	"title: groups\n"                                                                          \
	"name: groups\n"                                                                           \
	"id: 22222222-2222-4222-8222-222222222204\n"                                               \
	"level: low\n"                                                                             \
	"correlation:\n"                                                                           \
	"  type: event_count\n"                                                                    \
	"  rules: [attempts]\n"                                                                    \
	"  group-by: [source.ip]\n"                                                                \
	"  timespan: 60s\n"                                                                        \
	"  condition: {gte: 1}\n"                                                                  \
	"weir:\n"                                                                                  \
	"  window: hop\n"                                                                          \
	"  every: 20s\n"                                                                           \
	"  per:\n"                                                                                 \
	"    dst:\n"                                                                               \
	"      by: [destination.ip]\n"                                                             \
	"      compute: {ports: distinct(destination.port), n: count}\n"                           \
	"  compute:\n"                                                                             \
	"    most: max(dst.ports)\n"                                                               \
	"    many: count(dst where n > 1)\n"                                                       \
	"    total: sum(dst.n)\n"                                                                  \
	"  having: most > 1 or many > 2\n"

#define OTHERS                                                                                     \
	"---\n"                                                                                    \
	"title: alone\n"                                                                           \
	"name: alone\n"                                                                            \
	"id: 22222222-2222-4222-8222-222222222205\n"                                               \
	"level: high\n"                                                                            \
	"logsource: {category: network, service: connection}\n"                                    \
	"detection:\n"                                                                             \
	"  s: {network.transport: tcp}\n"                                                          \
	"  condition: s\n"                                                                         \
	"---\n"                                                                                    \
	"title: both\n"                                                                            \
	"name: both\n"                                                                             \
	"id: 22222222-2222-4222-8222-222222222206\n"                                               \
	"level: low\n"                                                                             \
	"correlation:\n"                                                                           \
	"  type: temporal\n"                                                                       \
	"  rules: [hops, groups]\n"                                                                \
	"  group-by: [source.ip]\n"                                                                \
	"  timespan: 5m\n"

static const char rules[] = BASE_RULE HOPS SLIDES SESSIONS GROUPS OTHERS;

static uint32_t next_random(void)
{
	static uint64_t state = 7;

	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(state >> 33);
}

static struct event some_event(double at, uint32_t random)
{
	static const char *const names[] = {"anna", "Root", "a user of a very long name", "x"};
	const char *name = names[random % 4];
	char source[32], destination[32];
	struct event e;

	snprintf(source, sizeof(source), "10.0.0.%u", random / 4 % 11);
	snprintf(destination, sizeof(destination), "10.1.0.%u", random / 44 % 30);
	e = attempt(at, source, random / 7 % 5 ? destination : "2001:db8::77", random % 40);
	event_set(&e, USER_NAME, user_name, ((struct text){name, (uint32_t)strlen(name)}));
	event_set(&e, SOURCE_BYTES, source_bytes, random % 1000);
	if (random % 6 == 0)
		e.service = SERVICE_CONNECTION;
	return e;
}

static void feed(struct bench *b, double from, int events)
{
	for (int i = 0; i < events; i++) {
		push(b, some_event(from + i / 4.0, next_random()));
		if (i % 16 == 0)
			passes(b, from + i / 4.0);
	}
}

static void save(struct bench *b, struct state_memory *memory)
{
	struct state_writer *w = malloc(sizeof(*w));

	assert_non_null(w);
	assert_int_equal(state_begin(w, 200, state_memory_put, memory), 0);
	ruleset_save(w, b->set);
	signal_engine_save(b->engine, w);
	correlate_save(b->correlate, w);
	assert_int_equal(state_end(w), 0);
	free(w);
}

/* A bench of the same rules that has seen nothing and keeps nothing. */
static struct bench *fresh_of(const struct bench *b)
{
	struct bench *fresh = calloc(1, sizeof(*fresh));
	struct signal_engine_ops ops = {.signal = bench_signal, .context = fresh};
	struct correlate_ops detections = {
		.detection = bench_detection, .signal = bench_temporal, .context = fresh};

	assert_non_null(fresh);
	fresh->quiet = true;
	fresh->set = b->set;
	fresh->engine = signal_engine_new(b->set, &ops);
	fresh->correlate = correlate_new(b->set, &detections);
	assert_true(fresh->engine && fresh->correlate);
	return fresh;
}

static void fresh_free(struct bench *fresh)
{
	signal_engine_free(fresh->engine);
	correlate_free(fresh->correlate);
	free(fresh);
}

static int load(struct bench *to, const struct state_image *image)
{
	unsigned left_out;
	struct rule_map map;
	int err = rule_map_load(&map, image, to->set);

	if (err)
		return err;
	err = signal_engine_load(to->engine, image);
	err = err ? err : correlate_load(to->correlate, image, &map, &left_out);
	rule_map_free(&map);
	return err;
}

/* The same bytes come out again: nothing was lost on the way. */
static void what_is_loaded_is_saved_alike(void **state)
{
	struct bench *b = bench_new(rules);

	(void)state;
	b->quiet = true;
	for (int round = 0; round < 20; round++) {
		struct state_memory one = {0}, other = {0};
		struct bench *fresh = fresh_of(b);
		struct state_image image;
		const char *words;

		feed(b, round * 60, 300);
		save(b, &one);
		assert_int_equal(state_image_open(&image, one.bytes, one.length, &words), 0);
		assert_int_equal(load(fresh, &image), 0);
		save(fresh, &other);
		assert_int_equal(one.length, other.length);
		assert_memory_equal(one.bytes, other.bytes, one.length);
		state_image_close(&image);
		state_memory_free(&one);
		state_memory_free(&other);
		fresh_free(fresh);
	}
	bench_free(b);
}

#define STEADY                                                                                     \
	BASE_RULE "---\ntitle: steady\nname: steady\n"                                             \
		  "id: 22222222-2222-4222-8222-222222222207\nlevel: low\ncorrelation:\n"           \
		  "  type: event_count\n  rules: [attempts]\n  group-by: [source.ip]\n"            \
		  "  timespan: 10s\n  condition: {gte: 1}\nweir:\n  window: tumbling\n"            \
		  "  compute: {n: count}\n  having: zscore(n) > -1000\n  suppress: 1s\n"           \
		  "  baseline: {warmup: 1, mean: 10, stddev: 1}\n"

/* Ten events in each window of ten seconds. */
static void steadily(struct bench *b, int from, int windows)
{
	for (int i = from * 10; i < (from + windows) * 10; i++)
		push(b, attempt(i + 0.5, "10.0.0.1", "10.1.0.1", 1));
}

static double mean_after(bool absent)
{
	struct bench *b = bench_new(STEADY);
	double mean;

	steadily(b, 0, 30);
	if (absent)
		signal_engine_absent(b->engine, BASE + 10000 * WEIR_SEC);
	steadily(b, 1000, 2);
	passes(b, 20000);
	mean = value_named(loud(b, louds(b) - 1), "n")->mean;
	bench_free(b);
	return mean;
}

/* A day on which nobody watched is no day without events. */
static void absence_teaches_nothing(void **state)
{
	(void)state;
	assert_true(mean_after(false) < 5);
	assert_float_equal(mean_after(true), 10, 0.01);
}

static double coverage_after(int absences)
{
	struct bench *b = bench_new(STEADY);
	double coverage;

	push(b, attempt(1, "10.0.0.1", "10.1.0.1", 1));
	for (int i = 0; i < absences; i++) { /* each a tenth of a second, a tenth apart */
		passes(b, 2 + i * 0.2);
		signal_engine_absent(b->engine, BASE + (21 + 2 * i) * WEIR_SEC / 10);
	}
	passes(b, 20);
	coverage = loud(b, 0)->coverage;
	bench_free(b);
	return coverage;
}

/* A window over a stop did not see all of its time. */
static void absence_is_not_covered(void **state)
{
	(void)state;
	assert_float_equal(coverage_after(0), 1, 1e-9);
	assert_float_equal(coverage_after(1), 0.99, 1e-9);
	assert_float_equal(coverage_after(32), 0.68, 1e-9);
	assert_float_equal(coverage_after(33), 0.66, 1e-9); /* one that was joined, and its gap */
}

/* What a replay begins with: keys that baselines have learned of, and nothing else of them. */
static void forgets_all_but_what_was_learned(void **state)
{
	struct bench *b = bench_new(rules);
	struct signal_rule_stats hops;
	struct signal_engine_stats all;

	(void)state;
	b->quiet = true;
	feed(b, 0, 1000);
	signal_engine_forget(b->engine);
	assert_string_equal(b->set->rules[2].name, "hops");
	signal_engine_rule_stats(b->engine, 2, &hops);
	signal_engine_stats(b->engine, &all);
	assert_int_equal(hops.keys, 11);
	assert_int_equal(all.keys, 11);
	assert_int_equal(all.events, 0);
	feed(b, -1e6, 100);
	ends(b);
	bench_free(b);
}

static void damage(uint8_t *at, size_t size)
{
	for (unsigned i = next_random() % 4; i < 4; i++)
		at[next_random() % size] = (uint8_t)next_random();
}

/* A checksum stands before all that is read. */
static void damaged_files_are_refused(void **state)
{
	struct bench *b = bench_new(rules);
	struct state_memory memory = {0};

	(void)state;
	b->quiet = true;
	feed(b, 0, 1000);
	save(b, &memory);
	for (int i = 0; i < 200; i++) {
		uint8_t *copy = malloc(memory.length);
		struct state_image image;
		const char *words;
		size_t length = next_random() % 3 ? memory.length : next_random() % memory.length;

		memcpy(copy, memory.bytes, length);
		if (length == memory.length)
			damage(copy, length);
		if (!length || !memcmp(copy, memory.bytes, memory.length))
			assert_int_equal(length, memory.length);
		else
			assert_int_equal(state_image_open(&image, copy, length, &words), -EBADMSG);
		free(copy);
	}
	state_memory_free(&memory);
	bench_free(b);
}

/* And what stands behind it does no harm: it is refused, or what was loaded goes on. */
static void what_cannot_be_does_no_harm(void **state)
{
	struct bench *b = bench_new(rules);
	struct state_memory memory = {0};
	unsigned refused = 0;

	(void)state;
	b->quiet = true;
	feed(b, 0, 250);
	save(b, &memory);
	for (int i = 0; i < 800; i++) {
		struct bench *fresh = fresh_of(b);
		uint8_t *copy = malloc(memory.length);
		struct state_image image;
		const struct state_entry *entry;
		const char *words;
		int err;

		memcpy(copy, memory.bytes, memory.length);
		assert_int_equal(state_image_open(&image, copy, memory.length, &words), 0);
		entry = &image.entries[next_random() % image.entries_len];
		if (entry->length)
			damage(copy + entry->offset, entry->length);
		err = load(fresh, &image);
		assert_true(err == 0 || err == -EBADMSG || err == -ENOMEM);
		refused += err != 0;
		if (!err) {
			feed(fresh, 63, 40);
			passes(fresh, 200);
			ends(fresh);
		}
		state_image_close(&image);
		fresh_free(fresh);
		free(copy);
	}
	assert_in_range(refused, 200, 1999);
	state_memory_free(&memory);
	bench_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_loaded_is_saved_alike),
		cmocka_unit_test(absence_teaches_nothing),
		cmocka_unit_test(absence_is_not_covered),
		cmocka_unit_test(forgets_all_but_what_was_learned),
		cmocka_unit_test(damaged_files_are_refused),
		cmocka_unit_test(what_cannot_be_does_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
