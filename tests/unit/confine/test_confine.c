/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/netlink.h>
#include <linux/sockios.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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
	REQUIRE(!confine_limits((size_t)64 << 20, 0));
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

/* ---- the calls of who looks into others ---- */

static void procfs_filter(void)
{
	REQUIRE(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
	REQUIRE(ends[1] == ends[0] + 1);
	REQUIRE(!confine_calls_procfs(ends[0], ends[0]));
}

static ssize_t send_by(int fd)
{
	struct iovec part = {"x", 1};
	const struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

	return sendmsg(fd, &message, MSG_DONTWAIT);
}

static void procfs_on(void)
{
	char text[64];
	int fd, pidfd;

	procfs_filter();
	fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	REQUIRE(fd > ends[1]);
	REQUIRE(read(fd, text, sizeof(text)) > 0);
	REQUIRE(!close(fd));
	REQUIRE(readlink("/proc/self/exe", text, sizeof(text)) > 0);
	pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	REQUIRE(pidfd >= 0);
	REQUIRE(syscall(SYS_pidfd_getfd, pidfd, ends[0], 0) >= 0);
	REQUIRE(send_by(ends[0]) == 1);
	free(malloc(8 << 20));
}

static void procfs_opens_to_write(void)
{
	procfs_filter();
	open(folder, O_WRONLY);
}

static void procfs_makes_file(void)
{
	procfs_filter();
	open(folder, O_RDONLY | O_CREAT, 0600);
}

static void procfs_empties_file(void)
{
	procfs_filter();
	open(folder, O_RDONLY | O_TRUNC);
}

/* By a number, since the sanitizers write too. */
static void procfs_writes_there(void)
{
	procfs_filter();
	syscall(SYS_pwrite64, ends[1], "x", 1, 0);
}

static void procfs_maps_shared(void)
{
	procfs_filter();
	mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
}

static void procfs_makes_code(void)
{
	procfs_filter();
	mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void procfs_makes_socket(void)
{
	procfs_filter();
	socket(AF_INET, SOCK_STREAM, 0);
}

static void procfs_runs_program(void)
{
	procfs_filter();
	execl("/bin/true", "true", NULL);
}

static void procfs_makes_process(void)
{
	procfs_filter();
	fork();
}

static void procfs_kills(void)
{
	procfs_filter();
	kill(getppid(), SIGTERM);
}

static void procfs_sends_elsewhere(void)
{
	procfs_filter();
	send_by(ends[1]);
}

static void procfs_lets_its_channel_go(void)
{
	procfs_filter();
	close(ends[0]);
}

static void procfs_has_signals_sent(void)
{
	procfs_filter();
	fcntl(ends[1], F_SETOWN, getppid());
}

static void procfs_traces(void)
{
	procfs_filter();
	syscall(SYS_ptrace, 0, 0, 0, 0);
}

static void who_looks_into_others_does_nothing_else(void **state)
{
	void (*const bodies[])(void) = {
		procfs_opens_to_write,	 procfs_makes_file,
		procfs_empties_file,	 procfs_writes_there,
		procfs_maps_shared,	 procfs_makes_code,
		procfs_makes_socket,	 procfs_runs_program,
		procfs_makes_process,	 procfs_kills,
		procfs_sends_elsewhere,	 procfs_lets_its_channel_go,
		procfs_has_signals_sent, procfs_traces,
	};

	(void)state;
	assert_does(procfs_on);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		assert_killed(bodies[i]);
}

/* ---- who attaches ---- */

static void attacher_filter(void)
{
	REQUIRE(!socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends));
	if (ends[1] < ends[0]) { /* what is let through begins behind the channel */
		int other = ends[0];

		ends[0] = ends[1];
		ends[1] = other;
	}
	REQUIRE(!confine_calls_attacher(ends[0]));
}

static void attacher_on(void)
{
	char byte;
	int fd;

	attacher_filter();
	REQUIRE(send(ends[0], "x", 1, MSG_DONTWAIT) == 1);
	REQUIRE(recv(ends[1], &byte, 1, MSG_DONTWAIT) == 1);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	REQUIRE(fd >= 0);
	REQUIRE(fcntl(fd, F_DUPFD_CLOEXEC, 0) > fd);
	REQUIRE(!close(fd));
	REQUIRE(syscall(SYS_bpf, BPF_LINK_CREATE, NULL, 0) < 0 && errno != ENOSYS);
	REQUIRE(syscall(SYS_bpf, BPF_LINK_UPDATE, NULL, 0) < 0 && errno != ENOSYS);
}

static void attacher_loads(void)
{
	attacher_filter();
	syscall(SYS_bpf, BPF_PROG_LOAD, NULL, 0);
}

static void attacher_reads_map(void)
{
	attacher_filter();
	syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, NULL, 0);
}

