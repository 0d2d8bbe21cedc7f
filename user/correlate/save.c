/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>

#include "correlate/inside.h"
#include "correlate/signal_save.h"

/*
 * Correlation in a snapshot: first all evidence, each once, since several rules and detections may
 * keep the same; then who keeps it, by its number.
 */

#define EVIDENCE_VERSION   2
#define DETECTIONS_VERSION 3
#define TEMPORAL_VERSION   2
#define KEPT		   1 /* before each of a list; 0: no more */

size_t correlate_sections(const struct correlate *correlate)
{
	return 2 + (size_t)correlate->set->len;
}

/* ---- out ---- */

struct book {
	struct state_writer *writer;
	uint32_t save, len;
};

static void evidence_save(struct book *book, struct evidence *evidence)
{
	if (evidence->saved == book->save)
		return;
	evidence->saved = book->save;
	evidence->number = book->len++;
	state_put_uint(book->writer, KEPT);
	signal_save(book->writer, &evidence->signal);
}

static void all_evidence_save(struct correlate *correlate, struct book *book)
{
	state_section(book->writer, "evidence", "", 0, EVIDENCE_VERSION);
	for (unsigned i = 0; i < correlate->set->len; i++) {
		struct temporal *t = correlate->temporal[i];

		for (struct pair *pair = t ? t->oldest : NULL; pair; pair = pair->newer)
			for (unsigned ref = 0; ref < t->rule->refs_len; ref++)
				for (unsigned j = 0; j < pair->refs[ref].len; j++)
					evidence_save(book, pair->refs[ref].at[j]);
	}
	for (struct life *life = correlate->lives.first_close; life; life = life->close_after)
		for (unsigned i = 0; i < life->evidence_len; i++)
			evidence_save(book, life->evidence[i]);
	state_put_uint(book->writer, 0);
}

static void numbers_save(struct state_writer *w, struct evidence *const *at, unsigned len)
{
	state_put_uint(w, len);
	for (unsigned i = 0; i < len; i++)
		state_put_uint(w, at[i]->number);
}

static void life_save(struct state_writer *w, const struct life *life)
{
	const struct detection *d = &life->detection;

	state_put_uint(w, d->rule->index);
	state_put_text(w, d->id);
	state_put_uint(w, d->keys_len);
	for (unsigned i = 0; i < d->keys_len; i++) {
		field_save(w, d->key_fields[i]);
		value_save(w, &d->keys[i]);
	}
	state_put_uint(w, d->severity);
	state_put_real(w, d->confidence);
	state_put_real(w, d->coverage);
	state_put_int(w, d->first);
	state_put_int(w, d->last);
	state_put_uint(w, d->count);
	state_put_text(w, d->message);
	state_put_text(w, life->common_name);
	state_put_uint(w, life->common_width);
	state_put_uint(w, d->common_len);
	for (unsigned i = 0; i < d->common_len; i++)
		value_save(w, &d->common[i]);
	state_put_real(w, d->common_wrong);
	state_put_int(w, life->close_at);
	state_put_int(w, life->announce_at);
	state_put_uint(w, life->left_out);
	state_put_uint(w, life->dropped);
	numbers_save(w, life->evidence, life->evidence_len);
}

static void lives_save(const struct lives *lives, unsigned rules, struct state_writer *w)
{
	uint32_t number = 0;

	state_section(w, "detections", "", 0, DETECTIONS_VERSION);
	state_put_uint(w, lives->stats->signals);
	state_put_uint(w, lives->stats->detections);
	state_put_uint(w, lives->stats->updates);
	state_put_uint(w, lives->stats->evicted_keys);
	state_put_uint(w, lives->stats->dropped);
	state_put_uint(w, lives->stats->left_out);
	for (unsigned i = 0; i < rules; i++)
		state_put_uint(w, lives->fired[i]);
	state_put_uint(w, lives->table.count);
	for (struct life *life = lives->first_close; life; life = life->close_after) {
		life->number = number++;
		life_save(w, life);
	}
	for (const struct life *life = lives->first_told; life; life = life->told_after) {
		state_put_uint(w, KEPT);
		state_put_uint(w, life->number);
		state_put_int(w, life->tell_at);
	}
	state_put_uint(w, 0);
}

