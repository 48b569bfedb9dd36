/* SPDX-License-Identifier: Apache-2.0 */
/* The words of proposal strings. */
#ifndef ESPALIER_IKE_WORDS_H
#define ESPALIER_IKE_WORDS_H

#include "proto/proposal.h"

#define WORD_IKE 1u /* where a word may stand */
#define WORD_ESP 2u

struct word {
	const char *text;
	struct transform transform;
	unsigned int where;
};

/* Case does not count. NULL: there is none. */
const struct word *word_find(const char *text, size_t len);
/* The preferred one for an algorithm, or NULL. */
const struct word *word_of(const struct transform *transform);
/* The proposals that "default" stands for; the list ends in NULL. */
const char *const *words_default(uint8_t protocol);

#endif
