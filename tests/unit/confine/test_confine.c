/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine/confine.h"

/* Each tries something in a process of its own, because there is no way back. */
static int in_child(void (*body)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		body();
		_exit(0);
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void assert_does(void (*body)(void))
{
	int status = in_child(body);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void assert_killed(void (*body)(void))
{
	int status = in_child(body);

	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGSYS);
}

#define REQUIRE(what)                                                                              \
	do {                                                                                       \
		if (!(what))                                                                       \
			_exit(__LINE__ & 0x7f);                                                    \
	} while (0)

/* ---- a decoder's calls ---- */

static int ends[2];

static void filter(void)
{
	REQUIRE(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
	REQUIRE(!confine_calls_decoder(ends[0]));
}

static void decode_on(void)
{
	char byte, *memory;

	filter();
	REQUIRE(send(ends[0], "x", 1, MSG_DONTWAIT) == 1);
	REQUIRE(recv(ends[0], &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN);
	memory = malloc(8 << 20);
	REQUIRE(memory);
	memset(memory, 1, 8 << 20);
	free(memory);
	REQUIRE(open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES);
}

static void open_socket(void)
{
	filter();
	socket(AF_INET, SOCK_STREAM, 0);
}

static void run_program(void)
{
	filter();
	execl("/bin/true", "true", NULL);
}

static void make_process(void)
{
	filter();
	fork();
}

static void send_elsewhere(void)
{
	filter();
	send(ends[1], "x", 1, MSG_DONTWAIT);
}

static void make_code(void)
{
	filter();
	mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void map_file(void)
{
	filter();
	mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 0, 0);
}

static void kill_parent(void)
{
	filter();
	kill(getppid(), SIGTERM);
}

static void look_into_another(void)
{
	filter();
	prctl(PR_SET_DUMPABLE, 1);
}

static void a_decoder_goes_on(void **state)
{
	(void)state;
	assert_does(decode_on);
}

static void any_other_call_kills(void **state)
{
	void (*const bodies[])(void) = {open_socket, run_program, make_process, send_elsewhere,
					make_code,   map_file,	  kill_parent,	look_into_another};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		assert_killed(bodies[i]);
}

/* ---- privileges and limits ---- */

static void be_nobody(void)
{
	char line[256];
	FILE *status;
	int sets = 0;

	REQUIRE(!confine_privileges());
	status = fopen("/proc/thread-self/status", "r");
	REQUIRE(status);
	while (fgets(line, sizeof(line), status)) {
		if (!strncmp(line, "CapEff:", 7) || !strncmp(line, "CapPrm:", 7) ||
		    !strncmp(line, "CapAmb:", 7)) {
			REQUIRE(strstr(line, "\t0000000000000000\n"));
			sets++;
		}
	}
	REQUIRE(sets == 3);
	REQUIRE(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1);
	REQUIRE(prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0);
}

static void be_small(void)
{
	REQUIRE(!confine_limits((size_t)64 << 20));
	REQUIRE(open("/dev/null", O_RDONLY) < 0 && errno == EMFILE);
}

static void no_privileges_are_left(void **state)
{
	(void)state;
	assert_does(be_nobody);
}

static void no_descriptor_is_opened(void **state)
{
	(void)state;
	assert_does(be_small);
}

/* ---- files ---- */

static char folder[] = "/tmp/weir-confine-XXXXXX";

static int try_open(const char *name, int flags)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	fd = open(path, flags, 0600);
	return fd < 0 ? -errno : close(fd);
}

static void see_no_files(void)
{
	int fd = open("/etc/passwd", O_RDONLY);
	char byte;

	REQUIRE(fd >= 0);
	REQUIRE(confine_files(NULL, 0) > 0);
	REQUIRE(open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES);
	REQUIRE(try_open("new", O_WRONLY | O_CREAT) == -EACCES);
	REQUIRE(read(fd, &byte, 1) == 1); /* what is open stays open */
}

static void write_one_folder(void)
{
	const struct confine_path paths[] = {
		{"/etc", false}, {folder, true}, {"/nowhere/at/all", true}, {NULL, true}};

	REQUIRE(confine_files(paths, 4) > 0);
	REQUIRE(open("/etc/passwd", O_RDONLY) >= 0);
	REQUIRE(open("/etc/weir-confine", O_WRONLY | O_CREAT, 0600) < 0 && errno == EACCES);
	REQUIRE(open("/tmp/weir-confine", O_WRONLY | O_CREAT, 0600) < 0 && errno == EACCES);
	REQUIRE(try_open("new", O_WRONLY | O_CREAT | O_TRUNC) == 0);
	REQUIRE(try_open("new", O_RDONLY) == 0);
}

static void require_landlock(void)
{
	struct confinement has;

	confine_probe(&has);
	if (has.files)
		return;
	print_message("skipped: this kernel has no Landlock\n");
	skip();
}

static void no_files_are_reached(void **state)
{
	(void)state;
	require_landlock();
	assert_does(see_no_files);
}

static void only_one_folder_is_written(void **state)
{
	(void)state;
	require_landlock();
	assert_does(write_one_folder);
}

/* ---- a replay's calls ---- */

static void replay_on(void)
{
	FILE *file;

	REQUIRE(!confine_calls_replay());
	REQUIRE(socket(AF_UNIX, SOCK_STREAM, 0) < 0 && errno == EPERM);
	REQUIRE(execl("/bin/true", "true", NULL) < 0 && errno == EPERM);
	file = fopen("/dev/null", "r+");
	REQUIRE(file);
	REQUIRE(!fclose(file));
}

static void a_replay_has_files_and_no_network(void **state)
{
	(void)state;
	assert_does(replay_on);
}

static void this_kernel_is_probed(void **state)
{
	struct confinement has = {0};

	(void)state;
	confine_probe(&has);
	assert_true(has.calls); /* no test above would have passed */
}

static int make_folder(void **state)
{
	(void)state;
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char path[256];

	(void)state;
	snprintf(path, sizeof(path), "%s/new", folder);
	unlink(path);
	return rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_decoder_goes_on),
		cmocka_unit_test(any_other_call_kills),
		cmocka_unit_test(no_privileges_are_left),
		cmocka_unit_test(no_descriptor_is_opened),
		cmocka_unit_test(no_files_are_reached),
		cmocka_unit_test(only_one_folder_is_written),
		cmocka_unit_test(a_replay_has_files_and_no_network),
		cmocka_unit_test(this_kernel_is_probed),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