static void temporal_save(const struct temporal *t, struct state_writer *w)
{
	state_section(w, "temporal", t->rule->id, t->rule->fingerprint, TEMPORAL_VERSION);
	state_put_uint(w, t->table.count);
	for (const struct pair *pair = t->oldest; pair; pair = pair->newer) {
		state_put_int(w, pair->arrived);
		state_put_uint(w, pair->dropped);
		for (unsigned ref = 0; ref < t->rule->refs_len; ref++)
			numbers_save(w, pair->refs[ref].at, pair->refs[ref].len);
	}
}

void correlate_save(struct correlate *correlate, struct state_writer *writer)
{
	struct book book = {.writer = writer, .save = ++correlate->saves};

	all_evidence_save(correlate, &book);
	lives_save(&correlate->lives, correlate->set->len, writer);
	for (unsigned i = 0; i < correlate->set->len; i++)
		if (correlate->temporal[i])
			temporal_save(correlate->temporal[i], writer);
}

/* ---- in ---- */

/* Evidence by its number in the snapshot; NULL: of a rule that is not here. */
struct shelf {
	struct correlate *correlate;
	const struct rule_map *rules;
	VEC(struct evidence *) evidence;
};

static int shelf_fill(struct shelf *shelf, const struct state_image *image)
{
	struct correlate *correlate = shelf->correlate;
	struct state_reader r;

	if (!state_find(image, "evidence", "", &r) || r.version != EVIDENCE_VERSION)
		return -EBADMSG;
	while (state_get_below(&r, KEPT)) {
		struct evidence **at = vec_add(&shelf->evidence);
		struct signal signal;

		if (!at)
			return -ENOMEM;
		arena_reset(&correlate->arena);
		if (signal_load(&r, shelf->rules, &correlate->arena, &signal))
			return -ENOMEM;
		if (r.bad)
			return -EBADMSG;
		*at = signal.rule ? evidence_copy(&correlate->pool, &signal) : NULL;
		if (signal.rule && !*at)
			return -ENOMEM;
	}
	return state_done(&r) ? 0 : -EBADMSG;
}

static void shelf_free(struct shelf *shelf)
{
	vec_each (evidence, &shelf->evidence)
		evidence_drop(&shelf->correlate->pool, *evidence);
	vec_free(&shelf->evidence);
}

/* As many as are there, each with a reference; how many. */
static unsigned numbers_load(struct state_reader *r, const struct shelf *shelf,
			     struct evidence **at, unsigned max)
{
	size_t len = state_get_count(r, max);
	unsigned kept = 0;

	for (size_t i = 0; i < len; i++) {
		uint64_t number = state_get_uint(r);

		if (number >= shelf->evidence.len)
			r->bad = true;
		else if (!r->bad && shelf->evidence.at[number])
			at[kept++] = evidence_keep(shelf->evidence.at[number]);
	}
	return kept;
}

static void life_drop(struct correlate *correlate, struct life *life)
{
	for (unsigned i = 0; i < life->evidence_len; i++)
		evidence_drop(&correlate->pool, life->evidence[i]);
	arena_free(&life->arena);
	arena_free(&life->words);
	pool_put(&correlate->pool, life, sizeof(*life));
}

/* The name of the i-th key: of its field, or of an alias. */
static const char *key_name(const struct rule *rule, enum field field, unsigned i)
{
	unsigned aliases = rule->kind == RULE_TEMPORAL ? rule->temporal.group_by.len : i + 1;

	if (field != FIELD_NONE)
		return field_table[field].name;
	if (i < aliases || i - aliases >= rule->temporal.aliases_len)
		return NULL;
	return rule->temporal.aliases[i - aliases].name;
}

