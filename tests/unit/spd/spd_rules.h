/* SPDX-License-Identifier: Apache-2.0 */
/* Random rules, and keys at their borders. */
#ifndef SPD_RULES_H
#define SPD_RULES_H

#include "software/spd.h"

void spd_seed(unsigned int seed);
uint32_t spd_random(void);
/* 0 to below-1. */
uint32_t spd_below(uint32_t below);

/* Any packet of both directions and families, action DISCARD: to be narrowed. */
struct spd_rule spd_any_rule(void);
struct spd_rule spd_random_rule(void);
struct spd_act spd_random_act(void);
/* A key that the rule matches, or one that differs a little from such a key. */
struct spd_key spd_key_near(const struct spd_rule *rule);
/* One that the rule matches (if any does), with the rest random. */
struct spd_key spd_key_in(const struct spd_rule *rule);

#endif
