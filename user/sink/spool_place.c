/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/spool_place.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/trust.h"

#define FILE_MODE 0600

struct slot {
	uint64_t next, turn;
	uint32_t crc, zero;
};
_Static_assert(sizeof(struct slot) == 24, "as it lies in the file");

static uint32_t crc_of(const struct slot *slot)
{
	return (uint32_t)crc32(0, (const Bytef *)slot, offsetof(struct slot, crc));
}

static void read_slots(struct spool_place *place)
{
	struct slot slot;

	for (unsigned i = 0; i < 2; i++)
		if (pread(place->fd, &slot, sizeof(slot), (off_t)(i * sizeof(slot))) ==
			    (ssize_t)sizeof(slot) &&
		    slot.crc == crc_of(&slot) && slot.turn >= place->turn) {
			place->turn = slot.turn;
			place->next = slot.next;
		}
}

int spool_place_open(struct spool_place *place, const char *folder, struct error *error)
{
	char path[4096], why[TRUST_WHY_MAX] = "is no ordinary file";
	struct stat st;

	snprintf(path, sizeof(path), "%s/place", folder);
	*place = (struct spool_place){
		.fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
			   FILE_MODE)};
	if (place->fd < 0)
		return error_set(error, EXIT_SYSTEM, errno, "spool %s: %s", path, strerror(errno));
	if (fstat(place->fd, &st) || !S_ISREG(st.st_mode) || !trust_fd(place->fd, why)) {
		spool_place_close(place);
		return error_set(error, EXIT_INPUT, EPERM, "spool %s %s", path, why);
	}
	read_slots(place);
	return 0;
}

void spool_place_set(struct spool_place *place, uint64_t next)
{
	struct slot slot = {.next = next, .turn = place->turn + 1};

	if (place->fd < 0 || next <= place->next)
		return;
	slot.crc = crc_of(&slot);
	place->next = next;
	place->turn++;
	(void)!pwrite(place->fd, &slot, sizeof(slot), (off_t)(slot.turn % 2 * sizeof(slot)));
}

void spool_place_close(struct spool_place *place)
{
	if (place->fd >= 0)
		close(place->fd);
	place->fd = -1;
}
