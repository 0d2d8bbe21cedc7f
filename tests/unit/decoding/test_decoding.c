/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "decoding/child.h"
#include "decoding/decoding.h"
#include "decoding/wire.h"

/*
 * The engine's side with children that behave as told: this program, started anew. What stands for
 * the ring is a file of three pages: the reader's place, the writer's, and how to behave.
 */
enum conduct {
	WELL,	      /* reads all, and says one event for each byte */
	CRASH,	      /* at the first byte */
	HANG,	      /* reads no more */
	GARBAGE,      /* says what makes no sense */
	OUT_OF_TURN,  /* speaks before it is confined */
	LIE,	      /* says that it read what was never there */
	LEAVE,	      /* as one that could not confine itself */
	TALK_FOREVER, /* says more than fits */
	CONDUCTS,
};

#define RING_BYTES 65536

struct ring {
	uint64_t *read, *written;
	enum conduct *conduct;
};

static size_t page;

static void ring_map(struct ring *ring, int fd)
{
	char *at = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (at == MAP_FAILED)
		abort();
	ring->read = (uint64_t *)(void *)at;
	ring->written = (uint64_t *)(void *)(at + page);
	ring->conduct = (enum conduct *)(void *)(at + 2 * page);
}

/* ---- the child ---- */

static struct wire_out out;

static ssize_t say(void)
{
	const uint8_t *bytes = wire_end(&out, (uint64_t)time_boot());
	ssize_t sent = send(CHILD_CHANNEL, bytes, out.length, MSG_DONTWAIT | MSG_NOSIGNAL);

	wire_begin(&out);
	return sent;
}

static void put_event(void)
{
	const struct decode_origin origin = {.key = {.proto = 17}};
	struct event event = {.service = SERVICE_DNS, .time = time_boot()};

	event_set(&event, DNS_QUESTION_NAME, dns_question_name, ((struct text){"weir.test", 9}));
	wire_put_event(&out, &origin, &event);
}

static void say_event(void)
{
	put_event();
	say();
}

static void say_garbage(void)
{
	static const uint8_t garbage[40] = {1, 2, 3};

	send(CHILD_CHANNEL, garbage, sizeof(garbage), 0);
}

/* The engine reads nothing meanwhile; then the word that some found no room. */
static void talk_forever(void)
{
	struct wire_totals totals = {0};

	do
		for (int i = 0; i < 100; i++)
			put_event();
	while (say() > 0);
	totals.full = 100;
	while (wire_put_totals(&out, &totals) && say() < 0)
		usleep(1000);
}

static void behave(const struct ring *ring)
{
	uint64_t written = *ring->written, read = *ring->read;

	if (read == written)
		return;
	switch (*ring->conduct) {
	case WELL:
		for (; read < written; read++)
			say_event();
		break;
	case CRASH:
		kill(getpid(), SIGKILL);
		break;
	case HANG:
		for (;;)
			pause();
		break;
	case GARBAGE:
		say_garbage();
		break;
	case LIE:
		written += 4096;
		break;
	case TALK_FOREVER:
		talk_forever();
		break;
	case OUT_OF_TURN:
	case LEAVE:
	case CONDUCTS:
		break;
	}
	*ring->read = written;
}

static int child(void)
{
	const struct wire_ready ready = {.landlock = 3};
	struct pollfd wait = {.fd = CHILD_CHANNEL, .events = POLLIN};
	struct ring ring;
	char word;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* one that hangs does not outlive a test that fails */
	ring_map(&ring, CHILD_RING);
	wire_begin(&out);
	if (*ring.conduct == LEAVE)
		return CHILD_NOT_CONFINED;
	if (*ring.conduct == OUT_OF_TURN)
		say_event();
	wire_put_ready(&out, &ready);
	say();
	for (;;) {
		behave(&ring);
		if (poll(&wait, 1, 10) > 0 && recv(CHILD_CHANNEL, &word, 1, 0) <= 0)
			break;
	}
	behave(&ring);
	return CHILD_DONE;
}

