/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/source.h"

#include <errno.h>
#include <string.h>

#include "capture/kinds.h"
#include "capture/reader.h"

const struct source_kind *const source_kinds[] = {
	&pcap_kind, &pcapng_kind, &zeek_kind, &auth_kind, &json_kind, NULL,
};

#define ACCEPTED                                                                                   \
	"a capture (pcap, pcapng), a Zeek log, Suricata's EVE, an auth.log, or JSON objects"

/* What is given by mistake most often, and what to do. */
struct stranger {
	const char *bytes;
	uint16_t length, offset;
	const char *looks, *right;
};
static const struct stranger strangers[] = {
	{"\x1f\x8b", 2, 0, "gzip-compressed twice", "decompress it once (gzip -d)"},
	{"\x28\xb5\x2f\xfd", 4, 0, "zstd-compressed twice", "decompress it once (zstd -d)"},
	{"\xfd"
	 "7zXZ",
	 5, 0, "xz-compressed", "decompress first (xz -d)"},
	{"BZh", 3, 0, "bzip2-compressed", "decompress first (bzip2 -d)"},
	{"PK\3\4", 4, 0, "a ZIP archive", "unpack it first"},
	{"ustar", 5, 257, "a tar archive", "unpack it first"},
	{"\x7f"
	 "ELF",
	 4, 0, "a program", ACCEPTED},
	{"SQLite format 3", 15, 0, "an SQLite database", ACCEPTED},
	{"snoop\0\0\0", 8, 0, "a snoop capture", ACCEPTED " (editcap -F pcapng converts)"},
	{"XCP\0", 4, 0, "a NetXRay capture", ACCEPTED " (editcap -F pcapng converts)"},
	{"RTSS", 4, 0, "a Network Monitor capture", ACCEPTED " (editcap -F pcapng converts)"},
	{"GMBU", 4, 0, "a Network Monitor capture", ACCEPTED " (editcap -F pcapng converts)"},
};

static bool is_ascii(const uint8_t *head, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (head[i] >= 0x7f || (head[i] < 0x20 && !memchr("\t\r\n\f", head[i], 4)))
			return false;
	return true;
}

static int refuse(const uint8_t *head, size_t length, const char *name, struct error *error)
{
	const struct stranger *s = strangers, *end = s + sizeof(strangers) / sizeof(*s);

	if (!length)
		return error_set(error, EXIT_INPUT, EINVAL, "%s is empty: " ACCEPTED, name);
	for (; s < end; s++)
		if (length >= (size_t)s->offset + s->length &&
		    !memcmp(head + s->offset, s->bytes, s->length))
			return error_set(error, EXIT_INPUT, EINVAL, "%s is %s: %s", name, s->looks,
					 s->right);
	return error_set(error, EXIT_INPUT, EINVAL, "%s is %s of no known kind: " ACCEPTED, name,
			 is_ascii(head, length) ? "text" : "data");
}

static int open_kind(struct source **source, struct reader *reader, const char *name,
		     struct error *error)
{
	size_t have;
	const uint8_t *head = reader_need(reader, 512, &have);

	if (!have && reader_fault(reader))
		return error_set(error, reader->failed ? EXIT_SYSTEM : EXIT_INPUT,
				 reader->failed ? reader->failed : EINVAL, "%s: cannot be read: %s",
				 name, reader_fault(reader));
	for (const struct source_kind *const *kind = source_kinds; have && *kind; kind++)
		if ((*kind)->recognise(head, have))
			return (*kind)->open(source, reader, name, error);
	return refuse(head, have, name, error);
}

int source_open(struct source **source, const char *path, struct error *error)
{
	struct reader reader;
	int err = reader_open(&reader, path, error);

	if (err)
		return err;
	err = open_kind(source, &reader, strcmp(path, "-") ? path : "standard input", error);
	reader_close(&reader);
	return err;
}
