/* SPDX-License-Identifier: Apache-2.0 */
/* Proposal strings into proposals. */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proto/words.h"

__attribute__((format(printf, 3, 4))) static int fail(char *error, int code, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, PROPOSAL_ERROR_LEN, format, args);
	va_end(args);
	return code;
}

static bool has_type(const struct proposal *proposal, uint8_t type)
{
	unsigned int i;

	for (i = 0; i < proposal->count; i++)
		if (proposal->transforms[i].type == type)
			return true;
	return false;
}

static void add(struct proposal *proposal, const struct transform *transform)
{
	/* Each algorithm once: there are fewer of them than room. */
	if (proposal->count < PROPOSAL_TRANSFORMS_MAX && !proposal_has(proposal, transform->type, transform->id, transform->key_bits))
		proposal->transforms[proposal->count++] = *transform;
}

/* RFC 9370's additional key exchanges: ke1_mlkem768 */
static bool is_additional_ke(const char *text, size_t len)
{
	return len > 3 && !strncasecmp(text, "ke", 2) && isdigit((unsigned char)text[2]) && text[3] == '_';
}

static int add_word(uint8_t protocol, const char *text, size_t len, struct proposal *proposal, char *error)
{
	const struct word *word = word_find(text, len);
	int shown = len > 40 ? 40 : (int)len;

	if (!len)
		return fail(error, -EINVAL, "a proposal has an empty word");
	if (is_additional_ke(text, len))
		return fail(error, -EINVAL, "\"%.*s\": additional key exchanges (RFC 9370) are not supported", shown, text);
	if (len == strlen("default") && !strncasecmp(text, "default", len))
		return fail(error, -EINVAL, "\"default\" is a whole proposal and cannot be part of one");
	if (!word)
		return fail(error, -EINVAL, "\"%.*s\" is not an algorithm that proposals may name", shown, text);
	if (!(word->where & (protocol == IKE_PROTO_IKE ? WORD_IKE : WORD_ESP)))
		return fail(error, -EINVAL, "\"%s\" has no place in %s proposals", word->text, protocol == IKE_PROTO_IKE ? "IKE" : "ESP");
	add(proposal, &word->transform);
	return 0;
}

static void remove_type(struct proposal *proposal, uint8_t type)
{
	unsigned int i, kept = 0;

	for (i = 0; i < proposal->count; i++)
		if (proposal->transforms[i].type != type)
			proposal->transforms[kept++] = proposal->transforms[i];
	proposal->count = (uint16_t)kept;
}

/* Without a prf: those of the integrity algorithms. */
static void add_prfs(struct proposal *proposal)
{
	static const struct {
		uint16_t integ, prf;
	} pairs[] = {
		{ IKE_INTEG_HMAC_SHA2_256_128, IKE_PRF_HMAC_SHA2_256 },
		{ IKE_INTEG_HMAC_SHA2_384_192, IKE_PRF_HMAC_SHA2_384 },
		{ IKE_INTEG_HMAC_SHA2_512_256, IKE_PRF_HMAC_SHA2_512 },
	};
	unsigned int i, j, count = proposal->count;
	struct transform prf = { .type = IKE_TR_PRF };

	for (i = 0; i < count; i++)
		for (j = 0; j < sizeof(pairs) / sizeof(pairs[0]); j++)
			if (proposal->transforms[i].type == IKE_TR_INTEG && proposal->transforms[i].id == pairs[j].integ) {
				prf.id = pairs[j].prf;
				add(proposal, &prf);
			}
}

/* Fill in what may be left out, and refuse what cannot be agreed to. */
static int complete(struct proposal *proposal, char *error)
{
	static const struct transform no_esn = { .type = IKE_TR_ESN, .id = IKE_ESN_NO };
	bool ike = proposal->protocol == IKE_PROTO_IKE;
	unsigned int i, encr = 0, aead = 0;

	for (i = 0; i < proposal->count; i++) {
		encr += proposal->transforms[i].type == IKE_TR_ENCR;
		aead += proposal->transforms[i].type == IKE_TR_ENCR && ike_encr_is_aead(proposal->transforms[i].id);
	}
	if (!encr)
		return fail(error, -EINVAL, "the proposal names no encryption algorithm");
	if (aead && aead != encr)
		return fail(error, -EINVAL, "combined-mode algorithms and others need proposals of their own (RFC 5282, 8)");
	if (ike && !has_type(proposal, IKE_TR_PRF))
		add_prfs(proposal);
	if (ike && !has_type(proposal, IKE_TR_PRF))
		return fail(error, -EINVAL, "the proposal names no prf, such as prfsha256");
	if (ike && !has_type(proposal, IKE_TR_KE))
		return fail(error, -EINVAL, "the proposal names no Diffie-Hellman group");
	if (aead)
		remove_type(proposal, IKE_TR_INTEG);
	else if (!has_type(proposal, IKE_TR_INTEG))
		return fail(error, -EINVAL, "the proposal names no integrity algorithm");
	if (!ike && !has_type(proposal, IKE_TR_ESN))
		add(proposal, &no_esn);
	return 0;
}

/* One proposal without blanks around it. */
static int parse_one(uint8_t protocol, const char *text, size_t len, struct proposals *list, char *error)
{
	struct proposal *proposal = &list->list[list->count];
	const char *end = text + len, *dash;
	int ret;

	if (list->count == PROPOSALS_MAX)
		return fail(error, -ENOSPC, "there are more than %u proposals", PROPOSALS_MAX);
	*proposal = (struct proposal){ .protocol = protocol };
	for (;; text = dash + 1) {
		dash = memchr(text, '-', (size_t)(end - text));
		ret = add_word(protocol, text, (size_t)((dash ? dash : end) - text), proposal, error);
		if (ret)
			return ret;
		if (!dash)
			break;
	}
	ret = complete(proposal, error);
	if (!ret)
		list->count++;
	return ret;
}

static int parse_or_default(uint8_t protocol, const char *text, size_t len, struct proposals *list, char *error)
{
	const char *const *word;
	int ret = 0;

	if (len != strlen("default") || strncasecmp(text, "default", len))
		return parse_one(protocol, text, len, list, error);
	for (word = words_default(protocol); *word && !ret; word++)
		ret = parse_one(protocol, *word, strlen(*word), list, error);
	return ret;
}

int proposals_parse(uint8_t protocol, const char *text, struct proposals *list, char error[PROPOSAL_ERROR_LEN])
{
	uint16_t before = list->count;
	const char *comma, *end;
	int ret;

	for (;; text = comma + 1) {
		comma = strchr(text, ',');
		end = comma ? comma : text + strlen(text);
		while (isspace((unsigned char)*text))
			text++;
		while (end > text && isspace((unsigned char)end[-1]))
			end--;
		ret = parse_or_default(protocol, text, end > text ? (size_t)(end - text) : 0, list, error);
		if (ret) {
			list->count = before;
			return ret;
		}
		if (!comma)
			return 0;
	}
}
