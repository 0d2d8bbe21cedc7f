/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/trust.h"
#include "event/privacy.h"
#include "stages.h"
#include "state/seal.h"

/*
 * What leaves of command lines, URLs and DNS names, and the installation's secret, of which their
 * hashes and the seal of the state are made. A file of 64 hexadecimal digits, made at the first
 * start that needs it.
 */

#define KEY_TEXT (2 * PRIVACY_KEY_BYTES)

static bool key_parse(const char *text, uint8_t key[PRIVACY_KEY_BYTES])
{
	for (unsigned i = 0; i < PRIVACY_KEY_BYTES; i++) {
		char pair[3] = {text[2 * i], text[2 * i + 1], '\0'};
		char *end;

		key[i] = (uint8_t)strtoul(pair, &end, 16);
		if (*end || strspn(pair, "0123456789abcdef") != 2)
			return false;
	}
	return text[KEY_TEXT] == '\n' || !text[KEY_TEXT];
}

/* -ENOENT: there is none. */
static int key_read(const char *path, uint8_t key[PRIVACY_KEY_BYTES], struct error *error)
{
	char text[KEY_TEXT + 2] = {0}, why[TRUST_WHY_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat status;
	ssize_t n;

	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0 || fstat(fd, &status) || (n = read(fd, text, KEY_TEXT + 1)) < 0) {
		error_set(error, EXIT_SYSTEM, errno, "privacy.key_file: %s: %s", path,
			  strerror(errno));
	} else if (!trust_fd(fd, why)) {
		error_set(error, EXIT_INPUT, EPERM, "privacy.key_file: %s: it %s", path, why);
	} else if (status.st_mode & 077) {
		error_set(error, EXIT_INPUT, EPERM,
			  "privacy.key_file: %s: others may read it: mode 0600 would be right",
			  path);
	} else if (n < KEY_TEXT || !key_parse(text, key)) {
		error_set(
			error, EXIT_INPUT, EINVAL,
			"privacy.key_file: %s: not a key of weir's: 64 hexadecimal digits would be "
			"right, or no file: then one is made, and hashes are others from then on",
			path);
	} else {
		close(fd);
		return 0;
	}
	if (fd >= 0)
		close(fd);
	return -EINVAL;
}

static int write_all(int fd, const char *text, size_t length)
{
	ssize_t n = write(fd, text, length);

	if (n != (ssize_t)length)
		return n < 0 ? -errno : -ENOSPC;
	return fsync(fd) ? -errno : 0;
}

static int key_random(uint8_t key[PRIVACY_KEY_BYTES], struct error *error)
{
	if (getrandom(key, PRIVACY_KEY_BYTES, 0) == PRIVACY_KEY_BYTES)
		return 0;
	return error_set(error, EXIT_SYSTEM, EIO, "privacy: the kernel gives no random bytes");
}

/* Whole, or not there. One that somebody else made meanwhile stays. */
static int key_make(const char *path, uint8_t key[PRIVACY_KEY_BYTES], struct error *error)
{
	char text[KEY_TEXT + 2], fresh[4096];
	int fd, err = -ENAMETOOLONG;

	if (key_random(key, error))
		return -EIO;
	for (unsigned i = 0; i < PRIVACY_KEY_BYTES; i++)
		snprintf(text + 2 * i, 3, "%02x", key[i]);
	strcpy(text + KEY_TEXT, "\n");
	if (snprintf(fresh, sizeof(fresh), "%s.%d", path, (int)getpid()) < (int)sizeof(fresh)) {
		fd = open(fresh, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
		err = fd < 0 ? -errno : write_all(fd, text, KEY_TEXT + 1);
		if (fd >= 0)
			close(fd);
		if (!err && link(fresh, path) && errno != EEXIST)
			err = -errno;
		if (fd >= 0)
			unlink(fresh);
	}
	if (err)
		return error_set(error, EXIT_SYSTEM, -err,
				 "privacy.key_file: %s cannot be made: %s: a folder that weir may "
				 "write to would be right",
				 path, strerror(-err));
	return key_read(path, key, error);
}

static char *beside(const char *file)
{
	const char *slash = strrchr(file, '/');
	char *path = NULL;

	if (asprintf(&path, "%.*sprivacy.key", slash ? (int)(slash - file) + 1 : 0, file) < 0)
		return NULL;
	return path;
}

/* "auto": beside the database, else beside the state. NULL: neither is there, or no memory. */
static char *path_of(const struct pipeline *p)
{
	const struct config *config = p->config;

	if (strcmp(config->privacy.key_file, "auto"))
		return strdup(config->privacy.key_file);
	if (p->options.database)
		return beside(p->options.database);
	if (p->options.live && config->state_path && strcmp(config->state_path, "auto"))
		return beside(config->state_path);
	return NULL;
}

/* Without a place for it, nothing that it is good for is kept either: it is one for this run. */
static int key_of(const struct pipeline *p, bool needed, uint8_t key[PRIVACY_KEY_BYTES],
		  struct error *error)
{
	char *path = path_of(p);
	int err = -ENOENT;

	if (path)
		err = key_read(path, key, error);
	if (err == -ENOENT && needed)
		err = path ? key_make(path, key, error) : key_random(key, error);
	free(path);
	return err;
}

int pipeline_privacy_open(struct pipeline *p, struct error *error)
{
	const struct config *config = p->config;
	struct privacy_options options = {.command_lines = config->privacy.command_lines,
					  .urls = config->privacy.urls,
					  .dns_names = config->privacy.dns_names};
	bool needed = options.command_lines || options.urls || options.dns_names;
	uint8_t key[SEAL_KEY_BYTES];
	int err;

	/* Cases of rules are judged by what rules say, and nothing leaves. */
	if (p->options.tap)
		return 0;
	err = key_of(p, needed, options.key, error);
	if (err == -ENOENT || (err && !needed))
		return 0; /* nothing was ever sealed, or it says so when it cannot be opened */
	if (err)
		return err;
	err = privacy_set(&options);
	err = err ? err : privacy_derive(options.key, "weir seal of the state", key);
	if (err)
		return error_set(
			error, EXIT_SYSTEM, -err,
			"privacy: libcrypto has no HMAC with SHA-256: keep would be right");
	p->seal = state_seal_new(key);
	return p->seal ? 0 : -ENOMEM;
}

void pipeline_privacy_close(struct pipeline *p)
{
	privacy_set(NULL);
	state_seal_free(p->seal);
	p->seal = NULL;
}
