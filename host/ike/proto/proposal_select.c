/* SPDX-License-Identifier: Apache-2.0 */
/* Agreement on proposals (RFC 7296, 2.7 and 3.3; RFC 5282, 8). */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "proto/proposal.h"

#define SPI_MIN 256u	   /* RFC 4303, 2.1 */
#define CHACHA20_BITS 256u /* RFC 7634: one size, no attribute */

bool proposal_has(const struct proposal *proposal, uint8_t type, uint16_t id, uint16_t key_bits)
{
	const struct transform *t = proposal->transforms, *end = t + proposal->count;

	for (; t < end; t++)
		if (t->type == type && t->id == id && !t->unusable && (!key_bits || t->key_bits == key_bits))
			return true;
	return false;
}

static unsigned int count_type(const struct proposal *proposal, uint8_t type)
{
	unsigned int i, count = 0;

	for (i = 0; i < proposal->count; i++)
		count += proposal->transforms[i].type == type;
	return count;
}

/* INTEG and KE have a NONE, which is the same as no transform at all. */
static bool may_be_none(uint8_t type)
{
	return type == IKE_TR_INTEG || type == IKE_TR_KE;
}

static bool holds(const struct proposal *proposal, const struct transform *wanted)
{
	const struct transform *t = proposal->transforms, *end = t + proposal->count;

	if (may_be_none(wanted->type) && !wanted->id && !count_type(proposal, wanted->type))
		return true;
	for (; t < end; t++)
		if (t->type == wanted->type && t->id == wanted->id && t->key_bits == wanted->key_bits && !t->unusable)
			return true;
	return false;
}

enum none { NONE_ALLOWED, NONE_ONLY, NONE_NEVER };

static bool none_fits(enum none none, const struct transform *t)
{
	return none == NONE_ALLOWED || (none == NONE_ONLY) == !t->id;
}

/* The first transform of this type in first that second holds too. */
static bool pick(const struct proposal *first, const struct proposal *second, uint8_t type, enum none none, uint16_t *id)
{
	const struct transform *t = first->transforms, *end = t + first->count;
	const struct transform nothing = { .type = type };

	if (may_be_none(type) && !count_type(first, type)) {
		*id = 0;
		return none != NONE_NEVER && holds(second, &nothing);
	}
	for (; t < end; t++)
		if (t->type == type && !t->unusable && none_fits(none, t) && holds(second, t)) {
			*id = t->id;
			return true;
		}
	return false;
}

/* Encryption, and an integrity algorithm if that needs one. */
static bool pick_encr(const struct proposal *first, const struct proposal *second, struct suite *suite)
{
	const struct transform *t = first->transforms, *end = t + first->count;

	for (; t < end; t++) {
		if (t->type != IKE_TR_ENCR || t->unusable || !holds(second, t))
			continue;
		if (!pick(first, second, IKE_TR_INTEG, ike_encr_is_aead(t->id) ? NONE_ONLY : NONE_NEVER, &suite->integ))
			continue;
		suite->encr = t->id;
		suite->encr_bits = t->id == IKE_ENCR_CHACHA20_POLY1305 ? CHACHA20_BITS : t->key_bits;
		return true;
	}
	return false;
}

static bool pick_all(const struct proposal *first, const struct proposal *second, unsigned int flags, struct suite *suite)
{
	uint16_t esn = 0;

	if (!pick_encr(first, second, suite))
		return false;
	if (suite->protocol == IKE_PROTO_IKE)
		return !count_type(first, IKE_TR_ESN) && !count_type(second, IKE_TR_ESN) &&
		       pick(first, second, IKE_TR_PRF, NONE_NEVER, &suite->prf) && pick(first, second, IKE_TR_KE, NONE_NEVER, &suite->ke);
	if (count_type(first, IKE_TR_PRF) || count_type(second, IKE_TR_PRF) || !pick(first, second, IKE_TR_ESN, NONE_ALLOWED, &esn) ||
	    esn > IKE_ESN_YES)
		return false;
	suite->esn = esn == IKE_ESN_YES;
	return (flags & PROPOSAL_IGNORE_KE) || pick(first, second, IKE_TR_KE, NONE_ALLOWED, &suite->ke);
}

static bool match(const struct proposal *own, const struct proposal *peer, unsigned int flags, struct suite *suite)
{
	bool prefer_peer = flags & PROPOSAL_PREFER_PEER;

	if (own->protocol != peer->protocol || own->unusable || peer->unusable)
		return false;
	if (peer->protocol != IKE_PROTO_IKE && (peer->protocol != IKE_PROTO_ESP || peer->spi < SPI_MIN))
		return false;
	*suite = (struct suite){ .number = peer->number, .protocol = peer->protocol, .spi_len = peer->spi_len, .spi = peer->spi };
	return pick_all(prefer_peer ? peer : own, prefer_peer ? own : peer, flags, suite);
}

bool proposal_select(const struct proposals *ours, const struct proposals *offered, unsigned int flags, struct suite *suite)
{
	bool prefer_peer = flags & PROPOSAL_PREFER_PEER;
	const struct proposals *first = prefer_peer ? offered : ours, *second = prefer_peer ? ours : offered;
	unsigned int i, j;

	for (i = 0; i < first->count; i++)
		for (j = 0; j < second->count; j++)
			if (match(&ours->list[prefer_peer ? j : i], &offered->list[prefer_peer ? i : j], flags, suite))
				return true;
	return false;
}