static int keys_load(struct state_reader *r, struct life *life)
{
	struct detection *d = &life->detection;
	size_t len = state_get_count(r, LIFE_NAMES_MAX);
	enum field *fields = arena_alloc(&life->arena, (len + 1) * sizeof(*fields));
	const char **names = arena_alloc(&life->arena, (len + 1) * sizeof(*names));
	struct value values[LIFE_NAMES_MAX];

	if (!fields || !names)
		return -ENOMEM;
	for (unsigned i = 0; i < len; i++) {
		fields[i] = field_load(r);
		value_load(r, &values[i]);
		names[i] = d->rule ? key_name(d->rule, fields[i], i) : "";
		if (!names[i])
			r->bad = true;
	}
	d->key_fields = fields;
	d->key_names = names;
	d->keys_len = (unsigned)len;
	d->keys = life_values(&life->arena, values, d->keys_len);
	return d->keys ? 0 : -ENOMEM;
}

static int common_load(struct state_reader *r, struct life *life)
{
	struct detection *d = &life->detection;
	struct value *values;
	char name[256];
	size_t len;

	state_get_text(r, name, sizeof(name));
	life->common_name = arena_text(&life->arena, name);
	life->common_width = (unsigned)state_get_below(r, RULE_FIELDS_MAX);
	len = state_get_count(r, UINT32_MAX);
	values = calloc(len + 1, sizeof(*values));
	for (size_t i = 0; values && i < len; i++)
		value_load(r, &values[i]);
	d->common = values ? life_values(&life->words, values, (unsigned)len) : NULL;
	d->common_len = (unsigned)len;
	d->common_wrong = state_get_share(r);
	free(values);
	return d->common && life->common_name ? 0 : -ENOMEM;
}

static int words_load(struct state_reader *r, struct life *life)
{
	size_t length;
	const char *message = state_get_bytes(r, &length);

	life->detection.message = arena_copy(&life->words, message ? message : "", length);
	return life->detection.message ? common_load(r, life) : -ENOMEM;
}

/* The life of what a rule that is not here has raised ends here too. */
static int life_load(struct state_reader *r, const struct shelf *shelf, struct life **kept,
		     unsigned *left_out)
{
	struct correlate *correlate = shelf->correlate;
	struct life *life = pool_get(&correlate->pool, sizeof(*life));
	weir_time close_at;
	struct detection *d;

	if (!life)
		return -ENOMEM;
	d = &life->detection;
	d->rule = rule_load(r, shelf->rules);
	state_get_text(r, d->id, sizeof(d->id));
	if (keys_load(r, life))
		goto out;
	d->severity = (enum severity)state_get_below(r, SEVERITY_COUNT - 1);
	d->confidence = state_get_share(r);
	d->coverage = state_get_share(r);
	d->first = state_get_time(r);
	d->last = state_get_time(r);
	d->count = state_get_uint(r);
	if (words_load(r, life))
		goto out;
	close_at = state_get_time(r);
	life->announce_at = state_get_timer(r);
	life->left_out = state_get_uint(r);
	life->dropped = state_get_uint(r);
	life->evidence_len = numbers_load(r, shelf, life->evidence, DETECTION_SIGNALS_MAX);
	if (!r->bad && d->rule && life->evidence_len &&
	    lives_put(&correlate->lives, life, close_at)) {
		*kept = life;
		return 0;
	}
	(*left_out)++;
	life_drop(correlate, life);
	return 0;
out:
	life_drop(correlate, life);
	return -ENOMEM;
}

