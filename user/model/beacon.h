/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_MODEL_BEACON_H
#define WEIR_MODEL_BEACON_H

#include <stdbool.h>
#include <stddef.h>

/*
 * How much connections look like those of a program that calls home by the clock: four scores from
 * 0 to 1, as RITA 5 (github.com/activecm/rita, analysis/beacons.go) defines them with its default
 * settings, their mean the whole. RITA looks at a day by the hour; here the window is cut in 24.
 */
#define BEACON_BINS	 24
#define BEACON_TIMES_MIN 4 /* different times, and so three gaps */

/* A number and how often it comes. */
struct beacon_share {
	double number, count;
};

struct beacon_input {
	const struct beacon_share *gaps; /* seconds, none zero, in order of size */
	size_t gaps_len;
	const struct beacon_share *sizes; /* bytes, in order of size */
	size_t sizes_len;
	struct beacon_share *spare; /* room for as many as the longer of both has */
	double bin[BEACON_BINS];    /* connections that began in each part of the window */
	double covered;		    /* first to last connection, as a share of the window */
};

struct beacon_scores {
	double timestamps, sizes, histogram, duration;
	double score;
};

/* False: less than three gaps. Without three sizes their score is 0. */
bool beacon_score(const struct beacon_input *input, struct beacon_scores *scores);

#endif
