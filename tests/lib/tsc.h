/* SPDX-License-Identifier: Apache-2.0 */
/* The time stamp counter of x86, for benches. It counts at a constant rate, which is not the clock of the core. */
#ifndef ESPALIER_TESTS_TSC_H
#define ESPALIER_TESTS_TSC_H

#include <stdint.h>
#include <time.h>
#include <x86intrin.h>

/* Everything before it is done, nothing behind it has begun. */
static inline uint64_t tsc_now(void)
{
	uint64_t now;

	_mm_lfence();
	now = __rdtsc();
	_mm_lfence();
	return now;
}

static inline double tsc_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_RAW, &now);
	return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* Its rate, against the system's clock over 50 ms. */
static inline double tsc_hz(void)
{
	double begin = tsc_seconds(), now;
	uint64_t first = tsc_now();

	do
		now = tsc_seconds();
	while (now < begin + 0.05);
	return (double)(tsc_now() - first) / (now - begin);
}

#endif
