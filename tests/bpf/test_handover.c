/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "attacher/attacher.h"
#include "attacher/filters.h"
#include "capture/live/hand.h"
#include "capture/live/inside.h"
#include "capture/live/instance.h"
#include "flow/save.h"
#include "handing.h"

/*
 * Two live sources, one of which hands over to the other, by each kind of hook, put up by a process
 * that attaches for each of them, or by themselves: each packet is counted once, whoever's
 * program saw it; and one that dies when its programs stand in the hooks already leaves them to the
 * first.
 */

#define PACKETS 50
#define BYTES	(20 + 8 + 100)
#define SLOTS	16384

struct side {
	struct attacher *attacher; /* NULL: it attaches by itself */
	struct live *live;
	struct flow_table *flows;
	uint64_t bytes, attempts, ended;
};

/* The side that gives has a thread of its own: either waits for the other. */
struct giver {
	struct side side;
	struct handing handing;
	pthread_t thread;
	bool handed, kept;
};

static bool no_peer, by_another;

/* ---- a device that packets leave by ---- */

static int open_device(void **state)
{
	(void)state;
	no_peer = unshare(CLONE_NEWNET) ||
		  system("ip link add ho-a type veth peer name ho-b 2>/dev/null") ||
		  system("sysctl -qw net.ipv6.conf.ho-a.disable_ipv6=1 "
			 "net.ipv6.conf.ho-b.disable_ipv6=1") ||
		  system("ip link set ho-a up && ip link set ho-b up && "
			 "ip address add 10.85.0.1/24 dev ho-a && ip link set ho-a arp off");
	return 0;
}

/* From one socket: one flow. */
static void send_packets(int fd)
{
	const struct sockaddr_in to = {.sin_family = AF_INET,
				       .sin_port = htons(4000),
				       .sin_addr.s_addr = htonl(0x0a550002)};
	char payload[BYTES - 28] = "";

	for (int i = 0; i < PACKETS; i++)
		assert_int_equal(sendto(fd, payload, sizeof(payload), 0,
					(const struct sockaddr *)&to, sizeof(to)),
				 sizeof(payload));
}

/* ---- one live source ---- */

static void on_event(void *context, const struct event *event)
{
	struct side *side = context;

	if (!event_has(event, FIELD_DESTINATION_PORT) || event->destination_port != 4000)
		return;
	side->attempts += event->service == SERVICE_ATTEMPT;
	if (event->service != SERVICE_FLOW)
		return;
	side->bytes += event->source_bytes + event->destination_bytes;
	side->ended += event_has(event, FIELD_FLOW_ENDED);
}

static void open_side(struct side *side, bool clsact, enum hook_choice hook, bool take_over)
{
	const char *const interfaces[] = {"ho-a", NULL};
	const struct hook_rule rule = {NULL, hook};
	struct live_options options = {
		.interfaces = interfaces,
		.hooks = &rule,
		.hooks_len = 1,
		.slots = SLOTS,
		.clsact = clsact,
		.take_over = take_over,
	};
	const struct flow_ops ops = {
		.event = on_event, .context = side, .services = UINT32_MAX, .interval = WEIR_SEC};
	struct error error = {0};

	if (by_another && attacher_open(&side->attacher, &error))
		fail_msg("%s", error.text);
	options.attacher = side->attacher;
	side->flows = flow_table_new(&ops);
	assert_non_null(side->flows);
	if (live_open(&side->live, &options, &error))
		fail_msg("%s", error.text);
}

static void close_side(struct side *side)
{
	live_close(side->live, side->flows);
	flow_finish(side->flows);
	flow_table_free(side->flows);
	attacher_close(side->attacher);
}

/* ---- giving ---- */

static int on_offer(void *context, int fd)
{
	return live_offer(((struct giver *)context)->side.live, fd);
}

static void save_flows(void *context, struct state_writer *writer)
{
	struct side *side = context;
	struct flow_keeper keeper = live_flow_keeper(side->live);

	flow_save(side->flows, writer, &keeper);
}

