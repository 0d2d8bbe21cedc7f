/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FUZZ_REPLAY_H
#define FUZZ_REPLAY_H

#include <fcntl.h>
#include <sanitizer/common_interface_defs.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/source.h"
#include "flow/track.h"

/* What the fuzzers of captures and logs share: bytes as a file through the source; packets through
 * the tracker and the flow stage, which must account for each byte that was counted. */

struct replay {
	struct flow_table *flows;
	struct track *track;
	uint64_t told;
	uint64_t touched; /* sum of all bytes handed over: they were readable */
};

static inline void replay_event(void *context, const struct event *e)
{
	struct replay *r = context;

	if (e->service == SERVICE_FLOW)
		r->told += e->source_bytes + e->destination_bytes;
}

static inline void replay_signal(void *context, const struct recorded_signal *signal)
{
	((struct replay *)context)->touched += signal->rule.length + signal->row->cells.len;
}

/* Warnings are expected by the thousand; what the sanitizers say goes where it went. */
static inline void replay_quiet(void)
{
	static int reports = -1;
	int nowhere;

	if (reports >= 0)
		return;
	reports = dup(STDERR_FILENO);
	nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (reports < 0 || nowhere < 0)
		abort();
	__sanitizer_set_report_fd((void *)(intptr_t)reports);
	dup2(nowhere, STDERR_FILENO);
	close(nowhere);
}

static inline void replay_start(struct replay *r)
{
	const struct flow_ops ops = {
		.event = replay_event,
		.context = r,
		.services = UINT32_MAX,
		.interval = WEIR_SEC,
		.max_flows = 16, /* so that some are evicted */
		.ready = TIME_NONE,
	};

	replay_quiet();
	*r = (struct replay){.flows = flow_table_new(&ops)};
	r->track = r->flows ? track_new(r->flows) : NULL;
	if (!r->track)
		abort();
}

static inline void replay_packet(void *context, const struct capture_packet *packet)
{
	struct replay *r = context;

	for (uint32_t i = 0; i < packet->captured; i++)
		r->touched += packet->bytes[i];
	track_packet(r->track, packet);
}

static inline void replay_finish(struct replay *r)
{
	struct track_stats stats;

	track_finish(r->track);
	flow_finish(r->flows);
	track_stats(r->track, &stats);
	if (stats.ip_bytes != r->told)
		abort();
	track_free(r->track);
	flow_table_free(r->flows);
}

/* Opens `data` as a file of type `type`; NULL: it is none. */
static inline struct source *replay_open(const uint8_t *data, size_t size, const char *type)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	struct source *source = NULL;
	char path[64];

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (!source_open(&source, path, NULL) && strcmp(source->ops->type, type) != 0) {
		source->ops->close(source);
		source = NULL;
	}
	close(fd);
	return source;
}

/* Reads `data` to its end. */
static inline void replay_read(struct replay *r, const uint8_t *data, size_t size, const char *type)
{
	const struct intake intake = {r, replay_packet, replay_event, replay_signal};
	struct source *source = replay_open(data, size, type);
	weir_time at;

	while (source && source->ops->peek(source, &at) > 0)
		source->ops->deliver(source, &intake);
	if (!source)
		return;
	json_decref(source->ops->report(source));
	source->ops->close(source);
}

static inline int replay_file(const uint8_t *data, size_t size, const char *type)
{
	struct replay r;

	replay_start(&r);
	replay_read(&r, data, size, type);
	replay_finish(&r);
	return 0;
}

/* What others recorded: there are no packets to account for. */
static inline int replay_log(const uint8_t *data, size_t size, const char *type)
{
	struct replay events = {0};

	replay_quiet();
	replay_read(&events, data, size, type);
	return 0;
}

#endif
