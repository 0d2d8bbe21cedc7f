/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/spool_file.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zlib.h>

static const char magic[8] = "weirspl1";

/* No file begins behind it: those after the first cannot be counted past the end then. */
#define FIRST_MAX (UINT64_MAX / 2)

struct file_head {
	char magic[8];
	uint64_t first;
	uint32_t crc; /* of what is before it */
	uint32_t zero;
};
_Static_assert(sizeof(struct file_head) == 24, "as it lies in files");

struct record_head {
	uint32_t length; /* of the body, bytes */
	uint32_t crc;	 /* of all but itself: head, id, body */
	uint64_t number;
	int64_t at; /* ns since the epoch */
	uint8_t kind;
	uint8_t id_length;
	uint8_t zero[6];
};
_Static_assert(sizeof(struct record_head) == 32, "as it lies in files");

static uint32_t crc_of(struct record_head head, const char *id, const char *body)
{
	uLong crc;

	head.crc = 0;
	crc = crc32(0, (const Bytef *)&head, sizeof(head));
	crc = crc32(crc, (const Bytef *)id, head.id_length);
	return (uint32_t)crc32(crc, (const Bytef *)body, head.length);
}

static struct file_head head_of(uint64_t first)
{
	struct file_head head = {.first = first};

	memcpy(head.magic, magic, sizeof(magic));
	head.crc = (uint32_t)crc32(0, (const Bytef *)&head, offsetof(struct file_head, crc));
	return head;
}

/* What a full disk took of it is given back. */
static int write_at(struct spool_file *file, const struct iovec *parts, int count, uint64_t length)
{
	ssize_t n = pwritev(file->fd, parts, count, (off_t)file->size);
	int err = n < 0 ? -errno : (uint64_t)n < length ? -ENOSPC : 0;

	if (err)
		(void)!ftruncate(file->fd, (off_t)file->size);
	else
		file->size += length;
	return err;
}

int spool_file_begin(struct spool_file *file, int fd, bool memory, uint64_t first)
{
	struct file_head head = head_of(first);
	const struct iovec part = {&head, sizeof(head)};
	int err;

	*file = (struct spool_file){
		.fd = fd, .memory = memory, .first = first, .next = first, .oldest = TIME_NONE};
	err = write_at(file, &part, 1, sizeof(head));
	if (err)
		spool_file_close(file);
	file->taken = file->size;
	return err;
}

