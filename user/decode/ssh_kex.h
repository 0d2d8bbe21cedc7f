/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODE_SSH_KEX_H
#define WEIR_DECODE_SSH_KEX_H

#include "decode/decoder.h"

/* The lists of a key exchange's first message (RFC 4253, 7.1), in its order. Texts point into it.
 */
enum ssh_list {
	SSH_KEX,
	SSH_HOST_KEY,
	SSH_CIPHER_TO_SERVER,
	SSH_CIPHER_TO_CLIENT,
	SSH_MAC_TO_SERVER,
	SSH_MAC_TO_CLIENT,
	SSH_COMPRESSION_TO_SERVER,
	SSH_COMPRESSION_TO_CLIENT,
	SSH_LISTS,
};

struct ssh_kex {
	struct text list[SSH_LISTS];
};

/* `bytes`: behind the message's number. False: lengths that lie. */
bool ssh_kex_read(const uint8_t *bytes, size_t length, struct ssh_kex *kex);

#define HASSH_TEXT 33

/* HASSH of a client, HASSHServer of a server: MD5 over four lists of its own direction joined by
 * semicolons (https://github.com/salesforce/hassh). */
void ssh_hassh(const struct ssh_kex *kex, enum side side, char text[HASSH_TEXT]);

/* How large the packets of a direction are once they are encrypted. */
struct ssh_sizes {
	uint8_t block; /* of the cipher, bytes, at least 8; 0: not known */
	uint8_t mac;   /* bytes behind each packet */
	uint8_t apart; /* bytes of the length, where it does not count into the blocks: 4, or 0 */
};

/* What both ends agree on for what `side` sends (RFC 4253, 7.1). False: nothing that is known, or
 * compressed from the start. */
bool ssh_sizes_agree(const struct ssh_kex *client, const struct ssh_kex *server, enum side side,
		     struct ssh_sizes *sizes);

/* Bytes on the wire of a packet with so much payload and the least padding (RFC 4253, 6);
 * `block`: what it is padded to. */
uint32_t ssh_size_of(const struct ssh_sizes *sizes, uint32_t payload, uint8_t block);

#endif