static int on_give(void *context, int fd)
{
	struct side *side = &((struct giver *)context)->side;

	live_drain(side->live, side->flows);
	return live_give(side->live, fd, 0, 1, save_flows, side);
}

static void on_go_on(void *context, const char *why)
{
	struct giver *giver = context;

	(void)why;
	live_keep(giver->side.live);
	giver->kept = true;
}

static void on_handed(void *context)
{
	((struct giver *)context)->handed = true;
}

static void on_leave(void *context, const char *why)
{
	(void)context;
	fail_msg("left: %s", why);
}

/* One conversation, from its request to its end. */
static void *giving(void *context)
{
	struct giver *giver = context;
	struct pollfd wait = {.fd = live_control_fd(giver->side.live), .events = POLLIN};
	char request[sizeof(INSTANCE_HAND_OVER)];
	int fd;

	poll(&wait, 1, -1);
	fd = accept(wait.fd, NULL, NULL);
	if (recv(fd, request, sizeof(request), MSG_WAITALL) != sizeof(request))
		return NULL;
	handing_begin(&giver->handing, fd);
	while (giver->handing.fd >= 0 && !giver->handing.over) {
		wait.fd = giver->handing.fd;
		if (poll(&wait, 1, -1) > 0)
			handing_run(&giver->handing);
	}
	if (giver->handed) {
		live_leave(giver->side.live);
		flow_table_free(giver->side.flows);
		attacher_close(giver->side.attacher);
	}
	handing_close(&giver->handing);
	return NULL;
}

static void open_giver(struct giver *giver, bool clsact, enum hook_choice hook)
{
	const struct handing_ops ops = {on_offer, on_give, on_go_on, on_handed, on_leave, giver};

	open_side(&giver->side, clsact, hook, false);
	handing_open(&giver->handing, &ops);
}

static void take_flows(struct side *side)
{
	struct flow_keeper keeper = live_flow_keeper(side->live);

	assert_non_null(live_handed(side->live));
	assert_int_equal(flow_load(side->flows, live_handed(side->live), &keeper), 0);
}

/* ---- hooks, as they stand ---- */

static void count_ours(void *context, const struct filter *filter)
{
	unsigned *count = context;

	*count += !strncmp(filter->name, PROGRAM_PREFIX, sizeof(PROGRAM_PREFIX) - 1);
}

static unsigned count_filters(struct side *side)
{
	const struct interface *interface = interfaces_after(&side->live->interfaces, NULL);
	struct filters_of of = {0};
	unsigned count = 0;

	while (interface && strcmp(interface->name, "ho-a"))
		interface = interfaces_after(&side->live->interfaces, interface);
	assert_non_null(interface);
	of.ifindex = interface->ifindex;
	filters_list(&of, true, count_ours, &count);
	filters_list(&of, false, count_ours, &count);
	return count;
}

static unsigned hooks_alive(struct side *side)
{
	const struct interface *interface = NULL;
	unsigned alive = 0;

	while ((interface = interfaces_after(&side->live->interfaces, interface))) {
		const struct watch *watch = interface->watch;

		for (unsigned i = 0; watch && i < WATCH_HOOKS; i++)
			alive += watch->hook[i].ops && hook_alive(&watch->hook[i]);
	}
	return alive;
}

/* Hooks that are filters: those that were asked for, and all where the kernel has no TCX. */
static unsigned filters_alive(struct side *side)
{
	const struct interface *interface = NULL;
	unsigned filters = 0;

	while ((interface = interfaces_after(&side->live->interfaces, interface))) {
		const struct watch *watch = interface->watch;

		for (unsigned i = 0; watch && i < WATCH_HOOKS; i++)
			filters += watch->hook[i].ops == &hook_clsact;
	}
	return filters;
}

static uint32_t id_of(int program)
{
	struct bpf_prog_info info = {0};
	__u32 size = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(program, &info, &size), 0);
	return info.id;
}

/* The program that runs in a hook. */
static uint32_t running(const struct hook *hook)
{
	union {
		struct bpf_link_info info;
		char bytes[256];
	} u = {0};
	__u32 size = sizeof(u);

	if (hook->ops == &hook_clsact)
		return hook->id; /* hook_alive() compared it */
	assert_int_equal(bpf_obj_get_info_by_fd(hook->link, &u, &size), 0);
	return u.info.prog_id;
}

