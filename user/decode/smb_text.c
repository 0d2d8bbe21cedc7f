/* SPDX-License-Identifier: Apache-2.0 */
/* Names of files and users, and of statuses (MS-ERREF 2.3). */
#include <stdio.h>

#include "decode/smb.h"

#define REPLACEMENT 0xfffdu

static size_t put(uint32_t c, char *to, size_t room)
{
	static const uint8_t first[] = {0, 0xc0, 0xe0, 0xf0};
	unsigned more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;

	if (room < more + 1)
		return 0;
	to[0] = (char)(first[more] | c >> (6 * more));
	for (unsigned i = 1; i <= more; i++)
		to[i] = (char)(0x80 | (c >> (6 * (more - i)) & 0x3f));
	return more + 1;
}

size_t smb_utf8(const uint8_t *bytes, size_t length, char *to, size_t room)
{
	size_t used = 0, written = 1;

	for (size_t i = 0; i + 1 < length && written; i += 2) {
		uint32_t c = bytes[i] | (uint32_t)bytes[i + 1] << 8, low;

		if (c >= 0xd800 && c < 0xdc00 && i + 3 < length) {
			low = bytes[i + 2] | (uint32_t)bytes[i + 3] << 8;
			if (low >= 0xdc00 && low < 0xe000) {
				c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
				i += 2;
			}
		}
		if (!c || (c >= 0xd800 && c < 0xe000))
			c = REPLACEMENT;
		written = put(c, to + used, room - used);
		used += written;
	}
	return used;
}

static const struct {
	uint32_t status;
	const char *name;
} statuses[] = {
	{0x00000000, "STATUS_SUCCESS"},
	{0x00000103, "STATUS_PENDING"},
	{0x0000010b, "STATUS_NOTIFY_CLEANUP"},
	{0x0000010c, "STATUS_NOTIFY_ENUM_DIR"},
	{0x80000005, "STATUS_BUFFER_OVERFLOW"},
	{0x80000006, "STATUS_NO_MORE_FILES"},
	{0x8000002d, "STATUS_STOPPED_ON_SYMLINK"},
	{0xc0000002, "STATUS_NOT_IMPLEMENTED"},
	{0xc0000003, "STATUS_INVALID_INFO_CLASS"},
	{0xc0000004, "STATUS_INFO_LENGTH_MISMATCH"},
	{0xc0000008, "STATUS_INVALID_HANDLE"},
	{0xc000000d, "STATUS_INVALID_PARAMETER"},
	{0xc000000f, "STATUS_NO_SUCH_FILE"},
	{0xc0000010, "STATUS_INVALID_DEVICE_REQUEST"},
	{0xc0000011, "STATUS_END_OF_FILE"},
	{0xc0000016, "STATUS_MORE_PROCESSING_REQUIRED"},
	{0xc0000022, "STATUS_ACCESS_DENIED"},
	{0xc0000023, "STATUS_BUFFER_TOO_SMALL"},
	{0xc0000033, "STATUS_OBJECT_NAME_INVALID"},
	{0xc0000034, "STATUS_OBJECT_NAME_NOT_FOUND"},
	{0xc0000035, "STATUS_OBJECT_NAME_COLLISION"},
	{0xc000003a, "STATUS_OBJECT_PATH_NOT_FOUND"},
	{0xc000003b, "STATUS_OBJECT_PATH_SYNTAX_BAD"},
	{0xc0000043, "STATUS_SHARING_VIOLATION"},
	{0xc0000055, "STATUS_LOCK_NOT_GRANTED"},
	{0xc0000056, "STATUS_DELETE_PENDING"},
	{0xc000005e, "STATUS_NO_LOGON_SERVERS"},
	{0xc0000061, "STATUS_PRIVILEGE_NOT_HELD"},
	{0xc0000064, "STATUS_NO_SUCH_USER"},
	{0xc000006a, "STATUS_WRONG_PASSWORD"},
	{0xc000006c, "STATUS_PASSWORD_RESTRICTION"},
	{0xc000006d, "STATUS_LOGON_FAILURE"},
	{0xc000006e, "STATUS_ACCOUNT_RESTRICTION"},
	{0xc000006f, "STATUS_INVALID_LOGON_HOURS"},
	{0xc0000070, "STATUS_INVALID_WORKSTATION"},
	{0xc0000071, "STATUS_PASSWORD_EXPIRED"},
	{0xc0000072, "STATUS_ACCOUNT_DISABLED"},
	{0xc000007f, "STATUS_DISK_FULL"},
	{0xc000009a, "STATUS_INSUFFICIENT_RESOURCES"},
	{0xc00000ac, "STATUS_PIPE_NOT_AVAILABLE"},
	{0xc00000b0, "STATUS_PIPE_DISCONNECTED"},
	{0xc00000b5, "STATUS_IO_TIMEOUT"},
	{0xc00000ba, "STATUS_FILE_IS_A_DIRECTORY"},
	{0xc00000bb, "STATUS_NOT_SUPPORTED"},
	{0xc00000c9, "STATUS_NETWORK_NAME_DELETED"},
	{0xc00000ca, "STATUS_NETWORK_ACCESS_DENIED"},
	{0xc00000cc, "STATUS_BAD_NETWORK_NAME"},
	{0xc00000d0, "STATUS_REQUEST_NOT_ACCEPTED"},
	{0xc0000101, "STATUS_DIRECTORY_NOT_EMPTY"},
	{0xc0000103, "STATUS_NOT_A_DIRECTORY"},
	{0xc0000120, "STATUS_CANCELLED"},
	{0xc0000121, "STATUS_CANNOT_DELETE"},
	{0xc0000128, "STATUS_FILE_CLOSED"},
	{0xc0000133, "STATUS_TIME_DIFFERENCE_AT_DC"},
	{0xc000014b, "STATUS_PIPE_BROKEN"},
	{0xc000015b, "STATUS_LOGON_TYPE_NOT_GRANTED"},
	{0xc000018b, "STATUS_NO_TRUST_SAM_ACCOUNT"},
	{0xc0000193, "STATUS_ACCOUNT_EXPIRED"},
	{0xc0000203, "STATUS_USER_SESSION_DELETED"},
	{0xc0000224, "STATUS_PASSWORD_MUST_CHANGE"},
	{0xc0000225, "STATUS_NOT_FOUND"},
	{0xc0000234, "STATUS_ACCOUNT_LOCKED_OUT"},
	{0xc0000257, "STATUS_PATH_NOT_COVERED"},
	{0xc000035c, "STATUS_NETWORK_SESSION_EXPIRED"},
};

