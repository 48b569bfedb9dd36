/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Test vectors as text: lines "NAME = VALUE", cases apart by an empty line; '#' and '[' begin lines that say nothing. Values are hexadecimal
 * unless they are asked for as text or number. Files, or what a program prints.
 */
#ifndef ESPALIER_TEST_VEC_H
#define ESPALIER_TEST_VEC_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#include "crypto/fail.h"

#define VEC_ITEMS_MAX 40

struct vec {
	FILE *file;
	bool pipe;
	unsigned int cases; /* so far */
	unsigned int count;
	struct {
		char name[24];
		char *text;
		struct part bytes; /* decoded when asked for */
	} items[VEC_ITEMS_MAX];
};

/* Fails the test if it cannot be read. */
void vec_open(struct vec *v, const char *path);
void vec_run(struct vec *v, const char *command);
/* The next case; false at the end. A program's status other than 0, or no case at all, fails the test. */
bool vec_next(struct vec *v);

bool vec_has(const struct vec *v, const char *name);
/* Valid until vec_next. A name that is not there fails the test. */
struct part vec_bytes(struct vec *v, const char *name);
const char *vec_text(const struct vec *v, const char *name);
unsigned long long vec_number(const struct vec *v, const char *name);

#endif
