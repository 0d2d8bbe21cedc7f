/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture/live/hand.h"
#include "capture/live/inside.h"
#include "state/file.h"

/* The side of a hand-over that gives (hand.h). It changes nothing of what it gives: until the next
 * one has all, it can go on with it. */

int live_offer(const struct live *live, int fd)
{
	/* Hooks in other network namespaces are put there by a process that lives with us. */
	struct hand_offer offer = {.format = live->within ? HAND_NOTHING : HAND_FORMAT,
				   .maps = LAYOUT_MAPS};
	struct kernel_maps maps;

	kernel_maps(&live->kernel, &maps);
	offer.layout = maps.layout;
	snprintf(offer.version, sizeof(offer.version), "%s", WEIR_VERSION);
	return hand_send(fd, HAND_OFFER, &offer, sizeof(offer), maps.map, LAYOUT_MAPS);
}

struct giving {
	const struct live *live;
	void (*save)(void *context, struct state_writer *writer);
	void *context;
};

static void save_all(void *context, struct state_writer *writer)
{
	const struct giving *giving = context;

	live_save(giving->live, writer);
	giving->save(giving->context, writer);
}

/* A file of memory with all that is known; or -errno. */
static int make_state(struct giving *giving, size_t sections, uint64_t *length)
{
	struct state_writer *writer = malloc(sizeof(*writer));
	int fd = memfd_create("weir state", MFD_CLOEXEC), err = writer ? 0 : -ENOMEM;
	off_t end;

	if (fd < 0)
		err = -errno;
	if (!err)
		err = state_fd_write(fd, writer, sections + 1, save_all, giving);
	free(writer);
	end = err ? 0 : lseek(fd, 0, SEEK_END);
	*length = (uint64_t)end;
	if (err && fd >= 0)
		close(fd);
	return err ? err : fd;
}

static int send_links(int fd, const int *links, size_t count)
{
	int err = 0;

	for (size_t sent = 0; sent < count && !err; sent += HAND_FDS_MAX) {
		size_t part = count - sent < HAND_FDS_MAX ? count - sent : HAND_FDS_MAX;

		err = hand_send(fd, HAND_LINKS, NULL, 0, links + sent, (unsigned)part);
	}
	return err;
}

int live_give(struct live *live, int fd, uint64_t conversations, size_t sections,
	      void (*save)(void *context, struct state_writer *writer), void *context)
{
	struct giving giving = {live, save, context};
	size_t count = watches_links(live, NULL, 0);
	int *links = calloc(count + 1, sizeof(*links)), state, err;
	struct hand_state head = {.links = (uint32_t)count};

	if (!links)
		return -ENOMEM;
	live->cut = conversations;
	watches_links(live, links, count);
	state = make_state(&giving, sections, &head.length);
	err = state < 0 ? state : 0;
	if (!err) {
		const int fds[] = {state, live->control};

		err = hand_send(fd, HAND_STATE, &head, sizeof(head), fds, 2);
		close(state);
	}
	err = err ? err : send_links(fd, links, count);
	free(links);
	return err;
}

void live_keep(struct live *live)
{
	watches_restore(live);
}
