/* SPDX-License-Identifier: Apache-2.0 */
#include "decoding/fields.h"

#include <math.h>

static const uint32_t services = 1u << SERVICE_DNS | 1u << SERVICE_TLS | 1u << SERVICE_HTTP |
				 1u << SERVICE_FILE | 1u << SERVICE_LOGIN | 1u << SERVICE_ARP |
				 1u << SERVICE_ICMP | 1u << SERVICE_DHCP;

bool wire_service(unsigned service)
{
	return service < SERVICE_COUNT && services >> service & 1;
}

/* What stands in packets; not what the host, its configuration or the other stages know. */
static const struct {
	uint16_t first, last;
} ranges[] = {
	{FIELD_SOURCE_IP, FIELD_NETWORK_TRANSPORT}, {FIELD_EVENT_DURATION, FIELD_EVENT_COUNT},
	{FIELD_ICMP_TYPE, FIELD_ICMP_CODE},	    {FIELD_SOURCE_MAC, FIELD_HOST_HOSTNAME},
	{FIELD_NETWORK_PROTOCOL, FIELD_ANOMALY},    {FIELD_DNS_QUESTION_NAME, FIELD_USER_NAME},
	{FIELD_EVENT_ACTION, FIELD_MIDSTREAM},
};

bool wire_field(unsigned field)
{
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		if (field >= ranges[i].first && field <= ranges[i].last)
			return true;
	return false;
}

static const uint8_t slots[FIELD_COUNT] = {
#define FIELD(id, type, subject, member, name, words) [FIELD_##id] = sizeof(FIELD_C_##type),
#include "event/fields.def"
#undef FIELD
};

size_t wire_slot(unsigned field)
{
	return slots[field];
}

bool wire_value(unsigned field, const void *bytes)
{
	uint16_t number;
	double real;

	switch ((enum field_type)field_table[field].type) {
	case TYPE_ENUM:
		memcpy(&number, bytes, sizeof(number));
		return field_enum_name((enum field)field, number);
	case TYPE_REAL:
		memcpy(&real, bytes, sizeof(real));
		return isfinite(real);
	case TYPE_BOOL:
		return *(const uint8_t *)bytes <= 1;
	case TYPE_ROLES:
		return false;
	case TYPE_ADDR:
	case TYPE_TEXT:
	case TYPE_TEXTS:
	case TYPE_COUNT:
	case TYPE_TIME:
	case TYPE_DURATION:
		return true;
	}
	return false;
}