/* ---- the engine ---- */

static struct {
	struct decoding *decoding;
	struct ring ring;
	int fd;
	unsigned events, healths;
	char health[256];
} t;

static void on_event(void *context, const struct decode_origin *origin, struct event *event)
{
	(void)context;
	assert_int_equal(origin->key.proto, 17);
	assert_int_equal(event->dns_question_name.length, 9);
	assert_memory_equal(event->dns_question_name.at, "weir.test", 9);
	t.events++;
}

static void on_protocol(void *context, const struct decode_origin *origin, const char *name)
{
	(void)context;
	(void)origin;
	(void)name;
}

static void on_health(void *context, const char *fact, const char *message)
{
	(void)context;
	assert_string_equal(fact, "decoding_restarted");
	snprintf(t.health, sizeof(t.health), "%s", message);
	t.healths++;
}

static void begin(enum conduct conduct)
{
	const struct decoding_ops ops = {on_event, on_protocol, on_health, NULL};
	struct decoding_options options = {.ring_bytes = RING_BYTES};
	struct error error;

	memset(&t, 0, sizeof(t));
	t.fd = options.ring = memfd_create("ring", MFD_CLOEXEC);
	assert_int_equal(ftruncate(t.fd, (off_t)(3 * page)), 0);
	ring_map(&t.ring, t.fd);
	*t.ring.conduct = conduct;
	assert_int_equal(decoding_open(&t.decoding, &options, &ops, &error), 0);
}

static void finish(void)
{
	decoding_close(t.decoding);
	munmap(t.ring.read, 3 * page);
	close(t.fd);
}

static void engine_once(void)
{
	struct pollfd wait = {.fd = decoding_fd(t.decoding), .events = POLLIN};

	if (poll(&wait, 1, 20) > 0)
		decoding_run(t.decoding, (uint64_t)time_boot());
	else
		decoding_tick(t.decoding);
}

static json_int_t number(const char *name)
{
	bool degraded = false;
	json_t *status = decoding_status(t.decoding, &degraded);
	json_t *found = json_object_get(status, name);
	json_int_t n;

	if (!found)
		found = json_object_get(json_object_get(status, "lost"), name);
	n = json_is_boolean(found) ? json_is_true(found) : json_integer_value(found);
	json_decref(status);
	return n;
}

static bool degraded(void)
{
	bool is = false;

	json_decref(decoding_status(t.decoding, &is));
	return is;
}

/* Long, because a busy machine is no failure. */
static void until(const char *name, json_int_t least)
{
	weir_time end = time_boot() + 20 * WEIR_SEC;

	while (number(name) < least && time_boot() < end)
		engine_once();
	assert_true(number(name) >= least);
}

static void what_it_says_is_told(void **state)
{
	(void)state;
	begin(WELL);
	assert_false(degraded()); /* it starts */
	*t.ring.written = 5;
	until("events", 5);
	assert_int_equal(t.events, 5);
	assert_int_equal(number("landlock"), 3);
	assert_int_equal(number("restarts"), 0);
	assert_false(degraded());
	finish();
}

/* Whatever it does wrong: counted by its name, the next one works, what waited is let go. */
static void wrong(enum conduct conduct, const char *counter, const char *reason)
{
	begin(conduct);
	*t.ring.written = 100;
	until(counter, 1);
	*t.ring.conduct = WELL;
	assert_true(degraded());
	assert_true(t.healths >= 1);
	assert_non_null(strstr(t.health, reason));
	assert_int_equal(*t.ring.read, *t.ring.written);
	until("confined", 1);
	t.events = 0;
	*t.ring.written += 3;
	until("events", 3);
	assert_true(t.events >= 3);
	assert_int_equal(number("restarts"), t.healths);
	assert_true(degraded()); /* for a minute */
	finish();
}

static void a_crash_is_got_over(void **state)
{
	(void)state;
	wrong(CRASH, "crashed", "crashed: SIGKILL");
}

