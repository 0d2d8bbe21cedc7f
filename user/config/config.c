/* SPDX-License-Identifier: Apache-2.0 */
#include "config/config.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/nearest.h"
#include "config/state.h"
#include "metrics/listen.h"

#define CONFIG_FILE	 WEIR_SYSCONFDIR "/weir/weir.yaml"
#define RULES_OF_OTHERS	 WEIR_SYSCONFDIR "/weir/rules"
#define RULES_OF_PACKAGE "/usr/share/weir/rules"

static struct config_state *state_of(struct config *config)
{
	return (struct config_state *)config;
}

/* A bound in the type's own words ("30d", "8MiB"); the caller's to free. */
static char *bound_text(const struct config_key *key, uint64_t bound)
{
	struct config *scratch = calloc(1, sizeof(*scratch));
	char *text = NULL;
	size_t size;
	FILE *out = scratch ? open_memstream(&text, &size) : NULL;

	if (out) {
		config_number_store(key, config_member(scratch, key), bound);
		key->type->print(key, config_member(scratch, key), out);
		fclose(out);
	}
	free(scratch);
	return text;
}

char *config_expects(const struct config_key *key, char *text, size_t size)
{
	char *low = key->least ? bound_text(key, key->least) : NULL;
	char *high = key->most && key->most != INT64_MAX ? bound_text(key, key->most) : NULL;
	size_t n = 0;

	n += (size_t)snprintf(text, size, "%s", key->type->expects);
	for (const struct config_choice *c = key->choices; c && c->name && n < size; c++)
		n += (size_t)snprintf(text + n, size - n, "%s%s", c == key->choices ? " " : ", ",
				      c->name);
	if (low && high && n < size)
		n += (size_t)snprintf(text + n, size - n, ", %s to %s", low, high);
	else if ((low || high) && n < size)
		n += (size_t)snprintf(text + n, size - n, ", at %s %s", low ? "least" : "most",
				      low ? low : high);
	if (key->zero && n < size)
		snprintf(text + n, size - n, ", or '%s'", key->zero);
	free(low);
	free(high);
	return text;
}

static int range_fault(const struct config_key *key, const char *text, struct error *why)
{
	char *low, *high;

	if (key->type->list)
		return error_set(why, EXIT_INPUT, EINVAL, "%s has too many entries: leave some out",
				 key->name);
	low = bound_text(key, key->least);
	high = key->most && key->most != INT64_MAX ? bound_text(key, key->most) : NULL;
	if (high)
		error_set(why, EXIT_INPUT, EINVAL, "%s is '%.100s': give %s to %s", key->name, text,
			  low ? low : "0", high);
	else
		error_set(why, EXIT_INPUT, EINVAL,
			  "%s is '%.100s': give at least %s, and no more "
			  "than fits 64 bits",
			  key->name, text, low ? low : "0");
	free(low);
	free(high);
	return -EINVAL;
}

static int value_fault(const struct config_key *key, const char *text, struct error *why)
{
	char expects[400];
	struct nearest nearest = {.wrong = text};
	const char *likely;

	for (const struct config_choice *c = key->choices; c && c->name; c++)
		nearest_offer(&nearest, c->name);
	likely = nearest_likely(&nearest);
	config_expects(key, expects, sizeof(expects));
	return error_set(why, EXIT_INPUT, EINVAL, "%s is '%.100s': give %s%s%s%s", key->name, text,
			 expects, likely ? "; nearest is '" : "", likely ? likely : "",
			 likely ? "'" : "");
}

int config_enter(struct config_state *state, size_t key, struct config_origin origin,
		 const char *text, struct error *why)
{
	const struct config_key *known = &config_keys[key];
	void *member = config_member(&state->config, known);
	int err;

	if (known->type->list && state->origins[key].origin != origin.origin)
		known->type->clear(member);
	err = known->type->parse(&state->config, known, member, text);
	if (!err || known->type->list)
		state->origins[key] = origin;
	if (err == -ERANGE)
		return range_fault(known, text, why);
	if (err == -EINVAL)
		return value_fault(known, text, why);
	if (err)
		return error_set(why, EXIT_SYSTEM, -err, "out of memory");
	return 0;
}

void config_enter_none(struct config_state *state, size_t key, struct config_origin origin)
{
	config_keys[key].type->clear(config_member(&state->config, &config_keys[key]));
	state->origins[key] = origin;
}

/* Enters a default; of a list, each of its words. */
static int enter_default(struct config_state *state, size_t key, struct error *why)
{
	struct config_origin origin = {.origin = ORIGIN_DEFAULT};
	const char *at = config_keys[key].fallback;

	if (!config_keys[key].type->list)
		return config_enter(state, key, origin, at, why);
	config_enter_none(state, key, origin);
	for (at += strspn(at, " "); *at; at += strspn(at, " ")) {
		char word[256];
		size_t length = strcspn(at, " ");
		int err;

		snprintf(word, sizeof(word), "%.*s", (int)length, at);
		err = config_enter(state, key, origin, word, why);
		if (err)
			return err;
		at += length;
	}
	return 0;
}

/*
 * Where the shipped rules are: `rules` beside the program (a build folder has it), else under the
 * prefix that it is installed in, else the package's place. Into `path`.
 */
static void find_shipped_rules(char path[PATH_MAX + 32])
{
	static const char *const beside[] = {"/rules", "/../share/weir/rules"};
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	if (n > 0) {
		self[n] = '\0';
		slash = strrchr(self, '/');
		for (size_t i = 0; slash && i < sizeof(beside) / sizeof(beside[0]); i++) {
			*slash = '\0';
			snprintf(path, PATH_MAX + 32, "%s%s", self, beside[i]);
			if (access(path, X_OK) == 0)
				return;
		}
	}
	snprintf(path, PATH_MAX + 32, "%s", RULES_OF_PACKAGE);
}

