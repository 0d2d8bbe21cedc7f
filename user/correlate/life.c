/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "correlate/inside.h"
#include "signal/identity.h"

void lives_init(struct lives *lives)
{
	table_init(&lives->table, sizeof(struct item), offsetof(struct life, item));
}

/* Lists by due time, of which the last is nearly always the latest. */
static void close_remove(struct lives *lives, struct life *life)
{
	*(life->close_before ? &life->close_before->close_after : &lives->first_close) =
		life->close_after;
	*(life->close_after ? &life->close_after->close_before : &lives->last_close) =
		life->close_before;
}

static void close_insert(struct lives *lives, struct life *life, weir_time at)
{
	struct life *before = lives->last_close;

	while (before && before->close_at > at)
		before = before->close_before;
	life->close_at = at;
	life->close_before = before;
	life->close_after = before ? before->close_after : lives->first_close;
	*(before ? &before->close_after : &lives->first_close) = life;
	*(life->close_after ? &life->close_after->close_before : &lives->last_close) = life;
}

static void told_remove(struct lives *lives, struct life *life)
{
	if (life->tell_at == TIME_NEVER)
		return;
	life->tell_at = TIME_NEVER;
	*(life->told_before ? &life->told_before->told_after : &lives->first_told) =
		life->told_after;
	*(life->told_after ? &life->told_after->told_before : &lives->last_told) =
		life->told_before;
}

static void told_add(struct lives *lives, struct life *life, weir_time at)
{
	struct life *before = lives->last_told;

	if (life->tell_at != TIME_NEVER)
		return;
	while (before && before->tell_at > at)
		before = before->told_before;
	life->tell_at = at;
	life->told_before = before;
	life->told_after = before ? before->told_after : lives->first_told;
	*(before ? &before->told_after : &lives->first_told) = life;
	*(life->told_after ? &life->told_after->told_before : &lives->last_told) = life;
}

static void life_free(struct lives *lives, struct life *life)
{
	close_remove(lives, life);
	told_remove(lives, life);
	table_remove(&lives->table, life);
	for (unsigned i = 0; i < life->evidence_len; i++)
		evidence_drop(lives->pool, life->evidence[i]);
	arena_free(&life->arena);
	arena_free(&life->words);
	lives->stats->open -= life->detection.rule->raise;
	pool_put(lives->pool, life, sizeof(*life));
}

void lives_free(struct lives *lives)
{
	while (lives->first_close)
		life_free(lives, lives->first_close);
	table_free(&lives->table);
}

static void tell(struct lives *lives, struct life *life, enum detection_change change, bool worse,
		 weir_time now)
{
	struct detection *d = &life->detection;

	told_remove(lives, life);
	d->change = change;
	d->worse = worse;
	d->announce = life->announce_at != TIME_NEVER &&
		      (life->announce_at <= now || d->severity == SEVERITY_CRITICAL ||
		       change == DETECTION_CLOSED);
	d->emitted = now;
	for (unsigned i = 0; i < life->evidence_len; i++)
		life->signals[i] = &life->evidence[i]->signal;
	d->signals = life->signals;
	d->signals_len = life->evidence_len;
	d->why = why_of(lives->arena, d, life->common_name, life->common_width, life->left_out,
			life->dropped);
	if (!d->why)
		d->why = "";
	if (d->announce)
		life->announce_at = TIME_NEVER;
	else if (life->announce_at != TIME_NEVER)
		told_add(lives, life, life->announce_at);
	if (!d->rule->raise)
		return;
	lives->ops->detection(lives->ops->context, d);
	lives->stats->detections += change == DETECTION_RAISED;
	lives->stats->updates += change == DETECTION_UPDATED;
}

static void close_first(struct lives *lives)
{
	struct life *life = lives->first_close;

	arena_reset(lives->arena);
	tell(lives, life, DETECTION_CLOSED, false, life->close_at);
	life_free(lives, life);
}

void lives_advance(struct lives *lives, weir_time now)
{
	for (;;) {
		struct life *told = lives->first_told, *closing = lives->first_close;

		if (told && told->tell_at <= now &&
		    (!closing || told->tell_at <= closing->close_at)) {
			arena_reset(lives->arena);
			tell(lives, told, DETECTION_UPDATED, false, told->tell_at);
		} else if (closing && closing->close_at <= now) {
			close_first(lives);
		} else {
			return;
		}
	}
}

