/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef WEIR_BPF_CORE_H
#define WEIR_BPF_CORE_H

/*
 * What the owner programs read of the kernel's own structures, and nothing else of them: members
 * are found by name in the running kernel's type information when the programs are loaded. Names
 * are those of 5.10 and have not changed up to 6.18 (task_struct.start_boottime:
 * cf25e24db61c, 5.5).
 */

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kuid {
	unsigned int val;
};
typedef struct kuid kuid_t;

struct cred {
	kuid_t uid;
	kuid_t euid;
};

struct atomic_number {
	int counter;
};
typedef struct atomic_number atomic_t;

struct signal_struct {
	atomic_t live; /* threads that have not ended */
};

struct cookie_number {
	__s64 counter;
};
typedef struct cookie_number atomic64_t;

struct in6_addr {
	__u8 byte[16]; /* read whole */
};

struct sock_common {
	unsigned short skc_family;
	__u16 skc_num; /* own port, host order; a member of an unnamed union, as those of IPv4 */
	__be16 skc_dport;
	__be32 skc_rcv_saddr;
	__be32 skc_daddr;
	struct in6_addr skc_v6_rcv_saddr;
	struct in6_addr skc_v6_daddr;
	atomic64_t skc_cookie;
};

struct sock {
	struct sock_common __sk_common;
	__u16 sk_protocol;
};

struct socket {
	struct sock *sk;
};

struct inode {
	unsigned short i_mode;
	unsigned int i_nlink; /* a member of an unnamed union */
};

struct file {
	struct inode *f_inode;
	void *private_data;
};

struct fdtable {
	unsigned int max_fds;
	struct file **fd;
};

struct files_struct {
	struct fdtable *fdt;
};

struct mm_struct {
	unsigned long arg_start, arg_end;
	struct file *exe_file;
};

struct linux_binprm {
	const char *interp;
};

struct task_struct {
	unsigned int flags;
	int pid;
	int tgid;
	__u64 start_boottime;
	struct task_struct *real_parent;
	struct task_struct *group_leader;
	struct mm_struct *mm;
	struct files_struct *files;
	struct signal_struct *signal;
	const struct cred *cred;
	char comm[16];
};

#pragma clang attribute pop

#define TASK_KTHREAD 0x00200000 /* PF_KTHREAD */

#define MODE_TYPE   0170000
#define MODE_SOCKET 0140000
#define MODE_SETUID 0004000

#define FAMILY_INET  2
#define FAMILY_INET6 10

#endif
