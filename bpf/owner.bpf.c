/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#include "vmlinux.h"

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "core.h"
#include "owner.h"

/*
 * Which process a socket belongs to, and the life of processes. An object of its own: it needs the
 * kernel's type information and a cgroup2 hierarchy, the others do not. Attached to the root of
 * that hierarchy beside whatever else is there, and to tracepoints by name (without tracefs). All
 * cgroup programs allow.
 *
 * fentry, LSM and kprobes are refused by some kernels, and a tracepoint of a system call costs
 * every system call of the machine: none is used.
 */

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define ALLOW 1

#define PROTO_TCP 6
#define PROTO_UDP 17

#define STATE_LISTEN 10 /* TCP_LISTEN */

/* A power of two, less 1. */
const volatile __u32 owner_sockets_mask = 65535;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 65536);
	__type(key, __u32);
	__type(value, struct owner_socket);
} owner_sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, struct owner_socket);
} owner_listeners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, __u32);
	__type(value, struct owner_holder);
} owner_holders SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 512 << 10);
} owner_records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, OWNER_LOSSES);
	__type(key, __u32);
	__type(value, __u64);
} owner_losses SEC(".maps");

static __always_inline void lose(__u32 what)
{
	__u64 *count = bpf_map_lookup_elem(&owner_losses, &what);

	if (count)
		++*count; /* its own CPU's */
}

/* The reader is woken by what is worth it while little waits, and each time that so much more does:
 * a wake-up costs more than a record, and one that lags needs none. */
#define WAKE_AT_ONCE (16 << 10)
#define WAKE_STEP    (64 << 10)

/* Flags for a record of `size` bytes, which waits already. */
static __always_inline __u64 wake(__u64 size, const int worth)
{
	__u64 waiting = bpf_ringbuf_query(&owner_records, BPF_RB_AVAIL_DATA);

	if (worth && waiting < WAKE_AT_ONCE)
		return BPF_RB_FORCE_WAKEUP;
	return (waiting ^ (waiting - size)) & ~(WAKE_STEP - 1ull) ? BPF_RB_FORCE_WAKEUP
								  : BPF_RB_NO_WAKEUP;
}

#define submit(record, worth) bpf_ringbuf_submit(record, wake(sizeof(*(record)), worth))

/* ---- processes ---- */

static __always_inline void process_fill(struct owner_process *p, struct task_struct *task)
{
	const struct cred *cred = BPF_CORE_READ(task, cred);

	p->pid = BPF_CORE_READ(task, tgid);
	p->start = BPF_CORE_READ(task, group_leader, start_boottime);
	p->cgroup = bpf_get_current_cgroup_id();
	p->uid = BPF_CORE_READ(cred, uid.val);
	p->euid = BPF_CORE_READ(cred, euid.val);
	p->zero = 0;
	bpf_core_read(p->comm, sizeof(p->comm), &task->comm);
}

static __always_inline void record_fill(struct owner_record *r, __u32 kind,
					struct task_struct *task)
{
	r->kind = kind;
	r->zero = 0;
	r->at = bpf_ktime_get_boot_ns();
	process_fill(&r->who, task);
}

struct tracepoint_args {
	__u64 arg[3];
};

SEC("raw_tp/sched_process_fork")
int weir_fork(struct tracepoint_args *ctx)
{
	struct task_struct *child = (void *)ctx->arg[1];
	struct owner_forked *r;

	if (BPF_CORE_READ(child, pid) != BPF_CORE_READ(child, tgid))
		return 0; /* a thread */
	r = bpf_ringbuf_reserve(&owner_records, sizeof(*r), 0);
	if (!r) {
		lose(OWNER_LOST_FORK);
		return 0;
	}
	record_fill(&r->head, OWNER_FORK, child);
	r->parent_pid = BPF_CORE_READ(child, real_parent, tgid);
	r->parent_start = BPF_CORE_READ(child, real_parent, group_leader, start_boottime);
	r->zero = 0;
	submit(r, 0);
	return 0;
}

static __always_inline void address_v4(__u8 addr[16], __u32 v4)
{
	addr[10] = addr[11] = 0xff;
	__builtin_memcpy(addr + 12, &v4, 4);
}

