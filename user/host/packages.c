/* SPDX-License-Identifier: Apache-2.0 */
/* The indexes of the roots that were asked about, least recently used last. */
#include <stdlib.h>
#include <string.h>

#include "host/inside.h"
#include "host/package.h"

#define ROOTS_MAX  64
#define BYTES_MAX  ((size_t)64 << 20) /* of all; the newest index stays whatever it takes */
#define FRESH	   WEIR_SEC	      /* so long a path that was owned is owned */
#define CREDIT_MAX (2 * WEIR_SEC)
#define SHARE	   20 /* making indexes takes at most one 20th of the time */

struct known {
	struct known *next;
	dev_t device;
	ino_t inode;
	uint64_t stamp;
	weir_time checked;
	bool stale; /* its database has changed, and it waits for being read again */
	struct package_index index;
};

struct packages {
	struct known *newest;
	size_t len;
	weir_time credit, credited; /* what making indexes may take; since when */
	uint64_t indexed, put_off, evicted, unreadable;
};

struct packages *packages_new(void)
{
	struct packages *packages = calloc(1, sizeof(*packages));

	if (!packages)
		return NULL;
	packages->credit = CREDIT_MAX;
	packages->credited = TIME_NONE;
	return packages;
}

static void known_free(struct known *known)
{
	package_free(&known->index);
	free(known);
}

void packages_free(struct packages *packages)
{
	if (!packages)
		return;
	for (struct known *known = packages->newest, *next; known; known = next) {
		next = known->next;
		known_free(known);
	}
	free(packages);
}

/* Takes the root's out of the list; NULL: it is not in. */
static struct known *take(struct packages *packages, const struct host_root *root)
{
	for (struct known **at = &packages->newest, *known; (known = *at); at = &known->next) {
		if (known->device != root->device || known->inode != root->inode)
			continue;
		*at = known->next;
		packages->len--;
		return known;
	}
	return NULL;
}

static void put(struct packages *packages, struct known *known)
{
	known->next = packages->newest;
	packages->newest = known;
	packages->len++;
}

static void evict(struct packages *packages)
{
	size_t bytes = 0, len = 0;

	for (struct known **at = &packages->newest, *known; (known = *at);) {
		bytes += paths_bytes(&known->index.paths);
		if (!len++ || (bytes <= BYTES_MAX && len <= ROOTS_MAX)) {
			at = &known->next;
			continue;
		}
		*at = known->next;
		packages->len--;
		packages->evicted++;
		known_free(known);
	}
}

static bool affordable(struct packages *packages, weir_time now)
{
	if (packages->credited != TIME_NONE && now > packages->credited)
		packages->credit += (now - packages->credited) / SHARE;
	if (packages->credit > CREDIT_MAX)
		packages->credit = CREDIT_MAX;
	packages->credited = now;
	return packages->credit > 0;
}

/* Reads the database of a root whose index is missing or old. */
static void index_make(struct host_facts *facts, const struct host_root *root, struct known *known,
		       uint64_t stamp)
{
	struct packages *packages = facts->packages;
	weir_time began = facts->clock();

	known->stale = !affordable(packages, began);
	if (known->stale) {
		packages->put_off++;
		return;
	}
	package_free(&known->index);
	known->index = (struct package_index){0};
	package_read(root, &known->index);
	known->stamp = stamp;
	packages->credit -= facts->clock() - began;
	packages->indexed++;
	packages->unreadable += known->index.partial;
}

static struct known *known_of(struct packages *packages, const struct host_root *root)
{
	struct known *known = take(packages, root);

	if (!known) {
		known = calloc(1, sizeof(*known));
		if (!known)
			return NULL;
		known->device = root->device;
		known->inode = root->inode;
		known->checked = TIME_NONE;
	}
	put(packages, known);
	return known;
}

static bool fresh(const struct known *known, weir_time now)
{
	return known->checked != TIME_NONE && !known->stale && now - known->checked < FRESH;
}

static enum host_owned owned_in(struct host_facts *facts, const struct host_root *root,
				const char *path)
{
	struct known *known = known_of(facts->packages, root);
	weir_time now = facts->clock();
	uint64_t stamp;

	if (!known)
		return HOST_UNKNOWN;
	if (fresh(known, now) && package_has(&known->index, path))
		return HOST_OWNED;
	stamp = package_stamp(root);
	if (known->checked == TIME_NONE || known->stale || stamp != known->stamp)
		index_make(facts, root, known, stamp);
	known->checked = now;
	evict(facts->packages);
	if (package_has(&known->index, path) || package_stored(root, path))
		return HOST_OWNED;
	return !known->index.found || known->index.partial || known->stale ? HOST_UNKNOWN
									   : HOST_NOT_OWNED;
}

static bool is_own(const struct host_facts *facts, const struct host_root *root)
{
	struct host_root own;
	bool is;

	if (host_root_open(&own, facts->root))
		return false;
	is = own.device == root->device && own.inode == root->inode;
	host_root_close(&own);
	return is;
}

enum host_owned host_package_owns(struct host_facts *facts, const char *root_path, const char *path)
{
	struct host_root root;
	enum host_owned owned;

	if (path[0] != '/' || host_root_open(&root, root_path ? root_path : facts->root))
		return HOST_UNKNOWN;
	root.whole = !root_path || is_own(facts, &root);
	owned = owned_in(facts, &root, path);
	host_root_close(&root);
	return owned;
}

void packages_stats(const struct packages *packages, struct host_stats *stats)
{
	for (const struct known *known = packages->newest; known; known = known->next) {
		stats->roots++;
		stats->paths += known->index.paths.count;
		stats->bytes += sizeof(*known) + paths_bytes(&known->index.paths);
	}
	stats->indexed = packages->indexed;
	stats->put_off = packages->put_off;
	stats->evicted = packages->evicted;
	stats->unreadable = packages->unreadable;
}
