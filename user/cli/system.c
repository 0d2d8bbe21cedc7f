/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/system.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <mntent.h>
#include <stdarg.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/error.h"
#include "base/terminal.h"
#include "capture/live/features.h"
#include "capture/live/instance.h"
#include "cli/holders.h"
#include "confine/confine.h"

#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#endif
#ifndef CAP_BPF
#define CAP_BPF 39
#endif
#define BPF_FS_NUMBER 0xcafe4a11 /* linux/magic.h */

enum verdict {
	FOUND,
	WITHOUT, /* runs, with less */
	MISSING, /* `weir run` cannot work */
};

struct finding {
	enum verdict verdict;
	char words[200];
};

static void say(struct finding *finding, enum verdict verdict, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void say(struct finding *finding, enum verdict verdict, const char *format, ...)
{
	va_list args;

	finding->verdict = verdict;
	va_start(args, format);
	vsnprintf(finding->words, sizeof(finding->words), format, args);
	va_end(args);
}

static void check_kernel(struct finding *finding)
{
	struct utsname name;
	unsigned major = 0, minor = 0;

	uname(&name);
	sscanf(name.release, "%u.%u", &major, &minor);
	if (major > 5 || (major == 5 && minor >= 10))
		say(finding, FOUND, "%s %s", name.release, name.machine);
	else
		say(finding, MISSING, "%s is too old: 5.10 is the first that works", name.release);
}

bool system_may_watch(void)
{
	return geteuid() == 0 || (confine_held() >> CAP_NET_ADMIN & 1);
}

static void check_capabilities(struct finding *finding)
{
	static const struct {
		unsigned number;
		const char *name;
	} needed[] = {{CAP_NET_ADMIN, "CAP_NET_ADMIN"},
		      {CAP_BPF, "CAP_BPF"},
		      {CAP_PERFMON, "CAP_PERFMON"}};
	uint64_t have = confine_held();
	char missing[96] = "";

	/* What CAP_BPF and CAP_PERFMON were split from. */
	if (have >> CAP_SYS_ADMIN & 1)
		have |= UINT64_C(1) << CAP_BPF | UINT64_C(1) << CAP_PERFMON;
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!(have >> needed[i].number & 1)) {
			strcat(missing, " ");
			strcat(missing, needed[i].name);
		}
	if (missing[0])
		say(finding, MISSING, "without%s: run as root", missing);
	else
		say(finding, FOUND, "network administration and BPF are allowed");
}

static void check_ring(struct finding *finding)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "weir_probe", 0, 0,
				(unsigned)sysconf(_SC_PAGESIZE), NULL);

	if (fd >= 0) {
		close(fd);
		say(finding, FOUND, "maps and ring buffers can be made");
		return;
	}
	if (errno == EPERM)
		say(finding, MISSING,
		    "refused (%s): run as root, outside a container that forbids it",
		    strerror(errno));
	else
		say(finding, MISSING, "no ring buffer (%s): 5.10 is the first kernel that works",
		    strerror(errno));
}

static void check_cgroup(struct finding *finding)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	struct mntent *mount;

	say(finding, WITHOUT, "cgroup2 is not mounted: containers will not be known");
	while (mounts && (mount = getmntent(mounts)))
		if (!strcmp(mount->mnt_type, "cgroup2")) {
			say(finding, FOUND, "%.150s", mount->mnt_dir);
			break;
		}
	if (mounts)
		endmntent(mounts);
}

static void check_bpf_fs(struct finding *finding)
{
	struct statfs fs;

	if (statfs("/sys/fs/bpf", &fs) == 0 && (unsigned long)fs.f_type == BPF_FS_NUMBER)
		say(finding, FOUND, "/sys/fs/bpf");
	else
		say(finding, WITHOUT,
		    "not mounted at /sys/fs/bpf: nothing of this release needs it");
}

static void check_conntrack(struct finding *finding)
{
	if (access("/proc/sys/net/netfilter/nf_conntrack_count", F_OK) == 0)
		say(finding, FOUND, "connection tracking is there");
	else
		say(finding, WITHOUT,
		    "no connection tracking: if something translates addresses "
		    "here, one connection may be seen as two");
}

static void check_confinement(struct finding *finding)
{
	struct confinement has;

	confine_probe(&has);
	if (!has.calls)
		say(finding, WITHOUT,
		    "no filters of system calls (CONFIG_SECCOMP_FILTER): what packets say "
		    "will not be decoded");
	else if (!has.files)
		say(finding, WITHOUT,
		    "system calls are filtered; no Landlock: replay can reach all files that "
		    "its user can");
	else
		say(finding, FOUND, "system calls are filtered, Landlock %u", has.files);
}

static void check_other(struct finding *finding)
{
	pid_t holder = instance_holder();

	if (holder > 0)
		say(finding, WITHOUT,
		    "process %d watches this network namespace already: a second "
		    "'weir run' will refuse",
		    (int)holder);
	else if (holder == 0)
		say(finding, WITHOUT, "another weir watches this network namespace already");
	else
		say(finding, FOUND, "no other weir in this network namespace");
}

static const struct {
	const char *name;
	void (*check)(struct finding *finding);
} checks[] = {
	{"kernel", check_kernel},
	{"capabilities", check_capabilities},
	{"bpf()", check_ring},
	{"cgroup2", check_cgroup},
	{"bpf fs", check_bpf_fs},
	{"NAT", check_conntrack},
	{"isolation", check_confinement},
	{"other weir", check_other},
};

static void add(struct grid *grid, const char *name, const struct finding *finding)
{
	static const char *const verdicts[] = {"ok", "note", "missing"};
	static const enum tint tints[] = {TINT_GREEN, TINT_YELLOW, TINT_RED};

	grid_add(grid, tints[finding->verdict], verdicts[finding->verdict]);
	grid_add(grid, TINT_PLAIN, name);
	grid_add(grid, TINT_PLAIN, finding->words);
}

/* What runs either way; the ring buffer has its say above. */
static void add_features(struct grid *grid)
{
	struct features features;

	features_probe(&features);
	for (size_t i = 0; i < FEATURES; i++) {
		const struct feature_words *words = &feature_words[i];
		struct finding finding;

		if (i == FEATURE_RING_BUFFER)
			continue;
		if (features.has[i])
			say(&finding, FOUND, "%s", words->with);
		else if (features.refused && i != FEATURE_BTF)
			say(&finding, WITHOUT, "not known: to ask takes CAP_BPF and CAP_NET_ADMIN");
		else
			say(&finding, WITHOUT, "%s", words->without);
		add(grid, words->name, &finding);
	}
}

int system_check(FILE *out)
{
	struct terminal terminal = terminal_open(out);
	int status = EXIT_DONE;
	struct grid grid;

	/* The probe's own words, not the library's. */
	libbpf_set_print(NULL);
	grid_begin(&grid, 3);
	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		struct finding finding;

		checks[i].check(&finding);
		add(&grid, checks[i].name, &finding);
		if (finding.verdict == MISSING)
			status = EXIT_SYSTEM;
	}
	add_features(&grid);
	terminal.width = 0; /* a cut sentence helps nobody */
	grid_end(&grid, &terminal, 0);
	holders_print(&terminal);
	return status;
}
