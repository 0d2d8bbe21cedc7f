/* SPDX-License-Identifier: Apache-2.0 */
#include <bpf/libbpf.h>
#include <openssl/crypto.h>
#include <sqlite3.h>

#include "cli/arguments.h"
#include "cli/verbs.h"

static const struct verb_option options[] = {{0}};

static int run(const struct arguments *arguments)
{
	(void)arguments;
	printf("weir %s\n", WEIR_VERSION);
	printf("libbpf %u.%u, SQLite %s, %s\n", libbpf_major_version(), libbpf_minor_version(),
	       sqlite3_libversion(), OpenSSL_version(OPENSSL_VERSION));
	return EXIT_DONE;
}

const struct verb verb_version = {
	.name = "version",
	.operands = "",
	.summary = "print the version, and those of the libraries in use",
	.help = "The first line is 'weir' and the version, for scripts.",
	.options = options,
	.run = run,
};