static int enter_default_rules(struct config_state *state, struct error *why)
{
	struct config_origin origin = {.origin = ORIGIN_DEFAULT};
	int key = config_key_find("rules", strlen("rules"));
	char path[PATH_MAX + 32];
	int err;

	find_shipped_rules(path);
	config_enter_none(state, (size_t)key, origin);
	err = config_enter(state, (size_t)key, origin, path, why);
	if (!err && access(RULES_OF_OTHERS, F_OK) == 0)
		err = config_enter(state, (size_t)key, origin, RULES_OF_OTHERS, why);
	return err;
}

static int enter_defaults(struct config_state *state, struct error *why)
{
	int err = 0;

	state->origins =
		arena_alloc(&state->config.arena, config_keys_len * sizeof(*state->origins));
	if (!state->origins)
		return error_set(why, EXIT_SYSTEM, ENOMEM, "out of memory");
	for (size_t i = 0; i < config_keys_len && !err; i++)
		err = enter_default(state, i, why);
	return err ? err : enter_default_rules(state, why);
}

/* Where the value of a key stands; nowhere, if it is the default. */
static struct place place_of(const struct config_state *state, const char *name,
			     struct faults *faults)
{
	const struct config_origin *origin = &state->origins[config_key_find(name, strlen(name))];

	return (struct place){
		.file = arena_text(&faults->arena, origin->file ? origin->file : ""),
		.line = origin->line,
		.column = 1,
	};
}

static void check_syslog(struct config_state *state, struct faults *faults)
{
	struct syslog_options *syslog = &state->config.syslog_options;
	const struct http_options *webhook = &state->config.webhook.http;
	bool remote = syslog->transport != SYSLOG_LOCAL;

	if (remote && !syslog->server)
		fault_add(
			faults, place_of(state, "syslog.transport", faults), true,
			"syslog.transport needs a server: give syslog.server its name or address");
	if (!remote && syslog->server)
		fault_add(faults, place_of(state, "syslog.server", faults), true,
			  "syslog.server is not used by the local transport: set syslog.transport "
			  "to udp, tcp or tls");
	if (remote && !syslog->port)
		syslog->port = syslog->transport == SYSLOG_TLS ? "6514" : "514";
	if (webhook->url && webhook->url_file)
		fault_add(faults, place_of(state, "webhook.url_file", faults), true,
			  "webhook.url says where it goes already: give one of the two");
}

/* The file, which must be there if it was named, and its drop-ins. */
static int read_files(struct config_state *state, const char *path, struct faults *faults)
{
	int err = 0, more;

	state->path = arena_text(&state->config.arena, path ? path : CONFIG_FILE);
	if (!state->path)
		return -ENOMEM;
	if (path || access(CONFIG_FILE, F_OK) == 0)
		err = config_read(state, state->path, faults);
	more = config_read_drop_ins(state, state->path, faults);
	return err ? err : more;
}

static void check_metrics(const struct config_state *state, struct faults *faults)
{
	struct listen_address address;

	if (!state->config.metrics.listen || state->config.metrics.remote ||
	    listen_parse(state->config.metrics.listen, &address) || listen_is_local(&address))
		return;
	fault_add(faults, place_of(state, "metrics.listen", faults), true,
		  "metrics.listen is '%.60s', which other hosts reach: set metrics.remote to true "
		  "if they shall, or listen on 127.0.0.1 or unix:PATH",
		  state->config.metrics.listen);
}

const char *config_file(const struct config *config)
{
	return ((const struct config_state *)config)->path;
}

/* Rules of ConfigMaps stand beside the others, once there are some. */
static int add_rules(struct config_state *state, struct error *why)
{
	const struct config *config = &state->config;
	size_t key = (size_t)config_key_find("rules", strlen("rules"));

	if (!config->kubernetes.enabled || !config->kubernetes.rules_label ||
	    access(config->kubernetes.rules_folder, X_OK))
		return 0;
	return config_enter(state, key, state->origins[key], config->kubernetes.rules_folder, why);
}

int config_load(struct config **config, const char *path, struct faults *faults)
{
	struct config_state *state = calloc(1, sizeof(*state));
	struct error why = {0};
	int err;

	*config = NULL;
	if (!state)
		return -ENOMEM;
	err = enter_defaults(state, &why);
	if (err)
		fault_add(faults, (struct place){0}, true, "%s", why.text);
	else
		err = read_files(state, path, faults);
	if (!err) {
		check_syslog(state, faults);
		check_metrics(state, faults);
	}
	if (!err && add_rules(state, &why))
		fault_add(faults, (struct place){0}, true, "%s", why.text);
	if (!err && faults->fatal)
		err = -EINVAL;
	if (err)
		config_free(&state->config);
	else
		*config = &state->config;
	return err;
}

int config_set(struct config *config, const char *key, const char *value, struct error *error)
{
	int index = config_key_find(key, strlen(key));
	struct nearest nearest = {.wrong = key};

	if (index >= 0)
		return config_enter(state_of(config), (size_t)index,
				    (struct config_origin){.origin = ORIGIN_COMMAND}, value, error);
	for (size_t i = 0; i < config_keys_len; i++)
		nearest_offer(&nearest, config_keys[i].name);
	return error_set(error, EXIT_INPUT, EINVAL, "no key '%s': nearest is '%s'", key,
			 nearest.best ? nearest.best : "rules");
}

void config_free(struct config *config)
{
	if (!config)
		return;
	for (size_t i = 0; i < config_keys_len; i++)
		if (config_keys[i].type->list)
			config_keys[i].type->clear(config_member(config, &config_keys[i]));
	arena_free(&config->arena);
	free(state_of(config));
}
