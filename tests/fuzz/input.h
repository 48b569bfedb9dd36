/* SPDX-License-Identifier: Apache-2.0 */
/* A fuzzer's input as a program: taken byte by byte, zeros behind its end. */
#ifndef FUZZ_INPUT_H
#define FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct input {
	const uint8_t *data;
	size_t left;
};

__attribute__((noinline)) static void demand(bool met)
{
	if (!met)
		abort();
}

static inline void take(struct input *input, void *to, size_t len)
{
	size_t n = len < input->left ? len : input->left;

	memset(to, 0, len);
	memcpy(to, input->data, n);
	input->data += n;
	input->left -= n;
}

static inline uint8_t take_byte(struct input *input)
{
	uint8_t byte;

	take(input, &byte, 1);
	return byte;
}

#endif