void lives_end(struct lives *lives)
{
	while (lives->first_told) {
		struct life *life = lives->first_told;
		weir_time at = life->tell_at - LIFE_TELL;

		arena_reset(lives->arena);
		/* Nothing follows that could change it. */
		if (life->announce_at != TIME_NEVER)
			life->announce_at = at;
		tell(lives, life, DETECTION_UPDATED, false, at);
	}
}

static const char *family_of(const struct rule *rule)
{
	return rule->family ? rule->family : rule->id;
}

static bool item_of(struct lives *lives, const struct rule *rule, const struct value *keys,
		    unsigned len, struct item *item)
{
	struct value values[LIFE_NAMES_MAX + 1];
	const char *family = family_of(rule);

	values[0] = (struct value){.type = VALUE_TEXT, .text = {family, (uint32_t)strlen(family)}};
	for (unsigned i = 0; i < len; i++) {
		values[i + 1] = keys[i];
		if (keys[i].type == VALUE_NULL) /* null is a value of single events' keys */
			values[i + 1] = (struct value){.type = VALUE_BOOL};
	}
	return tuple_values_item(lives->buffer, values, len + 1, item);
}

const struct value *life_values(struct arena *arena, const struct value *values, unsigned len)
{
	struct value *at = arena_alloc(arena, (len + 1) * sizeof(*at));

	for (unsigned i = 0; at && i < len; i++) {
		at[i] = values[i];
		if (at[i].type != VALUE_TEXT)
			continue;
		at[i].text.at = arena_copy(arena, at[i].text.at, at[i].text.length);
		if (!at[i].text.at)
			return NULL;
	}
	return at;
}

/* The signal that a detection is named after: of the first to start; of several by id. */
static const struct signal *earliest(const struct holding *h)
{
	const struct signal *first = NULL;

	for (unsigned i = 0; i < h->evidence_len; i++) {
		const struct signal *s = &h->evidence[i]->signal;

		if (!first || s->start < first->start ||
		    (s->start == first->start && strcmp(s->id, first->id) < 0))
			first = s;
	}
	return first;
}

static bool keep_keys(struct life *life, const struct holding *h)
{
	struct detection *d = &life->detection;
	const char **names = arena_alloc(&life->arena, (h->keys_len + 1) * sizeof(*names));
	enum field *fields = arena_alloc(&life->arena, (h->keys_len + 1) * sizeof(*fields));

	d->keys = life_values(&life->arena, h->keys, h->keys_len);
	if (!names || !fields || !d->keys)
		return false;
	for (unsigned i = 0; i < h->keys_len; i++) {
		names[i] = h->names[i];
		fields[i] = h->fields[i];
	}
	d->key_names = names;
	d->key_fields = fields;
	d->keys_len = h->keys_len;
	return true;
}

static struct life *life_new(struct lives *lives, const struct holding *h, const struct item *item)
{
	struct life *life;
	char what[UUID_TEXT_MAX + 2];

	if (lives->table.count >= LIVES_MAX) {
		lives->stats->evicted_keys++;
		close_first(lives);
	}
	life = pool_get(lives->pool, sizeof(*life));
	if (!life)
		return NULL;
	life->item = *item;
	life->tell_at = TIME_NEVER;
	life->detection =
		(struct detection){.rule = h->rule, .first = TIME_NEVER, .last = TIME_NONE};
	snprintf(what, sizeof(what), "\"%s\"", earliest(h)->id);
	if (!keep_keys(life, h) ||
	    identity_make(&life->arena,
			  &(struct identity){h->rule, family_of(h->rule), life->detection.key_names,
					     life->detection.key_fields, life->detection.keys,
					     h->keys_len, what},
			  life->detection.id) ||
	    table_insert(&lives->table, life)) {
		arena_free(&life->arena);
		pool_put(lives->pool, life, sizeof(*life));
		return NULL;
	}
	life->announce_at = h->now + LIFE_TELL;
	close_insert(lives, life, h->now + h->suppress);
	lives->stats->open += h->rule->raise;
	return life;
}

static void leave_out(struct lives *lives, struct life *life, unsigned at)
{
	evidence_drop(lives->pool, life->evidence[at]);
	life->evidence_len--;
	memmove(&life->evidence[at], &life->evidence[at + 1],
		(life->evidence_len - at) * sizeof(struct evidence *));
}

/* A signal is offered again whenever its rule holds: it is counted when it comes, with all others
 * where the detection begins. */
