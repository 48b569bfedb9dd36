// SPDX-License-Identifier: Apache-2.0
// Completions of the card's reads, made piece by piece when the link has room, so that nothing is buffered; see rc_completions.h.
// Pieces end at multiples of RCB and carry at most MPS bytes (PCI Express Base 4.0, 2.3.1.1).
#include "rc_completions.h"

#include <string.h>

#define REORDER_CYCLES 250u /* a read may be overtaken by those that come this much later */

static void forget(struct root_complex *rc, struct rc_read *r)
{
	unsigned int at = (unsigned int)(r - rc->reads);

	memmove(r, r + 1, (rc->read_count - at - 1) * sizeof *r);
	rc->read_count--;
}

static const struct fault *pick_fault(struct root_complex *rc, uint64_t addr, uint32_t len)
{
	const struct fault *hit = NULL;

	/* Every specification counts every read, so that one's nth does not depend on another. */
	for (unsigned int i = 0; i < rc->fault_count; i++)
		if (fault_strikes(&rc->faults[i], &rc->rng, addr, len) && !hit)
			hit = &rc->faults[i];
	return hit;
}

static void lose(struct root_complex *rc, uint8_t tag, uint32_t serial, uint64_t now)
{
	hard_block_lose(rc->hb, tag, serial);
	rc->awake_until = now + rc->lost_cycles;
}

/* A late read whose tag has a new owner would be dropped at the hard block anyway: this one makes room. */
static void drop_stale(struct root_complex *rc, uint8_t tag)
{
	for (unsigned int i = rc->read_count; i-- > 0;)
		if (rc->reads[i].tag == tag) {
			rc->stats->late_dropped++;
			forget(rc, &rc->reads[i]);
		}
}

static void apply_fault(struct root_complex *rc, struct rc_read *r, const struct fault *fault, uint64_t now)
{
	rc->stats->faults[fault->kind]++;
	r->fault = fault->kind;
	r->what = fault->what;
	switch (fault->kind) {
	case FAULT_LATE:
		lose(rc, r->tag, r->serial, now);
		r->ready += fault->delay;
		r->fault = FAULT_NONE;
		break;
	case FAULT_TIMEOUT:
		r->ready += fault->delay;
		break;
	case FAULT_LINKDOWN:
		rc->link_fell = true;
		rc->link_down_until = now + fault->delay;
		break;
	case FAULT_NOCREDITS: /* this read is served yet */
		rc->no_reads = true;
		rc->credits.nonposted_headers = 0;
		r->fault = FAULT_NONE;
		break;
	case FAULT_MALFORMED:
		if (r->what == MALFORMED_ANY)
			r->what = (enum fault_what)(1 + rng_below(&rc->rng, MALFORMED_KINDS - 1));
		break;
	default:
		break;
	}
	/* UR speaks of the whole request; the others may strike after good pieces. */
	r->strike = fault->kind == FAULT_UR || fault->kind == FAULT_TIMEOUT ? r->remaining : 1 + rng_below(&rc->rng, r->remaining);
}

void rc_read_arrived(struct root_complex *rc, const struct tlp_fields *f, uint32_t serial, uint64_t now)
{
	uint32_t len = tlp_byte_count(f->dwords, f->first_be, f->last_be);
	const struct fault *fault;
	struct rc_read *r;

	rc->stats->dma_reads++;
	rc->stats->dma_read_bytes += len;
	drop_stale(rc, f->tag);
	r = &rc->reads[rc->read_count++];
	memset(r, 0, sizeof *r);
	r->addr = f->addr + tlp_first_offset(f->first_be);
	r->remaining = len;
	r->empty = f->first_be == 0;
	r->first = true;
	r->serial = serial;
	r->tag = f->tag;
	r->tc = f->tc;
	r->attr = f->attr;
	r->ready = now + rc->host_latency + (rc->reorder ? rng_below(&rc->rng, REORDER_CYCLES) : 0);
	fault = pick_fault(rc, r->addr, len);
	if (fault)
		apply_fault(rc, r, fault, now);
}

/* Which read the next completion belongs to: the oldest that is ready, or any that is ready when reordering. */
static struct rc_read *choose(struct root_complex *rc, uint64_t now)
{
	struct rc_read *chosen = NULL;
	unsigned int ready = 0;

	for (unsigned int i = 0; i < rc->read_count; i++) {
		struct rc_read *r = &rc->reads[i];

		if (r->ready > now)
			continue;
		if (!rc->reorder)
			return r;
		if (rng_below(&rc->rng, ++ready) == 0)
			chosen = r;
	}
	return chosen;
}

