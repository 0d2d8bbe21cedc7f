/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/log/record.h"

/* What logs call the protocols that are spoken, and what follows from names of files and hosts. */

enum { TCP = 6, UDP = 17 };

struct protocol {
	const char *name, *known; /* as logs have it, in lower case; as weir has it */
	uint8_t transport;	  /* that it implies; 0: either */
};
static const struct protocol protocols[] = {
	{"https", "tls", TCP},	      {"ssl", "tls", TCP},
	{"tls", "tls", TCP},	      {"http", "http", TCP},
	{"http2", "http", TCP},	      {"dns", "dns", UDP},
	{"mdns", "dns", UDP},	      {"smb", "smb", TCP},
	{"smb2", "smb", TCP},	      {"cifs", "smb", TCP},
	{"ssh", "ssh", TCP},	      {"sftp", "ssh", TCP},
	{"scp", "ssh", TCP},	      {"rdp", "rdp", TCP},
	{"winrm", "winrm", TCP},      {"ftp", "ftp", TCP},
	{"ftp_data", "ftp", TCP},     {"ftp-data", "ftp", TCP},
	{"ftps", "ftp", TCP},	      {"telnet", "telnet", TCP},
	{"smtp", "smtp", TCP},	      {"smtps", "smtp", TCP},
	{"imap", "imap", TCP},	      {"imaps", "imap", TCP},
	{"pop3", "pop3", TCP},	      {"ldap", "ldap", TCP},
	{"ldaps", "ldap", TCP},	      {"krb", "kerberos", 0},
	{"krb5", "kerberos", 0},      {"krb_tcp", "kerberos", TCP},
	{"kerberos", "kerberos", 0},  {"dce_rpc", "dcerpc", TCP},
	{"dcerpc", "dcerpc", TCP},    {"mysql", "mysql", TCP},
	{"pgsql", "postgresql", TCP}, {"postgresql", "postgresql", TCP},
	{"mssql", "mssql", TCP},      {"redis", "redis", TCP},
	{"nfs", "nfs", TCP},	      {"rsync", "rsync", TCP},
	{"vnc", "vnc", TCP},	      {"rfb", "vnc", TCP},
	{"irc", "irc", TCP},	      {"sip", "sip", 0},
	{"quic", "quic", UDP},	      {"ntp", "ntp", UDP},
	{"dhcp", "dhcp", UDP},	      {"snmp", "snmp", UDP},
	{"tftp", "tftp", UDP},	      {"syslog", "syslog", UDP},
	{"ssdp", "ssdp", UDP},	      {"llmnr", "llmnr", UDP},
	{"ike", "ike", UDP},	      {"wireguard", "wireguard", UDP},
	{"openvpn", "openvpn", 0},
};

static const struct protocol *find(const struct text *name)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (text_is(name, protocols[i].name))
			return &protocols[i];
	return NULL;
}

static void set_transport(struct event *e, unsigned transport)
{
	if (transport && !event_has(e, FIELD_NETWORK_TRANSPORT))
		event_set(e, NETWORK_TRANSPORT, network_transport, (uint16_t)transport);
}

static struct text lower(struct arena *arena, struct text name)
{
	char *copy = arena_copy(arena, name.at, name.length);

	for (uint32_t i = 0; copy && i < name.length; i++)
		if (copy[i] >= 'A' && copy[i] <= 'Z')
			copy[i] |= 0x20;
	return copy ? (struct text){copy, name.length} : name;
}

/* Of several ("gssapi,smb,ntlm") the first that has a name here. */
static struct text principal(struct text names)
{
	const char *at = names.at, *end = names.at + names.length;
	struct text first = {0};

	while (at < end) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		struct text one = {at, (uint32_t)((comma ? comma : end) - at)};

		if (find(&one))
			return one;
		if (!first.length)
			first = one;
		at = comma ? comma + 1 : end;
	}
	return first;
}

