/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_CAPTURE_LOGIN_RECORDS_H
#define WEIR_CAPTURE_LOGIN_RECORDS_H

#include "capture/login/login.h"

/* Records of wtmp (who logged in) and btmp (who failed to), utmp(5). */
extern const size_t login_record_size;

/* False: it is no log-in. `failed`: it stands in a btmp. */
bool login_record_read(const char *bytes, size_t length, bool failed, struct login *login);

#endif
