/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/login/logins.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/queue.h"
#include "capture/login/follow.h"
#include "capture/login/journal.h"
#include "capture/login/line.h"
#include "capture/login/records.h"
#include "capture/login/same.h"
#include "capture/login/shape.h"
#include "confine/confine.h"

#define POLL_NSEC (250 * WEIR_MSEC)

enum source_kind_of_login { SOURCE_JOURNAL, SOURCE_LINES, SOURCE_RECORDS };

/* What is shown of a source: the thread's, copied under the lock. */
struct login_counts {
	uint64_t records, logins, again;
	int error;
};

struct login_source {
	struct logins *logins;
	const char *name; /* "journal", or the path */
	enum source_kind_of_login kind;
	unsigned number;
	bool named;  /* by the configuration: it ought to be there */
	bool failed; /* of records */
	struct journal *journal;
	struct follow follow;
	struct login_counts counts, shown;
};

struct logins {
	struct login_source sources[LOGINS_SOURCES];
	unsigned len;
	const struct follow_opener *opener;
	struct shapes *shapes;
	struct same *same;
	struct queue *queue;
	weir_time now; /* of the round at hand */
	pthread_t thread;
	bool started;
	/* between both threads, under the lock */
	pthread_mutex_t lock;
	pthread_cond_t woken;
	bool stopping;
	uint64_t lost;
};

/* ---- what sources say ---- */

/* The address of this host by which it speaks to the other: what the kernel would choose. */
static bool local_address(const struct addr *other, struct addr *own)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(9)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(9)};
	bool is_v4 = addr_is_v4(other);
	struct sockaddr *to = is_v4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
	socklen_t length = is_v4 ? sizeof(v4) : sizeof(v6);
	int fd = socket(to->sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool known;

	memcpy(&v4.sin_addr, other->byte + 12, 4);
	memcpy(&v6.sin6_addr, other->byte, 16);
	known = fd >= 0 && !connect(fd, to, length) && !getsockname(fd, to, &length);
	if (fd >= 0)
		close(fd);
	if (known && is_v4)
		*own = addr_from_v4(v4.sin_addr.s_addr);
	else if (known)
		memcpy(own->byte, &v6.sin6_addr, 16);
	return known;
}

static void put(struct login_source *source, struct login *login)
{
	struct logins *logins = source->logins;
	struct login *kept;

	if (logins->len > 1 && !same_is_new(logins->same, source->number, login, logins->now)) {
		source->counts.again++;
		return;
	}
	if (login->has_source && !login->has_destination)
		login->has_destination = local_address(&login->source, &login->destination);
	source->counts.logins++;
	kept = malloc(sizeof(*kept));
	if (kept)
		*kept = *login;
	if (kept && queue_put(logins->queue, kept))
		return;
	free(kept);
	pthread_mutex_lock(&logins->lock);
	logins->lost++;
	pthread_mutex_unlock(&logins->lock);
}

static void on_message(struct login_source *source, const struct login_message *message,
		       weir_time at, const char *provider)
{
	struct login login;

	source->counts.records++;
	if (!shapes_read(source->logins->shapes, message, &login))
		return;
	login.at = at;
	login.provider = provider;
	put(source, &login);
}

static void on_entry(void *context, const struct login_message *message, weir_time at)
{
	on_message(context, message, at, "journal");
}

static void on_line(void *context, const char *text, size_t length)
{
	struct login_source *source = context;
	weir_time now = source->logins->now;
	struct login_line line;

	if (!login_line_read(text, length, now, &line))
		source->counts.records++;
	else
		on_message(source, &line.message, line.at == TIME_NONE ? now : line.at, "auth.log");
}

static void on_record(void *context, const char *bytes, size_t length)
{
	struct login_source *source = context;
	struct login login;

	source->counts.records++;
	if (login_record_read(bytes, length, source->failed, &login))
		put(source, &login);
}

