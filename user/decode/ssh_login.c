/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/ssh_login.h"

/* Payloads, bytes (RFC 4252): of a success; of "ssh-userauth" asked for and accepted; of the
 * shortest banner that is believed; of a failure with the longest list that is believed; of a
 * request by "none" and of one that offers an Ed25519 key, without the user's name; of one that
 * offers the next larger key (FIDO) likewise. */
#define PAYLOAD_SUCCESS	    1
#define PAYLOAD_SERVICE	    17
#define PAYLOAD_BANNER	    25
#define PAYLOAD_REFUSAL_MAX 96
#define PAYLOAD_NONE	    31
#define PAYLOAD_KEY	    107
#define PAYLOAD_KEY_NEXT    145

#define USER_MAX 32 /* characters; longer names make some passwords look like keys */

#define PASSWORD_BLOCK 64 /* bytes that OpenSSH pads a password to */

#define STRANGE_MAX 8
#define SLOW	    (1 * WEIR_SEC)

static uint32_t least(const struct ssh_login *l, enum side side, uint32_t payload)
{
	return ssh_size_of(&l->sizes[side], payload, l->sizes[side].block);
}

/* The user's name is as long as it takes for the first request to be so large. */
static void learn_user(struct ssh_login *l, uint32_t asked)
{
	for (uint8_t user = 1; user <= USER_MAX; user++) {
		if (least(l, SIDE_CLIENT, PAYLOAD_NONE + user) != asked)
			continue;
		if (!l->user_min)
			l->user_min = user;
		l->user_max = user;
	}
}

static bool may_be_key(const struct ssh_login *l, uint32_t asked)
{
	uint32_t shortest = l->user_min ? l->user_min : 1;
	uint32_t longest = l->user_max ? l->user_max : USER_MAX;

	if (asked >= least(l, SIDE_CLIENT, PAYLOAD_KEY_NEXT + shortest))
		return true;
	return asked >= least(l, SIDE_CLIENT, PAYLOAD_KEY + shortest) &&
	       asked <= least(l, SIDE_CLIENT, PAYLOAD_KEY + longest);
}

static bool surely_password(const struct ssh_login *l)
{
	return l->asked && !may_be_key(l, l->asked);
}

/* As OpenSSH pads passwords, and took its time. */
static bool slow_password(const struct ssh_login *l)
{
	const struct ssh_sizes *s = &l->sizes[SIDE_CLIENT];

	if ((l->asked - s->apart - s->mac) % PASSWORD_BLOCK)
		return false;
	return l->thought >= SLOW || l->replied_at - l->asked_at >= SLOW + 3 * l->usual;
}

/* ---- what the server answers ---- */

/* OpenSSH pads to the cipher's block; others (Dropbear, Go) to 16 at least. */
static bool least_packet(const struct ssh_login *l, uint32_t bytes)
{
	const struct ssh_sizes *s = &l->sizes[SIDE_SERVER];

	if (bytes == ssh_size_of(s, PAYLOAD_SUCCESS, s->block))
		return true;
	return !l->server_is_openssh && s->block < 16 &&
	       bytes == ssh_size_of(s, PAYLOAD_SUCCESS, 16);
}

/* No failure is so small: even an empty list takes another block. */
static bool success_is_alone(const struct ssh_login *l, uint32_t bytes)
{
	const struct ssh_sizes *s = &l->sizes[SIDE_SERVER];

	return l->refusal ? l->refusal != bytes
			  : bytes == ssh_size_of(s, PAYLOAD_SUCCESS, s->block) &&
				    bytes < ssh_size_of(s, 6, s->block);
}

/* Some clients ask for the service anew before each guess. */
static bool service_again(const struct ssh_login *l, uint32_t bytes)
{
	return l->asked == least(l, SIDE_CLIENT, PAYLOAD_SERVICE) &&
	       bytes == least(l, SIDE_SERVER, PAYLOAD_SERVICE);
}

static enum ssh_outcome guessed(struct ssh_login *l, uint8_t guesses)
{
	l->asked = 0;
	l->guesses = guesses;
	return SSH_FAILURE;
}

static enum ssh_outcome refused(struct ssh_login *l)
{
	bool password = surely_password(l);

	l->before = password ? l->reply : 0;
	if (password || (l->asked && slow_password(l)))
		return guessed(l, 1);
	return SSH_NOTHING;
}

static enum ssh_outcome before_accepted(struct ssh_login *l, uint32_t bytes)
{
	if (bytes == least(l, SIDE_SERVER, PAYLOAD_SERVICE)) {
		l->accepted = true;
		l->asked = 0;
		return SSH_NOTHING;
	}
	return ++l->strange < STRANGE_MAX ? SSH_NOTHING : SSH_CONFUSED;
}

static enum ssh_outcome answer(struct ssh_login *l, uint32_t bytes)
{
	if (l->maybe) {
		l->maybe = false;
		if (!least_packet(l, bytes))
			return SSH_SUCCESS;
		l->refusal = bytes; /* an empty list of methods, each time */
	}
	if (l->asked && service_again(l, bytes)) {
		l->asked = 0;
		return SSH_NOTHING;
	}
	l->reply = bytes;
	if (!l->asked)
		return SSH_NOTHING;
	if (least_packet(l, bytes) && bytes != l->refusal) {
		if (success_is_alone(l, bytes))
			return SSH_SUCCESS;
		l->maybe = true;
		return SSH_NOTHING;
	}
	if (!l->refusal && l->never_asks && !l->rounds && surely_password(l))
		l->refusal = bytes;
	return bytes == l->refusal ? refused(l) : SSH_NOTHING;
}

/* ---- what the client asks ---- */

/* A banner stood before the first failure, and made it larger: what comes alike twice is one
 * alone. */
static bool relearnt(const struct ssh_login *l)
{
	if (l->maybe || !surely_password(l) || l->reply != l->before)
		return false;
	return !l->refusal || l->refusal >= l->reply + least(l, SIDE_SERVER, PAYLOAD_BANNER);
}

/* A request has had its answer: how large are failures? */
static enum ssh_outcome settle(struct ssh_login *l)
{
	if (l->rounds < UINT8_MAX)
		l->rounds++;
	if (l->rounds == 1 && !l->refusal && !l->maybe) {
		if (l->asked)
			learn_user(l, l->asked);
		l->usual = l->asked ? l->replied_at - l->asked_at : 0;
		if (l->reply <= least(l, SIDE_SERVER, PAYLOAD_REFUSAL_MAX))
			l->refusal = l->reply;
		return SSH_NOTHING;
	}
	if (relearnt(l)) {
		l->refusal = l->reply;
		return guessed(l, 2);
	}
	if (l->asked)
		l->before = surely_password(l) ? l->reply : 0;
	return SSH_NOTHING;
}

static enum ssh_outcome request(struct ssh_login *l, uint32_t bytes, weir_time time)
{
	enum ssh_outcome outcome = SSH_NOTHING;

	if (l->accepted && l->reply)
		outcome = settle(l);
	else if (l->asked) {
		l->asked += bytes; /* one request in several packets */
		return SSH_NOTHING;
	}
	l->thought = l->reply ? time - l->replied_at : 0;
	l->reply = 0;
	l->asked = bytes;
	l->asked_at = time;
	return outcome;
}

enum ssh_outcome ssh_login_packet(struct ssh_login *l, enum side side, uint32_t bytes,
				  weir_time time)
{
	if (side == SIDE_CLIENT)
		return request(l, bytes, time);
	l->replied_at = time;
	return l->accepted ? answer(l, bytes) : before_accepted(l, bytes);
}
