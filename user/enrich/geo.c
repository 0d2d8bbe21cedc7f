/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/geo.h"

#include <errno.h>
#include <maxminddb.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "base/hash.h"

#define CACHE 4096 /* addresses; a power of two */

enum { CITY, COUNTRY, ASN, DATABASES };

struct geo {
	MMDB_s database[DATABASES];
	bool open[DATABASES];
	/* By hash of the address: one place each, the newer one stays. */
	struct {
		bool used;
		struct geo_facts facts;
	} cache[CACHE];
};

static int database_open(struct geo *geo, unsigned which, const char *key, const char *path,
			 struct error *error)
{
	int status, code;

	if (!path)
		return 0;
	errno = 0;
	status = MMDB_open(path, MMDB_MODE_MMAP, &geo->database[which]);
	code = errno ? errno : EINVAL;
	if (status == MMDB_SUCCESS) {
		geo->open[which] = true;
		return 0;
	}
	if (status == MMDB_IO_ERROR || status == MMDB_FILE_OPEN_ERROR)
		return error_set(error, EXIT_INPUT, code,
				 "%s: '%s': %s: a MaxMind database (.mmdb) would be right", key,
				 path, strerror(code));
	return error_set(error, EXIT_INPUT, EINVAL,
			 "%s: '%s': %s: a MaxMind database (.mmdb) would be right", key, path,
			 MMDB_strerror(status));
}

int geo_open(struct geo **geo, const struct geo_options *options, struct error *error)
{
	struct geo *made = calloc(1, sizeof(*made));
	int err;

	if (!made)
		return error_set(error, EXIT_SYSTEM, ENOMEM, "no memory for the geo databases");
	err = database_open(made, CITY, "geo.city", options->city, error);
	if (!err)
		err = database_open(made, COUNTRY, "geo.country", options->country, error);
	if (!err)
		err = database_open(made, ASN, "geo.asn", options->asn, error);
	if (err)
		geo_close(made);
	else
		*geo = made;
	return err;
}

void geo_close(struct geo *geo)
{
	if (!geo)
		return;
	for (unsigned i = 0; i < DATABASES; i++)
		if (geo->open[i])
			MMDB_close(&geo->database[i]);
	free(geo);
}

static bool look_up(struct geo *geo, unsigned which, const struct addr *address,
		    MMDB_entry_s *entry)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	MMDB_lookup_result_s result;
	int status;

	if (!geo->open[which])
		return false;
	memcpy(&v4.sin_addr, address->byte + 12, 4);
	memcpy(&v6.sin6_addr, address->byte, 16);
	result = MMDB_lookup_sockaddr(
		&geo->database[which],
		addr_is_v4(address) ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6, &status);
	*entry = result.entry;
	return status == MMDB_SUCCESS && result.found_entry;
}

static bool get(MMDB_entry_s *entry, const char *const *path, uint32_t type,
		MMDB_entry_data_s *data)
{
	return MMDB_aget_value(entry, data, path) == MMDB_SUCCESS && data->has_data &&
	       data->type == type;
}

static void country_of(MMDB_entry_s *entry, struct geo_facts *facts)
{
	static const char *const country[] = {"country", "iso_code", NULL};
	static const char *const registered[] = {"registered_country", "iso_code", NULL};
	MMDB_entry_data_s data;

	if (!get(entry, country, MMDB_DATA_TYPE_UTF8_STRING, &data) &&
	    !get(entry, registered, MMDB_DATA_TYPE_UTF8_STRING, &data))
		return;
	facts->country = (struct text){data.utf8_string, data.data_size};
	facts->has |= GEO_COUNTRY;
}

static void place_of(MMDB_entry_s *entry, struct geo_facts *facts)
{
	static const char *const lat[] = {"location", "latitude", NULL};
	static const char *const lon[] = {"location", "longitude", NULL};
	MMDB_entry_data_s north, east;

	if (!get(entry, lat, MMDB_DATA_TYPE_DOUBLE, &north) ||
	    !get(entry, lon, MMDB_DATA_TYPE_DOUBLE, &east))
		return;
	facts->lat = north.double_value;
	facts->lon = east.double_value;
	facts->has |= GEO_PLACE;
}

static void system_of(MMDB_entry_s *entry, struct geo_facts *facts)
{
	static const char *const number[] = {"autonomous_system_number", NULL};
	static const char *const name[] = {"autonomous_system_organization", NULL};
	MMDB_entry_data_s data;

	if (get(entry, number, MMDB_DATA_TYPE_UINT32, &data)) {
		facts->number = data.uint32;
		facts->has |= GEO_NUMBER;
	}
	if (get(entry, name, MMDB_DATA_TYPE_UTF8_STRING, &data)) {
		facts->organization = (struct text){data.utf8_string, data.data_size};
		facts->has |= GEO_ORGANIZATION;
	}
}

static void facts_fill(struct geo *geo, const struct addr *address, struct geo_facts *facts)
{
	MMDB_entry_s entry;

	*facts = (struct geo_facts){.address = *address};
	if (look_up(geo, CITY, address, &entry)) {
		country_of(&entry, facts);
		place_of(&entry, facts);
	}
	if (!(facts->has & GEO_COUNTRY) && look_up(geo, COUNTRY, address, &entry))
		country_of(&entry, facts);
	if (look_up(geo, ASN, address, &entry))
		system_of(&entry, facts);
}

const struct geo_facts *geo_find(struct geo *geo, const struct addr *address)
{
	size_t i = hash_bytes(address, sizeof(*address)) % CACHE;

	if (!geo->cache[i].used || !addr_equal(&geo->cache[i].facts.address, address)) {
		facts_fill(geo, address, &geo->cache[i].facts);
		geo->cache[i].used = true;
	}
	return &geo->cache[i].facts;
}
