/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/live/grace.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <linux/membarrier.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "confine/confine.h"

#define SWEEP_BATCH 4096

/* Where membarrier(2) is refused (nohz_full): programs run for microseconds, in softirq. */
#define GRACE_WITHOUT_BARRIER_NS (100 * 1000 * 1000)

void grace_wait_now(void)
{
	const struct timespec wait = {.tv_nsec = GRACE_WITHOUT_BARRIER_NS};

	/* GLOBAL is synchronize_rcu(): programs run inside an RCU read section. */
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0))
		nanosleep(&wait, NULL);
}

static bool is_stray(const struct grace *grace, const struct flow_ref *ref)
{
	if (ref->slot >= grace->slots_mapped)
		return false; /* not handed out when the sweep began: younger than it */
	return __atomic_load_n(&grace->hot[ref->slot].generation, __ATOMIC_RELAXED) !=
	       ref->generation;
}

struct batch {
	struct flow_key key[SWEEP_BATCH];
	struct flow_ref ref[SWEEP_BATCH];
};

static void note_strays(struct grace *grace, const struct batch *batch, unsigned count)
{
	unsigned i;

	for (i = 0; i < count && grace->strays_len < GRACE_STRAYS_MAX; i++)
		if (is_stray(grace, &batch->ref[i]))
			grace->strays[grace->strays_len++] =
				(struct stray){batch->key[i], batch->ref[i]};
}

static void sweep(struct grace *grace)
{
	struct batch *batch = malloc(sizeof(*batch));
	uint32_t seen = 0;
	int err = 0;

	grace->strays_len = 0;
	if (grace->most == GRACE_ALL)
		grace->midway = false;
	while (batch && !err && seen < grace->most) {
		__u32 in = grace->at, count = SWEEP_BATCH;

		err = bpf_map_lookup_batch(grace->main, grace->midway ? &in : NULL, &grace->at,
					   batch->key, batch->ref, &count, NULL);
		grace->midway = !err;
		if (err && err != -ENOENT)
			break;
		note_strays(grace, batch, count);
		seen += count;
	}
	free(batch);
}

static void *work(void *context)
{
	struct grace *grace = context;
	uint64_t one = 1;

	confine_thread(confine_use_maps());
	pthread_mutex_lock(&grace->lock);
	while (!grace->stop) {
		if (!grace->busy || grace->done) {
			pthread_cond_wait(&grace->asked, &grace->lock);
			continue;
		}
		pthread_mutex_unlock(&grace->lock);
		if (grace->job == GRACE_WAIT)
			grace_wait_now();
		else
			sweep(grace);
		pthread_mutex_lock(&grace->lock);
		grace->done = true;
		if (write(grace->event, &one, sizeof(one)) < 0)
			continue; /* the counter is not at its end: cannot be */
	}
	pthread_mutex_unlock(&grace->lock);
	return NULL;
}

int grace_open(struct grace *grace, int main_map)
{
	sigset_t all, before;
	int err;

	memset(grace, 0, sizeof(*grace));
	grace->main = main_map;
	grace->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (grace->event < 0)
		return -errno;
	pthread_mutex_init(&grace->lock, NULL);
	pthread_cond_init(&grace->asked, NULL);
	/* Signals are the engine thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&grace->thread, NULL, work, grace);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	grace->started = !err;
	if (err)
		grace_close(grace);
	return -err;
}

void grace_close(struct grace *grace)
{
	if (grace->event < 0)
		return;
	if (grace->started) {
		pthread_mutex_lock(&grace->lock);
		grace->stop = true;
		pthread_cond_signal(&grace->asked);
		pthread_mutex_unlock(&grace->lock);
		pthread_join(grace->thread, NULL);
	}
	pthread_cond_destroy(&grace->asked);
	pthread_mutex_destroy(&grace->lock);
	close(grace->event);
	grace->event = -1;
	grace->started = false;
}

bool grace_idle(struct grace *grace)
{
	bool idle;

	pthread_mutex_lock(&grace->lock);
	idle = !grace->busy;
	pthread_mutex_unlock(&grace->lock);
	return idle;
}

static void ask(struct grace *grace, enum grace_job job)
{
	pthread_mutex_lock(&grace->lock);
	grace->job = job;
	grace->busy = true;
	pthread_cond_signal(&grace->asked);
	pthread_mutex_unlock(&grace->lock);
}

void grace_ask_wait(struct grace *grace)
{
	ask(grace, GRACE_WAIT);
}

void grace_ask_sweep(struct grace *grace, const struct flow_slot *hot, uint32_t mapped,
		     uint32_t most)
{
	grace->hot = hot;
	grace->slots_mapped = mapped;
	grace->most = most;
	ask(grace, GRACE_SWEEP);
}

enum grace_job grace_take(struct grace *grace)
{
	enum grace_job job = GRACE_NONE;
	uint64_t times;

	if (read(grace->event, &times, sizeof(times)) < 0)
		return GRACE_NONE;
	pthread_mutex_lock(&grace->lock);
	if (grace->done) {
		job = grace->job;
		grace->busy = grace->done = false;
	}
	pthread_mutex_unlock(&grace->lock);
	return job;
}
