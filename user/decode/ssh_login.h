/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_DECODE_SSH_LOGIN_H
#define WEIR_DECODE_SSH_LOGIN_H

#include "base/time.h"
#include "decode/ssh_kex.h"

/*
 * Log-ins by the sizes of encrypted packets. Authentication (RFC 4252) goes by turns, and with the
 * agreed cipher and MAC (in the clear) the size of each message is known:
 *
 *   - success is one byte of payload: the least packet that there is;
 *   - a failure lists the methods that may go on: all failures of a connection are of one size,
 *     that of the answer to the first request ("none", by which a client asks for the methods);
 *   - an offer of a public key is larger than a password, but for one form: OpenSSH pads passwords
 *     to 64 or 128 bytes, and an Ed25519 key takes as much with some ciphers. Of these it counts
 *     as a password what took a person to type (1 s), or a server to refuse (1 s: keys are refused
 *     at once).
 *
 * Keys that are refused are never guesses. What is not sure is not said.
 */

enum ssh_outcome {
	SSH_NOTHING, /* is known by this packet */
	SSH_FAILURE,
	SSH_SUCCESS,
	SSH_CONFUSED, /* this is none of the known forms: nothing more will be known */
};

struct ssh_login {
	struct ssh_sizes sizes[2]; /* by enum side, of what it sends */
	bool server_is_openssh;
	bool never_asks; /* this client begins with a password, not with "none" */
	bool accepted;	 /* authentication may begin */
	bool maybe;	 /* the last answer was a success, unless failures are as small here */
	uint8_t strange; /* packets of the server before that */
	uint8_t rounds;	 /* requests with answers, up to 255 */
	uint8_t guesses; /* that the last outcome stands for */
	uint8_t user_min, user_max; /* length of the user's name; 0: not known */
	uint32_t asked;		    /* bytes of the request at hand; 0: none */
	uint32_t reply;		    /* of the last packet of its answer; 0: none yet */
	uint32_t before;  /* the answer to the request before, if that was surely a password */
	uint32_t refusal; /* size of a failure; 0: not known */
	weir_time asked_at, replied_at;
	int64_t thought; /* ns between the last answer and this request */
	int64_t usual;	 /* ns that the answer to the first request took */
};

/* A packet of `side` carried so many bytes, `time` being that of the packet. */
enum ssh_outcome ssh_login_packet(struct ssh_login *login, enum side side, uint32_t bytes,
				  weir_time time);

#endif