static void attacher_fetches_program(void)
{
	attacher_filter();
	syscall(SYS_bpf, BPF_PROG_GET_FD_BY_ID, NULL, 0);
}

static void attacher_loads_by_a_trick(void)
{
	attacher_filter();
	syscall(SYS_bpf, (1L << 32) | BPF_PROG_LOAD, NULL, 0);
}

static void attacher_opens_file(void)
{
	attacher_filter();
	open("/etc/passwd", O_RDONLY);
}

static void attacher_makes_socket(void)
{
	attacher_filter();
	socket(AF_INET, SOCK_STREAM, 0);
}

static void attacher_speaks_of_else(void)
{
	attacher_filter();
	socket(AF_NETLINK, SOCK_RAW, NETLINK_XFRM);
}

static void attacher_runs_program(void)
{
	attacher_filter();
	execl("/bin/true", "true", NULL);
}

static void attacher_makes_process(void)
{
	attacher_filter();
	fork();
}

static void attacher_enters(void)
{
	attacher_filter();
	setns(ends[0], CLONE_NEWNET);
}

static void attacher_kills(void)
{
	attacher_filter();
	kill(getppid(), SIGTERM);
}

static void attacher_has_signals_sent(void)
{
	attacher_filter();
	fcntl(ends[1], F_SETOWN, getppid());
}

static void attacher_asks_devices(void)
{
	attacher_filter();
	ioctl(ends[1], SIOCSIFFLAGS, NULL);
}

static void attacher_lets_its_channel_go(void)
{
	attacher_filter();
	close(ends[0]);
}

static void who_attaches_does_nothing_else(void **state)
{
	void (*const bodies[])(void) = {
		attacher_loads,		  attacher_reads_map,
		attacher_fetches_program, attacher_loads_by_a_trick,
		attacher_opens_file,	  attacher_makes_socket,
		attacher_speaks_of_else,  attacher_runs_program,
		attacher_makes_process,	  attacher_enters,
		attacher_kills,		  attacher_has_signals_sent,
		attacher_asks_devices,	  attacher_lets_its_channel_go,
	};

	(void)state;
	assert_does(attacher_on);
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		assert_killed(bodies[i]);
}

/* ---- the agent's calls ---- */

static void engine_filter(void)
{
	int null = open("/dev/null", O_WRONLY);

	REQUIRE(!confine_calls_engine());
	dup2(null, STDERR_FILENO); /* the last words */
}

static void *begin(void *context)
{
	return context;
}

static void engine_on(void)
{
	pthread_t thread;
	void *said;
	int fd;

	engine_filter();
	REQUIRE(socket(AF_INET, SOCK_DGRAM, 0) >= 0);
	REQUIRE(!pthread_create(&thread, NULL, begin, &said));
	REQUIRE(!pthread_join(thread, &said));
	REQUIRE(mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
		     -1, 0) == MAP_FAILED &&
		errno == EPERM);
	/* what works on open descriptors, of which this is none */
	REQUIRE(syscall(SYS_bpf, BPF_MAP_LOOKUP_ELEM, NULL, 0) < 0 && errno != ENOSYS);
	fd = open("/etc/passwd", O_RDONLY);
	REQUIRE(fd >= 0);
}

static void engine_runs_program(void)
{
	engine_filter();
	execl("/bin/true", "true", NULL);
}

