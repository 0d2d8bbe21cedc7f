/* SPDX-License-Identifier: Apache-2.0 */
/* weir.yaml into values: every fault with its place. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

#include "base/nearest.h"
#include "base/trust.h"
#include "config/state.h"

#define FILE_MAX     (1 << 20) /* bytes: a configuration is written by hand */
#define KEY_NAME_MAX 128

struct reader {
	struct config_state *state;
	struct faults *faults;
	const char *file; /* in the arena of faults, which outlives a configuration that failed */
	const char *kept; /* the same in the configuration's */
	yaml_document_t document;
	const char *text; /* of the file */
	size_t length;
	unsigned *seen; /* line at which a key stood, by index of config_keys; 0: not yet */
};

static struct place place_of(const struct reader *reader, const yaml_node_t *node)
{
	return (struct place){
		.file = reader->file,
		.line = (unsigned)node->start_mark.line + 1,
		.column = (unsigned)node->start_mark.column + 1,
	};
}

static bool is_null(const yaml_node_t *node)
{
	const char *text = (const char *)node->data.scalar.value;

	return node->type == YAML_SCALAR_NODE &&
	       node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       (!*text || !strcmp(text, "~") || !strcasecmp(text, "null"));
}

/* The scalar's text, or NULL and a fault. */
static const char *text_of(struct reader *reader, const yaml_node_t *node, const char *name)
{
	char expects[400];
	int key;

	if (node->type == YAML_SCALAR_NODE && !is_null(node)) {
		const char *text = (const char *)node->data.scalar.value;

		if (strlen(text) == node->data.scalar.length)
			return text;
		fault_add(reader->faults, place_of(reader, node), true,
			  "%s has a zero byte in it: give text", name);
		return NULL;
	}
	key = config_key_find(name, strlen(name));
	fault_add(reader->faults, place_of(reader, node), true, "%s %s: give %s", name,
		  node->type == YAML_SCALAR_NODE     ? "has no value"
		  : node->type == YAML_SEQUENCE_NODE ? "is a list"
						     : "is a section",
		  key >= 0 ? config_expects(&config_keys[key], expects, sizeof(expects))
			   : "a word");
	return NULL;
}

/* The same of a value, with what the environment says in the place of ${NAME}. */
static const char *value_of(struct reader *reader, const yaml_node_t *node, const char *name)
{
	const char *text = text_of(reader, node, name);
	struct error why;

	if (text && config_expand(&reader->state->config.arena, text, &text, &why)) {
		fault_add(reader->faults, place_of(reader, node), true, "%s: %s", name, why.text);
		return NULL;
	}
	return text;
}

static struct config_origin origin_of(const struct reader *reader, const yaml_node_t *node)
{
	return (struct config_origin){ORIGIN_FILE, place_of(reader, node).line, reader->kept};
}

static void enter(struct reader *reader, size_t key, const yaml_node_t *node, const char *text)
{
	struct config_origin origin = origin_of(reader, node);
	struct error why;

	if (config_enter(reader->state, key, origin, text, &why))
		fault_add(reader->faults, place_of(reader, node), true, "%s", why.text);
}

static yaml_node_t *node_at(struct reader *reader, int index)
{
	return yaml_document_get_node(&reader->document, index);
}

/* Whether an entry has the part and takes the value; a fault if not. */
static bool part_is_right(struct reader *reader, const struct config_key *key, yaml_node_t *at,
			  const char *name, const char *value)
{
	struct nearest nearest = {.wrong = name};

	for (const struct config_part *part = key->type->parts; part->name; part++) {
		nearest_offer(&nearest, part->name);
		if (strcmp(part->name, name))
			continue;
		if (part->accepts(value) && !strchr(value, '\n'))
			return true;
		fault_add(reader->faults, place_of(reader, at), true,
			  "%s of %s is '%.100s': give %s", name, key->name, value, part->expects);
		return false;
	}
	fault_add(reader->faults, place_of(reader, at), true,
		  "an entry of %s has no '%.100s': nearest is '%s'", key->name, name, nearest.best);
	return false;
}

/* An entry that is a section: its parts, a line each. */
static void take_parts(struct reader *reader, size_t key, yaml_node_t *node)
{
	char joined[4096];
	size_t n = 0, faults = reader->faults->fatal;

	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *at = node_at(reader, pair->value);
		const char *name = text_of(reader, node_at(reader, pair->key), "a key");
		const char *value = value_of(reader, at, config_keys[key].name);

		if (!name || !value || !part_is_right(reader, &config_keys[key], at, name, value))
			continue;
		n += (size_t)snprintf(joined + n, sizeof(joined) - n, "%s%s=%s", n ? "\n" : "",
				      name, value);
		if (n >= sizeof(joined)) {
			fault_add(reader->faults, place_of(reader, at), true,
				  "an entry of %s is too long: give less than 4 KiB",
				  config_keys[key].name);
			return;
		}
	}
	if (reader->faults->fatal == faults)
		enter(reader, key, node, n ? joined : "");
}

