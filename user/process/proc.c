/* SPDX-License-Identifier: Apache-2.0 */
#include "process/proc.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

/* A process may have a million descriptors: more are not looked at. */
#define DESCRIPTORS_MAX 65536

/* ---- one file of a process ---- */

/* The folder pins the life: what is read through it later is never another's. */
static int open_process(uint32_t pid)
{
	char path[32];
	int fd;

	snprintf(path, sizeof(path), "/proc/%u", pid);
	fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -ESRCH : fd;
}

/* Up to size - 1 bytes, ended by a NUL; their number, or -errno. */
static ssize_t read_file(int process, const char *name, char *text, size_t size)
{
	int fd = openat(process, name, O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t n = 0;

	text[0] = '\0';
	if (fd < 0)
		return -errno;
	while (used < size - 1 && (n = read(fd, text + used, size - 1 - used)) > 0)
		used += (size_t)n;
	text[used] = '\0';
	close(fd);
	return n < 0 ? -errno : (ssize_t)used;
}

static bool read_link(int process, const char *name, char *text, size_t size)
{
	ssize_t n = readlinkat(process, name, text, size - 1);

	text[n > 0 ? n : 0] = '\0';
	return n > 0;
}

/* ---- its facts ---- */

/* A tick is added up in the time namespace that we are in: what is taken off is whole ticks, so
 * that the rest is a tick still. */
static uint64_t start_of(unsigned long long ticks)
{
	int64_t ahead = time_boot_ahead() / PROC_TICK;

	return (uint64_t)((int64_t)ticks - ahead) * (uint64_t)PROC_TICK;
}

/* proc(5): "PID (NAME) STATE PPID …", STARTTIME is the 22nd; a name may hold anything. */
static bool read_stat(int process, struct proc_facts *f)
{
	unsigned long long start;
	const char *name, *rest;
	char text[1024];
	int parent;

	if (read_file(process, "stat", text, sizeof(text)) <= 0)
		return false;
	name = strchr(text, '(');
	rest = strrchr(text, ')');
	if (!name || !rest || rest < name)
		return false;
	snprintf(f->name, sizeof(f->name), "%.*s", (int)(rest - name - 1), name + 1);
	if (sscanf(rest + 1,
		   " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
		   "%llu",
		   &parent, &start) != 2)
		return false;
	f->parent = (uint32_t)parent;
	f->id.start = start_of(start);
	return true;
}

static void read_user(int process, struct proc_facts *f)
{
	const char *line;
	char text[4096];

	read_file(process, "status", text, sizeof(text));
	line = strstr(text, "\nUid:");
	if (!line || sscanf(line + 5, "%u %u", &f->uid, &f->euid) != 2)
		f->uid = f->euid = UINT32_MAX;
}

static void strip_deleted(struct proc_facts *f)
{
	static const char deleted[] = " (deleted)";
	size_t length = strlen(f->executable), tail = sizeof(deleted) - 1;

	if (length < tail || strcmp(f->executable + length - tail, deleted) != 0)
		return;
	f->executable[length - tail] = '\0';
	f->flags |= PROGRAM_DELETED;
}

static void read_program(int process, struct proc_facts *f)
{
	ssize_t length = read_file(process, "cmdline", f->command_line, sizeof(f->command_line));
	struct stat file;
	ssize_t i;

	while (length > 0 && !f->command_line[length - 1])
		length--;
	for (i = 0; i < length; i++)
		if (!f->command_line[i])
			f->command_line[i] = ' ';
	if (!read_link(process, "exe", f->executable, sizeof(f->executable)))
		return;
	strip_deleted(f);
	if (!fstatat(process, "exe", &file, 0) && (file.st_mode & S_ISUID))
		f->flags |= PROGRAM_SETUID;
}

/* The hierarchy of cgroup2 has the number 0; its folders' inode numbers are the ids. */
static uint64_t read_cgroup(int process, int root)
{
	struct stat folder;
	char text[4096];
	char *path;

	if (root < 0 || read_file(process, "cgroup", text, sizeof(text)) <= 0)
		return 0;
	path = strstr(text, "0::/");
	if (!path || (path != text && path[-1] != '\n'))
		return 0;
	path += 4;
	path[strcspn(path, "\n")] = '\0';
	return fstatat(root, path[0] ? path : ".", &folder, 0) ? 0 : folder.st_ino;
}

int proc_read(struct process_id id, int cgroup_root, struct proc_facts *f)
{
	int process = open_process(id.pid);
	bool there;

	if (process < 0)
		return process;
	*f = (struct proc_facts){.id.pid = id.pid};
	there = read_stat(process, f) &&
		(!id.start || f->id.start / PROC_TICK == id.start / PROC_TICK);
	if (there) {
		read_user(process, f);
		read_program(process, f);
		read_link(process, "cwd", f->folder, sizeof(f->folder));
		f->cgroup = read_cgroup(process, cgroup_root);
	}
	close(process);
	return there ? 0 : -ESRCH;
}

int proc_list(void (*each)(void *context, uint32_t pid), void *context)
{
	DIR *folder = opendir("/proc");
	struct dirent *entry;

	if (!folder)
		return -errno;
	while ((entry = readdir(folder)))
		if (isdigit((unsigned char)entry->d_name[0]))
			each(context, (uint32_t)strtoul(entry->d_name, NULL, 10));
	closedir(folder);
	return 0;
}

/* ---- its sockets ---- */

static int option(int fd, int name)
{
	int value = 0;
	socklen_t length = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &length) ? -1 : value;
}