static uint32_t piece_size(struct root_complex *rc, const struct rc_read *r)
{
	uint32_t mps = 128u << config_mps_code(rc->hb->config);
	uint32_t lead = (uint32_t)r->addr & 3;
	uint32_t size = r->remaining, cut;

	/* To the last boundary that the payload can reach; with splitting on, to any boundary before it. */
	if (lead + size > mps) {
		cut = (uint32_t)(((r->addr & ~(uint64_t)3) + mps) & ~(uint64_t)(rc->rcb - 1)) - (uint32_t)r->addr;
		size = cut;
	}
	if (rc->split) {
		cut = rc->rcb - ((uint32_t)r->addr & (rc->rcb - 1));
		while (cut < size && rng_below(&rc->rng, 2))
			cut += rc->rcb;
		if (cut < size)
			size = cut;
	}
	return size;
}

static struct tlp *bare_completion(struct root_complex *rc, struct rc_read *r, enum tlp_status status)
{
	struct tlp_fields f = {.kind = TLP_CPL, .requester = SIM_CARD_ID, .completer = SIM_HOST_ID, .tag = r->tag, .tc = r->tc,
			       .attr = r->attr, .status = status, .byte_count = (uint16_t)r->remaining, .lower = r->addr & 0x7f};
	struct tlp *tlp = tlp_alloc();

	if (!tlp)
		return NULL;
	tlp_encode(tlp, &f);
	tlp->serial = r->serial;
	rc->stats->completions++;
	forget(rc, r);
	return tlp;
}

static void spoil(struct tlp_fields *f, enum fault_what what)
{
	switch (what) {
	case MALFORMED_COUNT:
		f->byte_count = (uint16_t)(f->byte_count < 4092 ? f->byte_count + 4 : f->byte_count - 4);
		break;
	case MALFORMED_ADDRESS:
		f->lower ^= 0x40;
		break;
	case MALFORMED_ATTR:
		f->attr ^= 1;
		break;
	case MALFORMED_NODATA:
		f->kind = TLP_CPL;
		f->dwords = 0;
		break;
	default:
		break;
	}
}

/* A tag that no read waits under; the read's own answer is lost with it. -1: all are in use. */
static int wrong_tag(const struct hard_block *hb)
{
	for (int tag = 255; tag >= 0; tag--)
		if (!hb->split[tag].used)
			return tag;
	return -1;
}

static struct tlp *data_completion(struct root_complex *rc, struct rc_read *r, uint32_t size, bool strikes, uint64_t now)
{
	struct tlp_fields f = {.kind = TLP_CPLD, .requester = SIM_CARD_ID, .completer = SIM_HOST_ID, .tag = r->tag, .tc = r->tc,
			       .attr = r->attr, .byte_count = (uint16_t)r->remaining, .lower = r->addr & 0x7f};
	uint32_t lead = (uint32_t)r->addr & 3;
	struct tlp *tlp = tlp_alloc();
	uint32_t serial = r->serial;
	bool ends = size == r->remaining;

	if (!tlp)
		return NULL;
	f.dwords = (uint16_t)((lead + size + 3) / 4);
	memset(tlp->data, 0, f.dwords * 4u);
	if (!r->empty && host_memory_read(rc->memory, r->addr, tlp->data + lead, size)) {
		tlp_free(tlp);
		rc->stats->reads_unmapped++;
		return bare_completion(rc, r, TLP_UR);
	}
	r->addr += size;
	r->remaining -= size;
	r->first = false;
	f.poisoned = strikes && r->fault == FAULT_POISONED;
	if (strikes && r->fault == FAULT_MALFORMED) {
		spoil(&f, r->what);
		if (r->what == MALFORMED_TAG && wrong_tag(rc->hb) >= 0) {
			f.tag = (uint8_t)wrong_tag(rc->hb);
			lose(rc, r->tag, serial, now);
			ends = true;
		}
		/* The hard block ends a read at a wrong byte count. */
		ends = ends || r->what == MALFORMED_COUNT || r->what == MALFORMED_NODATA;
		r->fault = FAULT_NONE;
	}
	if (ends)
		forget(rc, r);
	tlp_encode(tlp, &f);
	tlp->serial = serial;
	rc->stats->completions++;
	return tlp;
}

struct tlp *rc_next_completion(struct root_complex *rc, uint64_t now)
{
	struct rc_read *r = choose(rc, now);
	uint32_t size;
	bool strikes;

	if (!r)
		return NULL;
	size = piece_size(rc, r);
	strikes = r->fault != FAULT_NONE && r->strike <= r->remaining && r->strike > r->remaining - size;
	if (!strikes)
		return data_completion(rc, r, size, false, now);
	switch (r->fault) {
	case FAULT_UR:
		return bare_completion(rc, r, TLP_UR);
	case FAULT_CA:
		return bare_completion(rc, r, TLP_CA);
	case FAULT_LOST:
		lose(rc, r->tag, r->serial, now);
		forget(rc, r);
		return NULL;
	case FAULT_TIMEOUT:
		hard_block_expire(rc->hb, r->tag, r->serial);
		forget(rc, r);
		return NULL;
	default:
		return data_completion(rc, r, size, true, now);
	}
}
