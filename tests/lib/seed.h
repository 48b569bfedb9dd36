/* SPDX-License-Identifier: Apache-2.0 */
/* The seed of a test's random numbers: the environment variable ESPALIER_TEST_SEED (make verify sets and prints it), else 1. */
#ifndef ESPALIER_TESTS_SEED_H
#define ESPALIER_TESTS_SEED_H
#include <stdlib.h>

static inline unsigned int test_seed(void)
{
	const char *seed = getenv("ESPALIER_TEST_SEED");

	return seed ? (unsigned int)strtoul(seed, NULL, 0) : 1;
}

/* How much longer than usual the test is to run: ESPALIER_TEST_SCALE, else 1. */
static inline unsigned int test_scale(void)
{
	const char *scale = getenv("ESPALIER_TEST_SCALE");
	unsigned int n = scale ? (unsigned int)strtoul(scale, NULL, 0) : 1;

	return n ? n : 1;
}

#endif
