/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "sink/describe.h"
#include "sink/sink.h"

/*
 * For people: each detection once, when it is raised or gets worse. Standard output, at once. Made
 * in memory and written past stdio: a thread that hangs in a paused terminal must not hold the lock
 * that the end of the process takes.
 */

struct text_sink {
	struct sink sink;
	struct terminal terminal; /* its `out` is the memory */
	char *text;
	size_t length;
	/* Behind a queue, read by the engine's thread for status. */
	atomic_uint_least64_t written, dropped;
	atomic_int error; /* errno of the first failed write; then nothing is written any more */
};

static void text_event(const struct terminal *t, const struct out *out)
{
	char time[TIME_TEXT_MAX], tuple[EVENT_TUPLE_MAX];
	const struct event *e = &out->event;
	const char *state = NULL;

	if (event_has(e, FIELD_NETWORK_STATE))
		state = field_enum_name(FIELD_NETWORK_STATE, e->network_state);
	terminal_put(t, TINT_DIM, time_format(out->at, time));
	fprintf(t->out, "  %-10s  ", service_name(e->service));
	terminal_put(t, TINT_PLAIN, event_has(e, FIELD_SOURCE_IP) ? event_tuple(e, tuple) : "");
	if (state)
		fprintf(t->out, "  %s", state);
	if (out->message) {
		fputs("  ", t->out);
		terminal_put(t, TINT_PLAIN, out->message);
	}
	fputc('\n', t->out);
}

static void text_record(const struct terminal *t, const struct out *out)
{
	json_t *record = json_loadb(out->json, out->json_length, 0, NULL);

	if (!record)
		return; /* no memory */
	if (out->kind == OUT_DETECTION)
		describe_detection(t, record);
	else
		describe_signal(t, record, out->update);
	json_decref(record);
}

static int write_all(const char *bytes, size_t length)
{
	struct pollfd ready = {.fd = STDOUT_FILENO, .events = POLLOUT};

	while (length) {
		ssize_t n = write(STDOUT_FILENO, bytes, length);

		if (n >= 0) {
			bytes += n;
			length -= (size_t)n;
		} else if (errno != EINTR && (errno != EAGAIN || poll(&ready, 1, -1) < 0)) {
			return errno;
		}
	}
	return 0;
}

/* What was made since the last time. */
static int pour(struct text_sink *s)
{
	FILE *out = s->terminal.out;
	int err = fflush(out) || ferror(out) ? ENOMEM : write_all(s->text, s->length);

	rewind(out);
	return err;
}

static void text_write(struct sink *sink, struct out *out)
{
	struct text_sink *s = (struct text_sink *)sink;
	int err;

	if (out->kind == OUT_DETECTION && !out->announce)
		return;
	if (s->error) {
		s->dropped++;
		return;
	}
	if (out->kind == OUT_DETECTION || out->kind == OUT_SIGNAL)
		text_record(&s->terminal, out);
	else
		text_event(&s->terminal, out);
	err = pour(s);
	if (err) {
		s->error = err;
		s->dropped++;
		log_error("standard output: %s: nothing more is written to it", strerror(s->error));
		return;
	}
	s->written++;
}

static int text_flush(struct sink *sink, int timeout_ms)
{
	(void)sink;
	(void)timeout_ms;
	return 0;
}

static json_t *text_status(struct sink *sink)
{
	struct text_sink *s = (struct text_sink *)sink;
	json_t *status = json_pack("{s:I, s:I}", "written", (json_int_t)s->written, "dropped",
				   (json_int_t)s->dropped);

	if (s->error)
		json_object_set_new(status, "error", json_string(strerror(s->error)));
	return status;
}

static void text_close(struct sink *sink)
{
	struct text_sink *s = (struct text_sink *)sink;

	fclose(s->terminal.out);
	free(s->text);
	free(s);
}

static const struct sink_ops text_ops = {
	.name = "text",
	.write = text_write,
	.flush = text_flush,
	.status = text_status,
	.close = text_close,
};

int sink_text_open(struct sink **sink, uint32_t kinds, struct error *error)
{
	struct text_sink *s = calloc(1, sizeof(*s));

	if (!s)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for standard output");
	s->sink = (struct sink){&text_ops, kinds};
	fflush(stdout);
	s->terminal = terminal_open(stdout);
	s->terminal.out = open_memstream(&s->text, &s->length);
	if (!s->terminal.out) {
		free(s);
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for standard output");
	}
	*sink = &s->sink;
	return 0;
}
