// SPDX-License-Identifier: Apache-2.0
// Random numbers and the report of a broken rule; see sim.h. Source: Steele, Lea, Flood, "Fast splittable pseudorandom number generators".
#include "sim.h"

#include <stdio.h>

void violation_raise(struct violation *v, const char *fmt, ...)
{
	char text[sizeof v->text];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	fprintf(stderr, "espalier-sim: the card broke a rule: %s\n", text);
	if (v->raised)
		return;
	v->raised = true;
	snprintf(v->text, sizeof v->text, "%s", text);
}

uint64_t rng_next(struct rng *rng)
{
	uint64_t z = rng->state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

uint32_t rng_below(struct rng *rng, uint32_t bound)
{
	return (uint32_t)(((rng_next(rng) >> 32) * bound) >> 32);
}
