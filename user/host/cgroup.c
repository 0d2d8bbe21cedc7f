/* SPDX-License-Identifier: Apache-2.0 */
#include "host/cgroup.h"

#include <stddef.h>
#include <string.h>

#define PART_MAX 255 /* of a path */
#define HEX_ID	 64

enum id_kind { ID_HEX, ID_NAME };

/* Parts of a path that are a container, by both drivers (PREFIX-ID.scope of systemd's, PREFIX-ID or
 * ID of cgroupfs'). What watches a container (conmon) stands outside: its "id" is none. */
static const struct form {
	const char *prefix, *runtime;
	enum id_kind kind;
} forms[] = {
	{"docker-", "docker", ID_HEX},		{"cri-containerd-", "containerd", ID_HEX},
	{"nerdctl-", "containerd", ID_HEX},	{"crio-", "cri-o", ID_HEX},
	{"libpod-payload-", "podman", ID_HEX},	{"libpod-", "podman", ID_HEX},
	{"lxc.payload.", "lxc", ID_NAME},	{"machine-", "nspawn", ID_NAME},
	{"systemd-nspawn@", "nspawn", ID_NAME}, {"", NULL, ID_HEX}, /* the part before says whose */
};

/* Parts whose children are containers. */
static const struct parent {
	const char *name, *runtime;
	enum id_kind kind;
} parents[] = {
	{"docker", "docker", ID_HEX},	     {"default", "containerd", ID_HEX},
	{"k8s.io", "containerd", ID_HEX},    {"moby", "docker", ID_HEX},
	{"libpod_parent", "podman", ID_HEX}, {"lxc", "lxc", ID_NAME},
	{"lxc.payload", "lxc", ID_NAME},
};

struct walk {
	char part[PART_MAX + 1], before[PART_MAX + 1];
	bool pods; /* below the kubelet's */
};

static bool is_hex(const char *text, size_t length)
{
	return strspn(text, "0123456789abcdef") >= length;
}

static bool hex_id(const char *text)
{
	return strlen(text) == HEX_ID && is_hex(text, HEX_ID);
}

static bool cut_end(char *text, const char *end)
{
	size_t length = strlen(text), more = strlen(end);

	if (length <= more || strcmp(text + length - more, end))
		return false;
	text[length - more] = '\0';
	return true;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* systemd writes in names of units what may not stand there as \xNN (systemd.unit(5)). */
static void unescape(char *text)
{
	char *to = text;

	for (; *text; to++) {
		int high = !strncmp(text, "\\x", 2) ? hex_digit(text[2]) : -1;
		int low = high < 0 ? -1 : hex_digit(text[3]);

		if (low < 0 || !(high << 4 | low)) {
			*to = *text++;
			continue;
		}
		*to = (char)(high << 4 | low);
		text += 4;
	}
	*to = '\0';
}

/* ---- pods ---- */

/* "pod" and the pod's uid: of 36 characters, or of 32 for those that a file on the node declares.
 */
static void pod_of(const char *part, struct cgroup_container *container)
{
	const char *at = strncmp(part, "pod", 3) ? strstr(part, "-pod") : part;
	size_t length;

	if (!at)
		return;
	at += *at == '-' ? 4 : 3;
	length = strspn(at, "0123456789abcdef-_");
	if (length != POD_UID_MAX && length != 32)
		return;
	for (size_t i = 0; i < length; i++)
		container->pod_uid[i] = at[i] == '_' ? '-' : at[i];
	container->pod_uid[length] = '\0';
}

/* ---- containers ---- */

static bool take(struct cgroup_container *container, const char *runtime, enum id_kind kind,
		 const char *id)
{
	size_t length = strlen(id);

	if (kind == ID_HEX ? !hex_id(id) : !length || length > CONTAINER_ID_MAX || strchr(id, '/'))
		return false;
	container->runtime = runtime;
	memcpy(container->id, id, length + 1);
	return true;
}

/* Virtual machines register themselves in the same way (systemd-machined). */
static bool is_machine(const char *name)
{
	return !strncmp(name, "qemu-", 5) || !strncmp(name, "vmspawn-", 8);
}

static bool by_form(const char *part, struct cgroup_container *container)
{
	char id[PART_MAX + 1];

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		size_t prefix = strlen(forms[i].prefix);

		if (strncmp(part, forms[i].prefix, prefix))
			continue;
		memcpy(id, part + prefix, strlen(part + prefix) + 1);
		/* A name may end like a unit: only systemd's are units. */
		if (!cut_end(id, ".scope") && !cut_end(id, ".service") &&
		    !strcmp(forms[i].prefix, "machine-"))
			continue;
		if (forms[i].kind == ID_NAME)
			unescape(id);
		if (!is_machine(id) && take(container, forms[i].runtime, forms[i].kind, id))
			return true;
	}
	return false;
}

static const struct parent *parent_of(const char *name)
{
	for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++)
		if (!strcmp(name, parents[i].name))
			return &parents[i];
	return NULL;
}

/* Where systemd's driver was meant and cgroupfs' is used: SLICE:PREFIX:ID. */
static void join_colons(char *part)
{
	char *colon = strchr(part, ':');

	if (!colon)
		return;
	memmove(part, colon + 1, strlen(colon + 1) + 1);
	while ((colon = strchr(part, ':')))
		*colon = '-';
}

static bool part_is(struct walk *walk, struct cgroup_container *container)
{
	const struct parent *parent = parent_of(walk->before);

	walk->pods |= strstr(walk->part, "kubepods") != NULL;
	if (walk->pods)
		pod_of(walk->part, container);
	join_colons(walk->part);
	if (parent && take(container, parent->runtime, parent->kind, walk->part))
		return true;
	return by_form(walk->part, container);
}

const char *cgroup_runtime(const char *name)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (forms[i].runtime && !strcmp(name, forms[i].runtime))
			return forms[i].runtime;
	return NULL;
}

/* Next to what runs inside, systemd-nspawn itself has a cgroup in its unit. */
static bool watches(const struct cgroup_container *container, const char *rest)
{
	return container->runtime && !strcmp(container->runtime, "nspawn") &&
	       !strncmp(rest, "/supervisor", strlen("/supervisor"));
}

bool cgroup_container(const char *path, struct cgroup_container *container)
{
	struct walk walk = {.part = ""};

	*container = (struct cgroup_container){.runtime = NULL};
	while (*path) {
		size_t length = strcspn(path, "/");

		if (length && length <= PART_MAX) {
			memcpy(walk.part, path, length);
			walk.part[length] = '\0';
			if (part_is(&walk, container))
				return !watches(container, path + length);
			memcpy(walk.before, walk.part, strlen(walk.part) + 1);
		}
		path += length;
		path += *path == '/';
	}
	return false;
}