/* So many for each rule that was there. */
static void counts_load(struct state_reader *r, const struct shelf *shelf)
{
	struct lives *lives = &shelf->correlate->lives;

	lives->stats->signals = state_get_uint(r);
	lives->stats->detections = state_get_uint(r);
	lives->stats->updates = state_get_uint(r);
	lives->stats->evicted_keys = state_get_uint(r);
	lives->stats->dropped = state_get_uint(r);
	lives->stats->left_out = state_get_uint(r);
	for (size_t i = 0; i < shelf->rules->len; i++) {
		uint64_t fired = state_get_uint(r);

		if (shelf->rules->at[i])
			lives->fired[shelf->rules->at[i]->index] = fired;
	}
}

static int lives_load(const struct shelf *shelf, const struct state_image *image,
		      unsigned *left_out)
{
	VEC(struct life *) lives = {0};
	struct state_reader r;
	int err = 0;

	if (!state_find(image, "detections", "", &r) || r.version != DETECTIONS_VERSION)
		return -EBADMSG;
	counts_load(&r, shelf);
	for (size_t len = state_get_count(&r, LIVES_MAX); len && !err && !r.bad; len--) {
		struct life **life = vec_add(&lives);

		err = life ? life_load(&r, shelf, life, left_out) : -ENOMEM;
	}
	while (!err && state_get_below(&r, KEPT)) {
		uint64_t number = state_get_uint(&r);
		weir_time tell_at = state_get_time(&r);

		r.bad |= number >= lives.len;
		if (!r.bad && lives.at[number])
			lives_put_told(&shelf->correlate->lives, lives.at[number], tell_at);
	}
	vec_free(&lives);
	return err ? err : state_done(&r) ? 0 : -EBADMSG;
}

static bool is_empty(const struct temporal *t, const struct pair *pair)
{
	for (unsigned ref = 0; ref < t->rule->refs_len; ref++)
		if (pair->refs[ref].len)
			return false;
	return true;
}

/* `refs` has room for those of a pair. */
static void pair_load(struct state_reader *r, const struct shelf *shelf, struct temporal *t,
		      struct ref_signals *refs)
{
	weir_time arrived = state_get_time(r);
	uint64_t dropped = state_get_uint(r);
	struct pair *pair = NULL;

	for (unsigned ref = 0; ref < t->rule->refs_len; ref++) {
		refs[ref].len = numbers_load(r, shelf, refs[ref].at, MATCH_SIGNALS_MAX);
		if (!pair && refs[ref].len)
			pair = temporal_pair(t, ref, &refs[ref].at[0]->signal, arrived);
	}
	if (pair && is_empty(t, pair)) {
		memcpy(pair->refs, refs, t->rule->refs_len * sizeof(*refs));
		pair->dropped = dropped;
		return;
	}
	for (unsigned ref = 0; ref < t->rule->refs_len; ref++)
		for (unsigned i = 0; i < refs[ref].len; i++)
			evidence_drop(&shelf->correlate->pool, refs[ref].at[i]);
}

static int temporal_load(const struct shelf *shelf, const struct state_image *image,
			 struct temporal *t)
{
	struct ref_signals *refs;
	struct state_reader r;

	if (!rule_section(image, "temporal", t->rule, &r))
		return 0;
	if (r.version != TEMPORAL_VERSION)
		return -EBADMSG;
	refs = calloc(t->rule->refs_len + 1, sizeof(*refs));
	if (!refs)
		return -ENOMEM;
	for (size_t len = state_get_count(&r, TEMPORAL_KEYS_MAX); len && !r.bad; len--)
		pair_load(&r, shelf, t, refs);
	free(refs);
	return state_done(&r) ? 0 : -EBADMSG;
}

int correlate_load(struct correlate *correlate, const struct state_image *image,
		   const struct rule_map *rules, unsigned *left_out)
{
	struct shelf shelf = {.correlate = correlate, .rules = rules};
	int err = shelf_fill(&shelf, image);

	*left_out = 0;
	err = err ? err : lives_load(&shelf, image, left_out);
	for (unsigned i = 0; !err && i < correlate->set->len; i++)
		if (correlate->temporal[i])
			err = temporal_load(&shelf, image, correlate->temporal[i]);
	shelf_free(&shelf);
	return err;
}