static uint64_t long_option(int fd, int name)
{
	uint64_t value = 0;
	socklen_t length = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &length) ? 0 : value;
}

static bool is_ip_socket(int fd)
{
	int domain = option(fd, SO_DOMAIN);

	return domain == AF_INET || domain == AF_INET6;
}

/* ip(7): only of a connected socket. getpeername(2) would tell as well, and would look to a weir
 * that watches like a process that takes the socket over. */
static bool has_peer(int fd)
{
	socklen_t length = sizeof(int);
	int mtu;

	return !getsockopt(fd, IPPROTO_IP, IP_MTU, &mtu, &length) ||
	       !getsockopt(fd, IPPROTO_IPV6, IPV6_MTU, &mtu, &length);
}

static void read_address(int fd, struct proc_socket *socket)
{
	struct sockaddr_storage own = {0};
	const struct sockaddr_in *v4 = (const struct sockaddr_in *)&own;
	const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&own;
	socklen_t length = sizeof(own);

	if (getsockname(fd, (struct sockaddr *)&own, &length))
		return;
	if (own.ss_family == AF_INET) {
		socket->addr.byte[10] = socket->addr.byte[11] = 0xff;
		memcpy(socket->addr.byte + 12, &v4->sin_addr, 4);
	} else {
		memcpy(socket->addr.byte, &v6->sin6_addr, 16);
	}
	socket->port = ntohs(own.ss_family == AF_INET ? v4->sin_port : v6->sin6_port);
	if (socket->proto == IPPROTO_UDP && socket->port)
		socket->listens = !has_peer(fd);
}

/* The C library has these from 2.36 on. */
static int open_pidfd(uint32_t pid)
{
	return (int)syscall(SYS_pidfd_open, (pid_t)pid, 0);
}

/* A copy of the descriptor, for the moment of looking at it. */
static int copy_descriptor(int pidfd, const char *number)
{
	return (int)syscall(SYS_pidfd_getfd, pidfd, (int)strtol(number, NULL, 10), 0);
}

static bool look_at(int pidfd, const char *number, struct proc_socket *socket)
{
	int fd = copy_descriptor(pidfd, number);
	bool ip = fd >= 0 && is_ip_socket(fd);

	*socket = (struct proc_socket){0};
	if (ip) {
		socket->proto = (uint8_t)option(fd, SO_PROTOCOL);
		socket->cookie = long_option(fd, SO_COOKIE);
		socket->netns = long_option(fd, SO_NETNS_COOKIE);
		socket->listens = option(fd, SO_ACCEPTCONN) > 0;
		read_address(fd, socket);
	}
	if (fd >= 0)
		close(fd);
	return ip;
}

static bool link_is_socket(int folder, const char *name)
{
	char link[16];

	return read_link(folder, name, link, sizeof(link)) && !strncmp(link, "socket:", 7);
}

int proc_sockets(uint32_t pid, void (*each)(void *context, const struct proc_socket *socket),
		 void *context)
{
	int pidfd = open_pidfd(pid);
	struct proc_socket socket;
	struct dirent *entry;
	unsigned seen = 0;
	char path[32];
	DIR *folder;

	if (pidfd < 0)
		return -errno;
	snprintf(path, sizeof(path), "/proc/%u/fd", pid);
	folder = opendir(path);
	while (folder && seen++ < DESCRIPTORS_MAX && (entry = readdir(folder)))
		if (link_is_socket(dirfd(folder), entry->d_name) &&
		    look_at(pidfd, entry->d_name, &socket))
			each(context, &socket);
	if (folder)
		closedir(folder);
	close(pidfd);
	return folder ? 0 : -EACCES;
}

static bool descriptor_is_socket(int process, int pidfd, const char *name, const char *number)
{
	int fd;
	bool ip;

	if (!link_is_socket(process, name))
		return false;
	fd = copy_descriptor(pidfd, number);
	ip = fd >= 0 && is_ip_socket(fd);
	if (fd >= 0)
		close(fd);
	return ip;
}

bool proc_stdio_is_socket(struct process_id id)
{
	int process = open_process(id.pid), pidfd;
	struct proc_facts facts;
	bool both = false;

	if (process < 0)
		return false;
	pidfd = open_pidfd(id.pid);
	if (pidfd >= 0 && read_stat(process, &facts) &&
	    facts.id.start / PROC_TICK == id.start / PROC_TICK)
		both = descriptor_is_socket(process, pidfd, "fd/0", "0") &&
		       descriptor_is_socket(process, pidfd, "fd/1", "1");
	if (pidfd >= 0)
		close(pidfd);
	close(process);
	return both;
}

/* ---- this boot ---- */

static char boot_id[9];

static void read_boot_id(void)
{
	char text[40] = "";
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && read(fd, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	if (fd >= 0)
		close(fd);
	snprintf(boot_id, sizeof(boot_id), "%.8s", text[0] ? text : "0");
}

const char *proc_boot_id(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, read_boot_id);
	return boot_id;
}
