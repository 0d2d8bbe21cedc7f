/* SPDX-License-Identifier: Apache-2.0 */
/* What a file is by how it begins: what matters to defenders, not all that there is. */
#include "decode/magic.h"

#include <string.h>

#define MAGIC(type, bytes)                                                                         \
	{                                                                                          \
		type, sizeof(bytes) - 1, bytes                                                     \
	}

static const struct {
	const char *type;
	uint8_t length;
	const char *bytes;
} magics[] = {
	MAGIC("elf", "\x7f"
		     "ELF"),
	MAGIC("pe", "MZ"),
	MAGIC("macho", "\xcf\xfa\xed\xfe"),
	MAGIC("macho", "\xce\xfa\xed\xfe"),
	MAGIC("macho", "\xca\xfe\xba\xbe\0\0\0"), /* fat: few architectures; else a Java class */
	MAGIC("java", "\xca\xfe\xba\xbe"),
	MAGIC("dex", "dex\n"),
	MAGIC("script", "#!"),
	MAGIC("script", "<?php"),
	MAGIC("lnk", "L\0\0\0\x01\x14\x02"),
	MAGIC("zip", "PK\x03\x04"),
	MAGIC("rar", "Rar!\x1a\x07"),
	MAGIC("7z", "7z\xbc\xaf\x27\x1c"),
	MAGIC("gzip", "\x1f\x8b"),
	MAGIC("xz", "\xfd"
		    "7zXZ"),
	MAGIC("bzip2", "BZh"),
	MAGIC("zstd", "\x28\xb5\x2f\xfd"),
	MAGIC("deb", "!<arch>\ndebian"),
	MAGIC("rpm", "\xed\xab\xee\xdb"),
	MAGIC("cab", "MSCF"),
	MAGIC("ole", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), /* MSI and old Office files */
	MAGIC("pdf", "%PDF-"),
	MAGIC("png", "\x89PNG"),
	MAGIC("gif", "GIF8"),
	MAGIC("jpeg", "\xff\xd8\xff"),
	MAGIC("html", "<!DOCTYPE"),
	MAGIC("html", "<!doctype"),
	MAGIC("html", "<html"),
	MAGIC("xml", "<?xml"),
};

const char *magic_type(const uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < sizeof(magics) / sizeof(magics[0]); i++)
		if (length >= magics[i].length && !memcmp(bytes, magics[i].bytes, magics[i].length))
			return magics[i].type;
	return NULL;
}
