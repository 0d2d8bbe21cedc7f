/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/login/shape.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/log.h"

#define MESSAGE_MAX 4096  /* bytes; what is longer is no log-in */
#define MATCH_LIMIT 20000 /* steps of a search */
#define CONNECTIONS 1024  /* whose failures are remembered */

/* An address; an IPv6 one may have a zone behind it. */
#define ADDRESS "(?<address>[0-9A-Fa-f.:]{2,45})(?:%[\\w.-]+)?"
/* A name that somebody else chose: as much as there can be, so that what stands behind it is the
 * program's own, and not what the name has in the same form. */
#define USER	"(?<user>.*)"
#define METHOD	"(?<method>[a-z-]+)(?:/[a-z-]+)?"
#define KEY	"(?:: [\\w.@-]+ [\\w:+/=-]+(?: ID .* \\(serial [0-9]+\\) CA .*)?)?"
#define PAM_FAILURE(service)                                                                       \
	"pam_\\w+\\(" service ":auth\\): authentication failure; logname=\\S* uid=\\d+ euid=\\d+ " \
	"tty=\\S* ruser=.* rhost=(?:" ADDRESS "|\\S*)(?:  user=" USER ")?"

enum shape_flag {
	SUCCESS = 1,
	ONCE = 2, /* only where no failure of the connection was told: it ends it */
};

/* Named groups: user address port method attempts local. */
static const struct shape {
	const char *program, *pattern, *protocol;
	const char *method; /* where the pattern has no group of that name */
	uint16_t port;
	unsigned flags;
} table[] = {
	{"sshd",
	 "Accepted " METHOD " for " USER " from " ADDRESS " port (?<port>\\d{1,5})(?: ssh2)?" KEY,
	 "ssh", NULL, 22, SUCCESS},
	{"sshd",
	 "Failed (?!none )" METHOD " for (?:invalid user )?" USER " from " ADDRESS
	 " port (?<port>\\d{1,5})(?: ssh2)?" KEY,
	 "ssh", NULL, 22, 0},
	{"sshd",
	 "(?:Connection (?:closed|reset) by|Disconnected from) (?:invalid|authenticating) "
	 "user " USER " " ADDRESS " port (?<port>\\d{1,5}) \\[preauth\\]",
	 "ssh", "preauth", 22, ONCE},
	{"sudo", PAM_FAILURE("sudo(?:-i)?"), NULL, "pam", 0, 0},
	{"su", PAM_FAILURE("su(?:-l)?"), NULL, "pam", 0, 0},
	{"login", PAM_FAILURE("login"), NULL, "pam", 0, 0},
	{"login", "(?:ROOT )?LOGIN ON \\S+(?: BY " USER ")?", NULL, "console", 0, SUCCESS},
	{"gdm-password", PAM_FAILURE("gdm-password"), NULL, "pam", 0, 0},
	{"cockpit-session", PAM_FAILURE("cockpit"), "http", "pam", 9090, 0},
	{"vsftpd", PAM_FAILURE("vsftpd"), "ftp", "pam", 21, 0},
	{"vsftpd", "\\[" USER "\\] OK LOGIN: Client \"" ADDRESS "\"", "ftp", "password", 21,
	 SUCCESS},
	{"proftpd", PAM_FAILURE("proftpd"), "ftp", "pam", 21, 0},
	{"dovecot",
	 "(?:imap|pop3|managesieve|submission)-login: (?:Info: )?Login: user=<" USER
	 ">, method=(?<method>[\\w-]+), rip=" ADDRESS ", lip=(?<local>[0-9A-Fa-f.:]+), .*",
	 "imap", NULL, 143, SUCCESS},
	{"dovecot",
	 "(?:imap|pop3|managesieve|submission)-login: (?:Info: )?[A-Za-z: ]*\\(auth failed, "
	 "(?<attempts>\\d{1,4}) attempts[^)]*\\): user=<" USER
	 ">, method=(?<method>[\\w-]+), rip=" ADDRESS ", lip=(?<local>[0-9A-Fa-f.:]+)(?:, .*)?",
	 "imap", NULL, 143, 0},
	{"postfix/smtpd",
	 "warning: \\S+\\[" ADDRESS "\\]: SASL (?<method>[\\w-]+) authentication failed:.*", "smtp",
	 NULL, 25, 0},
};
#define SHAPES (sizeof(table) / sizeof(table[0]))

/* The methods that can be told: they outlive the message. */
static const char *const methods[] = {"password",  "publickey",	      "keyboard-interactive",
				      "hostbased", "gssapi-with-mic", "plain",
				      "login",	   "cram-md5",	      "digest-md5",
				      "ntlm",	   "xoauth2",	      "oauthbearer"};

struct shapes {
	pcre2_code *code[SHAPES];
	pcre2_match_data *data;
	pcre2_match_context *context;
	uint64_t failed[CONNECTIONS]; /* connections that told a failure, by their hash */
};

void shapes_free(struct shapes *shapes)
{
	if (!shapes)
		return;
	for (size_t i = 0; i < SHAPES; i++)
		pcre2_code_free(shapes->code[i]);
	pcre2_match_data_free(shapes->data);
	pcre2_match_context_free(shapes->context);
	free(shapes);
}

struct shapes *shapes_new(void)
{
	struct shapes *shapes = calloc(1, sizeof(*shapes));
	bool made = shapes;

