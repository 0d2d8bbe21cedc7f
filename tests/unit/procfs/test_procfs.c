/* SPDX-License-Identifier: Apache-2.0 */

/* The process that looks into others: what it answers, and what is known when it does not. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "procfs/inside.h"

static char folder[] = "/tmp/weir-procfs-XXXXXX";
static char log_path[64], pipe_path[64], other_path[64];
static const char *files[] = {pipe_path, log_path, NULL};
static struct procfs *procfs;

static void write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int begin(void **state)
{
	const struct procfs_options options = {.host_root = "/", .files = files};
	struct error error;

	(void)state;
	/* Where we have no rights, and they none beyond ours. */
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	if (procfs_open(&procfs, &options, &error))
		return -1;
	return 0;
}

static int end(void **state)
{
	(void)state;
	procfs_close(procfs);
	procfs = NULL;
	return 0;
}

static struct process_id self(void)
{
	return (struct process_id){.pid = (uint32_t)getpid()};
}

/* ---- answers ---- */

static void a_process_is_told(void **state)
{
	static struct proc_facts facts, own;
	struct process_id id = self();

	(void)state;
	assert_int_equal(proc_read(id, -1, &own), 0);
	assert_int_equal(procfs_process(procfs, id, &facts), 0);
	assert_int_equal(facts.id.start, own.id.start);
	assert_string_equal(facts.name, own.name);
	assert_string_equal(facts.executable, own.executable);
	assert_string_equal(facts.command_line, own.command_line);
	assert_string_equal(facts.folder, own.folder);
	id.start = own.id.start;
	assert_int_equal(procfs_process(procfs, id, &facts), 0);
	id.start += 2 * PROC_TICK;
	assert_int_equal(procfs_process(procfs, id, &facts), -ESRCH);
	id = (struct process_id){.pid = 0x7ffffffe};
	assert_int_equal(procfs_process(procfs, id, &facts), -ESRCH);
}

static void processes_are_asked_for_ahead(void **state)
{
	static struct proc_facts facts;
	const struct process_id gone = {.pid = 0x7ffffffe};
	uint64_t asked;

	(void)state;
	for (unsigned i = 0; i < PROCFS_AHEAD_MAX + 5; i++)
		procfs_ahead(procfs, i % 2 ? gone : self());
	asked = procfs->lines[LANE_PROCESSES].asked;
	assert_int_equal(asked, PROCFS_AHEAD_MAX);
	for (unsigned i = 0; i < PROCFS_AHEAD_MAX / 2; i++) {
		assert_int_equal(procfs_process(procfs, gone, &facts), -ESRCH);
		assert_int_equal(procfs_process(procfs, self(), &facts), 0);
		assert_int_equal(facts.id.pid, getpid());
	}
	assert_int_equal(procfs->lines[LANE_PROCESSES].asked, asked);
	/* What was asked for in vain is forgotten, and its answer is nobody else's. */
	procfs_ahead(procfs, gone);
	procfs_ahead_end(procfs);
	assert_int_equal(procfs_process(procfs, self(), &facts), 0);
	assert_int_equal(facts.id.pid, getpid());
}

static void note_pid(void *context, uint32_t pid)
{
	unsigned *found = context;

	if (pid == (uint32_t)getpid())
		++*found;
}

static void note_socket(void *context, const struct proc_socket *socket)
{
	struct proc_socket *wanted = context;

	if (socket->port == wanted->port && socket->listens)
		wanted->cookie = socket->cookie;
}

static void lists_are_told(void **state)
{
	struct sockaddr_in any = {.sin_family = AF_INET};
	socklen_t length = sizeof(any);
	struct proc_socket wanted = {0};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), more[300];
	unsigned found = 0;

	(void)state;
	assert_int_equal(procfs_list(procfs, note_pid, &found), 0);
	assert_int_equal(found, 1);
	assert_int_equal(bind(fd, (struct sockaddr *)&any, length), 0);
	assert_int_equal(listen(fd, 1), 0);
	getsockname(fd, (struct sockaddr *)&any, &length);
	wanted.port = ntohs(any.sin_port);
	/* More than fit into one answer. */
	for (unsigned i = 0; i < 300; i++)
		more[i] = dup(fd);
	assert_int_equal(procfs_sockets(procfs, (uint32_t)getpid(), note_socket, &wanted), 0);
	for (unsigned i = 0; i < 300; i++)
		close(more[i]);
	close(fd);
	assert_int_not_equal(wanted.cookie, 0);
	assert_false(procfs_stdio_is_socket(procfs, self()));
	assert_true(procfs_sockets(procfs, 0x7ffffffe, note_socket, &wanted) < 0);
}