static void poll_journal(struct login_source *source)
{
	int err = source->journal ? 0 : journal_open(&source->journal);

	if (!err)
		err = journal_poll(source->journal, on_entry, source);
	if (err < 0) {
		journal_close(source->journal);
		source->journal = NULL;
	}
	source->counts.error = err;
}

static void poll_source(struct login_source *source)
{
	switch (source->kind) {
	case SOURCE_JOURNAL:
		poll_journal(source);
		return;
	case SOURCE_LINES:
		follow_poll(&source->follow, on_line, source);
		break;
	case SOURCE_RECORDS:
		follow_poll(&source->follow, on_record, source);
		break;
	}
	source->counts.error = source->follow.error;
}

static void say_errors(struct login_source *source)
{
	int err = source->counts.error;

	if (err && err != source->shown.error && source->named)
		log_warn("log-ins: %s: %s: it is tried again", source->name, strerror(-err));
}

static void wait_for_more(struct logins *logins)
{
	struct timespec until = time_deadline(POLL_NSEC);

	pthread_cond_clockwait(&logins->woken, &logins->lock, CLOCK_MONOTONIC, &until);
}

static void *read_logins(void *context)
{
	struct logins *logins = context;

	confine_thread(0);
	pthread_mutex_lock(&logins->lock);
	while (!logins->stopping) {
		pthread_mutex_unlock(&logins->lock);
		logins->now = time_now();
		for (unsigned i = 0; i < logins->len; i++) {
			poll_source(&logins->sources[i]);
			say_errors(&logins->sources[i]);
		}
		pthread_mutex_lock(&logins->lock);
		for (unsigned i = 0; i < logins->len; i++)
			logins->sources[i].shown = logins->sources[i].counts;
		if (!logins->stopping)
			wait_for_more(logins);
	}
	pthread_mutex_unlock(&logins->lock);
	return NULL;
}

/* ---- which sources ---- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void add(struct logins *logins, const char *name, bool named)
{
	struct login_source *source = &logins->sources[logins->len];
	bool failed = !strncmp(base_name(name), "btmp", 4);
	bool records = failed || !strncmp(base_name(name), "wtmp", 4);

	*source = (struct login_source){
		.logins = logins,
		.name = name,
		.kind = !strcmp(name, "journal") ? SOURCE_JOURNAL
			: records		 ? SOURCE_RECORDS
						 : SOURCE_LINES,
		.number = logins->len++,
		.named = named,
		.failed = failed,
	};
	follow_init(&source->follow, name, records ? login_record_size : 0);
	source->follow.opener = logins->opener;
}

static const char *const logs[] = {"/var/log/auth.log", "/var/log/secure", NULL};
static const char *const records[] = {"/var/log/wtmp", "/var/log/btmp", NULL};

static bool can_read(const struct logins *logins, const char *path)
{
	const struct follow_opener *opener = logins->opener;
	int fd = opener ? opener->open(opener->context, path)
			: open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The first that is there; each says the same as those behind it, and more. */
static void add_auto(struct logins *logins)
{
	struct journal *journal = NULL;

	if (logins->len + 2 > LOGINS_SOURCES)
		return;
	if (!journal_open(&journal)) {
		journal_close(journal);
		add(logins, "journal", false);
		return;
	}
	for (size_t i = 0; logs[i]; i++)
		if (can_read(logins, logs[i])) {
			add(logins, logs[i], false);
			return;
		}
	for (size_t i = 0; records[i]; i++)
		if (can_read(logins, records[i]))
			add(logins, records[i], false);
}

static size_t add_files(const char *const *from, const char **files, size_t len)
{
	for (; *from && len < LOGINS_FILES_MAX - 1; from++)
		if (strcmp(*from, "auto") != 0 && strcmp(*from, "journal") != 0)
			files[len++] = *from;
	return len;
}

void logins_files(const char *const *sources, const char *files[LOGINS_FILES_MAX])
{
	size_t len = add_files(logs, files, 0);

	len = add_files(records, files, len);
	len = add_files(sources, files, len);
	files[len] = NULL;
}