static bool keep_ke(const struct transform *transform, void *arg)
{
	return transform->type != IKE_TR_KE || transform->id == *(const uint16_t *)arg;
}

bool proposal_select_for(const struct proposals *ours, const struct proposals *offered, uint16_t ke, struct suite *suite)
{
	struct proposals *narrowed;
	struct suite other;

	if (!proposal_select(ours, offered, 0, suite))
		return false;
	narrowed = suite->ke == ke ? NULL : proposals_copy(ours);
	if (!narrowed)
		return true;
	for (unsigned int i = 0; i < narrowed->count; i++)
		proposal_filter(&narrowed->list[i], keep_ke, &ke);
	if (proposal_select(narrowed, offered, 0, &other))
		*suite = other;
	free(narrowed);
	return true;
}

struct proposals *proposals_copy(const struct proposals *list)
{
	struct proposals *copy = malloc(sizeof(*copy));

	if (!copy)
		return NULL;
	copy->count = list->count;
	copy->surplus = list->surplus;
	copy->crowded = list->crowded;
	for (unsigned int i = 0; i < list->count; i++) {
		const struct proposal *from = &list->list[i];
		struct proposal *to = &copy->list[i];

		memcpy(to, from, offsetof(struct proposal, transforms));
		memcpy(to->transforms, from->transforms, from->count * sizeof(from->transforms[0]));
	}
	return copy;
}

/* Our proposal that went out under this number. */
static const struct proposal *sent_as(const struct proposals *ours, uint8_t number)
{
	unsigned int i, usable = 0;

	for (i = 0; i < ours->count; i++)
		if (!ours->list[i].unusable && ++usable == number)
			return &ours->list[i];
	return NULL;
}

int proposal_check_answer(const struct proposals *ours, const struct proposals *answer, unsigned int flags, struct suite *suite, const char **why)
{
	const struct proposal *own, *peer = &answer->list[0];
	uint8_t type;

	*why = "the peer's answer is not one proposal";
	if (answer->count != 1)
		return -EBADMSG;
	*why = "the peer's answer has more than one transform of a type";
	for (type = IKE_TR_ENCR; type <= IKE_TR_ESN; type++)
		if (count_type(peer, type) > 1)
			return -EBADMSG;
	*why = "the peer agrees to a Diffie-Hellman group in an exchange without one";
	if ((flags & PROPOSAL_IGNORE_KE) && count_type(peer, IKE_TR_KE) && !proposal_has(peer, IKE_TR_KE, IKE_KE_NONE, 0))
		return -EBADMSG;
	*why = "the peer's answer is not one of our proposals";
	own = sent_as(ours, peer->number);
	return own && match(own, peer, flags, suite) ? 0 : -EBADMSG;
}

void proposal_from_suite(const struct suite *suite, uint8_t spi_len, uint64_t spi, struct proposal *proposal)
{
	bool ike = suite->protocol == IKE_PROTO_IKE;
	const struct {
		bool present;
		struct transform transform;
	} all[] = {
		{ true, { IKE_TR_ENCR, false, suite->encr, suite->encr == IKE_ENCR_CHACHA20_POLY1305 ? 0 : suite->encr_bits } },
		{ suite->integ != IKE_INTEG_NONE, { IKE_TR_INTEG, false, suite->integ, 0 } },
		{ ike, { IKE_TR_PRF, false, suite->prf, 0 } },
		{ suite->ke != IKE_KE_NONE, { IKE_TR_KE, false, suite->ke, 0 } },
		{ !ike, { IKE_TR_ESN, false, suite->esn ? IKE_ESN_YES : IKE_ESN_NO, 0 } },
	};
	size_t i;

	*proposal = (struct proposal){ .number = suite->number, .protocol = suite->protocol, .spi_len = spi_len, .spi = spi };
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i].present)
			proposal->transforms[proposal->count++] = all[i].transform;
}

void proposal_filter(struct proposal *proposal, bool (*keep)(const struct transform *transform, void *arg), void *arg)
{
	unsigned int i, kept = 0, before[IKE_TR_ESN + 1];
	uint8_t type;

	for (type = IKE_TR_ENCR; type <= IKE_TR_ESN; type++)
		before[type] = count_type(proposal, type);
	for (i = 0; i < proposal->count; i++)
		if (keep(&proposal->transforms[i], arg))
			proposal->transforms[kept++] = proposal->transforms[i];
	proposal->count = (uint16_t)kept;
	for (type = IKE_TR_ENCR; type <= IKE_TR_ESN; type++)
		if (before[type] && !count_type(proposal, type))
			proposal->unusable = true;
}

uint16_t proposals_first_ke(const struct proposals *list)
{
	unsigned int i, j;

	for (i = 0; i < list->count; i++)
		for (j = 0; !list->list[i].unusable && j < list->list[i].count; j++)
			if (list->list[i].transforms[j].type == IKE_TR_KE)
				return list->list[i].transforms[j].id;
	return IKE_KE_NONE;
}

bool proposals_have_ke(const struct proposals *list, uint16_t ke)
{
	unsigned int i;

	for (i = 0; i < list->count; i++)
		if (!list->list[i].unusable && proposal_has(&list->list[i], IKE_TR_KE, ke, 0))
			return true;
	return false;
}
