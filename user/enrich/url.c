/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of addresses and paths, as RFC 3986 divides them. */
#include "enrich/derivation.h"

#define EXTENSION_MAX 16

static const char *find(const char *at, const char *end, const char *any)
{
	while (at < end && !memchr(any, *at, strlen(any)))
		at++;
	return at;
}

static const char *find_last(const char *at, const char *end, const char *any)
{
	for (const char *p = end; p > at; p--)
		if (memchr(any, p[-1], strlen(any)))
			return p;
	return NULL;
}

/* "user@www.example.com:8080": the host of an authority. */
static void set_host(struct event *e, const char *at, const char *end)
{
	const char *user = find_last(at, end, "@"), *host = user ? user : at;
	const char *port =
		host < end && *host == '[' ? find(host, end, "]") + 1 : find(host, end, ":");

	if (port > end)
		port = end;
	if (port > host && !event_has(e, FIELD_URL_DOMAIN))
		derive_text(e, URL_DOMAIN, url_domain, host, port - host);
}

/* Where the authority of an absolute address begins ("http://" behind it), or NULL. */
static const char *authority_of(const char *at, const char *end)
{
	const char *colon = find(at, end, ":/?#");

	return end - colon > 2 && !memcmp(colon, "://", 3) ? colon + 3 : NULL;
}

/* The name behind the last '.', if it could be an extension. */
static struct text extension_of(const char *name, const char *end)
{
	const char *at = find_last(name, end, ".");

	if (!at || at == end || at - 1 == name || end - at > EXTENSION_MAX ||
	    find(at, end, " %&;=,") != end)
		return (struct text){0};
	return (struct text){at, (uint32_t)(end - at)};
}

static struct text last_segment(const struct text *path, const char *separators)
{
	const char *end = path->at + path->length;
	const char *at = find_last(path->at, end, separators);

	at = at ? at : path->at;
	return (struct text){at, (uint32_t)(end - at)};
}

static void split(struct event *e, const char *at, const char *end)
{
	const char *authority = authority_of(at, end), *path, *query;

	end = find(at, end, "#");
	if (authority || (at < end && *at != '/' && *at != '?' && *at != '*')) {
		path = find(authority ? authority : at, end, "/?");
		set_host(e, authority ? authority : at, path);
	} else {
		path = at;
	}
	query = find(path, end, "?");
	if (query > path && !event_has(e, FIELD_URL_PATH))
		derive_text(e, URL_PATH, url_path, path, query - path);
	if (query < end && !event_has(e, FIELD_URL_QUERY))
		derive_text(e, URL_QUERY, url_query, query + 1, end - query - 1);
}

void derive_url(struct derive *derive, struct event *e)
{
	struct text name, extension;

	(void)derive;
	if (event_has(e, FIELD_URL_ORIGINAL))
		split(e, e->url_original.at, e->url_original.at + e->url_original.length);
	if (!event_has(e, FIELD_URL_PATH) || event_has(e, FIELD_URL_EXTENSION))
		return;
	name = last_segment(&e->url_path, "/");
	extension = extension_of(name.at, name.at + name.length);
	if (extension.length)
		event_set(e, URL_EXTENSION, url_extension, extension);
}

/* A name from its path; a path of a URL names a file where its last part has an extension. */
static void set_file_name(struct event *e)
{
	struct text name;

	if (event_has(e, FIELD_FILE_PATH)) {
		name = last_segment(&e->file_path, "/\\");
	} else if (event_has(e, FIELD_URL_PATH)) {
		name = last_segment(&e->url_path, "/");
		if (!extension_of(name.at, name.at + name.length).length)
			return;
	} else {
		return;
	}
	if (name.length)
		event_set(e, FILE_NAME, file_name, name);
}

void derive_file(struct derive *derive, struct event *e)
{
	struct text extension;

	(void)derive;
	if (!event_has(e, FIELD_FILE_NAME))
		set_file_name(e);
	if (!event_has(e, FIELD_FILE_NAME) || event_has(e, FIELD_FILE_EXTENSION))
		return;
	extension = extension_of(e->file_name.at, e->file_name.at + e->file_name.length);
	if (extension.length)
		event_set(e, FILE_EXTENSION, file_extension, extension);
}

void derive_process(struct derive *derive, struct event *e)
{
	(void)derive;
	if (event_has(e, FIELD_PROCESS_EXECUTABLE) && !event_has(e, FIELD_PROCESS_NAME))
		event_set(e, PROCESS_NAME, process_name,
			  last_segment(&e->process_executable, "/\\"));
	if (event_has(e, FIELD_PROCESS_PARENT_EXECUTABLE) &&
	    !event_has(e, FIELD_PROCESS_PARENT_NAME))
		event_set(e, PROCESS_PARENT_NAME, process_parent_name,
			  last_segment(&e->process_parent_executable, "/\\"));
}
