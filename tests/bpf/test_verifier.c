/* SPDX-License-Identifier: Apache-2.0 */

/*
 * What the verifier of this kernel says of each program, held under a budget: a kernel refuses what
 * takes a million instructions to verify (BPF_COMPLEXITY_LIMIT_INSNS) or more than 512 bytes of
 * stack, and newer kernels look at more. tests/vm/run.sh gathers the lines `verifier:`.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cmocka.h>

#include "bpf/payload.h"
#include "bpf/record.h"
#include "bpf/settings.h"
#include "bpf/table.h"

#include "bpf/clock.skel.h"
#include "bpf/owner.skel.h"
#include "bpf/weir.skel.h"

#define LOG_LEVEL_STATS 4 /* BPF_LOG_STATS, 5.2: 06ee7115b0d1 */
#define LOG_BYTES	(256 << 10)
#define PROGRAMS_MAX	32

struct verdict {
	unsigned instructions; /* looked at, on all ways through */
	unsigned states, peak; /* kept in all, and at one time */
	unsigned stack;	       /* bytes of the largest frame */
};

/* The largest of the kernels of `make test-vm`, and a quarter: docs/operations.md has the figures.
 */
static const struct budget {
	const char *program;
	struct verdict most;
} budgets[] = {
#include "bpf/verifier_budget.h"
};

struct loading {
	struct bpf_object *object;
	const struct bpf_program *program[PROGRAMS_MAX];
	char *log[PROGRAMS_MAX];
	size_t programs;
};

/* ---- reading ---- */

static unsigned larger(unsigned a, unsigned long b)
{
	return b > a ? (unsigned)b : a;
}

/* "stack depth 64+0+112": a number a function; newer (7.3): a line a function, which begins with
 * "subprog " and ends with " stack 64". */
static unsigned largest_frame(const char *log)
{
	const char *at = strstr(log, "stack depth ");
	unsigned largest = 0;

	for (at = at ? at + strlen("stack depth ") : ""; *at >= '0' && *at <= '9';) {
		char *end;

		largest = larger(largest, strtoul(at, &end, 10));
		at = end + (*end == '+');
	}
	for (at = log; (at = strstr(at, "\nsubprog "));) {
		const char *stack = strstr(++at, " stack ");

		if (stack)
			largest = larger(largest, strtoul(stack + strlen(" stack "), NULL, 10));
	}
	return largest;
}

static bool read_verdict(const char *log, struct verdict *verdict)
{
	const char *at = strstr(log, "processed ");

	verdict->stack = largest_frame(log);
	return at && sscanf(at,
			    "processed %u insns (limit %*u) max_states_per_insn %*u "
			    "total_states %u peak_states %u",
			    &verdict->instructions, &verdict->states, &verdict->peak) == 3;
}

static const struct budget *budget_of(const char *program)
{
	size_t i;

	for (i = 0; i < sizeof(budgets) / sizeof(*budgets); i++)
		if (!strcmp(budgets[i].program, program))
			return &budgets[i];
	return NULL;
}

static bool within(const char *program, const char *what, unsigned is, unsigned most)
{
	if (is > most)
		print_error("%s: %s %u, budget %u\n", program, what, is, most);
	return is <= most;
}

static bool judge(const char *release, const char *program, const char *log)
{
	const struct budget *budget = budget_of(program);
	struct verdict is;
	bool good;

	if (!read_verdict(log, &is)) {
		print_error("%s: no figures in what the verifier said: %.200s\n", program, log);
		return false;
	}
	print_message("verifier: %s %s instructions %u states %u peak %u stack %u\n", release,
		      program, is.instructions, is.states, is.peak, is.stack);
	if (!budget) {
		print_error("%s has no line in tests/bpf/verifier_budget.h\n", program);
		return false;
	}
	good = within(program, "instructions", is.instructions, budget->most.instructions);
	good &= within(program, "states", is.states, budget->most.states);
	good &= within(program, "peak states", is.peak, budget->most.peak);
	return within(program, "stack", is.stack, budget->most.stack) && good;
}

/* ---- loading ---- */

static void listen(struct loading *loading, struct bpf_object *object)
{
	struct bpf_program *program;

	assert_non_null(object);
	*loading = (struct loading){.object = object};
	bpf_object__for_each_program(program, object)
	{
		char *log = calloc(1, LOG_BYTES);

		assert_true(loading->programs < PROGRAMS_MAX);
		assert_non_null(log);
		bpf_program__set_autoload(program, true);
		bpf_program__set_log_buf(program, log, LOG_BYTES);
		bpf_program__set_log_level(program, LOG_LEVEL_STATS);
		loading->program[loading->programs] = program;
		loading->log[loading->programs++] = log;
	}
}

/* Loads, judges each program, and frees what listen() took. */
static void load_and_judge(struct loading *loading)
{
	struct utsname name = {0};
	bool good = true;
	int err;
	size_t i;

	uname(&name);
	err = bpf_object__load(loading->object);
	if (err)
		print_error("not loaded: %s\n", strerror(-err));
	for (i = 0; i < loading->programs; i++) {
		if (!err)
			good &= judge(name.release, bpf_program__name(loading->program[i]),
				      loading->log[i]);
		free(loading->log[i]);
	}
	assert_int_equal(err, 0);
	assert_true(good);
}

static bool has_helper(enum bpf_prog_type type, enum bpf_func_id helper)
{
	return libbpf_probe_bpf_helper(type, helper, NULL) == 1;
}

/* All that can be switched on is: what is off is not looked at. */
static void test_weir(void **state)
{
	struct weir_bpf *weir = weir_bpf__open();
	struct loading loading;
	struct settings *settings;

	(void)state;
	assert_non_null(weir);
	settings = (struct settings *)&weir->rodata->settings;
	settings->payload = 1;
	settings->xdp_load_bytes = has_helper(BPF_PROG_TYPE_XDP, BPF_FUNC_xdp_load_bytes);
	settings->cgroup_id = has_helper(BPF_PROG_TYPE_SCHED_CLS, BPF_FUNC_skb_cgroup_id);
	if (settings->xdp_load_bytes)
		bpf_program__set_flags(weir->progs.weir_xdp, BPF_F_XDP_HAS_FRAGS);
	listen(&loading, weir->obj);
	load_and_judge(&loading);
	weir_bpf__destroy(weir);
}

static void test_owner(void **state)
{
	struct owner_bpf *owner = owner_bpf__open();
	struct loading loading;

	(void)state;
	assert_non_null(owner);
	listen(&loading, owner->obj);
	load_and_judge(&loading);
	owner_bpf__destroy(owner);
}

static void test_clock(void **state)
{
	struct clock_bpf *clock = clock_bpf__open();
	struct loading loading;

	(void)state;
	assert_non_null(clock);
	listen(&loading, clock->obj);
	load_and_judge(&loading);
	clock_bpf__destroy(clock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_weir),
		cmocka_unit_test(test_owner),
		cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