	for (size_t i = 0; i < SHAPES && made; i++) {
		PCRE2_SIZE at;
		int code;

		shapes->code[i] = pcre2_compile((PCRE2_SPTR)table[i].pattern, PCRE2_ZERO_TERMINATED,
						PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOTALL,
						&code, &at, NULL);
		made = shapes->code[i];
		if (!made)
			log_error("log-ins: shape %zu does not compile at %zu", i, (size_t)at);
	}
	if (made) {
		shapes->data = pcre2_match_data_create(16, NULL);
		shapes->context = pcre2_match_context_create(NULL);
		made = shapes->data && shapes->context;
	}
	if (!made) {
		shapes_free(shapes);
		return NULL;
	}
	pcre2_set_match_limit(shapes->context, MATCH_LIMIT);
	return shapes;
}

/* A named group's text; empty: it is not there. */
static struct text group(const struct shapes *shapes, size_t shape, const char *message,
			 const char *name)
{
	const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(shapes->data);
	int number = pcre2_substring_number_from_name(shapes->code[shape], (PCRE2_SPTR)name);

	if (number <= 0 || (uint32_t)number >= pcre2_get_ovector_count(shapes->data) ||
	    ends[2 * number] == PCRE2_UNSET)
		return (struct text){"", 0};
	return (struct text){message + ends[2 * number],
			     (uint32_t)(ends[2 * number + 1] - ends[2 * number])};
}

static unsigned long number_of(const struct text *digits)
{
	unsigned long number = 0;

	for (uint32_t i = 0; i < digits->length; i++)
		number = number * 10 + (unsigned long)(digits->at[i] - '0');
	return number;
}

static const char *method_of(const struct shape *shape, const struct text *name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strlen(methods[i]) == name->length &&
		    !strncasecmp(methods[i], name->at, name->length))
			return methods[i];
	return shape->method ? shape->method : "other";
}

/* What a shape's groups have. False: an address that is none. */
static bool fill(const struct shapes *shapes, size_t i, const char *message, struct login *login)
{
	const struct shape *shape = &table[i];
	struct text user = group(shapes, i, message, "user");
	struct text address = group(shapes, i, message, "address");
	struct text local = group(shapes, i, message, "local");
	struct text port = group(shapes, i, message, "port");
	struct text attempts = group(shapes, i, message, "attempts");
	struct text method = group(shapes, i, message, "method");

	*login = (struct login){.at = TIME_NONE,
				.success = shape->flags & SUCCESS,
				.service_port = shape->port,
				.program = shape->program,
				.protocol = shape->protocol,
				.method = method_of(shape, &method),
				.count = 1};
	login_set_user(login, user.at, user.length);
	login->has_source = !addr_parse(address.at, address.length, &login->source);
	login->has_destination = !addr_parse(local.at, local.length, &login->destination);
	login->port = (uint16_t)number_of(&port);
	if (attempts.length)
		login->count = (uint32_t)number_of(&attempts);
	return login->has_source || !address.length;
}

static bool is_program(const struct text *name, const char *program)
{
	/* Since 9.8 a process of its own does each session of sshd. */
	static const char session[] = "sshd-session";

	if (!name->length)
		return !strcmp(program, "sshd");
	if (name->length == sizeof(session) - 1 && !memcmp(name->at, session, name->length))
		return !strcmp(program, "sshd");
	return strlen(program) == name->length && !memcmp(program, name->at, name->length);
}

/* Whether a failure of this connection was told before; remembers that one is now. */
static bool told_before(struct shapes *shapes, const struct login *login)
{
	struct {
		struct addr source;
		uint16_t port;
	} connection = {login->source, login->port};
	uint64_t hash = hash_bytes(&connection, sizeof(connection));
	uint64_t *place = &shapes->failed[hash % CONNECTIONS];
	bool before = login->has_source && login->port && *place == hash;

	*place = hash;
	return before;
}

/* "message repeated 5 times: [ …]", as rsyslog puts together what it hears again. */
static struct text unfold(const struct text *text, uint32_t *times)
{
	static const char head[] = "message repeated ", middle[] = " times: [ ";
	const char *at = text->at + sizeof(head) - 1, *end = text->at + text->length;
	unsigned long number = 0;

	*times = 1;
	if (text->length < sizeof(head) + sizeof(middle) ||
	    memcmp(text->at, head, sizeof(head) - 1) != 0 || end[-1] != ']')
		return *text;
	for (; at < end && *at >= '0' && *at <= '9' && number < 1000000; at++)
		number = number * 10 + (unsigned long)(*at - '0');
	if ((size_t)(end - at) < sizeof(middle) || memcmp(at, middle, sizeof(middle) - 1) != 0)
		return *text;
	at += sizeof(middle) - 1;
	*times = number ? (uint32_t)number : 1;
	return (struct text){at, (uint32_t)(end - 1 - at)};
}

bool shapes_read(struct shapes *shapes, const struct login_message *message, struct login *login)
{
	uint32_t times;
	struct text text = unfold(&message->text, &times);

	if (!text.length || text.length > MESSAGE_MAX)
		return false;
	for (size_t i = 0; i < SHAPES; i++) {
		if (!is_program(&message->program, table[i].program) ||
		    pcre2_match(shapes->code[i], (PCRE2_SPTR)text.at, text.length, 0, 0,
				shapes->data, shapes->context) < 0)
			continue;
		if (!fill(shapes, i, text.at, login))
			return false;
		login->count *= times;
		return login->success || !told_before(shapes, login) || !(table[i].flags & ONCE);
	}
	return false;
}