static void the_host_is_asked(void **state)
{
	const struct cgroup_container where = {.runtime = "docker", .id = "0123"};
	struct container_words words = {.name = "x"};
	char path[PATH_MAX] = "x";
	enum host_owned owned = HOST_LATER;

	(void)state;
	assert_int_equal(procfs_cgroup(procfs, 1, path), 0); /* the root's, or none */
	assert_true(!path[0] || path[0] == '/');
	assert_true(procfs_words(procfs, &where, &words));
	assert_string_equal(words.name, "");
	for (unsigned i = 0; i < 1000 && owned == HOST_LATER; i++, usleep(10000))
		owned = procfs_owns(procfs, 0, "/nowhere/at/all");
	assert_in_set(owned, ((LargestIntegralType[]){HOST_UNKNOWN, HOST_NOT_OWNED}), 2);
	assert_int_equal(procfs_owns(procfs, 0, "not absolute"), HOST_UNKNOWN);
}

static void files_that_were_named_are_opened(void **state)
{
	char text[8] = "";
	int fd = procfs_file(procfs, log_path);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text)), 3);
	assert_memory_equal(text, "log", 3);
	assert_int_equal(write(fd, "x", 1), -1);
	close(fd);
	assert_int_equal(procfs_file(procfs, other_path), -EACCES);
	assert_int_equal(procfs_file(procfs, pipe_path), -EINVAL);
	assert_int_equal(unlink(log_path), 0);
	assert_int_equal(procfs_file(procfs, log_path), -ENOENT);
	write_file(log_path, "log");
}

/* ---- none ---- */

static bool answers(void)
{
	static struct proc_facts facts;

	return !procfs_process(procfs, self(), &facts);
}

static bool answers_soon(void)
{
	for (unsigned i = 0; i < 500; i++, usleep(10000))
		if (answers())
			return true;
	return false;
}

static void one_that_ends_is_started_anew(void **state)
{
	const char *fact, *message;
	bool degraded = false;
	uint32_t first;
	json_t *status;

	(void)state;
	assert_true(answers());
	first = procfs->lives.pid;
	assert_false(procfs_health(procfs, &fact, &message));
	kill((pid_t)first, SIGKILL);
	/* Now, before the next one speaks, or after: its question is lost or answered. */
	answers();
	assert_true(answers_soon());
	assert_int_not_equal(procfs->lives.pid, first);
	assert_true(procfs_health(procfs, &fact, &message));
	assert_string_equal(fact, "procfs_restarted");
	assert_non_null(strstr(message, "signal 9"));
	assert_false(procfs_health(procfs, &fact, &message));
	status = procfs_status(procfs, &degraded);
	assert_true(degraded);
	assert_int_equal(json_integer_value(json_object_get(status, "restarts")), 1);
	json_decref(status);
}

static void one_that_hangs_is_waited_for_once(void **state)
{
	struct kept_line *line = &procfs->lines[LANE_PROCESSES];
	static struct proc_facts facts;
	weir_time began;
	bool degraded = false;
	uint64_t unasked;

	(void)state;
	assert_true(answers());
	kill((pid_t)procfs->lives.pid, SIGSTOP);
	began = time_monotonic();
	assert_int_equal(procfs_process(procfs, self(), &facts), -EAGAIN);
	assert_true(time_monotonic() - began >= PROCFS_WAIT);
	assert_int_equal(line->unanswered, 1);
	unasked = line->unasked;
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(procfs_process(procfs, self(), &facts), -EAGAIN);
	assert_int_equal(line->unasked, unasked + 1000);
	assert_int_equal(line->unanswered, 1);
	json_decref(procfs_status(procfs, &degraded));
	assert_true(degraded);
	kill((pid_t)procfs->lives.pid, SIGCONT);
	assert_true(answers_soon());
}

static void nobody_left_is_told(void **state)
{
	static struct proc_facts facts;
	const char *fact, *message;
	bool degraded = false;

	(void)state;
	assert_true(answers());
	kill(procfs->keeper, SIGKILL); /* and with it who answers */
	while (answers() || !procfs->lines[LANE_PROCESSES].gone)
		;
	assert_int_equal(procfs_process(procfs, self(), &facts), -EAGAIN);
	assert_true(procfs_health(procfs, &fact, &message));
	assert_string_equal(fact, "procfs_gone");
	assert_false(procfs_health(procfs, &fact, &message));
	json_decref(procfs_status(procfs, &degraded));
	assert_true(degraded);
}

/* ---- lies ---- */

static int far[LANES];

/* We are who answers. */
static int begin_liar(void **state)
{
	(void)state;
	procfs = calloc(1, sizeof(*procfs));
	for (unsigned i = 0; i < LANES; i++) {
		int pair[2];

		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
			return -1;
		procfs->lines[i].channel = pair[0];
		far[i] = pair[1];
	}
	procfs->files = files;
	return 0;
}