static void note_left_out(struct lives *lives, struct life *life, const struct holding *h,
			  const struct evidence *evidence, bool raised)
{
	if (!raised && (evidence != h->arrived || evidence->signal.update))
		return;
	life->left_out++;
	lives->stats->left_out++;
}

/* Takes the evidence in; true if it is new (not an update of what is there). When room is short
 * the second oldest goes: the oldest says how it began, the newest how it is. */
static bool take_in(struct lives *lives, struct life *life, const struct holding *h,
		    const struct evidence *evidence, bool raised)
{
	unsigned at, old = 0;
	bool fresh;

	while (old < life->evidence_len &&
	       strcmp(life->evidence[old]->signal.id, evidence->signal.id))
		old++;
	fresh = old == life->evidence_len;
	if (!fresh && life->evidence[old] == evidence)
		return false;
	if (fresh && old == DETECTION_SIGNALS_MAX) {
		if (evidence->signal.time <= life->evidence[1]->signal.time) {
			note_left_out(lives, life, h, evidence, raised);
			return false;
		}
		life->left_out++;
		lives->stats->left_out++;
		old = 1;
	}
	if (old < life->evidence_len)
		leave_out(lives, life, old);
	for (at = life->evidence_len;
	     at && life->evidence[at - 1]->signal.time > evidence->signal.time; at--)
		life->evidence[at] = life->evidence[at - 1];
	life->evidence[at] = evidence_keep((struct evidence *)evidence);
	life->evidence_len++;
	return fresh;
}

static bool put_evidence(struct lives *lives, struct life *life, const struct holding *h,
			 bool raised)
{
	struct detection *d = &life->detection;
	bool fresh = false;

	for (unsigned i = 0; i < h->evidence_len; i++) {
		const struct signal *s = &h->evidence[i]->signal;

		fresh |= take_in(lives, life, h, h->evidence[i], raised);
		if (s->start < d->first)
			d->first = s->start;
		if (s->time > d->last)
			d->last = s->time;
	}
	return fresh;
}

static void put_words(struct life *life, const struct holding *h)
{
	struct detection *d = &life->detection;

	arena_reset(&life->words);
	d->common = life_values(&life->words, h->common, h->common_len);
	d->common_len = d->common ? h->common_len : 0;
	d->common_wrong = h->common_wrong;
	life->common_name = h->common_name;
	life->common_width = h->common_width;
	d->message = arena_text(&life->words, h->message ? h->message : h->rule->title);
	if (!d->message)
		d->message = "";
}

struct held lives_hold(struct lives *lives, const struct holding *h)
{
	struct life *life;
	struct item item;
	bool raised, fresh, worse;

	if (!h->evidence_len || !item_of(lives, h->rule, h->keys, h->keys_len, &item))
		return (struct held){0};
	life = table_find(&lives->table, &item);
	raised = !life;
	if (raised)
		life = life_new(lives, h, &item);
	if (!life)
		return (struct held){0};
	fresh = put_evidence(lives, life, h, raised);
	life->dropped = h->dropped;
	worse = !raised && h->severity > life->detection.severity;
	if (raised || worse)
		life->detection.severity = h->severity;
	life->detection.confidence = h->confidence;
	life->detection.coverage = h->coverage;
	life->detection.count++;
	lives->fired[h->rule->index] += raised;
	put_words(life, h);
	if (!raised && h->now + h->suppress > life->close_at) {
		close_remove(lives, life);
		close_insert(lives, life, h->now + h->suppress);
	}
	if (raised || fresh || worse)
		tell(lives, life, raised ? DETECTION_RAISED : DETECTION_UPDATED, worse, h->now);
	else
		told_add(lives, life, h->now + LIFE_TELL);
	return (struct held){&life->detection, raised, raised || fresh || worse};
}

bool lives_put(struct lives *lives, struct life *life, weir_time close_at)
{
	const struct detection *d = &life->detection;

	life->tell_at = TIME_NEVER;
	if (lives->table.count >= LIVES_MAX ||
	    !item_of(lives, d->rule, d->keys, d->keys_len, &life->item) ||
	    table_find(&lives->table, &life->item) || table_insert(&lives->table, life))
		return false;
	close_insert(lives, life, close_at);
	lives->stats->open += d->rule->raise;
	return true;
}

void lives_put_told(struct lives *lives, struct life *life, weir_time tell_at)
{
	told_add(lives, life, tell_at);
}