/* An entry; `role` (of a mapping) goes before it as "role=". */
static void take_entry(struct reader *reader, size_t key, const yaml_node_t *node, const char *role,
		       const char *text)
{
	if (role)
		text = arena_format(&reader->state->config.arena, "%s=%s", role, text);
	if (text)
		enter(reader, key, node, text);
	else
		fault_add(reader->faults, place_of(reader, node), true, "out of memory");
}

/* A variable holds a whole list: its entries are divided by commas or spaces. */
static void take_listed(struct reader *reader, size_t key, const yaml_node_t *node,
			const char *role, const char *text)
{
	static const char dividers[] = ", \t\n";

	for (text += strspn(text, dividers); *text; text += strspn(text, dividers)) {
		size_t length = strcspn(text, dividers);
		const char *one = arena_copy(&reader->state->config.arena, text, length);

		if (one)
			take_entry(reader, key, node, role, one);
		text += length;
	}
}

static void take_scalar(struct reader *reader, size_t key, const yaml_node_t *node,
			const char *role)
{
	const char *text = value_of(reader, node, config_keys[key].name);

	if (!text)
		return;
	if (config_is_expansion((const char *)node->data.scalar.value))
		take_listed(reader, key, node, role, text);
	else
		take_entry(reader, key, node, role, text);
}

/* One entry or a list of them. */
static void take_entries(struct reader *reader, size_t key, yaml_node_t *node, const char *role)
{
	yaml_node_item_t *item, *end;

	item = node->type == YAML_SEQUENCE_NODE ? node->data.sequence.items.start : NULL;
	end = item ? node->data.sequence.items.top : NULL;
	while (!item || item < end) {
		yaml_node_t *one = item ? node_at(reader, *item++) : node;

		if (one->type == YAML_MAPPING_NODE && config_keys[key].type->parts)
			take_parts(reader, key, one);
		else
			take_scalar(reader, key, one, role);
		if (!item)
			return;
	}
}

static void take_map(struct reader *reader, size_t key, yaml_node_t *node)
{
	const char *name = config_keys[key].name;

	if (node->type != YAML_MAPPING_NODE) {
		fault_add(reader->faults, place_of(reader, node), true, "%s is no section: give %s",
			  name, config_keys[key].type->expects);
		return;
	}
	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
	     pair < node->data.mapping.pairs.top; pair++) {
		const char *role = text_of(reader, node_at(reader, pair->key), name);

		if (role)
			take_entries(reader, key, node_at(reader, pair->value), role);
	}
}

static void take_key(struct reader *reader, size_t key, yaml_node_t *name, yaml_node_t *value)
{
	const struct config_type *type = config_keys[key].type;
	struct place at = place_of(reader, name);
	const char *text;

	if (reader->seen[key]) {
		fault_add(reader->faults, at, true, "%s stands in line %u already: leave one out",
			  config_keys[key].name, reader->seen[key]);
		return;
	}
	reader->seen[key] = at.line;
	if (type->list)
		config_enter_none(reader->state, key, origin_of(reader, name));
	if (type->map) {
		take_map(reader, key, value);
	} else if (type->list) {
		take_entries(reader, key, value, NULL);
	} else {
		text = value_of(reader, value, config_keys[key].name);
		if (text)
			enter(reader, key, value, text);
	}
}

static bool is_section(const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < config_keys_len; i++)
		if (!strncmp(config_keys[i].name, name, length) &&
		    config_keys[i].name[length] == '.')
			return true;
	return false;
}

static void unknown_key(struct reader *reader, const yaml_node_t *node, const char *name)
{
	struct nearest nearest = {.wrong = name};
	struct nearest inner = {.wrong = name};
	const char *best, *section;

	/* The whole name, a section's, or the last part of one that stands in the wrong section. */
	for (size_t i = 0; i < config_keys_len; i++) {
		const char *dot = strrchr(config_keys[i].name, '.');

		nearest_offer(&nearest, config_keys[i].name);
		if (!dot)
			continue;
		section = arena_copy(&reader->faults->arena, config_keys[i].name,
				     (size_t)(dot - config_keys[i].name));
		if (section)
			nearest_offer(&nearest, section);
		if (!strcmp(dot + 1, name))
			inner.best = config_keys[i].name;
	}
	best = nearest_likely(&nearest) ? nearest.best : inner.best ? inner.best : nearest.best;
	fault_add(reader->faults, place_of(reader, node), true,
		  "unknown key '%.100s': nearest is '%s'", name, best ? best : "rules");
}

