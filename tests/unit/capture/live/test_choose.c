/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <net/if.h>
#include <net/if_arp.h>

#include "capture/live/choose.h"

#define PATTERNS(...) ((const char *const[]){__VA_ARGS__, NULL})

static bool up(const char *const *patterns, const char *name)
{
	const struct live_options options = {.interfaces = patterns};

	return choose_interface(&options, name, IFF_UP);
}

static void all_that_are_up(void **state)
{
	const struct live_options options = {0};

	(void)state;
	assert_true(choose_asks_all(&options));
	assert_true(choose_interface(&options, "eth0", IFF_UP));
	assert_false(choose_interface(&options, "eth0", 0));
	assert_false(choose_interface(&options, "lo", IFF_UP | IFF_LOOPBACK));
}

static void patterns(void **state)
{
	(void)state;
	assert_true(up(PATTERNS("eth0"), "eth0"));
	assert_false(up(PATTERNS("eth0"), "eth01"));
	assert_true(up(PATTERNS("wl*", "eth?"), "eth7"));
	assert_false(up(PATTERNS("wl*", "eth?"), "veth7"));
	assert_true(up(PATTERNS("e[tn]*"), "enp3s0"));
}

static void exclusions_win(void **state)
{
	const struct live_options only = {.interfaces = PATTERNS("!veth*")};

	(void)state;
	assert_true(choose_asks_all(&only));
	assert_false(up(PATTERNS("!veth*"), "veth1"));
	assert_true(up(PATTERNS("!veth*"), "eth0"));
	assert_false(up(PATTERNS("eth*", "!eth1"), "eth1"));
	assert_false(up(PATTERNS("!eth1", "eth*"), "eth1"));
	assert_true(up(PATTERNS("!eth1", "eth*"), "eth2"));
}

static void named_ones_also_while_down(void **state)
{
	const struct live_options options = {.interfaces = PATTERNS("eth0")};

	(void)state;
	assert_false(choose_asks_all(&options));
	assert_true(choose_interface(&options, "eth0", 0));
}

static void loopback_only_on_request(void **state)
{
	struct live_options options = {.interfaces = PATTERNS("*")};
	const uint32_t flags = IFF_UP | IFF_LOOPBACK;

	(void)state;
	assert_false(choose_interface(&options, "lo", flags));
	options.loopback = true;
	assert_true(choose_interface(&options, "lo", flags));
	options = (struct live_options){.interfaces = PATTERNS("lo")};
	assert_true(choose_interface(&options, "lo", flags));
	options = (struct live_options){.interfaces = PATTERNS("!lo"), .loopback = true};
	assert_false(choose_interface(&options, "lo", flags));
}

static void the_last_hook_decides(void **state)
{
	const struct hook_rule rules[] = {
		{NULL, HOOK_XDP}, {"veth*", HOOK_TC}, {"veth9", HOOK_AUTO}};
	const struct live_options options = {.hooks = rules, .hooks_len = 3};
	const struct live_options none = {0};

	(void)state;
	assert_int_equal(choose_hook(&options, "eth0"), HOOK_XDP);
	assert_int_equal(choose_hook(&options, "veth1"), HOOK_TC);
	assert_int_equal(choose_hook(&options, "veth9"), HOOK_AUTO);
	assert_int_equal(choose_hook(&none, "eth0"), HOOK_AUTO);
}

static void kinds_by_link_type(void **state)
{
	(void)state;
	assert_int_equal(device_kind(ARPHRD_ETHER), DEVICE_ETHERNET);
	assert_int_equal(device_kind(ARPHRD_LOOPBACK), DEVICE_ETHERNET);
	assert_int_equal(device_kind(0xfffe), DEVICE_L3); /* tun, WireGuard */
	assert_int_equal(device_kind(ARPHRD_PPP), DEVICE_L3);
	assert_int_equal(device_kind(ARPHRD_SIT), DEVICE_L3);
	assert_int_equal(device_kind(280), DEVICE_OTHER); /* CAN */
	assert_int_equal(device_kind(ARPHRD_IEEE80211_RADIOTAP), DEVICE_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_that_are_up),
		cmocka_unit_test(patterns),
		cmocka_unit_test(exclusions_win),
		cmocka_unit_test(named_ones_also_while_down),
		cmocka_unit_test(loopback_only_on_request),
		cmocka_unit_test(the_last_hook_decides),
		cmocka_unit_test(kinds_by_link_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
