/* SPDX-License-Identifier: Apache-2.0 */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int error_set(struct error *error, enum exit_status status, int code, const char *format, ...)
{
	va_list args;

	if (error) {
		error->status = status;
		va_start(args, format);
		vsnprintf(error->text, sizeof(error->text), format, args);
		va_end(args);
	}
	return -code;
}

int error_prefix(struct error *error, int code, const char *format, ...)
{
	char prefix[sizeof(error->text)], old[sizeof(error->text)];
	va_list args;
	size_t length;

	if (!error)
		return code;
	va_start(args, format);
	vsnprintf(prefix, sizeof(prefix), format, args);
	va_end(args);
	memcpy(old, error->text, sizeof(old));
	length = strlen(prefix);
	snprintf(error->text, sizeof(error->text), "%.400s: ", prefix);
	length = strlen(error->text);
	snprintf(error->text + length, sizeof(error->text) - length, "%s", old);
	return code;
}
