/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/nearest.h"
#include "cli/arguments.h"
#include "cli/verbs.h"
#include "pipeline.h"
#include "rule/severity.h"

static const struct verb_option options[] = {
	{"config", 'c', "FILE", "configuration, instead of " WEIR_SYSCONFDIR "/weir/weir.yaml",
	 NULL},
	{"rules", 0, "PATH",
	 "rule file or folder, instead of the usual. May be given several times", "rules"},
	{"lenient", 0, NULL, "skip rules that are for events or fields that weir does not have",
	 "lenient"},
	{"home", 0, "NETWORK",
	 "a network that is inside, where the capture was made. May be given several times",
	 "home_networks"},
	{"json", 0, NULL, "print JSON, one object a line", NULL},
	{"signals", 0, NULL, "print signals too, not only detections", NULL},
	{"events", 0, NULL, "print events too", NULL},
	{"database", 0, "FILE", "store as 'weir run' does (else nothing is stored)", "database"},
	{"fail-on", 0, "LEVEL",
	 "leave with status 4 if a detection at LEVEL or above was raised: informational, low, "
	 "medium, high or critical",
	 NULL},
	{"sort-window", 0, "DURATION",
	 "how far back in time records may go: 1s in captures and 5m in logs, if not said", NULL},
	{"since", 0, "TIME",
	 "instead of files the events that 'weir run' has kept, from TIME on: 7d (ago), or as "
	 "2026-01-31T08:00:00Z",
	 NULL},
	{"until", 0, "TIME", "with --since: before TIME", NULL},
	{"archive", 0, "FOLDER", "where they were kept", "archive.path"},
	{"quiet", 'q', NULL, "no summary of the files at the end", NULL},
	{0},
};

/* The level as number, -1 if none was asked for; EXIT_USAGE and words if there is no such. */
static int read_level(const struct arguments *arguments, int *level)
{
	const char *name = arguments_value(arguments, "fail-on");
	struct nearest nearest = {.wrong = name};

	*level = name ? severity_find(name, strlen(name)) : -1;
	if (!name || *level >= 0)
		return EXIT_DONE;
	for (int i = 0; i < SEVERITY_COUNT; i++)
		nearest_offer(&nearest, severity_name((enum severity)i));
	return verb_usage(arguments->verb, "no level '%s': nearest is '%s'", name,
			  nearest.best ? nearest.best : "high");
}

/* What `run` would do by itself, and a replay does only where asked. */
static int quiet_sinks(const struct arguments *arguments, struct config *config)
{
	struct error error = {0};
	int err = config_set(config, "syslog.enabled", "false", &error);

	err = err ? err : config_set(config, "json.path", "none", &error);
	if (!err && !arguments_has(arguments, "database"))
		err = config_set(config, "database", "none", &error);
	return err ? verb_error(&error) : EXIT_DONE;
}

static const char **list_files(const struct arguments *arguments)
{
	const char **files = calloc(arguments->len + 1, sizeof(*files));

	for (size_t i = 0; files && arguments_operand(arguments, i); i++)
		files[i] = arguments_operand(arguments, i);
	return files;
}

static int read_window(const struct arguments *arguments, weir_time *window)
{
	const char *text = arguments_value(arguments, "sort-window");

	*window = 0;
	if (!text || (!duration_parse(text, strlen(text), window) && *window > 0 &&
		      *window <= 366 * WEIR_DAY))
		return EXIT_DONE;
	return verb_usage(arguments->verb, "--sort-window %s: a duration up to 366d, as 90s or 1h",
			  text);
}

/* A moment, as a time or as so long ago; `otherwise` if it was not asked for. */
static int read_moment(const struct arguments *arguments, const char *name, weir_time otherwise,
		       weir_time *at)
{
	const char *text = arguments_value(arguments, name);
	weir_time ago;

	*at = otherwise;
	if (!text)
		return EXIT_DONE;
	if (!duration_parse(text, strlen(text), &ago) && ago > 0) {
		*at = time_now() - ago;
		return EXIT_DONE;
	}
	if (!time_parse(text, strlen(text), at))
		return EXIT_DONE;
	return verb_usage(arguments->verb,
			  "--%s %s: so long ago, as 7d, or a time, as "
			  "2026-01-31T08:00:00Z",
			  name, text);
}

static int read_archive(const struct arguments *arguments, struct replay_options *how)
{
	bool kept = arguments_has(arguments, "since"), files = arguments_operand(arguments, 0);
	int status;

	if (!kept && (arguments_has(arguments, "until") || arguments_has(arguments, "archive")))
		return verb_usage(arguments->verb, "--until and --archive go with --since");
	if (kept && files)
		return verb_usage(arguments->verb, "--since is for kept events: name no files");
	if (!kept && !files)
		return verb_usage(arguments->verb, "no file: 'weir replay FILE...', '-' for "
						   "standard input, or --since for kept events");
	how->archive = kept;
	status = read_moment(arguments, "since", TIME_NONE, &how->since);
	status = status ? status : read_moment(arguments, "until", TIME_NEVER, &how->until);
	if (!status && how->until <= how->since)
		return verb_usage(arguments->verb,
				  "--until is not after --since: give a later time");
	return status;
}

static int replay(const struct arguments *arguments, const struct config *config, int level,
		  weir_time window)
{
	const char **files = list_files(arguments);
	struct replay_options how = {
		.files = files,
		.progress = isatty(STDERR_FILENO),
		.json = arguments_has(arguments, "json"),
		.signals = arguments_has(arguments, "signals"),
		.events = arguments_has(arguments, "events"),
		.summary = !arguments_has(arguments, "quiet"),
		.sort_window = window,
		.fail_on = level,
	};
	int status = EXIT_SYSTEM;

	if (!files)
		fputs("weir: out of memory\n", stderr);
	else if (!(status = read_archive(arguments, &how)))
		status = pipeline_replay(config, &how);
	free(files);
	return status;
}

static int run(const struct arguments *arguments)
{
	struct config *config = NULL;
	weir_time window = 0;
	int level, status;

	status = read_level(arguments, &level);
	status = status ? status : read_window(arguments, &window);
	status = status ? status : arguments_config(arguments, &config);
	status = status ? status : quiet_sinks(arguments, config);
	status = status ? status : replay(arguments, config, level, window);
	config_free(config);
	return status;
}

const struct verb verb_replay = {
	.name = "replay",
	.operands = "[FILE...]",
	.summary = "run captures and recorded events through the same rules",
	.help = "Reads captures (pcap, pcapng), Zeek's logs (TSV or JSON), Suricata's EVE, weir's "
		"own JSON events and any flat JSON that names addresses, also compressed by gzip "
		"or "
		"zstd; each is recognised by its content. Prints what 'weir run' would have "
		"detected. '-' is standard input; several files are merged by time. The same files "
		"give the same output, byte for byte.\n\n"
		"Captures made elsewhere have another inside: say so with --home.\n\n"
		"Where archive.enabled is set, 'weir run' keeps its events, and --since runs new "
		"rules over what was.\n\n"
		"Ctrl-C ends it early: what came before is told and stored, and the status is the "
		"signal's.\n\n"
		"Examples:\n"
		"    weir replay capture.pcap\n"
		"    tcpdump -i eth0 -w - | weir replay -\n"
		"    weir replay conn.log.gz dns.log.gz ssl.log.gz\n"
		"    weir replay --signals --json --home 172.20.0.0/16 one.pcap eve.json\n"
		"    weir replay --since 7d --rules new.yml",
	.options = options,
	.run = run,
};
