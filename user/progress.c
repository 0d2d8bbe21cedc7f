/* SPDX-License-Identifier: Apache-2.0 */
#include "progress.h"

#include <stdio.h>

#define DRAW_EVERY (200 * WEIR_MSEC)
#define BAR_WIDTH  30

static void bar(char text[BAR_WIDTH + 1], uint64_t done, uint64_t all)
{
	unsigned filled = (unsigned)((double)done / (double)all * BAR_WIDTH);

	for (unsigned i = 0; i < BAR_WIDTH; i++)
		text[i] = i < filled ? '#' : '.';
	text[BAR_WIDTH] = '\0';
}

void progress_show(struct progress *progress, uint64_t done, uint64_t all)
{
	weir_time now = time_boot(), spent;
	char text[BAR_WIDTH + 1];
	double rate;

	if (!progress->begun)
		progress->begun = now;
	spent = now - progress->begun;
	if (spent < DRAW_EVERY || now - progress->drawn < DRAW_EVERY)
		return;
	progress->drawn = now;
	rate = (double)done / ((double)spent / (double)WEIR_SEC);
	if (!all || done > all) {
		fprintf(stderr, "\r%.1f MB, %.1f MB/s\033[K", (double)done / 1e6, rate / 1e6);
		return;
	}
	bar(text, done, all);
	fprintf(stderr, "\r[%s] %3.0f %%  %.1f MB/s  %.0f s left\033[K", text,
		100.0 * (double)done / (double)all, rate / 1e6, (double)(all - done) / rate);
}

void progress_clear(struct progress *progress)
{
	if (progress->drawn)
		fprintf(stderr, "\r\033[K");
}
