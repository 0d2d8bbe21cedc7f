/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CONFIG_CONFIG_H
#define WEIR_CONFIG_CONFIG_H

#include <stdio.h>

#include "base/addr.h"
#include "capture/live/live.h"
#include "enrich/derive.h"
#include "event/privacy.h"
#include "rule/fault.h"
#include "rule/rule.h"
#include "sink/sink.h"
#include "threat/threat.h"

/*
 * weir.yaml and the command line, as one set of values. One table of keys (config/keys.c) makes
 * the parser, the sample and --print-config. Owned by itself; immutable while the agent runs.
 */
struct config_role {
	const char *name;
	struct network_set networks;
};

struct config {
	struct arena arena;
	/* what is home, who is who */
	struct network_set home;       /* home_networks */
	VEC(struct config_role) roles; /* at most ROLES_MAX with those that always exist */
	/* what is learned of destinations, and where they are */
	struct learn_options learn;
	size_t max_names;
	struct geo_options geo;
	VEC(struct threat_list_options) threat_lists;
	size_t threat_max;		  /* indicators */
	const char *const *login_sources; /* of this host; ended by NULL */
	/* capture */
	const char *const *interfaces; /* patterns, '!' excludes; ended by NULL */
	bool loopback;
	const char *const *namespaces; /* others', watched from inside; ended by NULL */
	VEC(struct hook_rule) hooks;
	uint64_t flow_slots, half_open, ring_bytes, first_packets; /* 0: by the machine */
	struct {
		bool enabled;
		uint64_t budget;     /* bytes a second */
		uint64_t opening;    /* bytes of each direction */
		uint64_t ring_bytes; /* 0: by the machine */
	} payload;
	bool owners;	       /* which process it was */
	const char *host_root; /* where the host's files are */
	struct {
		bool enabled;
		const char *server, *credentials, *node; /* NULL: as a pod has them */
		const char *rules_label, *rules_namespace, *rules_folder;
		const char *cache; /* NULL: none */
	} kubernetes;
	uint64_t max_flows; /* agent's table; 0: by the machine */
	weir_time lateness; /* live: the poll period and 2 s */
	/* rules */
	const char *const *rules; /* files and folders; ended by NULL */
	bool lenient;
	bool reload_watch; /* reload what has changed on the disk */
	VEC(struct rule_placeholder) placeholders;
	/* what leaves */
	struct {
		enum privacy command_lines, urls, dns_names;
		const char *key_file; /* "auto": beside the database */
	} privacy;
	/* state */
	const char *state_path; /* "auto": beside the database; NULL: none */
	weir_time state_interval;
	/* sinks */
	const char *database; /* NULL: none */
	weir_time keep_for;
	uint64_t keep_bytes;
	bool all_flows;
	bool syslog;
	struct syslog_options syslog_options;
	struct network_options network; /* spools */
	struct webhook_options webhook; /* without an address: none */
	struct elastic_options elastic; /* likewise */
	const char *elastic_file;	/* NULL: none */
	struct kafka_options kafka;	/* without brokers: none */
	bool journal;
	struct journal_options journal_options;
	const char *json_path; /* NULL: none; "-": standard output */
	bool json_signals, json_events;
	struct {
		const char *listen; /* see metrics/listen.h; NULL: nowhere */
		bool remote;	    /* other hosts may reach it */
	} metrics;
	bool archive;
	struct archive_options archive_options;
};

/* Defaults, then the file (NULL: /etc/weir/weir.yaml if it is there), then those of the folder
 * beside it, weir.d, in the order of their names. 0, or -EINVAL with faults. */
int config_load(struct config **config, const char *path, struct faults *faults);

/* That file, and into `folder` (PATH_MAX) the other; whether they are there or not. False: there
 * can be no such folder. */
const char *config_file(const struct config *config);
bool config_folder(const struct config *config, char *folder);

/* How its rules are loaded. Borrows from it. */
struct rule_options config_rule_options(const struct config *config);

/* Its threat lists. Borrows from it. */
struct threat_options config_threat_options(const struct config *config);

/* One key from the command line, as in the file ("home_networks", "10.0.0.0/8"); lists grow, and
 * the first one from the command line replaces the file's. 0, or -EINVAL with `error` said. */
int config_set(struct config *config, const char *key, const char *value, struct error *error);

/* The next key, from *cursor (0 at first) on, in which two configurations differ and which a reload
 * does not change; NULL: there is no more. */
const char *config_differs(const struct config *a, const struct config *b, size_t *cursor);

/* All that is in force, with its unit, and where it came from. */
void config_print(const struct config *config, FILE *out);
/* The same for others to read: of keys that may hold secrets (config_key.secret) only whether they
 * are set; those values go to `secret`. */
void config_print_public(const struct config *config, FILE *out,
			 void (*secret)(void *context, const char *value), void *context);
/* The shipped sample: every key, its default, unit and comment. */
void config_sample(FILE *out);
/* The same as a section of docs/configuration.md. */
void config_document(FILE *out);
/* A JSON Schema (draft 2020-12) of the file, for editors. 0 or -ENOMEM. */
int config_schema(FILE *out);
void config_free(struct config *config);

#endif
