/* SPDX-License-Identifier: Apache-2.0 */
/* Messages in clear that are built or put together from fragments: memory that is given back has nothing of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "proto/build.h"
#include "proto/fragment.h"

static const char text[] = "to be read by nobody";
static unsigned int released, readable;

void __real_free(void *memory);
void __wrap_free(void *memory);
void *__wrap_realloc(void *memory, size_t size);

static void look(void *memory)
{
	released += memory != NULL;
	readable += memory && memmem(memory, malloc_usable_size(memory), text, sizeof(text) - 1);
}

void __wrap_free(void *memory)
{
	look(memory);
	__real_free(memory);
}

/* As where a block never grows where it is. */
void *__wrap_realloc(void *memory, size_t size)
{
	void *new = malloc(size);

	assert_non_null(new);
	if (memory)
		memcpy(new, memory, malloc_usable_size(memory) < size ? malloc_usable_size(memory) : size);
	__wrap_free(memory);
	return new;
}

static void test_search(void **unused)
{
	char *memory = strdup(text);

	(void)unused;
	free(memory);
	assert_int_equal(readable, 1);
	readable = 0;
}

static void test_builder(void **unused)
{
	struct ike_builder b;

	(void)unused;
	released = 0;
	ike_build_growing(&b, 20000);
	ike_build_payload(&b, IKE_PL_VENDOR, false);
	for (unsigned int i = 0; i < 500; i++)
		ike_build_bytes(&b, text, sizeof(text));
	assert_int_equal(ike_build_end(&b), 0);
	assert_non_null(memmem(b.data, b.len, text, sizeof(text)));
	ike_build_free(&b);
	assert_true(released > 3);
	assert_int_equal(readable, 0);
}

static int add(struct ike_reassembly *r, uint32_t id, uint16_t number, uint16_t total)
{
	struct ike_sealed fragment = { .fragment = number, .total = total, .first_inner = number == 1 ? IKE_PL_VENDOR : IKE_PL_NONE };
	const char *why;

	return ike_reassembly_add(r, id, &fragment, (const uint8_t *)text, sizeof(text), &why);
}

/* Joined, given up for another message, and given up for good. */
static void test_fragments(void **unused)
{
	struct ike_reassembly r = { 0 };
	uint8_t *joined, first;
	size_t len;

	(void)unused;
	released = 0;
	assert_int_equal(add(&r, 1, 1, 2), 0);
	assert_int_equal(add(&r, 1, 2, 2), 1);
	assert_int_equal(ike_reassembly_join(&r, &joined, &len, &first), 0);
	assert_int_equal(released, 3);
	__real_free(joined);
	assert_int_equal(add(&r, 2, 2, 3), 0);
	assert_int_equal(add(&r, 3, 2, 3), 0);
	assert_int_equal(released, 5);
	ike_reassembly_reset(&r);
	assert_int_equal(released, 7);
	assert_int_equal(readable, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_search),
		cmocka_unit_test(test_builder),
		cmocka_unit_test(test_fragments),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
