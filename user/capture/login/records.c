/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/login/records.h"

#include <utmpx.h>

const size_t login_record_size = sizeof(struct utmpx);

/* IPv4 in the first word, IPv6 in all four; all zero: none. */
static bool read_address(const struct utmpx *record, struct addr *address)
{
	static const uint8_t none[16];
	const int32_t *words = record->ut_addr_v6;

	if (!memcmp(words, none, sizeof(none)))
		return false;
	if (!words[1] && !words[2] && !words[3])
		*address = addr_from_v4((uint32_t)words[0]);
	else
		memcpy(address->byte, words, sizeof(address->byte));
	return true;
}

/* Only a record of one who came over the network says by what. */
static void put_program(const struct utmpx *record, struct login *login)
{
	bool ssh = !strncmp(record->ut_line, "ssh", 3) || !strncmp(record->ut_line, "pts/", 4);

	login->program = ssh && login->has_source ? "sshd" : "login";
	if (ssh && login->has_source) {
		login->protocol = "ssh";
		login->service_port = 22;
	}
}

/* Its texts end with a zero only where there is room for one. */
bool login_record_read(const char *bytes, size_t length, bool failed, struct login *login)
{
	struct utmpx record;
	const char *host = record.ut_host;

	if (length != sizeof(record))
		return false;
	memcpy(&record, bytes, sizeof(record));
	if (record.ut_type != USER_PROCESS && !(failed && record.ut_type == LOGIN_PROCESS))
		return false;
	*login = (struct login){.at = (weir_time)record.ut_tv.tv_sec * WEIR_SEC +
				      (weir_time)record.ut_tv.tv_usec * WEIR_USEC,
				.success = !failed,
				.method = "session",
				.provider = failed ? "btmp" : "wtmp",
				.count = 1};
	login_set_user(login, record.ut_user, strnlen(record.ut_user, sizeof(record.ut_user)));
	login->has_source =
		read_address(&record, &login->source) ||
		!addr_parse(host, strnlen(host, sizeof(record.ut_host)), &login->source);
	put_program(&record, login);
	return login->user_length || login->has_source;
}