static void assert_own_programs(const struct side *side)
{
	const struct interface *interface = NULL;

	while ((interface = interfaces_after(&side->live->interfaces, interface))) {
		const struct watch *watch = interface->watch;

		for (unsigned i = 0; watch && i < WATCH_HOOKS; i++)
			if (watch->hook[i].ops)
				assert_int_equal(running(&watch->hook[i]),
						 id_of(watch->hook[i].program));
	}
}

/* ---- the tests ---- */

/* It has put its programs there, and is gone without its last word. */
static void die_on_the_way(struct giver *giver, bool clsact, enum hook_choice hook, int fd)
{
	struct side next = {0};
	unsigned hooks = hooks_alive(&giver->side);

	pthread_create(&giver->thread, NULL, giving, giver);
	open_side(&next, clsact, hook, true);
	take_flows(&next);
	watches_replace(next.live);
	send_packets(fd); /* its programs see these */
	live_close(next.live, next.flows);
	pthread_join(giver->thread, NULL);
	flow_table_free(next.flows);
	attacher_close(next.attacher);
	assert_true(giver->kept);
	assert_int_equal(hooks_alive(&giver->side), hooks);
	assert_int_equal(count_filters(&giver->side), filters_alive(&giver->side));
	assert_own_programs(&giver->side);
	assert_int_equal(next.attempts + next.bytes + next.ended, 0);
}

static void take_over(struct giver *giver, bool clsact, enum hook_choice hook, int fd)
{
	struct side next = {0};
	unsigned hooks = hooks_alive(&giver->side), before = filters_alive(&giver->side);
	struct error error = {0};
	pid_t pid;

	pthread_create(&giver->thread, NULL, giving, giver);
	open_side(&next, clsact, hook, true);
	take_flows(&next);
	send_packets(fd); /* nobody reads now: the tables hold it */
	if (live_take_up(next.live, &error))
		fail_msg("%s", error.text);
	send_packets(fd);
	pthread_join(giver->thread, NULL);
	assert_true(live_await(next.live, &pid));
	assert_int_equal(pid, getpid());
	assert_true(giver->handed);
	assert_int_equal(hooks_alive(&next), hooks);
	assert_int_equal(count_filters(&next), filters_alive(&next));
	assert_int_equal(filters_alive(&next), before);
	assert_own_programs(&next);
	live_poll(next.live, next.flows);
	close_side(&next);
	assert_int_equal(giver->side.attempts + next.attempts, 1);
	assert_int_equal(next.ended, 1);
	assert_int_equal(giver->side.bytes + next.bytes, 5 * PACKETS * BYTES);
}

static void hand_over(bool clsact, enum hook_choice hook)
{
	struct giver *giver = calloc(1, sizeof(*giver));
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	open_giver(giver, clsact, hook);
	send_packets(fd);
	die_on_the_way(giver, clsact, hook, fd);
	live_poll(giver->side.live, giver->side.flows);
	send_packets(fd);
	take_over(giver, clsact, hook, fd);
	close(fd);
	free(giver);
}

static void skip_without_device(void)
{
	if (!no_peer)
		return;
	print_message("skipped: cannot make a veth pair here\n");
	skip();
}

static void test_links(void **state)
{
	(void)state;
	skip_without_device();
	by_another = true;
	hand_over(false, HOOK_TC);
}

static void test_filters(void **state)
{
	(void)state;
	skip_without_device();
	by_another = true;
	hand_over(true, HOOK_TC);
}

static void test_filters_by_itself(void **state)
{
	(void)state;
	skip_without_device();
	by_another = false;
	hand_over(true, HOOK_TC);
}

static void test_xdp(void **state)
{
	(void)state;
	skip_without_device();
	by_another = true;
	hand_over(false, HOOK_XDP);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_filters),
		cmocka_unit_test(test_filters_by_itself),
		cmocka_unit_test(test_xdp),
	};

	return cmocka_run_group_tests(tests, open_device, NULL);
}