void record_protocol(struct record *record, struct text name)
{
	const struct protocol *protocol;
	struct event *e = &record->event;
	int transport;

	name = principal(name);
	if (!name.length || text_is(&name, "-") || text_is(&name, "failed") ||
	    text_is(&name, "unknown"))
		return;
	protocol = find(&name);
	if (protocol) {
		set_transport(e, protocol->transport);
		if (!event_has(e, FIELD_NETWORK_PROTOCOL))
			event_set(e, NETWORK_PROTOCOL, network_protocol,
				  text_of_literal(protocol->known));
		return;
	}
	transport = field_enum_number(FIELD_NETWORK_TRANSPORT, name.at, name.length);
	if (transport >= 0)
		set_transport(e, (unsigned)transport);
	else if (!event_has(e, FIELD_NETWORK_PROTOCOL))
		event_set(e, NETWORK_PROTOCOL, network_protocol, lower(&record->arena, name));
}

/* ---- names of files and hosts ---- */

static struct text behind_last(struct text text, const char *marks)
{
	struct text rest = {0};

	for (uint32_t i = text.length; i--;)
		if (strchr(marks, text.at[i]) && text.at[i]) {
			rest = (struct text){text.at + i + 1, text.length - i - 1};
			break;
		}
	return rest;
}

static struct text extension(struct text name)
{
	struct text base = behind_last(name, "/\\"), found;

	if (!base.at)
		base = name;
	found = behind_last(base, ".");
	/* ".bashrc" has none. */
	return found.at && found.at - 1 > base.at ? found : (struct text){0};
}

void record_file_name(struct event *e)
{
	struct text name = e->file_name, base, found;

	if (!event_has(e, FIELD_FILE_NAME))
		return;
	base = behind_last(name, "/\\");
	if (base.length) {
		if (!event_has(e, FIELD_FILE_PATH))
			event_set(e, FILE_PATH, file_path, name);
		event_set(e, FILE_NAME, file_name, base);
	}
	found = extension(e->file_name);
	if (found.length && !event_has(e, FIELD_FILE_EXTENSION))
		event_set(e, FILE_EXTENSION, file_extension, found);
}

/* "http://host:80/path?query" or "/path?query". */
void record_url(struct event *e, struct text uri, struct text host)
{
	const char *at = uri.at, *end = uri.at + uri.length, *mark;

	if (uri.length > 7 && (mark = memmem(at, uri.length, "://", 3)) && mark - at < 8) {
		const char *path = memchr(mark + 3, '/', (size_t)(end - mark - 3));

		at = path ? path : end;
		if (!host.length)
			host = (struct text){mark + 3, (uint32_t)(at - mark - 3)};
	}
	mark = host.length ? memrchr(host.at, ':', host.length) : NULL;
	if (mark && !memchr(host.at, ']', host.length) && memchr(host.at, ':', host.length) == mark)
		host.length = (uint32_t)(mark - host.at);
	if (host.length && !event_has(e, FIELD_URL_DOMAIN))
		event_set(e, URL_DOMAIN, url_domain, host);
	if (uri.length && !event_has(e, FIELD_URL_ORIGINAL))
		event_set(e, URL_ORIGINAL, url_original, uri);
	if (at >= end)
		return;
	mark = memchr(at, '?', (size_t)(end - at));
	if (!event_has(e, FIELD_URL_PATH))
		event_set(e, URL_PATH, url_path,
			  ((struct text){at, (uint32_t)((mark ? mark : end) - at)}));
	if (mark && !event_has(e, FIELD_URL_QUERY))
		event_set(e, URL_QUERY, url_query,
			  ((struct text){mark + 1, (uint32_t)(end - mark - 1)}));
	host = extension(e->url_path);
	if (host.length && !event_has(e, FIELD_URL_EXTENSION))
		event_set(e, URL_EXTENSION, url_extension, host);
}
