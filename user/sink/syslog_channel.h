/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_SINK_SYSLOG_CHANNEL_H
#define WEIR_SINK_SYSLOG_CHANNEL_H

#include <openssl/ssl.h>

#include "sink/sink.h"

/*
 * Ways to a syslog receiver, behind one table. A channel is closed or open; send() on an open one.
 * Nothing takes longer than CHANNEL_TIMEOUT_MS, once hurried than CHANNEL_HURRIED_MS, but the
 * resolver. One thread.
 */
#define CHANNEL_TIMEOUT_MS 5000
#define CHANNEL_HURRIED_MS 500

struct channel {
	const struct channel_ops *ops;
	const struct syslog_options *options;
	int fd;	      /* -1: closed */
	bool hurried; /* weir stops: a receiver that does not read is not waited for as long */
	bool stream;  /* local: the socket is a stream, messages end with a zero */
	SSL_CTX *context;
	SSL *tls;
};

struct channel_ops {
	const char *name;
	bool structured;  /* RFC 5424; else RFC 3164 */
	const char *port; /* default */
	/* Once, before open(): what the configuration must be for. NULL: nothing. */
	int (*check)(struct channel *channel, struct error *error);
	int (*open)(struct channel *channel, struct error *error);
	/* The whole message, or -errno with `error` said and the channel to be closed; -EMSGSIZE:
	 * it will never go, the channel is well. */
	int (*send)(struct channel *channel, const char *message, size_t length,
		    struct error *error);
	/* Until the other machine has all that was sent; the same errors. NULL: that is not known.
	 */
	int (*settle)(struct channel *channel, struct error *error);
	void (*close)(struct channel *channel); /* keeps what check() made */
};

extern const struct channel_ops channel_local, channel_udp, channel_tcp, channel_tls;

/* ---- shared by the transports (syslog_socket.c) ---- */

/* Connects to options->server; type SOCK_DGRAM or SOCK_STREAM. Leaves channel->fd non-blocking. */
int channel_connect(struct channel *channel, int type, struct error *error);
void channel_close(struct channel *channel);
int channel_settle(struct channel *channel, struct error *error); /* of streams */
/* Waits until the socket is ready for `events`; -ETIMEDOUT. */
int channel_wait(const struct channel *channel, short events);
/* "syslog server NAME:PORT: WORDS", returns -err. */
int channel_error(const struct channel *channel, int err, const char *words, struct error *error);
const char *channel_port(const struct channel *channel);

#endif
