// SPDX-License-Identifier: Apache-2.0
// The completer half of the hard block: requests of the host to the card (CQ) and the card's completions (CC). See hard_block.h.
// Descriptors as words, least significant bit first:
//   CQ  0 address 31:2, type 1:0 | 1 address 63:32 | 2 dwords 10:0, request type 14:11, requester 31:16
//       3 tag 7:0, function 15:8, BAR 18:16, aperture 24:19, TC 27:25, attributes 30:28
//   CC  0 lower address 6:0, type 9:8, byte count 28:16, locked 29 | 1 dwords 10:0, status 13:11, poisoned 14, requester 31:16
//       2 tag 7:0, function 15:8, bus 23:16, completer ID enable 24, TC 27:25, attributes 30:28, force ECRC 31
#include <string.h>

#include "hard_block.h"

#define BAR_APERTURE 16u /* log2 of SIM_BAR_SIZE */
_Static_assert(SIM_BAR_SIZE == 1u << BAR_APERTURE, "BAR aperture");

/* The block answers for the card when memory decoding is off, or the address is none of its own. */
static void answer_unsupported(struct hard_block *hb, const struct tlp_fields *request)
{
	struct tlp_fields f = {.kind = TLP_CPL, .status = TLP_UR, .requester = request->requester, .completer = SIM_CARD_ID,
			       .tag = request->tag, .tc = request->tc, .attr = request->attr};
	struct tlp *tlp;

	if (request->kind != TLP_MRD)
		return;
	tlp = tlp_alloc();
	if (!tlp)
		return;
	f.byte_count = (uint16_t)tlp_byte_count(request->dwords, request->first_be, request->last_be);
	f.lower = (uint8_t)((request->addr + tlp_first_offset(request->first_be)) & 0x7f);
	tlp_encode(tlp, &f);
	tlp_push(&hb->up_first, tlp);
}

static void remember(struct hard_block *hb, const struct tlp_fields *f, const uint32_t *descriptor)
{
	struct mmio_entry *e = &hb->mmio[f->tag];

	e->used = true;
	e->tc = f->tc;
	e->attr = f->attr;
	e->lower = (uint8_t)((f->addr + tlp_first_offset(f->first_be)) & 0x7f);
	e->dwords = f->dwords;
	e->byte_count = (uint16_t)tlp_byte_count(f->dwords, f->first_be, f->last_be);
	e->requester = f->requester;
	memcpy(e->request, descriptor, sizeof e->request);
}

void completer_start(struct hard_block *hb)
{
	struct tlp *tlp = tlp_pop(&hb->cq_wait);
	uint32_t *w = hb->cq.words;
	struct tlp_fields f;

	if (!tlp)
		return;
	if (tlp_decode(tlp, &f)) {
		tlp_free(tlp);
		return;
	}
	if (!config_memory_enabled(hb->config) || f.addr < hb->bar || f.addr - hb->bar >= SIM_BAR_SIZE) {
		answer_unsupported(hb, &f);
		tlp_free(tlp);
		return;
	}
	w[0] = (uint32_t)f.addr;
	w[1] = (uint32_t)(f.addr >> 32);
	w[2] = f.dwords | (f.kind == TLP_MWR ? 1u : 0u) << 11 | (uint32_t)f.requester << 16;
	w[3] = f.tag | BAR_APERTURE << 19 | (uint32_t)f.tc << 25 | (uint32_t)f.attr << 28;
	memcpy(w + 4, tlp->data, tlp->data_len);
	if (f.kind == TLP_MRD)
		remember(hb, &f, w);
	axis_source_start(&hb->cq, 4 + tlp->data_len / 4u, f.first_be, f.last_be);
	tlp_free(tlp);
}

/*
 * A completion without success is 8 dwords: the descriptor, the byte enables of the request and its descriptor, for the block's error log
 * (PG213, "Completions with Error Status (UR and CA)"). The places of the byte enables in their dword are not checked: PG213 gives them only
 * for the narrow interfaces.
 */
static void check_error_completion(struct hard_block *hb, const struct mmio_entry *e)
{
	const uint32_t *w = hb->cc.words;

	if (hb->cc.count != 8)
		violation_raise(hb->violation, "CC: a completion with error status has %u dwords, not 8", hb->cc.count);
	else if (memcmp(w + 4, e->request, sizeof e->request))
		violation_raise(hb->violation, "CC: a completion with error status does not repeat its request");
}

static void check_completion(struct hard_block *hb, const struct mmio_entry *e)
{
	const uint32_t *w = hb->cc.words;
	struct violation *v = hb->violation;
	unsigned int status = w[1] >> 11 & 7, dwords = w[1] & 0x7ff;

	if ((w[1] >> 16) != e->requester)
		violation_raise(v, "CC: requester ID %#x, not %#x", w[1] >> 16, e->requester);
	if ((w[2] >> 25 & 7) != e->tc || (w[2] >> 28 & 7) != e->attr)
		violation_raise(v, "CC: traffic class or attributes differ from the request's");
	if ((w[0] & 0x7f) != e->lower)
		violation_raise(v, "CC: lower address %#x, not %#x", w[0] & 0x7f, e->lower);
	if (w[0] >> 8 & 3 || w[0] >> 29 & 1 || w[1] >> 14 & 1 || w[2] >> 31)
		violation_raise(v, "CC: address type, locked, poisoned or ECRC bit set");
	if (w[2] >> 8 & 0xff)
		violation_raise(v, "CC: function %u of a single-function card", w[2] >> 8 & 0xff);
	if (status == TLP_SC) {
		if (dwords != e->dwords || hb->cc.count != 3 + dwords)
			violation_raise(v, "CC: %u dwords stated, %u sent, %u asked for", dwords, hb->cc.count - 3, e->dwords);
		if ((w[0] >> 16 & 0x1fff) != e->byte_count)
			violation_raise(v, "CC: byte count %u, not %u", w[0] >> 16 & 0x1fff, e->byte_count);
	} else if (status != TLP_UR && status != TLP_CA) {
		violation_raise(v, "CC: completion status %u", status);
	} else {
		if (dwords != 0)
			violation_raise(v, "CC: a completion with error status states %u dwords", dwords);
		check_error_completion(hb, e);
	}
}

void completer_packet(struct hard_block *hb)
{
	const uint32_t *w = hb->cc.words;
	uint8_t tag = (uint8_t)w[2];
	struct mmio_entry *e = &hb->mmio[tag];
	struct tlp_fields f = {.completer = SIM_CARD_ID, .tag = tag};
	struct tlp *tlp;

	if (hb->cc.count < 3) {
		violation_raise(hb->violation, "CC: a packet of %u dwords", hb->cc.count);
		return;
	}
	if (!e->used) {
		violation_raise(hb->violation, "CC: a completion for tag %u, which no request has", tag);
		return;
	}
	check_completion(hb, e);
	tlp = hb->violation->raised ? NULL : tlp_alloc();
	if (!tlp)
		return;
	f.status = w[1] >> 11 & 7;
	f.kind = f.status == TLP_SC ? TLP_CPLD : TLP_CPL;
	f.dwords = w[1] & 0x7ff;
	f.requester = e->requester;
	f.tc = e->tc;
	f.attr = e->attr;
	f.byte_count = e->byte_count;
	f.lower = e->lower;
	tlp_encode(tlp, &f);
	memcpy(tlp->data, w + 3, tlp->data_len);
	e->used = false;
	tlp_push(&hb->up_first, tlp);
}