void spool_file_close(struct spool_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

uint64_t spool_file_need(const struct spool_record *record)
{
	return sizeof(struct record_head) + strlen(record->id) + record->length;
}

int spool_file_put(struct spool_file *file, const struct spool_record *record)
{
	struct record_head head = {
		.length = (uint32_t)record->length,
		.number = file->next,
		.at = record->at,
		.kind = (uint8_t)record->kind,
		.id_length = (uint8_t)strlen(record->id),
	};
	const struct iovec parts[] = {
		{&head, sizeof(head)},
		{(void *)record->id, head.id_length},
		{(void *)record->body, record->length},
	};
	int err;

	head.crc = crc_of(head, record->id, record->body);
	err = write_at(file, parts, 3, spool_file_need(record));
	if (err)
		return err;
	file->next++;
	if (file->oldest == TIME_NONE)
		file->oldest = record->at;
	file->left[record->kind]++;
	return 0;
}

static int read_at(const struct spool_file *file, void *to, size_t length, uint64_t offset)
{
	ssize_t n = pread(file->fd, to, length, (off_t)offset);

	if (n < 0)
		return -errno;
	return (size_t)n == length ? 0 : -EBADMSG;
}

static bool head_is_sound(const struct spool_file *file, const struct record_head *head,
			  uint64_t offset)
{
	return head->length <= SPOOL_RECORD_MAX && head->kind < OUT_KINDS &&
	       head->id_length < SPOOL_ID_MAX &&
	       sizeof(*head) + head->id_length + head->length <= file->size - offset;
}

int spool_file_get(const struct spool_file *file, uint64_t *offset, struct arena *arena,
		   struct spool_record *record)
{
	struct record_head head;
	char *id, *body;
	int err;

	if (*offset >= file->size)
		return -ENODATA;
	err = read_at(file, &head, sizeof(head), *offset);
	if (err || !head_is_sound(file, &head, *offset))
		return err ? err : -EBADMSG;
	id = arena_alloc(arena, (size_t)head.id_length + head.length + 2);
	if (!id)
		return -ENOMEM;
	body = id + head.id_length + 1;
	err = read_at(file, id, head.id_length, *offset + sizeof(head));
	err = err ? err : read_at(file, body, head.length, *offset + sizeof(head) + head.id_length);
	if (err || crc_of(head, id, body) != head.crc || memchr(id, 0, head.id_length))
		return err ? err : -EBADMSG;
	*record = (struct spool_record){
		.number = head.number,
		.at = head.at,
		.kind = (enum record_kind_out)head.kind,
		.id = id,
		.body = body,
		.length = head.length,
	};
	*offset += sizeof(head) + head.id_length + head.length;
	return 0;
}

uint64_t spool_file_left(const struct spool_file *file)
{
	uint64_t left = 0;

	for (unsigned i = 0; i < OUT_KINDS; i++)
		left += file->left[i];
	return left;
}

/* Its records: numbers follow one another. What comes behind the last sound one is cut off. */
static int scan(struct spool_file *file, uint64_t from, uint64_t *cut)
{
	uint64_t offset = file->taken, end = offset;
	struct arena arena = {0};
	struct spool_record record;
	int err;

	while (!(err = spool_file_get(file, &offset, &arena, &record))) {
		if (record.number != file->next)
			break;
		file->next++;
		end = offset;
		if (record.number < from) {
			file->taken = offset;
		} else {
			file->left[record.kind]++;
			if (file->oldest == TIME_NONE)
				file->oldest = record.at;
		}
		arena_reset(&arena);
	}
	arena_free(&arena);
	if (err && err != -ENODATA && err != -EBADMSG)
		return err;
	*cut += file->size - end;
	if (file->size > end && ftruncate(file->fd, (off_t)end))
		return -errno;
	file->size = end;
	return 0;
}

int spool_file_read(struct spool_file *file, int fd, uint64_t from, uint64_t *cut)
{
	off_t size = lseek(fd, 0, SEEK_END);
	struct file_head head, right;
	int err;

	*file = (struct spool_file){.fd = fd, .size = (uint64_t)size, .oldest = TIME_NONE};
	err = size < 0 ? -errno : read_at(file, &head, sizeof(head), 0);
	if (!err) {
		right = head_of(head.first);
		if (memcmp(&head, &right, sizeof(head)) || head.first > FIRST_MAX)
			err = -EBADMSG;
	}
	if (!err) {
		file->first = file->next = head.first;
		file->taken = sizeof(head);
		err = scan(file, from, cut);
	} else if (err == -EBADMSG) {
		*cut += file->size;
	}
	if (err)
		spool_file_close(file);
	return err;
}

/* What cannot be read any more is finished with too: it is not offered again and again. */
static void give_up(struct spool_file *file)
{
	memset(file->left, 0, sizeof(file->left));
	file->taken = file->size;
}

void spool_file_done(struct spool_file *file, uint64_t number)
{
	struct record_head head;

	file->oldest = TIME_NONE;
	while (file->taken < file->size) {
		if (read_at(file, &head, sizeof(head), file->taken) ||
		    !head_is_sound(file, &head, file->taken)) {
			give_up(file);
			return;
		}
		if (head.number >= number) {
			file->oldest = head.at;
			return;
		}
		file->left[head.kind] -= file->left[head.kind] > 0;
		file->taken += sizeof(head) + head.id_length + head.length;
	}
}
