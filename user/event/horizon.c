/* SPDX-License-Identifier: Apache-2.0 */
#include "event/horizon.h"

weir_time horizon_see(struct horizon *horizon, weir_time at)
{
	if (at <= horizon->greatest)
		return horizon->greatest;
	if (horizon->greatest == TIME_NONE || at - horizon->greatest <= HORIZON_AHEAD) {
		horizon->greatest = at;
		return at;
	}
	if (horizon->ahead != TIME_NONE) {
		weir_time least = at < horizon->ahead ? at : horizon->ahead;
		weir_time most = at < horizon->ahead ? horizon->ahead : at;

		if (most - least <= HORIZON_AHEAD) {
			horizon->greatest = most;
			horizon->ahead = TIME_NONE;
			return most;
		}
	}
	horizon->ahead = at;
	horizon->held++;
	return horizon->greatest;
}