/* The IP socket that descriptor `number` is, or NULL. */
static __always_inline struct sock *ip_socket(struct task_struct *task, __u32 number)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd), *file = NULL;
	struct socket *socket;
	unsigned short family;
	struct sock *sk;

	if (number >= BPF_CORE_READ(table, max_fds))
		return NULL;
	bpf_probe_read_kernel(&file, sizeof(file), files + number);
	if (!file || (BPF_CORE_READ(file, f_inode, i_mode) & MODE_TYPE) != MODE_SOCKET)
		return NULL;
	socket = BPF_CORE_READ(file, private_data);
	sk = BPF_CORE_READ(socket, sk);
	family = BPF_CORE_READ(sk, __sk_common.skc_family);
	return family == FAMILY_INET || family == FAMILY_INET6 ? sk : NULL;
}

static __always_inline void stdio_ends(struct owner_ends *ends, struct sock *sk)
{
	ends->proto = BPF_CORE_READ(sk, sk_protocol);
	ends->own_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	ends->other_port = bpf_ntohs(BPF_CORE_READ(sk, __sk_common.skc_dport));
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == FAMILY_INET) {
		address_v4(ends->own, BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr));
		address_v4(ends->other, BPF_CORE_READ(sk, __sk_common.skc_daddr));
		return;
	}
	bpf_core_read(ends->own, sizeof(ends->own), &sk->__sk_common.skc_v6_rcv_saddr);
	bpf_core_read(ends->other, sizeof(ends->other), &sk->__sk_common.skc_v6_daddr);
}

static __always_inline void executed_program(struct owner_executed *r, struct task_struct *task)
{
	struct inode *inode = BPF_CORE_READ(task, mm, exe_file, f_inode);
	struct sock *in = ip_socket(task, 0);

	if (BPF_CORE_READ(inode, i_mode) & MODE_SETUID)
		r->flags |= OWNER_EXEC_SETUID;
	if (!BPF_CORE_READ(inode, i_nlink))
		r->flags |= OWNER_EXEC_DELETED;
	if (!in || !ip_socket(task, 1))
		return;
	r->flags |= OWNER_EXEC_STDIO;
	stdio_ends(&r->stdio, in);
}

/* Read here: a process of a millisecond is gone before anybody can open its files in /proc. */
static __always_inline void executed_args(struct owner_executed *r, struct task_struct *task)
{
	unsigned long start = BPF_CORE_READ(task, mm, arg_start);
	__u64 length = BPF_CORE_READ(task, mm, arg_end) - start;

	if (length > OWNER_ARGS) {
		length = OWNER_ARGS;
		r->flags |= OWNER_EXEC_CUT;
	}
	asm volatile("" : "+r"(length)); /* the verifier is to see this bound, not the one before */
	if (length > OWNER_ARGS)
		return;
	if (!bpf_probe_read_user(r->args, length, (const void *)start))
		r->args_length = length;
}

SEC("raw_tp/sched_process_exec")
int weir_exec(struct tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->arg[0];
	struct linux_binprm *program = (void *)ctx->arg[2];
	struct owner_executed *r = bpf_ringbuf_reserve(&owner_records, sizeof(*r), 0);

	if (!r) {
		lose(OWNER_LOST_EXEC);
		return 0;
	}
	record_fill(&r->head, OWNER_EXEC, task);
	r->parent_pid = BPF_CORE_READ(task, real_parent, tgid);
	r->parent_start = BPF_CORE_READ(task, real_parent, group_leader, start_boottime);
	r->flags = 0;
	r->args_length = 0;
	r->zero = 0;
	__builtin_memset(&r->stdio, 0, sizeof(r->stdio));
	executed_program(r, task);
	__builtin_memset(r->path, 0, sizeof(r->path));
	bpf_probe_read_kernel_str(r->path, sizeof(r->path), BPF_CORE_READ(program, interp));
	__builtin_memset(r->args, 0, sizeof(r->args));
	executed_args(r, task);
	submit(r, 1);
	return 0;
}

SEC("raw_tp/sched_process_exit")
int weir_exit(struct tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->arg[0];
	struct owner_record *r;

	if (BPF_CORE_READ(task, signal, live.counter))
		return 0; /* other threads go on */
	r = bpf_ringbuf_reserve(&owner_records, sizeof(*r), 0);
	if (!r) {
		lose(OWNER_LOST_EXIT);
		return 0;
	}
	record_fill(r, OWNER_EXIT, task);
	submit(r, 0);
	return 0;
}