static void engine_debugs(void)
{
	engine_filter();
	syscall(SYS_process_vm_readv, getppid(), NULL, 0, NULL, 0, 0);
}

static void engine_loads(void)
{
	engine_filter();
	syscall(SYS_bpf, BPF_PROG_LOAD, NULL, 0);
}

/* The kernel reads the lower half. */
static void engine_loads_by_a_trick(void)
{
	engine_filter();
	syscall(SYS_bpf, (1L << 32) | BPF_PROG_LOAD, NULL, 0);
}

static void engine_makes_map(void)
{
	engine_filter();
	syscall(SYS_bpf, BPF_MAP_CREATE, NULL, 0);
}

static void engine_attaches(void)
{
	engine_filter();
	syscall(SYS_bpf, BPF_LINK_CREATE, NULL, 0);
}

static void engine_replaces(void)
{
	engine_filter();
	syscall(SYS_bpf, BPF_LINK_UPDATE, NULL, 0);
}

static void engine_copies_descriptor(void)
{
	engine_filter();
	syscall(SYS_pidfd_getfd, 0, 0, 0);
}

static void engine_listens_to_packets(void)
{
	engine_filter();
	socket(AF_PACKET, SOCK_RAW, 0);
}

static void engine_leaves(void)
{
	engine_filter();
	syscall(SYS_clone, CLONE_NEWNET | SIGCHLD, NULL, NULL, NULL, NULL);
}

static void engine_falls_silent(void)
{
	engine_filter();
	signal(SIGSYS, SIG_IGN);
}

static void engine_mounts(void)
{
	engine_filter();
	syscall(SYS_mount, NULL, NULL, NULL, 0, NULL);
}

/* It is the first process of its namespace, which no signal ends by default. */
static void first_of_a_container(void)
{
	int status = 0;
	pid_t pid;

	REQUIRE(!unshare(CLONE_NEWPID));
	pid = fork();
	if (!pid) {
		engine_mounts();
		_exit(0);
	}
	REQUIRE(waitpid(pid, &status, 0) == pid);
	REQUIRE(WIFEXITED(status) && WEXITSTATUS(status) == 128 + SIGSYS);
}

static void a_container_ends_too(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		print_message("skipped: only root makes namespaces\n");
		skip();
	}
	assert_does(first_of_a_container);
}

static void the_agent_goes_on(void **state)
{
	(void)state;
	assert_does(engine_on);
}

static void what_the_agent_never_does_kills(void **state)
{
	void (*const bodies[])(void) = {
		engine_runs_program,
		engine_debugs,
		engine_loads,
		engine_loads_by_a_trick,
		engine_makes_map,
		engine_attaches,
		engine_replaces,
		engine_copies_descriptor,
		engine_listens_to_packets,
		engine_leaves,
		engine_falls_silent,
		engine_mounts,
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
		assert_killed(bodies[i]);
}

#define READ_FILES (UINT64_C(1) << 2) /* CAP_DAC_READ_SEARCH */

static void keep_two(void)
{
	const uint64_t two = READ_FILES | UINT64_C(1) << 12, before = confine_held();

	REQUIRE(!confine_capabilities(two));
	REQUIRE(confine_held() == (before & two));
}

static void threads_give_up_when_told(void)
{
	uint64_t before = confine_held();

	confine_thread(0);
	REQUIRE(confine_held() == before);
	confine_threads();
	confine_thread(READ_FILES);
	REQUIRE(confine_held() == (before & READ_FILES));
}

static void capabilities_are_those_that_are_named(void **state)
{
	(void)state;
	assert_does(keep_two);
	assert_does(threads_give_up_when_told);
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
		cmocka_unit_test(who_looks_into_others_does_nothing_else),
		cmocka_unit_test(who_attaches_does_nothing_else),
		cmocka_unit_test(the_agent_goes_on),
		cmocka_unit_test(what_the_agent_never_does_kills),
		cmocka_unit_test(a_container_ends_too),
		cmocka_unit_test(capabilities_are_those_that_are_named),
		cmocka_unit_test(this_kernel_is_probed),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
