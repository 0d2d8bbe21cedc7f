/* SPDX-License-Identifier: Apache-2.0 */
/* Entries that would make a list ring at everything: they are refused. */
#include "threat/indicator.h"

#include <pthread.h>

/* Networks of a list are those of one owner; beyond these prefixes they are those of many. */
#define V4_PREFIX_LEAST 12
#define V6_PREFIX_LEAST 24

/*
 * Special-purpose addresses (RFC 6890 and its registry). Those for documentation are not here:
 * nobody meets them, and whoever tries a list takes them.
 */
static const char *const reserved[] = {
	"0.0.0.0/8",	 "10.0.0.0/8",	 "100.64.0.0/10",  "127.0.0.0/8",   "169.254.0.0/16",
	"172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/4",
	"240.0.0.0/4",	 "::/128",	 "::1/128",	   "64:ff9b::/96",  "fc00::/7",
	"fe80::/10",	 "ff00::/8",
};

/* Resolvers that many hosts ask. */
static const char *const resolvers[] = {
	"1.1.1.1",
	"1.0.0.1",
	"1.1.1.2",
	"1.0.0.2",
	"1.1.1.3",
	"1.0.0.3",
	"8.8.8.8",
	"8.8.4.4",
	"9.9.9.9",
	"9.9.9.10",
	"149.112.112.112",
	"208.67.222.222",
	"208.67.220.220",
	"94.140.14.14",
	"94.140.15.15",
	"76.76.2.0",
	"76.76.10.0",
	"185.228.168.9",
	"185.228.169.9",
	"64.6.64.6",
	"64.6.65.6",
	"77.88.8.8",
	"77.88.8.1",
	"114.114.114.114",
	"223.5.5.5",
	"223.6.6.6",
	"119.29.29.29",
	"193.110.81.0",
	"185.253.5.0",
	"4.2.2.1",
	"4.2.2.2",
	"2606:4700:4700::1111",
	"2620:fe::fe",
	"2620:fe::9",
	"2606:4700:4700::1001",
	"2001:4860:4860::8888",
	"2620:119:35::35",
	"2620:119:53::53",
	"2001:4860:4860::8844",
	"2a10:50c0::ad1:ff",
};

/* Domains that everybody uses, by themselves: what lies under them may well be on a list. */
static const char *const common[] = {
	"google.com",	     "googleapis.com",	  "gstatic.com",
	"youtube.com",	     "microsoft.com",	  "windows.com",
	"windowsupdate.com", "office.com",	  "live.com",
	"office365.com",     "apple.com",	  "icloud.com",
	"amazon.com",	     "facebook.com",	  "amazonaws.com",
	"cloudflare.com",    "akamai.net",	  "akamaiedge.net",
	"github.com",	     "mozilla.org",	  "debian.org",
	"ubuntu.com",	     "fedoraproject.org", "redhat.com",
	"ntp.org",	     "wikipedia.org",	  "linkedin.com",
	"letsencrypt.org",   "digicert.com",	  "bing.com",
	"cloudfront.net",    "fastly.net",	  "githubusercontent.com",
	"in-addr.arpa",	     "ip6.arpa",
};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))

/* The same, read once: a list has a million entries. */
static struct network reserved_networks[LENGTH(reserved)], resolver_networks[LENGTH(resolvers)];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void read_networks(void)
{
	for (size_t i = 0; i < LENGTH(reserved); i++)
		network_parse(reserved[i], strlen(reserved[i]), &reserved_networks[i]);
	for (size_t i = 0; i < LENGTH(resolvers); i++)
		network_parse(resolvers[i], strlen(resolvers[i]), &resolver_networks[i]);
}

static bool overlaps(const struct network *a, const struct network *b)
{
	return a->prefix <= b->prefix ? network_has(a, &b->base) : network_has(b, &a->base);
}

static bool overlaps_any(const struct network *network, const struct network *others, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (overlaps(network, &others[i]))
			return true;
	return false;
}

static enum indicator_harm of_network(const struct network *network)
{
	bool v4 = addr_is_v4(&network->base) && network->prefix >= 96;
	unsigned prefix = v4 ? network->prefix - 96u : network->prefix;

	pthread_once(&once, read_networks);
	/* What a private network is within is above all too broad. */
	if (prefix < (v4 ? V4_PREFIX_LEAST : V6_PREFIX_LEAST))
		return overlaps_any(network, reserved_networks, LENGTH(reserved)) && prefix > 7
			       ? HARM_RESERVED
			       : HARM_BROAD;
	if (overlaps_any(network, reserved_networks, LENGTH(reserved)))
		return HARM_RESERVED;
	return overlaps_any(network, resolver_networks, LENGTH(resolvers)) ? HARM_COMMON
									   : HARM_NONE;
}

static enum indicator_harm of_domain(const struct indicator *indicator,
				     const struct domain_list *domains)
{
	char buffer[DOMAIN_MAX + 1];
	struct domain domain;
	struct text name = {indicator->text, indicator->length};

	if (!domain_read(domains, &name, buffer, &domain) || domain.registered < 0)
		return HARM_SUFFIX;
	for (size_t i = 0; i < LENGTH(common); i++)
		if (!strcmp(common[i], indicator->text))
			return HARM_COMMON;
	return HARM_NONE;
}

/* The front page of a host that everybody uses is that host. */
static enum indicator_harm of_url(const struct indicator *indicator)
{
	for (size_t i = 0; i < LENGTH(common); i++) {
		size_t length = strlen(common[i]);

		if (indicator->length == length + 1 && indicator->text[length] == '/' &&
		    !memcmp(indicator->text, common[i], length))
			return HARM_COMMON;
	}
	return HARM_NONE;
}

enum indicator_harm indicator_harm(const struct indicator *indicator,
				   const struct domain_list *domains)
{
	switch (indicator->kind) {
	case INDICATOR_ADDRESS:
		return of_network(&indicator->network);
	case INDICATOR_DOMAIN:
		return of_domain(indicator, domains);
	case INDICATOR_URL:
		return of_url(indicator);
	case INDICATOR_JA3:
	case INDICATOR_JA4:
	case INDICATOR_MD5:
	case INDICATOR_SHA1:
	case INDICATOR_SHA256:
	case INDICATOR_KINDS:
		break;
	}
	return HARM_NONE;
}

const char *indicator_harm_words(enum indicator_harm harm)
{
	static const char *const words[HARM_COUNT] = {
		[HARM_NONE] = "no harm",
		[HARM_RESERVED] = "a private or reserved address",
		[HARM_BROAD] = "a network of too many owners",
		[HARM_SUFFIX] = "a name under which anybody may register",
		[HARM_COMMON] = "a resolver or a domain that everybody uses",
	};

	return words[harm];
}