/* ---- sockets ---- */

/* Tells of a process's first socket, and of the first after its rights changed. */
static __always_inline void holder_note(const struct owner_process *by, struct task_struct *task)
{
	struct owner_holder *known = bpf_map_lookup_elem(&owner_holders, &by->pid), holder = {};
	struct owner_record *r;

	if (known && known->start == by->start && known->euid == by->euid)
		return;
	holder.start = by->start;
	holder.euid = by->euid;
	bpf_map_update_elem(&owner_holders, &by->pid, &holder, BPF_ANY);
	r = bpf_ringbuf_reserve(&owner_records, sizeof(*r), 0);
	if (!r) {
		lose(OWNER_LOST_HOLDS);
		return;
	}
	record_fill(r, OWNER_HOLDS, task);
	submit(r, 1);
}

static __always_inline int is_ip(__u32 family)
{
	return family == FAMILY_INET || family == FAMILY_INET6;
}

static __always_inline struct owner_socket *socket_place(__u64 cookie)
{
	__u32 index = (__u32)cookie & owner_sockets_mask;

	return bpf_map_lookup_elem(&owner_sockets, &index);
}

/*
 * The socket belongs to the process that runs. Kernel threads own none: what a work queue closes or
 * connects was somebody else's.
 */
static __always_inline void socket_take(__u64 cookie, __u64 netns)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	struct owner_socket *socket = socket_place(cookie);

	if (!socket || BPF_CORE_READ(task, flags) & TASK_KTHREAD)
		return;
	*(volatile __u64 *)&socket->cookie = 0;
	barrier();
	process_fill(&socket->by, task);
	socket->netns = netns;
	barrier();
	*(volatile __u64 *)&socket->cookie = cookie;
	holder_note(&socket->by, task);
}

/* The same, where it may be known already. */
static __always_inline void socket_use(__u64 cookie, __u64 netns)
{
	struct owner_socket *known = socket_place(cookie);
	__u32 pid = bpf_get_current_pid_tgid() >> 32;

	if (known && known->cookie == cookie && known->by.pid == pid)
		return;
	socket_take(cookie, netns);
}

SEC("cgroup/sock_create")
int weir_sock_create(struct bpf_sock *sk)
{
	if (is_ip(sk->family))
		socket_take(bpf_get_socket_cookie(sk), bpf_get_netns_cookie(sk));
	return ALLOW;
}

static __always_inline void listener_gone(__u64 cookie)
{
	struct owner_bound *r;

	if (bpf_map_delete_elem(&owner_listeners, &cookie))
		return;
	r = bpf_ringbuf_reserve(&owner_records, sizeof(*r), 0);
	if (!r) {
		lose(OWNER_LOST_LISTENS);
		return;
	}
	__builtin_memset(r, 0, sizeof(*r));
	r->head.kind = OWNER_UNLISTENS;
	r->head.at = bpf_ktime_get_boot_ns();
	r->cookie = cookie;
	submit(r, 0);
}

/* Of a socket that was accepted in silence this is the first word, and in time for its flow's last.
 */
SEC("cgroup/sock_release")
int weir_sock_release(struct bpf_sock *sk)
{
	__u64 cookie = bpf_get_socket_cookie(sk);
	struct owner_socket *known = socket_place(cookie);

	if (known && known->cookie != cookie && is_ip(sk->family))
		socket_take(cookie, bpf_get_netns_cookie(sk));
	if (sk->protocol == PROTO_UDP)
		listener_gone(cookie);
	return ALLOW;
}

static __always_inline int address_use(struct bpf_sock_addr *ctx)
{
	socket_use(bpf_get_socket_cookie(ctx), bpf_get_netns_cookie(ctx));
	return ALLOW;
}

SEC("cgroup/connect4")
int weir_connect4(struct bpf_sock_addr *ctx)
{
	return address_use(ctx);
}

SEC("cgroup/connect6")
int weir_connect6(struct bpf_sock_addr *ctx)
{
	return address_use(ctx);
}

SEC("cgroup/sendmsg4")
int weir_sendmsg4(struct bpf_sock_addr *ctx)
{
	return address_use(ctx);
}

SEC("cgroup/sendmsg6")
int weir_sendmsg6(struct bpf_sock_addr *ctx)
{
	return address_use(ctx);
}

