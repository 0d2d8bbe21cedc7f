/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "enrich/letters.h"

static void entropy_is_of_letters_without_case(void **state)
{
	(void)state;
	assert_true(letters_entropy("", 0) == 0);
	assert_true(letters_entropy("aaaa", 4) == 0);
	assert_true(letters_entropy("aAaA", 4) == 0);
	assert_true(fabs(letters_entropy("abab", 4) - 1) < 1e-12);
	assert_true(fabs(letters_entropy("abcd0123", 8) - 3) < 1e-12);
}

static const char *const words[] = {
	"www",
	"safebrowsing-cache-googleapis",
	"internationalbusinessmachines",
	"ec2-54-12-33-22-compute-1",
	"ip-10-0-12-34-eu-central-1-compute",
	"prod-us-west-2-api-gateway-v2",
	"outlook-office365-com-cdn-4",
	"dual-s-ring-fallback-msedge",
	"clientservices-googleapis-backup",
	"donaudampfschifffahrtsgesellschaft",
	"verylongsubdomainwithoutanynumbers",
	"monitoring-prometheus-node-exporter",
	"00000000000000000000000000000000",
	"11111111111111111111",
	"192-168-100-200-static-customer",
};

static void words_are_no_data(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (letters_encoded(words[i], strlen(words[i])))
			fail_msg("%s is taken for encoded", words[i]);
}

static uint32_t next_random(void)
{
	static uint64_t state = 42;

	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(state >> 33);
}

static void fill(char *text, unsigned length, const char *alphabet)
{
	for (unsigned i = 0; i < length; i++)
		text[i] = alphabet[next_random() % strlen(alphabet)];
	text[length] = '\0';
}

#define LETTERS "abcdefghijklmnopqrstuvwxyz"

/* Every encoding that tunnels use, from the shortest label to the longest. */
static void encoded_data_is_told(void **state)
{
	static const char *const alphabets[] = {
		"0123456789abcdef",
		"0123456789ABCDEF",
		LETTERS "234567",
		"0123456789" LETTERS,
		LETTERS "012345",
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ" LETTERS "0123456789+/",
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ" LETTERS "0123456789-_",
	};
	char text[64];

	(void)state;
	for (size_t a = 0; a < sizeof(alphabets) / sizeof(alphabets[0]); a++)
		for (unsigned length = 20; length < 64; length++) {
			unsigned told = 0;

			for (unsigned i = 0; i < 200; i++) {
				fill(text, length, alphabets[a]);
				told += letters_encoded(text, length);
			}
			if (told < 194)
				fail_msg("%u of 200 of %u characters of %s", told, length,
					 alphabets[a]);
		}
}

static void text_in_hex_and_base32_is_told(void **state)
{
	static const char *const texts[] = {
		"54686520717569636b2062726f776e20666f78206a756d7073206f766572",
		"KRUGKIDROVUWG2ZAMJZG653OEBTG66BANJ2W24DTEBXXMZLSEB2GQZI",
		"krugkidrovuwg2zamjzg653oebtg66ban",
		"m9x4qz7p2v8k3n6r5t1y0abx",
		"e4c7d2f0b9a84d1c8f6e3a5b7c9d0e1f",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (!letters_encoded(texts[i], strlen(texts[i])))
			fail_msg("%s is not taken for encoded", texts[i]);
	assert_false(letters_encoded("m9x4qz7p2v8k3n6r5t1", 19)); /* too short */
	assert_false(letters_encoded("m9x4qz7p2v8k3n6r5 1y0abx", 24));
}

static void names_that_people_chose_are_not_random(void **state)
{
	static const char *const chosen[] = {
		"google",
		"googleusercontent",
		"akamaitechnologies",
		"microsoftonline",
		"stackoverflow",
		"wikipedia",
		"cloudfront",
		"amazonaws",
		"ssl-images-amazon",
		"githubusercontent",
		"bundesverfassungsgericht",
		"lufthansa",
		"xn--vermgensberater-ctb",
		"facebookcorewwwi",
		"trafficmanager",
		"kubernetes",
		"windowsupdate",
		"sberbank",
		"volkswagen",
		"szczecin",
		"krakow-airport",
		"rtve",
		"1and1internet",
		"office365",
		"web3-4you",
		"deutschebahn",
		"nytimes",
	};
	char text[32];
	unsigned told = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(chosen) / sizeof(chosen[0]); i++)
		if (letters_random(chosen[i], strlen(chosen[i])))
			fail_msg("%s is taken for random", chosen[i]);
	for (unsigned i = 0; i < 1000; i++) {
		fill(text, 12 + i % 8, LETTERS);
		told += letters_random(text, strlen(text));
	}
	assert_true(told > 850);
	for (unsigned i = told = 0; i < 1000; i++) {
		fill(text, 12 + i % 8, LETTERS "0123456789");
		told += letters_random(text, strlen(text));
	}
	assert_true(told > 700);
}

static void bytes_that_are_no_text_are_raw(void **state)
{
#define IS_RAW(text) letters_raw(text, sizeof(text) - 1)
	(void)state;
	assert_true(IS_RAW("abcdefghijklmnopqr\xbe\xe9\xfd"));
	assert_false(IS_RAW("abcdefghijklmnopqrs\xbe\xfd"));
	assert_false(IS_RAW("abcdefghijklmnop\xbe\xe9\xfd")); /* too short */
	assert_false(IS_RAW("b\xc3\xbc"
			    "cher f\xc3\xbcr m\xc3\xbcnchen"));
	assert_false(IS_RAW("\xe3\x83\x97\xe3\x83\xaa\xe3\x83\xb3\xe3\x82\xbf\xe3\x83\xbc"
			    "\xf0\x9f\x96\xa8\xef\xb8\x8f"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entropy_is_of_letters_without_case),
		cmocka_unit_test(words_are_no_data),
		cmocka_unit_test(encoded_data_is_told),
		cmocka_unit_test(text_in_hex_and_base32_is_told),
		cmocka_unit_test(bytes_that_are_no_text_are_raw),
		cmocka_unit_test(names_that_people_chose_are_not_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
