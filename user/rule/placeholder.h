/* SPDX-License-Identifier: Apache-2.0 */
#ifndef WEIR_RULE_PLACEHOLDER_H
#define WEIR_RULE_PLACEHOLDER_H

/* What %name% under `expand` stands for. Owned by whoever fills it. */
struct rule_placeholder {
	const char *name;
	const char *const *values; /* ended by NULL */
};

#endif
