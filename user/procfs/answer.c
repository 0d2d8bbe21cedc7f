/* SPDX-License-Identifier: Apache-2.0 */
/* The process that looks into others: takes questions, answers them, knows nothing else. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "confine/confine.h"
#include "process/cgroups.h"
#include "procfs/inside.h"

/* What all lanes share: set before their threads begin. */
static struct {
	const struct procfs_options *options;
	struct procfs_ready ready;
	struct host_facts *host; /* the host lane's */
	int cgroups;		 /* root of the hierarchy; -1: none */
	char cgroups_path[PATH_MAX];
	pthread_barrier_t started, confined;
} self;

struct server {
	enum procfs_lane lane;
	timer_t hang;
	struct procfs_ask ask; /* the question at hand */
	struct packet answer;
};

/* ---- patience ---- */

/* A file system that does not answer is waited for so long. */
static void set_patience(const struct server *s, time_t seconds)
{
	const struct itimerspec at = {.it_value.tv_sec = seconds};

	timer_settime(s->hang, 0, &at, NULL);
}

/* ---- sending ---- */

static void begin(struct server *s)
{
	s->answer.length = sizeof(struct procfs_answer);
	s->answer.full = false;
}

static void send_with(struct server *s, int32_t result, bool more, int fd)
{
	const struct procfs_answer head = {s->ask.number, s->ask.question, result, more};
	union {
		struct cmsghdr head;
		char room[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec part = {s->answer.bytes, s->answer.length};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	memcpy(s->answer.bytes, &head, sizeof(head));
	if (fd >= 0) {
		control.head = (struct cmsghdr){CMSG_LEN(sizeof(fd)), SOL_SOCKET, SCM_RIGHTS};
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
	}
	if (sendmsg(KEEPER_CHANNEL + (int)s->lane, &message, MSG_NOSIGNAL) < 0)
		_exit(errno != EPIPE); /* it is: the engine is gone */
	begin(s);
}

static void tell(struct server *s, int32_t result)
{
	if (s->answer.full) {
		begin(s);
		result = -EMSGSIZE;
	}
	send_with(s, result, false, -1);
}

/* Of a list: what there is room for goes first. */
static void make_room(struct server *s, size_t length)
{
	if (s->answer.length + length <= sizeof(s->answer.bytes))
		return;
	set_patience(s, 0); /* the engine may take its time */
	send_with(s, 0, true, -1);
	set_patience(s, PROCFS_HANG_SECONDS);
}

/* ---- processes ---- */

static struct process_id asked_process(const struct server *s)
{
	return (struct process_id){.start = s->ask.id, .pid = s->ask.pid};
}

static void answer_process(struct server *s, struct unpack *words)
{
	struct proc_facts facts;
	int err = proc_read(asked_process(s), self.cgroups, &facts);

	(void)words;
	if (!err)
		put_process(&s->answer, &facts);
	tell(s, err);
}

static void answer_stdio(struct server *s, struct unpack *words)
{
	(void)words;
	tell(s, proc_stdio_is_socket(asked_process(s)));
}

static void on_pid(void *context, uint32_t pid)
{
	struct server *s = context;

	make_room(s, sizeof(pid));
	put_bytes(&s->answer, &pid, sizeof(pid));
}

static void answer_list(struct server *s, struct unpack *words)
{
	(void)words;
	tell(s, proc_list(on_pid, s));
}

static void on_socket(void *context, const struct proc_socket *socket)
{
	struct server *s = context;

	make_room(s, PROCFS_SOCKET_BYTES);
	put_socket(&s->answer, socket);
}

static void answer_sockets(struct server *s, struct unpack *words)
{
	(void)words;
	tell(s, proc_sockets(s->ask.pid, on_socket, s));
}

static void answer_cgroup(struct server *s, struct unpack *words)
{
	char path[PATH_MAX] = "";

	(void)words;
	if (self.cgroups >= 0)
		cgroups_read_path(self.cgroups, self.cgroups_path, s->ask.id, path);
	put_text(&s->answer, path);
	tell(s, 0);
}

/* ---- packages and containers ---- */

static void answer_package(struct server *s, struct unpack *words)
{
	char path[PROGRAM_PATH_MAX], root[32];
	struct host_stats stats;
	enum host_owned owned;

	if (!take_text(words, path, sizeof(path))) {
		tell(s, -EINVAL);
		return;
	}
	snprintf(root, sizeof(root), "/proc/%u/root", s->ask.pid);
	owned = host_package_owns(self.host, s->ask.pid ? root : NULL, path);
	host_stats(self.host, &stats);
	put_packages(&s->answer, &stats);
	tell(s, (int32_t)owned);
}

static void answer_container(struct server *s, struct unpack *words)
{
	struct cgroup_container where = {0};
	struct container_words found;
	char runtime[32];

	if (!take_text(words, runtime, sizeof(runtime)) ||
	    !take_text(words, where.id, sizeof(where.id)) || strchr(where.id, '/') ||
	    !take_text(words, where.pod_uid, sizeof(where.pod_uid))) {
		tell(s, -EINVAL);
		return;
	}
	where.runtime = cgroup_runtime(runtime);
	if (!host_container_words(self.options->host_root, &where, &found)) {
		tell(s, -ENOENT);
		return;
	}
	put_words(&s->answer, &found);
	tell(s, 0);
}

/* ---- files ---- */

/* A pipe in its place would be waited for. */
static int open_file(const char *path)
{
	struct stat facts;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return -errno;
	if (!fstat(fd, &facts) && S_ISREG(facts.st_mode))
		return fd;
	close(fd);
	return -EINVAL;
}

static void answer_file(struct server *s, struct unpack *words)
{
	const char *const *files = self.options->files;
	int fd = -EACCES;

	(void)words;
	for (uint64_t i = 0; *files; i++, files++)
		if (i == s->ask.id)
			fd = open_file(*files);
	send_with(s, fd < 0 ? fd : 0, false, fd);
	if (fd >= 0)
		close(fd);
}

/* ---- serving ---- */

static const struct {
	enum procfs_lane lane;
	void (*answer)(struct server *s, struct unpack *words);
} questions[PROCFS_QUESTIONS] = {
	[PROCFS_PROCESS] = {LANE_PROCESSES, answer_process},
	[PROCFS_STDIO] = {LANE_PROCESSES, answer_stdio},
	[PROCFS_LIST] = {LANE_PROCESSES, answer_list},
	[PROCFS_SOCKETS] = {LANE_PROCESSES, answer_sockets},
	[PROCFS_CGROUP] = {LANE_PROCESSES, answer_cgroup},
	[PROCFS_PACKAGE] = {LANE_HOST, answer_package},
	[PROCFS_CONTAINER] = {LANE_HOST, answer_container},
	[PROCFS_FILE] = {LANE_FILES, answer_file},
};

static void answer(struct server *s, const uint8_t *bytes, size_t length)
{
	struct unpack words = {bytes, bytes + length};

	begin(s);
	if (!take_bytes(&words, &s->ask, sizeof(s->ask)))
		return;
	if (s->ask.question < PROCFS_QUESTIONS && questions[s->ask.question].answer &&
	    questions[s->ask.question].lane == s->lane)
		questions[s->ask.question].answer(s, &words);
	else
		tell(s, -EINVAL);
}

static void say_ready(struct server *s)
{
	s->ask = (struct procfs_ask){.question = PROCFS_READY};
	begin(s);
	put_bytes(&s->answer, &self.ready, sizeof(self.ready));
	tell(s, 0);
}

static void *serve(void *context)
{
	struct server *s = context;
	uint8_t question[PROCFS_MESSAGE];
	ssize_t n;

	if (s->lane) { /* what a thread begins with is over before calls are filtered */
		pthread_barrier_wait(&self.started);
		pthread_barrier_wait(&self.confined);
	}
	say_ready(s);
	for (;;) {
		n = recv(KEEPER_CHANNEL + (int)s->lane, question, sizeof(question), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(0); /* the engine hung up */
		set_patience(s, PROCFS_HANG_SECONDS);
		answer(s, question, (size_t)n);
		set_patience(s, 0);
	}
}

static bool open_self(const struct procfs_options *options, struct keeper_life life)
{
	self.options = options;
	self.ready = (struct procfs_ready){
		.pid = (uint32_t)getpid(), .life = life.number, .status = life.status};
	self.host = host_facts_new(&(struct host_options){.root = options->host_root});
	self.cgroups = cgroups_open_root();
	if (self.cgroups >= 0)
		cgroups_root_path(self.cgroups, self.cgroups_path);
	return self.host && !pthread_barrier_init(&self.started, NULL, LANES) &&
	       !pthread_barrier_init(&self.confined, NULL, LANES);
}

/* The signal's default ends the process. */
static bool open_server(struct server *s, enum procfs_lane lane)
{
	struct sigevent hang = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};

	s->lane = lane;
	return !timer_create(CLOCK_MONOTONIC, &hang, &s->hang);
}

void procfs_become(void *context, struct keeper_life life)
{
	static struct server servers[LANES];
	pthread_t thread;

	if (!open_self(context, life))
		_exit(1);
	for (enum procfs_lane lane = 0; lane < LANES; lane++)
		if (!open_server(&servers[lane], lane) ||
		    (lane && pthread_create(&thread, NULL, serve, &servers[lane])))
			_exit(1);
	pthread_barrier_wait(&self.started);
	if (confine_calls_procfs(KEEPER_CHANNEL, KEEPER_CHANNEL + LANES - 1))
		_exit(1);
	pthread_barrier_wait(&self.confined);
	serve(&servers[0]);
	_exit(0);
}
