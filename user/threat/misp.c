/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of MISP's events (MISP core format). */
#include <jansson.h>
#include <strings.h>

#include "threat/format.h"

/* A value may have two parts, divided by '|'. */
static const struct {
	const char *type;
	enum indicator_kind first, second; /* INDICATOR_KINDS: not looked for */
} types[] = {
	{"ip-src", INDICATOR_ADDRESS, INDICATOR_KINDS},
	{"ip-dst", INDICATOR_ADDRESS, INDICATOR_KINDS},
	{"ip-src|port", INDICATOR_ADDRESS, INDICATOR_KINDS},
	{"ip-dst|port", INDICATOR_ADDRESS, INDICATOR_KINDS},
	{"domain", INDICATOR_DOMAIN, INDICATOR_KINDS},
	{"hostname", INDICATOR_DOMAIN, INDICATOR_KINDS},
	{"hostname|port", INDICATOR_DOMAIN, INDICATOR_KINDS},
	{"domain|ip", INDICATOR_DOMAIN, INDICATOR_ADDRESS},
	{"url", INDICATOR_URL, INDICATOR_KINDS},
	{"md5", INDICATOR_MD5, INDICATOR_KINDS},
	{"sha1", INDICATOR_SHA1, INDICATOR_KINDS},
	{"sha256", INDICATOR_SHA256, INDICATOR_KINDS},
	{"filename|md5", INDICATOR_KINDS, INDICATOR_MD5},
	{"filename|sha1", INDICATOR_KINDS, INDICATOR_SHA1},
	{"filename|sha256", INDICATOR_KINDS, INDICATOR_SHA256},
	{"malware-sample", INDICATOR_KINDS, INDICATOR_MD5},
	{"ja3-fingerprint-md5", INDICATOR_JA3, INDICATOR_KINDS},
	{"ja4", INDICATOR_JA4, INDICATOR_KINDS},
	{"ja4-fingerprint", INDICATOR_JA4, INDICATOR_KINDS},
};

/* true, 1, "1", "true": exports differ. */
static bool is_set(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);

	if (json_is_integer(value))
		return json_integer_value(value) != 0;
	return json_is_true(value) || (text && (!strcmp(text, "1") || !strcasecmp(text, "true")));
}

static void tell_parts(struct threat_intake *intake, const char *value, enum indicator_kind first,
		       enum indicator_kind second)
{
	size_t length = strlen(value);
	const char *bar = first == INDICATOR_URL ? NULL : strchr(value, '|');

	if (first != INDICATOR_KINDS)
		threat_tell(intake, value, bar ? (size_t)(bar - value) : length, first, 0);
	if (second != INDICATOR_KINDS && bar)
		threat_tell(intake, bar + 1, (size_t)(value + length - bar - 1), second, 0);
	else if (second != INDICATOR_KINDS)
		threat_fault(intake, value, length, "two parts with '|' between would be right");
}

void threat_misp_attribute(struct threat_intake *intake, const struct json_t *attribute)
{
	const char *type = json_string_value(json_object_get(attribute, "type"));
	const char *value = json_string_value(json_object_get(attribute, "value"));

	if (!type || !value) {
		threat_fault(intake, type ? type : "", type ? strlen(type) : 0,
			     "an attribute with a type and a value would be right");
		return;
	}
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (!strcmp(types[i].type, type)) {
			if (is_set(attribute, "deleted") ||
			    (!intake->options->all && !is_set(attribute, "to_ids")))
				break;
			tell_parts(intake, value, types[i].first, types[i].second);
			return;
		}
	intake->counts->of_others++;
}