static int add_sources(struct logins *logins, const char *const *sources, struct error *error)
{
	for (; *sources; sources++) {
		if (logins->len == LOGINS_SOURCES)
			return error_set(error, EXIT_INPUT, EINVAL,
					 "logins.sources has more than %d entries: leave some out",
					 LOGINS_SOURCES);
		if (!strcmp(*sources, "auto"))
			add_auto(logins);
		else
			add(logins, *sources, true);
	}
	return 0;
}

static int make(struct logins *logins, const char *const *sources, struct error *error)
{
	int err;

	pthread_mutex_init(&logins->lock, NULL);
	pthread_cond_init(&logins->woken, NULL);
	logins->shapes = shapes_new();
	logins->same = calloc(1, sizeof(*logins->same));
	logins->queue = queue_new(LOGINS_QUEUE);
	if (!logins->shapes || !logins->same || !logins->queue)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for log-ins");
	err = add_sources(logins, sources, error);
	/* Where they end now is where they begin. */
	logins->now = time_now();
	for (unsigned i = 0; i < logins->len && !err; i++)
		poll_source(&logins->sources[i]);
	if (!err && logins->len) {
		err = -pthread_create(&logins->thread, NULL, read_logins, logins);
		logins->started = !err;
	}
	if (err && !error->text[0])
		error_set(error, EXIT_SYSTEM, -err, "no thread for log-ins: %s", strerror(-err));
	return err;
}

int logins_open(struct logins **logins, const char *const *sources,
		const struct follow_opener *opener, struct error *error)
{
	struct logins *made = calloc(1, sizeof(*made));
	int err;

	if (!made)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for log-ins");
	error->text[0] = '\0';
	made->opener = opener;
	err = make(made, sources, error);
	if (err)
		logins_close(made);
	else
		*logins = made;
	return err;
}

void logins_close(struct logins *logins)
{
	if (!logins)
		return;
	if (logins->started) {
		pthread_mutex_lock(&logins->lock);
		logins->stopping = true;
		pthread_cond_signal(&logins->woken);
		pthread_mutex_unlock(&logins->lock);
		pthread_join(logins->thread, NULL);
	}
	for (unsigned i = 0; i < logins->len; i++) {
		journal_close(logins->sources[i].journal);
		follow_close(&logins->sources[i].follow);
	}
	if (logins->queue) {
		for (struct login *login; (login = queue_try(logins->queue));)
			free(login);
		queue_free(logins->queue);
	}
	shapes_free(logins->shapes);
	free(logins->same);
	pthread_cond_destroy(&logins->woken);
	pthread_mutex_destroy(&logins->lock);
	free(logins);
}

void logins_drain(struct logins *logins, void (*tell)(void *context, const struct login *login),
		  void *context)
{
	struct login *login;

	while ((login = queue_try(logins->queue))) {
		tell(context, login);
		free(login);
	}
}

static json_t *source_status(const struct login_source *source, bool *degraded)
{
	const struct login_counts *c = &source->shown;
	json_t *status = json_pack("{s:s, s:I, s:I, s:I}", "source", source->name, "records",
				   (json_int_t)c->records, "logins", (json_int_t)c->logins,
				   "told_by_another", (json_int_t)c->again);

	if (!c->error)
		return status;
	json_object_set_new(status, "error", json_string(strerror(-c->error)));
	*degraded = *degraded || source->named;
	return status;
}

json_t *logins_status(struct logins *logins, bool *degraded)
{
	json_t *sources = json_array();
	uint64_t lost;

	pthread_mutex_lock(&logins->lock);
	lost = logins->lost;
	for (unsigned i = 0; i < logins->len; i++)
		json_array_append_new(sources, source_status(&logins->sources[i], degraded));
	pthread_mutex_unlock(&logins->lock);
	*degraded = *degraded || lost;
	return json_pack("{s:I, s:o}", "lost", (json_int_t)lost, "sources", sources);
}
