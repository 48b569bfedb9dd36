/* SPDX-License-Identifier: Apache-2.0 */
/* Two agents, a and b, with one connection "gw" between them and one CHILD SA "net", 10.1.0.0/16 of a === 10.2.0.0/16 of b. */
#ifndef ESPALIER_TEST_PAIR_H
#define ESPALIER_TEST_PAIR_H

#include "world.h"

struct pair {
	struct world *w;
	struct node *a, *b;
};

/*
 * more_a, more_b: further lines of the child's section, "rekey_time = 1h", one a line; a line that begins with "conn:" goes into the connection's
 * section and one with "child NAME:" into a second child's. Defaults: AES-256-GCM with X25519 for both, no lifetimes.
 */
void pair_open(struct pair *p, uint64_t seed, const char *more_a, const char *more_b);
/* The same without agents' configurations: caps of the data planes can be changed before pair_configure. */
void pair_create(struct pair *p, uint64_t seed);
void pair_configure(struct pair *p, const char *more_a, const char *more_b);
void pair_close(struct pair *p);
/* The text for one side. */
void pair_text(char *text, size_t size, bool is_a, const char *more);

#endif