struct text smb_status(uint32_t status, char room[SMB_STATUS_ROOM])
{
	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (statuses[i].status == status)
			return text_string(statuses[i].name);
	return text_of(room, (size_t)snprintf(room, SMB_STATUS_ROOM, "0x%08x", status));
}

/* ---- NTLMSSP (MS-NLMP 2.2.1.3) ---- */

#define NTLM_UNICODE 1u

/* One of the message's fields: length, room, offset. */
static size_t field(struct reader_bytes message, size_t at, bool unicode, char to[SMB_NAME_MAX],
		    bool *bad)
{
	struct reader_bytes r = message;
	size_t length, offset;
	const uint8_t *bytes;

	bytes_take(&r, at);
	length = bytes_number_le(&r, 2);
	bytes_take(&r, 2);
	offset = bytes_number_le(&r, 4);
	r = message;
	bytes_take(&r, offset);
	bytes = bytes_take(&r, length);
	*bad |= !bytes;
	if (!bytes)
		return 0;
	if (unicode)
		return smb_utf8(bytes, length, to, SMB_NAME_MAX);
	length = length < SMB_NAME_MAX ? length : SMB_NAME_MAX;
	memcpy(to, bytes, length);
	return length;
}

bool smb_identity(struct reader_bytes blob, struct smb_identity *identity, bool *bad)
{
	static const char mark[] = "NTLMSSP\0\3\0\0"; /* and the end of the number 3 */
	const uint8_t *at = bytes_left(&blob) ? memmem(blob.at, bytes_left(&blob), mark, 12) : NULL;
	struct reader_bytes message = bytes_of(at ? at : blob.at, at ? (size_t)(blob.end - at) : 0);
	struct reader_bytes r = message;
	bool unicode;

	*bad = false;
	if (!at)
		return false;
	bytes_take(&r, 60);
	unicode = bytes_number_le(&r, 4) & NTLM_UNICODE;
	identity->domain_length = field(message, 28, unicode, identity->domain, bad);
	identity->user_length = field(message, 36, unicode, identity->user, bad);
	return true;
}