static void walk(struct reader *reader, const yaml_node_t *mapping, const char *section)
{
	for (yaml_node_pair_t *pair = mapping->data.mapping.pairs.start;
	     pair < mapping->data.mapping.pairs.top; pair++) {
		yaml_node_t *key = node_at(reader, pair->key);
		yaml_node_t *value = node_at(reader, pair->value);
		const char *word = text_of(reader, key, "a key");
		char name[KEY_NAME_MAX];
		int index;

		if (!word)
			continue;
		snprintf(name, sizeof(name), "%s%s%s", section, *section ? "." : "", word);
		index = config_key_find(name, strlen(name));
		if (index >= 0)
			take_key(reader, (size_t)index, key, value);
		else if (!is_section(name))
			unknown_key(reader, key, name);
		else if (value->type == YAML_MAPPING_NODE)
			walk(reader, value, name);
		else if (!is_null(value))
			fault_add(reader->faults, place_of(reader, value), true,
				  "%s is a section: give keys under it", name);
	}
}

/* A byte that is no character has an offset, and no mark. */
static struct place place_of_byte(const struct reader *reader, size_t offset)
{
	struct place at = {.file = reader->file, .line = 1, .column = 1};

	for (size_t i = 0; i < offset && i < reader->length; i++) {
		at.column = reader->text[i] == '\n' ? 1 : at.column + 1;
		at.line += reader->text[i] == '\n';
	}
	return at;
}

static void yaml_fault(struct reader *reader, const yaml_parser_t *parser)
{
	struct place at = {.file = reader->file};

	if (parser->error == YAML_READER_ERROR) {
		fault_add(reader->faults, place_of_byte(reader, parser->problem_offset), true,
			  "not UTF-8 text (%s): save it as UTF-8", parser->problem);
		return;
	}
	at.line = (unsigned)parser->problem_mark.line + 1;
	at.column = (unsigned)parser->problem_mark.column + 1;
	fault_add(reader->faults, at, true, "not YAML, %s%s%s: see docs/configuration.md",
		  parser->problem ? parser->problem : "no memory", parser->context ? " " : "",
		  parser->context ? parser->context : "");
}

static void read_documents(struct reader *reader, yaml_parser_t *parser)
{
	yaml_node_t *root;

	if (!yaml_parser_load(parser, &reader->document)) {
		yaml_fault(reader, parser);
		return;
	}
	root = yaml_document_get_root_node(&reader->document);
	if (root && root->type == YAML_MAPPING_NODE)
		walk(reader, root, "");
	else if (root && !is_null(root))
		fault_add(reader->faults, place_of(reader, root), true,
			  "not a mapping: give 'key: value' lines");
	yaml_document_delete(&reader->document);
	if (!root)
		return;
	if (!yaml_parser_load(parser, &reader->document)) {
		yaml_fault(reader, parser);
		return;
	}
	root = yaml_document_get_root_node(&reader->document);
	if (root)
		fault_add(reader->faults, place_of(reader, root), true,
			  "a second document begins: give only one");
	yaml_document_delete(&reader->document);
}

/* The whole file, bounded; NULL with -errno in *err, and `why` said if it is -EPERM. */
static char *slurp(const char *path, size_t *length, int *err, char why[TRUST_WHY_MAX])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *text = fd < 0 ? NULL : malloc(FILE_MAX + 1);
	ssize_t n = 1;

	*length = 0;
	*err = fd < 0 ? -errno : text ? 0 : -ENOMEM;
	if (!*err && !trust_fd(fd, why))
		*err = -EPERM;
	while (text && !*err && n > 0) {
		n = read(fd, text + *length, FILE_MAX + 1 - *length);
		if (n < 0 && errno != EINTR)
			*err = -errno;
		else if (n > 0)
			*length += (size_t)n;
		else if (n < 0)
			n = 1;
		if (*length > FILE_MAX)
			*err = -EFBIG;
	}
	if (fd >= 0)
		close(fd);
	if (*err) {
		free(text);
		text = NULL;
	}
	return text;
}

int config_read(struct config_state *state, const char *path, struct faults *faults)
{
	struct reader reader = {.state = state, .faults = faults};
	yaml_parser_t parser;
	size_t length;
	int err;
	char why[TRUST_WHY_MAX] = "";
	char *text = slurp(path, &length, &err, why);

	reader.file = arena_text(&faults->arena, path);
	if (err == -EPERM && why[0]) {
		fault_add(faults, (struct place){.file = reader.file}, true, "%s", why);
		return -EINVAL;
	}
	if (err) {
		fault_add(faults, (struct place){.file = reader.file}, true,
			  "cannot read the configuration (%s): give a file of at most 1 MiB",
			  strerror(-err));
		return err == -EACCES || err == -EIO || err == -ENOMEM ? err : -EINVAL;
	}
	reader.text = text;
	reader.length = length;
	reader.kept = arena_text(&state->config.arena, path);
	reader.seen = calloc(config_keys_len, sizeof(*reader.seen));
	if (reader.file && reader.kept && reader.seen && yaml_parser_initialize(&parser)) {
		yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
		read_documents(&reader, &parser);
		yaml_parser_delete(&parser);
	} else {
		err = -ENOMEM;
	}
	free(reader.seen);
	free(text);
	return err ? err : faults->fatal ? -EINVAL : 0;
}
