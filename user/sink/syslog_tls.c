/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "sink/syslog_channel.h"

/* TLS (RFC 5425): octet counting over TLS 1.2 or newer; the server's certificate must be good for
 * the name that the configuration has. */

static int tls_check(struct channel *channel, struct error *error)
{
	const char *ca = channel->options->ca_file;
	int ok;

	channel->context = SSL_CTX_new(TLS_client_method());
	if (!channel->context)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for TLS");
	SSL_CTX_set_min_proto_version(channel->context, TLS1_2_VERSION);
	SSL_CTX_set_verify(channel->context, SSL_VERIFY_PEER, NULL);
	ok = ca ? SSL_CTX_load_verify_locations(channel->context, ca, NULL)
		: SSL_CTX_set_default_verify_paths(channel->context);
	ERR_clear_error();
	if (ok == 1)
		return 0;
	return error_set(error, EXIT_INPUT, EINVAL,
			 "syslog: %s holds no certificates: name a file of PEM certificates",
			 ca ? ca : "the system's store");
}

static int tls_error(struct channel *channel, int err, struct error *error)
{
	long verified = channel->tls ? SSL_get_verify_result(channel->tls) : X509_V_OK;
	unsigned long code = ERR_get_error();
	const char *reason = ERR_reason_error_string(code);
	char words[256];

	ERR_clear_error();
	if (verified != X509_V_OK)
		snprintf(words, sizeof(words), "its certificate is not accepted: %s",
			 X509_verify_cert_error_string(verified));
	else if (err == ETIMEDOUT || !reason)
		snprintf(words, sizeof(words), "TLS: %s", strerror(err));
	else
		snprintf(words, sizeof(words), "TLS: %s", reason);
	return channel_error(channel, err, words, error);
}

/* After an operation that returned `result`: 0 to repeat it, or -errno. */
static int tls_again(struct channel *channel, int result)
{
	switch (SSL_get_error(channel->tls, result)) {
	case SSL_ERROR_WANT_READ:
		return channel_wait(channel, POLLIN);
	case SSL_ERROR_WANT_WRITE:
		return channel_wait(channel, POLLOUT);
	}
	return -EPROTO;
}

/* The name or address that the certificate must be for. */
static int tls_expect(SSL *tls, const char *server)
{
	unsigned char address[16];

	if (inet_pton(AF_INET, server, address) == 1 || inet_pton(AF_INET6, server, address) == 1)
		return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), server);
	return SSL_set1_host(tls, server) && SSL_set_tlsext_host_name(tls, server);
}

static int tls_handshake(struct channel *channel)
{
	int result, err;

	while ((result = SSL_connect(channel->tls)) != 1) {
		err = tls_again(channel, result);
		if (err)
			return err;
	}
	return 0;
}

static void tls_close(struct channel *channel)
{
	if (channel->tls) {
		SSL_shutdown(channel->tls); /* says so; does not wait for the answer */
		SSL_free(channel->tls);
		ERR_clear_error();
	}
	channel->tls = NULL;
	if (channel->fd >= 0)
		shutdown(channel->fd, SHUT_WR);
	channel_close(channel);
}

static int tls_open(struct channel *channel, struct error *error)
{
	int err = channel_connect(channel, SOCK_STREAM, error);

	if (err)
		return err;
	channel->tls = SSL_new(channel->context);
	if (!channel->tls || !tls_expect(channel->tls, channel->options->server) ||
	    !SSL_set_fd(channel->tls, channel->fd))
		err = -ENOMEM;
	err = err ? err : tls_handshake(channel);
	if (err) {
		err = tls_error(channel, -err, error);
		tls_close(channel);
	}
	return err;
}

/* Reads what the receiver has to say (tickets, the end): true if it has closed. */
static bool tls_gone(struct channel *channel)
{
	char bytes[256];
	int n;

	do
		n = SSL_read(channel->tls, bytes, sizeof(bytes));
	while (n > 0);
	return SSL_get_error(channel->tls, n) != SSL_ERROR_WANT_READ;
}

static int tls_write(struct channel *channel, const char *bytes, size_t length)
{
	int result, err = 0;

	while (!err && (result = SSL_write(channel->tls, bytes, (int)length)) <= 0)
		err = tls_again(channel, result);
	return err;
}

static int tls_send(struct channel *channel, const char *message, size_t length,
		    struct error *error)
{
	char count[24];
	int err = tls_gone(channel) ? -EPIPE : 0;

	snprintf(count, sizeof(count), "%zu ", length);
	err = err ? err : tls_write(channel, count, strlen(count));
	err = err ? err : tls_write(channel, message, length);
	return err ? tls_error(channel, -err, error) : 0;
}

const struct channel_ops channel_tls = {
	.name = "tls",
	.structured = true,
	.port = "6514",
	.check = tls_check,
	.open = tls_open,
	.send = tls_send,
	.settle = channel_settle,
	.close = tls_close,
};
