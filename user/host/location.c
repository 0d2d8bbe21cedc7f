/* SPDX-License-Identifier: Apache-2.0 */
#include <stddef.h>
#include <string.h>

#include "host/host.h"

/* The first that fits decides. Devices' and other volatile folders are no places for programs:
 * one that lies there was put there to be gone after a restart. */
static const struct {
	const char *folder, *place;
} places[] = {
	{"/memfd:", "memory"},
	{"memfd:", "memory"},
	{"/dev/shm/", "shm"},
	{"/run/shm/", "shm"},
	{"/tmp/", "tmp"},
	{"/var/tmp/", "tmp"},
	{"/run/user/", "tmp"},
	{"/run/lock/", "tmp"},
	{"/dev/", "tmp"},
	{"/home/", "home"},
	{"/root/", "home"},
	{"/var/home/", "home"},
	{"/var/roothome/", "home"},
	{"/usr/local/", "local"},
	{"/var/usrlocal/", "local"},
	{"/opt/", "opt"},
	{"/var/opt/", "opt"},
	{"/usr/", "system"},
	{"/bin/", "system"},
	{"/sbin/", "system"},
	{"/lib/", "system"},
	{"/lib32/", "system"},
	{"/lib64/", "system"},
	{"/libx32/", "system"},
	{"/etc/", "system"},
	{"/nix/store/", "system"},
	{"/gnu/store/", "system"},
	{"/snap/", "system"},
	{"/var/lib/snapd/snap/", "system"},
	{"/var/lib/flatpak/", "system"},
	{"/mnt/", "media"},
	{"/media/", "media"},
	{"/run/media/", "media"},
	{"/var/", "var"},
	{"/srv/", "var"},
};

const char *host_location(const char *path, bool memory)
{
	if (memory)
		return "memory";
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (!strncmp(path, places[i].folder, strlen(places[i].folder)))
			return places[i].place;
	return "other";
}
