/* SPDX-License-Identifier: Apache-2.0 */
/* Proposals and suites as text. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/words.h"

/* Text of a bounded size; what does not fit is cut off, with "..." for its end. */
struct text {
	char *start;
	size_t len, size;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
	size_t room = text->size - text->len;
	va_list args;
	int ret;

	va_start(args, format);
	ret = vsnprintf(text->start + text->len, room, format, args);
	va_end(args);
	if ((size_t)ret < room) {
		text->len += (size_t)ret;
		return;
	}
	strcpy(text->start + text->size - 4, "...");
	text->len = text->size - 1;
}

static void add_name(struct text *text, const struct transform *transform)
{
	static const enum ike_registry registries[] = {
		[IKE_TR_ENCR] = IKE_NAMES_ENCR, [IKE_TR_PRF] = IKE_NAMES_PRF, [IKE_TR_INTEG] = IKE_NAMES_INTEG,
		[IKE_TR_KE] = IKE_NAMES_KE,	[IKE_TR_ESN] = IKE_NAMES_ESN,
	};
	const char *name = ike_name(registries[transform->type], transform->id);

	if (!strcmp(name, "unknown"))
		add(text, "%s", transform->type == IKE_TR_ENCR ? "ENCR" : transform->type == IKE_TR_PRF ? "PRF" :
				transform->type == IKE_TR_INTEG ? "INTEG" : transform->type == IKE_TR_KE ? "KE" : "ESN");
	if (!strcmp(name, "unknown"))
		add(text, "(%u)", (unsigned int)transform->id);
	else
		add(text, "%s", name);
	if (transform->key_bits)
		add(text, "-%u", (unsigned int)transform->key_bits);
}

static void add_words(struct text *text, const struct proposal *proposal)
{
	for (unsigned int i = 0; i < proposal->count; i++) {
		const struct word *word = word_of(&proposal->transforms[i]);

		add(text, "%s", i ? "-" : "");
		if (word)
			add(text, "%s", word->text);
		else
			add_name(text, &proposal->transforms[i]);
	}
}

const char *proposal_words(const struct proposal *proposal, char buffer[PROPOSAL_TEXT_LEN])
{
	struct text text = { buffer, 0, PROPOSAL_TEXT_LEN };

	buffer[0] = '\0';
	add_words(&text, proposal);
	return buffer;
}

const char *proposals_words(const struct proposals *list, char buffer[PROPOSALS_TEXT_LEN])
{
	struct text text = { buffer, 0, PROPOSALS_TEXT_LEN };

	buffer[0] = '\0';
	for (unsigned int i = 0; i < list->count; i++) {
		if (list->list[i].unusable)
			continue;
		add(&text, "%s", text.len ? ", " : "");
		add_words(&text, &list->list[i]);
	}
	return text.len ? buffer : strcpy(buffer, "nothing");
}

const char *proposal_print(const struct proposal *proposal, char buffer[PROPOSAL_TEXT_LEN])
{
	struct text text = { buffer, 0, PROPOSAL_TEXT_LEN };
	unsigned int i;

	add(&text, "%s:", ike_name(IKE_NAMES_PROTOCOL, proposal->protocol));
	for (i = 0; i < proposal->count; i++) {
		add(&text, "%s", i ? "/" : "");
		add_name(&text, &proposal->transforms[i]);
	}
	return buffer;
}

const char *suite_print(const struct suite *suite, char buffer[SUITE_TEXT_LEN])
{
	struct text text = { buffer, 0, SUITE_TEXT_LEN };
	struct proposal proposal;
	unsigned int i;

	proposal_from_suite(suite, 0, 0, &proposal);
	buffer[0] = '\0';
	for (i = 0; i < proposal.count; i++) {
		if (proposal.transforms[i].type == IKE_TR_ESN && proposal.transforms[i].id == IKE_ESN_NO)
			continue;
		add(&text, "%s", i ? "/" : "");
		add_name(&text, &proposal.transforms[i]);
	}
	return buffer;
}

const char *proposals_limits(const struct proposals *list, char text[PROPOSALS_LIMITS_LEN])
{
	if (!list->surplus && !list->crowded)
		return NULL;
	snprintf(text, PROPOSALS_LIMITS_LEN, "the peer offers %u proposals, %u of them with more than %u transforms; %u at most are looked at, and those with too many not at all",
		 list->count + list->surplus, list->crowded, PROPOSAL_TRANSFORMS_MAX, PROPOSALS_MAX);
	return text;
}
