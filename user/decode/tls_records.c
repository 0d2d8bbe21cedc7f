/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/tls_records.h"

#include <string.h>

static void add(struct tls_run *run, const uint8_t *bytes, size_t length, uint8_t *scratch)
{
	if (!run->length) {
		run->bytes = bytes;
	} else {
		if (run->bytes != scratch)
			memcpy(scratch, run->bytes, run->length);
		memcpy(scratch + run->length, bytes, length);
		run->bytes = scratch;
	}
	run->length += length;
	run->raw += length;
	run->left -= (uint16_t)length;
}

/* False: it is not there, or not of the handshake. */
static bool open_record(struct tls_run *run, const uint8_t *at, size_t there)
{
	if (there < TLS_RECORD_HEADER)
		return false;
	run->left = (uint16_t)(at[3] << 8 | at[4]);
	run->stopped = at[0] != TLS_HANDSHAKE || at[1] != 3 || !run->left;
	run->stop = at[0];
	if (run->stopped)
		return false;
	run->raw += TLS_RECORD_HEADER;
	return true;
}

void tls_gather(const uint8_t *bytes, size_t length, uint16_t left, size_t want,
		uint8_t scratch[TLS_MESSAGE_MAX], struct tls_run *run)
{
	uint16_t whole = left;

	*run = (struct tls_run){.left = left, .shortest = UINT16_MAX};
	if (want > TLS_MESSAGE_MAX)
		want = TLS_MESSAGE_MAX;
	while (run->length < want) {
		size_t take = want - run->length;

		if (!run->left) {
			if (run->length && whole < run->shortest)
				run->shortest = whole;
			if (!open_record(run, bytes + run->raw, length - run->raw))
				return;
			whole = run->left;
		}
		if (take > run->left)
			take = run->left;
		if (take > length - run->raw)
			take = length - run->raw;
		if (!take)
			return;
		add(run, bytes + run->raw, take, scratch);
	}
}
