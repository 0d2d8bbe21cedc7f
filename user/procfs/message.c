/* SPDX-License-Identifier: Apache-2.0 */
#include "procfs/message.h"

#include <string.h>

#include "host/cgroup.h"

/* ---- bytes and texts ---- */

void put_bytes(struct packet *packet, const void *bytes, size_t length)
{
	if (length > sizeof(packet->bytes) - packet->length) {
		packet->full = true;
		return;
	}
	memcpy(packet->bytes + packet->length, bytes, length);
	packet->length += length;
}

void put_text(struct packet *packet, const char *text)
{
	size_t length = strlen(text);
	uint16_t number = (uint16_t)length;

	if (length > UINT16_MAX) {
		packet->full = true;
		return;
	}
	put_bytes(packet, &number, sizeof(number));
	put_bytes(packet, text, length);
}

bool take_bytes(struct unpack *from, void *to, size_t length)
{
	if (length > (size_t)(from->end - from->at))
		return false;
	memcpy(to, from->at, length);
	from->at += length;
	return true;
}

bool take_text(struct unpack *from, char *to, size_t size)
{
	uint16_t length;

	to[0] = '\0';
	if (!take_bytes(from, &length, sizeof(length)) || length >= size ||
	    !take_bytes(from, to, length) || memchr(to, 0, length)) {
		to[0] = '\0';
		return false;
	}
	to[length] = '\0';
	return true;
}

/* ---- a process ---- */

struct packed_process {
	uint64_t start, cgroup;
	uint32_t pid, parent, uid, euid;
	uint32_t flags; /* enum program_flag */
	uint32_t zero;
};

#define PROGRAM_FLAGS (PROGRAM_SETUID | PROGRAM_DELETED | PROGRAM_STDIO)

void put_process(struct packet *packet, const struct proc_facts *f)
{
	const struct packed_process packed = {.start = f->id.start,
					      .cgroup = f->cgroup,
					      .pid = f->id.pid,
					      .parent = f->parent,
					      .uid = f->uid,
					      .euid = f->euid,
					      .flags = f->flags};

	put_bytes(packet, &packed, sizeof(packed));
	put_text(packet, f->name);
	put_text(packet, f->executable);
	put_text(packet, f->command_line);
	put_text(packet, f->folder);
}

bool take_process(struct unpack *from, struct proc_facts *f)
{
	struct packed_process packed;

	if (!take_bytes(from, &packed, sizeof(packed)) || (packed.flags & ~(uint32_t)PROGRAM_FLAGS))
		return false;
	f->id = (struct process_id){.start = packed.start, .pid = packed.pid};
	f->cgroup = packed.cgroup;
	f->parent = packed.parent;
	f->uid = packed.uid;
	f->euid = packed.euid;
	f->flags = (uint8_t)packed.flags;
	return take_text(from, f->name, sizeof(f->name)) &&
	       take_text(from, f->executable, sizeof(f->executable)) &&
	       take_text(from, f->command_line, sizeof(f->command_line)) &&
	       take_text(from, f->folder, sizeof(f->folder));
}

/* ---- a socket ---- */

struct packed_socket {
	uint64_t cookie, netns;
	uint8_t addr[16];
	uint16_t port;
	uint8_t proto, listens;
	uint32_t zero;
};
_Static_assert(sizeof(struct packed_socket) == PROCFS_SOCKET_BYTES, "said in message.h");

void put_socket(struct packet *packet, const struct proc_socket *s)
{
	struct packed_socket packed = {.cookie = s->cookie,
				       .netns = s->netns,
				       .port = s->port,
				       .proto = s->proto,
				       .listens = s->listens};

	memcpy(packed.addr, s->addr.byte, sizeof(packed.addr));
	put_bytes(packet, &packed, sizeof(packed));
}

bool take_socket(struct unpack *from, struct proc_socket *s)
{
	struct packed_socket packed;

	if (!take_bytes(from, &packed, sizeof(packed)) || packed.listens > 1)
		return false;
	*s = (struct proc_socket){.cookie = packed.cookie,
				  .netns = packed.netns,
				  .port = packed.port,
				  .proto = packed.proto,
				  .listens = packed.listens};
	memcpy(s->addr.byte, packed.addr, sizeof(packed.addr));
	return true;
}

/* ---- packages and containers ---- */

struct packed_packages {
	uint64_t roots, paths, bytes, indexed, put_off, evicted, unreadable;
};

void put_packages(struct packet *packet, const struct host_stats *s)
{
	const struct packed_packages packed = {s->roots,   s->paths,   s->bytes,     s->indexed,
					       s->put_off, s->evicted, s->unreadable};

	put_bytes(packet, &packed, sizeof(packed));
}

bool take_packages(struct unpack *from, struct host_stats *s)
{
	struct packed_packages packed;

	if (!take_bytes(from, &packed, sizeof(packed)))
		return false;
	s->roots = packed.roots;
	s->paths = packed.paths;
	s->bytes = packed.bytes;
	s->indexed = packed.indexed;
	s->put_off = packed.put_off;
	s->evicted = packed.evicted;
	s->unreadable = packed.unreadable;
	return true;
}

void put_words(struct packet *packet, const struct container_words *words)
{
	put_text(packet, words->runtime ? words->runtime : "");
	put_text(packet, words->name);
	put_text(packet, words->image);
	put_text(packet, words->pod);
	put_text(packet, words->pod_namespace);
}

bool take_words(struct unpack *from, struct container_words *words)
{
	char runtime[32];

	if (!take_text(from, runtime, sizeof(runtime)))
		return false;
	words->runtime = cgroup_runtime(runtime);
	return (words->runtime || !runtime[0]) &&
	       take_text(from, words->name, sizeof(words->name)) &&
	       take_text(from, words->image, sizeof(words->image)) &&
	       take_text(from, words->pod, sizeof(words->pod)) &&
	       take_text(from, words->pod_namespace, sizeof(words->pod_namespace));
}
