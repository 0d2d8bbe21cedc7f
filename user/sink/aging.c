/* SPDX-License-Identifier: Apache-2.0 */
#include "sink/aging.h"

void aging_start(struct aging *aging, weir_time newest, weir_time boot)
{
	*aging = (struct aging){.at = newest, .boot = boot, .leapt = TIME_NONE};
}

weir_time aging_now(struct aging *aging, weir_time wall, weir_time boot)
{
	weir_time due;

	if (aging->at == TIME_NONE)
		aging->at = wall;
	due = aging->at + (boot - aging->boot);
	aging->boot = boot;
	if (wall - due < AGING_LEAP)
		aging->leapt = TIME_NONE;
	else if (aging->leapt == TIME_NONE)
		aging->leapt = boot;
	aging->at = wall;
	if (aging->leapt != TIME_NONE && boot - aging->leapt < AGING_DOUBT)
		aging->at = due;
	else
		aging->leapt = TIME_NONE;
	return aging->at;
}
