/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_STATE_SEAL_H
#define WEIR_STATE_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * A snapshot that only the installation reads: AES-256-GCM, under a key that is given.
 *
 *     sealed = magic 16 bytes , nonce 12 bytes , the snapshot's bytes encrypted , tag 16 bytes ;
 *
 * The nonce is random: of a key, 2^32 snapshots may be sealed (NIST SP 800-38D, 8.3).
 */
#define SEAL_KEY_BYTES 32

struct state_seal;

/* NULL: libcrypto has no such cipher, or there is no memory. */
struct state_seal *state_seal_new(const uint8_t key[SEAL_KEY_BYTES]);
void state_seal_free(struct state_seal *seal);

/* Before each snapshot, in the process that then forks the one which writes: what follows allocates
 * nothing. 0, or -EIO. */
int state_seal_begin(struct state_seal *seal);

/* What stands before the snapshot's bytes, these, and what stands behind them go to `put`, which
 * takes all: 0, or -errno. */
typedef int seal_put(void *context, const void *bytes, size_t length);
int state_seal_head(struct state_seal *seal, seal_put *put, void *context);
int state_seal_more(struct state_seal *seal, const void *bytes, size_t length, seal_put *put,
		    void *context);
int state_seal_tail(struct state_seal *seal, seal_put *put, void *context);

/* Whether these are bytes of a sealed snapshot. */
bool state_is_sealed(const void *bytes, size_t length);

/* In their place, those that were sealed, of which *length then are at the beginning. 0;
 * -EKEYREJECTED: the key is another, or they were changed. */
int state_unseal(struct state_seal *seal, uint8_t *bytes, size_t *length);

#endif