static void a_hang_is_got_over(void **state)
{
	(void)state;
	wrong(HANG, "hung", "hung: it read nothing for");
}

static void garbage_is_got_over(void **state)
{
	(void)state;
	wrong(GARBAGE, "malformed", "said what makes no sense: ");
}

static void a_word_out_of_turn_is_got_over(void **state)
{
	(void)state;
	wrong(OUT_OF_TURN, "malformed", "spoke out of turn");
}

static void a_lie_is_got_over(void **state)
{
	(void)state;
	wrong(LIE, "malformed", "said that it read what was never there");
}

static void one_that_is_not_confined_is_told(void **state)
{
	(void)state;
	wrong(LEAVE, "crashed", "could not confine itself");
}

/* A stranger who crashes each one gets no more than a pause that grows. */
static void crashes_in_a_row_slow_down(void **state)
{
	weir_time end = time_boot() + 1500 * WEIR_MSEC;

	(void)state;
	begin(CRASH);
	while (time_boot() < end) {
		*t.ring.written += 1;
		engine_once();
	}
	assert_in_range(number("restarts"), 2, 7);
	assert_true(degraded());
	finish();
}

static void a_full_channel_is_counted(void **state)
{
	(void)state;
	begin(TALK_FOREVER);
	until("confined", 1);
	*t.ring.written = 1;
	usleep(300000); /* nobody reads: it fills the channel, and waits for nobody */
	until("channel_full", 100);
	assert_true(t.events > 100);
	assert_int_equal(number("restarts"), 0);
	finish();
}

/* A message of a moment that the flow stage does not know yet comes later. */
static void what_is_too_young_waits(void **state)
{
	struct pollfd wait;

	(void)state;
	begin(WELL);
	until("confined", 1);
	wait = (struct pollfd){.fd = decoding_fd(t.decoding), .events = POLLIN};
	*t.ring.written = 1;
	for (int i = 0; i < 20; i++)
		if (poll(&wait, 1, 20) > 0)
			decoding_run(t.decoding, 1);
	assert_int_equal(t.events, 0);
	until("events", 1);
	finish();
}

static void the_last_word_is_heard(void **state)
{
	(void)state;
	begin(WELL);
	until("confined", 1);
	*t.ring.written = 7;
	decoding_finish(t.decoding);
	assert_int_equal(t.events, 7);
	finish();
}

static void a_program_that_is_not_there(void **state)
{
	const struct decoding_ops ops = {on_event, on_protocol, on_health, NULL};
	struct decoding_options options = {.ring_bytes = RING_BYTES, .program = "/nowhere/weir"};
	struct error error;

	(void)state;
	memset(&t, 0, sizeof(t));
	t.fd = options.ring = memfd_create("ring", MFD_CLOEXEC);
	assert_int_equal(ftruncate(t.fd, (off_t)(3 * page)), 0);
	ring_map(&t.ring, t.fd);
	assert_int_equal(decoding_open(&t.decoding, &options, &ops, &error), 0);
	assert_true(number("not_ready") >= 1);
	assert_non_null(strstr(t.health, "No such file"));
	assert_true(degraded());
	finish();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_says_is_told),
		cmocka_unit_test(a_crash_is_got_over),
		cmocka_unit_test(a_hang_is_got_over),
		cmocka_unit_test(garbage_is_got_over),
		cmocka_unit_test(a_word_out_of_turn_is_got_over),
		cmocka_unit_test(a_lie_is_got_over),
		cmocka_unit_test(one_that_is_not_confined_is_told),
		cmocka_unit_test(crashes_in_a_row_slow_down),
		cmocka_unit_test(a_full_channel_is_counted),
		cmocka_unit_test(what_is_too_young_waits),
		cmocka_unit_test(the_last_word_is_heard),
		cmocka_unit_test(a_program_that_is_not_there),
	};

	page = (size_t)sysconf(_SC_PAGESIZE);
	if (argc > 1 && !strcmp(argv[1], CHILD_WORD))
		_exit(child());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
