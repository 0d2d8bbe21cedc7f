/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "cli/agent.h"
#include "cli/verbs.h"
#include "metrics/metric.h"

static const struct verb_option options[] = {
	{"openmetrics", 0, NULL, "print OpenMetrics, instead of the text that Prometheus reads too",
	 NULL},
	{0},
};

static int run(const struct arguments *arguments)
{
	enum metrics_format format =
		arguments_has(arguments, "openmetrics") ? METRICS_OPEN : METRICS_PLAIN;
	int status = EXIT_DONE;
	json_t *answer = agent_status(&status);

	if (!answer)
		return status;
	if (metrics_write(answer, format, stdout)) {
		fputs("weir: cannot print the metrics: is there memory, and room?\n", stderr);
		status = EXIT_SYSTEM;
	}
	json_decref(answer);
	return status;
}

const struct verb verb_metrics = {
	.name = "metrics",
	.operands = "",
	.summary = "print what Prometheus is told, once",
	.help = "Asks the weir of this network namespace how it is doing, as 'weir status' does, "
		"and prints it as metrics: for a file of node_exporter's textfile collector, or "
		"to look at.\n\n"
		"'metrics.listen' in the configuration makes 'weir run' tell the same by HTTP.\n\n"
		"Example:\n"
		"    weir metrics >/var/lib/prometheus/node-exporter/weir.prom.new &&\n"
		"    mv /var/lib/prometheus/node-exporter/weir.prom.new "
		"/var/lib/prometheus/node-exporter/weir.prom",
	.options = options,
	.run = run,
};