/*
 * accept() with room for the peer's address asks for it in the process that accepts, before that
 * sees the socket: the one moment that tells a worker from the process that listens.
 */
SEC("cgroup/getpeername4")
int weir_getpeername4(struct bpf_sock_addr *ctx)
{
	return address_use(ctx);
}

SEC("cgroup/getpeername6")
int weir_getpeername6(struct bpf_sock_addr *ctx)
{
	return address_use(ctx);
}

/* ---- listeners ---- */

/* A copy of the socket among the listeners, and a record; the address is the caller's to fill. */
static __always_inline struct owner_bound *listener_add(__u64 cookie)
{
	struct owner_socket *known = socket_place(cookie), socket;
	struct owner_bound *r;

	if (!known || known->cookie != cookie)
		return NULL;
	__builtin_memcpy(&socket, known, sizeof(socket));
	if (bpf_map_update_elem(&owner_listeners, &cookie, &socket, BPF_ANY))
		lose(OWNER_LOST_LISTENER);
	r = bpf_ringbuf_reserve(&owner_records, sizeof(*r), 0);
	if (!r) {
		lose(OWNER_LOST_LISTENS);
		return NULL;
	}
	__builtin_memset(r, 0, sizeof(*r));
	r->head.kind = OWNER_LISTENS;
	r->head.at = bpf_ktime_get_boot_ns();
	__builtin_memcpy(&r->head.who, &socket.by, sizeof(r->head.who));
	r->cookie = cookie;
	r->netns = socket.netns;
	return r;
}

SEC("cgroup/post_bind4")
int weir_post_bind4(struct bpf_sock *sk)
{
	__u32 address = sk->src_ip4, port = sk->src_port, proto = sk->protocol;
	__u64 cookie = bpf_get_socket_cookie(sk);
	struct owner_bound *r;

	socket_use(cookie, bpf_get_netns_cookie(sk));
	if (proto != PROTO_UDP)
		return ALLOW;
	r = listener_add(cookie);
	if (!r)
		return ALLOW;
	address_v4(r->addr, address);
	r->port = port;
	r->proto = PROTO_UDP;
	submit(r, 1);
	return ALLOW;
}

SEC("cgroup/post_bind6")
int weir_post_bind6(struct bpf_sock *sk)
{
	__u32 a[4] = {sk->src_ip6[0], sk->src_ip6[1], sk->src_ip6[2], sk->src_ip6[3]};
	__u32 port = sk->src_port, proto = sk->protocol;
	__u64 cookie = bpf_get_socket_cookie(sk);
	struct owner_bound *r;

	socket_use(cookie, bpf_get_netns_cookie(sk));
	if (proto != PROTO_UDP)
		return ALLOW;
	r = listener_add(cookie);
	if (!r)
		return ALLOW;
	__builtin_memcpy(r->addr, a, sizeof(a));
	r->port = port;
	r->proto = PROTO_UDP;
	submit(r, 1);
	return ALLOW;
}

/*
 * TCP in the process that listens, and the end of that. Not a program of sock_ops: these are called
 * nine times a connection, each at twice the price.
 */
SEC("raw_tp/inet_sock_set_state")
int weir_listen(struct tracepoint_args *ctx)
{
	int before = ctx->arg[1], now = ctx->arg[2];
	struct sock *sk = (void *)ctx->arg[0];
	struct owner_bound *r;
	__u64 cookie;
	__u32 v4;

	if (now != STATE_LISTEN && before != STATE_LISTEN)
		return 0;
	if (BPF_CORE_READ(sk, sk_protocol) != PROTO_TCP)
		return 0;
	cookie = BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
	if (now != STATE_LISTEN) {
		listener_gone(cookie);
		return 0;
	}
	socket_use(cookie, 0);
	r = listener_add(cookie);
	if (!r)
		return 0;
	if (BPF_CORE_READ(sk, __sk_common.skc_family) == FAMILY_INET6) {
		bpf_core_read(r->addr, sizeof(r->addr), &sk->__sk_common.skc_v6_rcv_saddr);
	} else {
		v4 = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
		address_v4(r->addr, v4);
	}
	r->port = BPF_CORE_READ(sk, __sk_common.skc_num);
	r->proto = PROTO_TCP;
	submit(r, 1);
	return 0;
}
