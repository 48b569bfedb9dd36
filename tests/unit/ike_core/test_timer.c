/* SPDX-License-Identifier: Apache-2.0 */
/* Timers and hash tables of the agent against plain models. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/hash.h"
#include "core/timer.h"

#define COUNT 500u

static struct timers timers;
static struct timer all[COUNT];
static uint64_t fired[COUNT * 4];
static size_t fired_count;

static void note(void *owner)
{
	fired[fired_count++] = (uint64_t)((struct timer *)owner - all);
}

static uint32_t next_random(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static void test_order(void **state)
{
	uint32_t seed = 1;
	uint64_t deadlines[COUNT], last = 0;
	size_t set = 0;

	(void)state;
	fired_count = 0;
	for (unsigned int i = 0; i < COUNT; i++) {
		deadlines[i] = next_random(&seed) % 1000;
		assert_int_equal(timer_set(&timers, &all[i], deadlines[i], note, &all[i]), 0);
	}
	/* A third is moved, a third is cleared. */
	for (unsigned int i = 0; i < COUNT; i++) {
		if (i % 3 == 0) {
			deadlines[i] = next_random(&seed) % 1000;
			assert_int_equal(timer_set(&timers, &all[i], deadlines[i], note, &all[i]), 0);
		} else if (i % 3 == 1) {
			timer_clear(&timers, &all[i]);
			timer_clear(&timers, &all[i]);
		}
		set += i % 3 != 1;
	}
	for (uint64_t now = 0; now <= 1000; now += 10) {
		timers_run(&timers, now);
		assert_true(timers_next(&timers) > now);
	}
	assert_int_equal(fired_count, set);
	for (size_t i = 0; i < fired_count; i++) {
		assert_true(fired[i] % 3 != 1);
		assert_true(deadlines[fired[i]] >= last);
		last = deadlines[fired[i]];
	}
	assert_true(timers_next(&timers) == UINT64_MAX);
	timers_free(&timers);
}

static struct timer again, other;
static unsigned int calls;

static void set_again(void *owner)
{
	(void)owner;
	calls++;
	timer_set(&timers, &again, 5, set_again, NULL);
}

static void clear_other(void *owner)
{
	(void)owner;
	calls++;
	timer_clear(&timers, &other);
}

static void never(void *owner)
{
	(void)owner;
	fail();
}

/* A timer that sets itself for now does not keep timers_run for ever; one that another clears does not fire. */
static void test_from_within(void **state)
{
	(void)state;
	calls = 0;
	timer_set(&timers, &again, 5, set_again, NULL);
	timers_run(&timers, 10);
	assert_int_equal(calls, 1);
	timer_set(&timers, &again, 1, clear_other, NULL);
	timer_set(&timers, &other, 2, never, NULL);
	timers_run(&timers, 10);
	assert_int_equal(calls, 2);
	assert_true(timers_next(&timers) == UINT64_MAX);
	timers_free(&timers);
}

struct entry {
	unsigned int number;
	struct hash_node node;
	int there;
};

static void test_hash(void **state)
{
	static struct entry entries[2000];
	struct hash hash = { .seed = 7 };
	uint32_t seed = 3;
	size_t there = 0;

	(void)state;
	for (unsigned int i = 0; i < 2000; i++) {
		entries[i].number = i;
		assert_int_equal(hash_insert(&hash, &entries[i].node, i % 100 ? next_random(&seed) : 42), 0);
		entries[i].there = 1;
	}
	for (unsigned int i = 0; i < 2000; i += 7) {
		hash_remove(&hash, &entries[i].node);
		hash_remove(&hash, &entries[i].node);
		entries[i].there = 0;
	}
	for (unsigned int i = 0; i < 2000; i++) {
		int found = 0;

		for (struct hash_node *n = hash_find(&hash, entries[i].node.key); n; n = hash_next(n))
			found |= hash_entry(n, struct entry, node) == &entries[i];
		assert_int_equal(found, entries[i].there);
		there += (size_t)entries[i].there;
	}
	assert_int_equal(hash.count, there);
	assert_null(hash_find(&hash, UINT64_MAX));
	hash_free(&hash);
	assert_null(hash_find(&hash, 42));
}

/* Of one key the newest is found first, however often the table grew. */
static void test_hash_order(void **state)
{
	static struct entry entries[1000];
	struct hash hash = { .seed = 9 };
	unsigned int expected = 1000;

	(void)state;
	for (unsigned int i = 0; i < 1000; i++) {
		entries[i].number = i;
		assert_int_equal(hash_insert(&hash, &entries[i].node, 5), 0);
	}
	for (struct hash_node *n = hash_find(&hash, 5); n; n = hash_next(n))
		assert_int_equal(hash_entry(n, struct entry, node)->number, --expected);
	assert_int_equal(expected, 0);
	hash_free(&hash);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order), cmocka_unit_test(test_from_within), cmocka_unit_test(test_hash), cmocka_unit_test(test_hash_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
