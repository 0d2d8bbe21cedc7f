/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "base/trust.h"
#include "cli/arguments.h"
#include "cli/system.h"
#include "cli/verbs.h"
#include "pipeline.h"
#include "stay.h"

static const struct verb_option options[] = {
	{"interface", 'i', "NAME",
	 "interface to watch; a name or a pattern such as 'eth*'; with a leading '!' it is left "
	 "out. May be given several times. Without it: all that carry traffic",
	 "interfaces"},
	{"lo", 0, NULL, "watch the loopback interface too", "loopback"},
	{"netns", 0, "NAME",
	 "watch the interfaces of another network namespace from inside: a name under /run/netns "
	 "or "
	 "a pattern, pid:NUMBER, or all. May be given several times",
	 "namespaces"},
	{"hook", 0, "[NAME=]HOOK",
	 "where packets are counted: auto, tc or xdp; for one interface or pattern NAME, or all. "
	 "May be given several times",
	 "hooks"},
	{"config", 'c', "FILE", "configuration, instead of " WEIR_SYSCONFDIR "/weir/weir.yaml",
	 NULL},
	{"database", 0, "FILE", "where detections and signals are stored; 'none': nowhere",
	 "database"},
	{"rules", 0, "PATH",
	 "rule file or folder, instead of the usual. May be given several times", "rules"},
	{"lenient", 0, NULL, "skip rules that are for events or fields that weir does not have",
	 "lenient"},
	{"home", 0, "NETWORK", "a network that is inside. May be given several times",
	 "home_networks"},
	{"json", 0, "[FILE]", "write detections as JSON lines to FILE, or to standard output",
	 "json.path"},
	{"take-over", 0, NULL,
	 "if a weir runs here already, take its place: it goes on until this one is prepared, then "
	 "it hands over what it has and leaves",
	 NULL},
	{"stay", 0, NULL,
	 "when another weir takes the place of this one, stay behind, idle, until stopped: for "
	 "pods, "
	 "which would be started anew. Ends with 6 if no weir runs any more",
	 NULL},
	{"print-config", 0, NULL,
	 "print all that is in force, and where each value came from; start nothing", NULL},
	{0},
};

static int configure(struct config **config, struct faults *faults, void *context)
{
	return arguments_config_again(context, config, faults);
}

struct start {
	const struct arguments *arguments;
	const struct config *config;
};

static int watch(const void *context)
{
	const struct start *start = context;
	bool made_room = false;
	const struct run_options how = {configure, (void *)start->arguments,
					arguments_has(start->arguments, "take-over"), &made_room};
	int status = pipeline_run(start->config, &how);

	return made_room && arguments_has(start->arguments, "stay") ? STAY_MADE_ROOM : status;
}

static int start(const struct arguments *arguments, const struct config *config)
{
	const struct start what = {arguments, config};

	if (!system_may_watch()) {
		fputs("weir: not root: run 'sudo weir run' (it attaches programs to the network)\n",
		      stderr);
		return EXIT_SYSTEM;
	}
	return arguments_has(arguments, "stay") ? stay_run(watch, &what) : watch(&what);
}

static int run(const struct arguments *arguments)
{
	struct config *config = NULL;
	int status;

	if (system_may_watch())
		trust_demand();
	status = arguments_config(arguments, &config);

	if (status)
		return status;
	if (arguments_has(arguments, "print-config"))
		config_print(config, stdout);
	else
		status = start(arguments, config);
	config_free(config);
	return status;
}

const struct verb verb_run = {
	.name = "run",
	.operands = "",
	.summary = "watch this host until stopped",
	.help = "Counts every connection of this host in the kernel, runs the rules over what it "
		"sees, and tells of detections: in the database, by syslog, and on a terminal. "
		"Needs root, and no configuration.\n\n"
		"When it is ready it says which interfaces it watches; from then on every packet "
		"is counted. SIGTERM and Ctrl-C stop it: everything is stored, nothing stays "
		"attached.\n\n"
		"SIGHUP, or 'weir reload', reads the configuration and the rules anew. What the "
		"rules know is kept over a reload and over a restart.\n\n"
		"Examples:\n"
		"    weir run\n"
		"    weir run -i 'eth*' -i '!eth9' --hook eth0=xdp\n"
		"    weir run --database /tmp/try.db --json",
	.options = options,
	.run = run,
};