static int end_liar(void **state)
{
	for (unsigned i = 0; i < LANES; i++)
		close(far[i]);
	return end(state);
}

static void say(enum procfs_lane lane, struct procfs_answer head, const void *bytes, size_t length)
{
	uint8_t message[PROCFS_MESSAGE];

	memcpy(message, &head, sizeof(head));
	memcpy(message + sizeof(head), bytes, length);
	assert_true(send(far[lane], message, sizeof(head) + length, 0) > 0);
}

static void lies_are_not_believed(void **state)
{
	struct kept_line *line = &procfs->lines[LANE_PROCESSES];
	static struct proc_facts facts;
	struct proc_socket wanted = {0};
	char path[PATH_MAX];

	(void)state;
	/* Of another question, too short, and then half a process. */
	say(LANE_PROCESSES, (struct procfs_answer){7, PROCFS_PROCESS, 0, 0}, "", 0);
	assert_true(send(far[LANE_PROCESSES], "x", 1, 0) == 1);
	say(LANE_PROCESSES, (struct procfs_answer){1, PROCFS_PROCESS, 0, 0}, "half", 4);
	assert_int_equal(procfs_process(procfs, self(), &facts), -EAGAIN);
	assert_int_equal(line->malformed, 2);
	say(LANE_PROCESSES, (struct procfs_answer){2, PROCFS_PROCESS, 17, 0}, "", 0);
	assert_int_equal(procfs_process(procfs, self(), &facts), -EAGAIN);
	say(LANE_PROCESSES, (struct procfs_answer){3, PROCFS_SOCKETS, 0, 1}, "not a socket", 12);
	assert_int_equal(procfs_sockets(procfs, 1, note_socket, &wanted), -EAGAIN);
	say(LANE_PROCESSES, (struct procfs_answer){4, PROCFS_CGROUP, 0, 0}, "\x05\0ab", 4);
	assert_int_equal(procfs_cgroup(procfs, 5, path), -EAGAIN);
	assert_int_equal(line->malformed, 5);
	/* A life that began again without a reason to believe it. */
	say(LANE_PROCESSES, (struct procfs_answer){0, PROCFS_READY, 0, 0}, "short", 5);
	say(LANE_PROCESSES, (struct procfs_answer){5, PROCFS_STDIO, 1, 0}, "", 0);
	assert_true(procfs_stdio_is_socket(procfs, self()));
	assert_int_equal(procfs->lives.restarts, 0);
	say(LANE_HOST, (struct procfs_answer){1, PROCFS_PACKAGE, 9, 0}, "", 0);
	assert_int_equal(procfs_owns(procfs, 0, "/bin/sh"), HOST_UNKNOWN);
	say(LANE_FILES, (struct procfs_answer){1, PROCFS_FILE, 0, 0}, "", 0);
	assert_int_equal(procfs_file(procfs, log_path), -EAGAIN); /* none came with it */
}

static void nobody_reads_what_is_asked(void **state)
{
	static struct proc_facts facts;

	(void)state;
	close(far[LANE_PROCESSES]);
	assert_int_equal(procfs_process(procfs, self(), &facts), -EAGAIN);
	assert_int_equal(procfs_list(procfs, note_pid, NULL), -EAGAIN);
	assert_false(procfs_stdio_is_socket(procfs, self()));
	far[LANE_PROCESSES] = -1;
}

static int make_files(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(log_path, sizeof(log_path), "%s/log", folder);
	snprintf(other_path, sizeof(other_path), "%s/other", folder);
	snprintf(pipe_path, sizeof(pipe_path), "%s/pipe", folder);
	write_file(log_path, "log");
	write_file(other_path, "other");
	return mkfifo(pipe_path, 0600);
}

static int remove_files(void **state)
{
	(void)state;
	unlink(log_path);
	unlink(other_path);
	unlink(pipe_path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_process_is_told, begin, end),
		cmocka_unit_test_setup_teardown(processes_are_asked_for_ahead, begin, end),
		cmocka_unit_test_setup_teardown(lists_are_told, begin, end),
		cmocka_unit_test_setup_teardown(the_host_is_asked, begin, end),
		cmocka_unit_test_setup_teardown(files_that_were_named_are_opened, begin, end),
		cmocka_unit_test_setup_teardown(one_that_ends_is_started_anew, begin, end),
		cmocka_unit_test_setup_teardown(one_that_hangs_is_waited_for_once, begin, end),
		cmocka_unit_test_setup_teardown(nobody_left_is_told, begin, end),
		cmocka_unit_test_setup_teardown(lies_are_not_believed, begin_liar, end_liar),
		cmocka_unit_test_setup_teardown(nobody_reads_what_is_asked, begin_liar, end_liar),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
