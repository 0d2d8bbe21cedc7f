/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"
#include "cli/verb.h"

int main(int argc, char **argv)
{
	time_boot_ahead(); /* what is confined later could not read it any more */
	return verb_main(argc, argv);
}
