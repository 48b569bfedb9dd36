// SPDX-License-Identifier: Apache-2.0
// The requester half of the hard block: the card's requests (RQ) and their completions (RC). See hard_block.h.
// Descriptors as words, least significant bit first:
//   RQ  0 address 31:2, type 1:0 | 1 address 63:32 | 2 dwords 10:0, request type 14:11, poisoned 15, requester 31:16
//       3 tag 7:0, completer 23:8, requester ID enable 24, TC 27:25, attributes 30:28, force ECRC 31
//   RC  0 lower address 11:0, error code 15:12, byte count 28:16, locked 29, request completed 30
//       1 dwords 10:0, status 13:11, poisoned 14, requester 31:16 | 2 tag 7:0, completer 23:8, TC 27:25, attributes 30:28
#include <string.h>

#include "hard_block.h"

#define REQ_MEM_READ 0u
#define REQ_MEM_WRITE 1u

/* In rc_wait: not a TLP but the block's own timer, by a first header byte (format 100) that no completion has. */
#define EXPIRED 0x8au

/* Completions that the read may still bring, when each ends at the next boundary. */
static uint32_t pieces(const struct split_entry *e)
{
	return e->remaining ? (e->lower % e->rcb + e->remaining + e->rcb - 1u) / e->rcb : 0;
}

/* The buffer must hold all that the card's reads can bring: the block grants credits without limit. */
static void promise(struct hard_block *hb, const struct split_entry *e)
{
	hb->promised += e->remaining;
	hb->promised_headers += pieces(e);
	if (hb->promised_headers > hb->stats->completion_promise_max)
		hb->stats->completion_promise_max = hb->promised_headers;
	if (hb->promised > hb->bytes_limit)
		violation_raise(hb->violation, "RQ: reads of %u bytes, more than the completion buffer holds (%u)", hb->promised, hb->bytes_limit);
	if (hb->promised_headers > hb->headers_limit)
		violation_raise(hb->violation, "RQ: reads with up to %u completions, more than the completion buffer holds (%u)",
				hb->promised_headers, hb->headers_limit);
}

/* Takes the read's promise away; what is left of it is promised again. */
static void unpromise(struct hard_block *hb, const struct split_entry *e)
{
	hb->promised -= e->remaining;
	hb->promised_headers -= pieces(e);
}

static void release(struct hard_block *hb, struct split_entry *e)
{
	unpromise(hb, e);
	if (e->lost)
		hb->lost--;
	else
		hb->outstanding--;
	e->used = false;
	e->lost = false;
}

/* ---- from the card ------------------------------------------------------------------------------------------------------------ */

static void check_request(struct hard_block *hb, const struct tlp_fields *f)
{
	const uint32_t *w = hb->rq.words;
	struct violation *v = hb->violation;
	bool write = f->kind == TLP_MWR;
	unsigned int bytes = f->dwords * 4u;
	unsigned int limit = 128u << (write ? config_mps_code(hb->config) : config_mrrs_code(hb->config));
	unsigned int expected = write ? 4u + f->dwords : 4u;

	if (w[0] & 3 || w[2] >> 15 & 1 || w[3] >> 31)
		violation_raise(v, "RQ: address type, poisoned or ECRC bit set");
	if (f->dwords == 0 || f->dwords > 1024)
		violation_raise(v, "RQ: %u dwords", f->dwords);
	if (hb->rq.count != expected)
		violation_raise(v, "RQ: a packet of %u dwords, %u expected", hb->rq.count, expected);
	if (!tlp_byte_enables_valid(f->addr, f->dwords, f->first_be, f->last_be))
		violation_raise(v, "RQ: byte enables %#x, %#x for %u dwords", f->first_be, f->last_be, f->dwords);
	if (axis_bits(hb->rq.user, 16, 4))
		violation_raise(v, "RQ: addr_offset in dword-aligned mode");
	if (w[3] >> 24 & 1 ? w[2] >> 16 != SIM_CARD_ID : (w[2] >> 16 & 0xff) != 0)
		violation_raise(v, "RQ: requester ID %#x", w[2] >> 16);
	if ((f->addr & 0xfff) + bytes > 0x1000)
		violation_raise(v, "RQ: %s of %u bytes at %#llx crosses 4 KiB", write ? "write" : "read", bytes, (unsigned long long)f->addr);
	if (bytes > limit)
		violation_raise(v, "RQ: %s of %u bytes is above %s (%u)", write ? "write" : "read", bytes,
				write ? "MPS" : "MRRS", limit);
	if (!config_bus_master(hb->config) && hb->master_grace == 0)
		violation_raise(v, "RQ: %s at %#llx while bus mastering is off", write ? "write" : "read", (unsigned long long)f->addr);
}

static void open_split(struct hard_block *hb, const struct tlp_fields *f, struct tlp *tlp)
{
	struct split_entry *e = &hb->split[f->tag];

	if (f->tag > 31 && !config_extended_tags(hb->config))
		violation_raise(hb->violation, "RQ: tag %u while extended tags are off", f->tag);
	if (e->used && !e->lost)
		violation_raise(hb->violation, "RQ: tag %u is used again before its read was completed", f->tag);
	if (e->used)
		release(hb, e);
	e->used = true;
	e->tc = f->tc;
	e->attr = f->attr;
	e->lower = (uint16_t)((f->addr + tlp_first_offset(f->first_be)) & 0xfff);
	e->remaining = (uint16_t)tlp_byte_count(f->dwords, f->first_be, f->last_be);
	e->rcb = config_rcb_128(hb->config) ? 128 : 64;
	e->serial = tlp->serial = ++hb->serial;
	promise(hb, e);
	hb->outstanding++;
}

void requester_packet(struct hard_block *hb)
{
	const uint32_t *w = hb->rq.words;
	unsigned int type = w[2] >> 11 & 15;
	struct tlp_fields f = {.requester = SIM_CARD_ID};
	struct tlp *tlp;

	if (hb->rq.count < 4) {
		violation_raise(hb->violation, "RQ: a packet of %u dwords", hb->rq.count);
		return;
	}
	if (type != REQ_MEM_READ && type != REQ_MEM_WRITE) {
		violation_raise(hb->violation, "RQ: request type %u", type);
		return;
	}
	f.kind = type == REQ_MEM_WRITE ? TLP_MWR : TLP_MRD;
	f.addr = (uint64_t)w[1] << 32 | (w[0] & ~3u);
	f.dwords = w[2] & 0x7ff;
	f.tag = (uint8_t)w[3];
	f.tc = w[3] >> 25 & 7;
	f.attr = w[3] >> 28 & 7;
	f.first_be = (uint8_t)axis_bits(hb->rq.user, 0, 4);
	f.last_be = (uint8_t)axis_bits(hb->rq.user, 8, 4);
	check_request(hb, &f);
	tlp = hb->violation->raised ? NULL : tlp_alloc();
	if (!tlp)
		return;
	/* A write that comes after bus mastering went off goes nowhere, and nobody hears of it. */
	if (f.kind == TLP_MWR && !config_bus_master(hb->config)) {
		tlp_free(tlp);
		return;
	}
	if (f.kind == TLP_MRD)
		open_split(hb, &f, tlp);
	tlp_encode(tlp, &f);
	tlp->seq = (uint8_t)axis_bits(hb->rq.user, RQ_SEQ_NUM, 6);
	memcpy(tlp->data, w + 4, tlp->data_len);
	tlp_push(&hb->up, tlp);
}

/* ---- to the card -------------------------------------------------------------------------------------------------------------- */

/* A packet on RC. dwords of payload are in words[3..]; valid bytes begin at lower & 3 and are bytes long. */
static void send_packet(struct hard_block *hb, const struct tlp_fields *f, unsigned int lower, enum rc_error error, bool completed,
			unsigned int bytes)
{
	uint32_t *w = hb->rc.words;
	uint8_t first = 0, last = 0;
	uint16_t dwords = 0;

	if (bytes)
		tlp_byte_enables(lower, bytes, &dwords, &first, &last);
	w[0] = (lower & 0xfff) | (uint32_t)error << 12 | (uint32_t)f->byte_count << 16 | (uint32_t)completed << 30;
	w[1] = f->dwords | (uint32_t)f->status << 11 | (uint32_t)f->poisoned << 14 | (uint32_t)f->requester << 16;
	w[2] = f->tag | (uint32_t)f->completer << 8 | (uint32_t)f->tc << 25 | (uint32_t)f->attr << 28;
	axis_source_start(&hb->rc, 3u + f->dwords, first, last);
}

/* What the block finds wrong with a completion of a read that waits; the order is that of PG213's error codes. */
static enum rc_error judge(const struct split_entry *e, const struct tlp_fields *f)
{
	if (f->status != TLP_SC)
		return RC_BAD_STATUS;
	if (f->kind != TLP_CPLD || f->byte_count != e->remaining)
		return RC_BAD_COUNT;
	if (f->requester != SIM_CARD_ID || f->tc != e->tc || f->attr != e->attr)
		return RC_MISMATCH;
	if (f->lower != (e->lower & 0x7f))
		return RC_BAD_ADDRESS;
	return f->poisoned ? RC_POISONED : RC_NORMAL;
}

static void report(struct hard_block *hb, enum rc_error error)
{
	static const uint32_t bits[16] = {
		[RC_POISONED] = AER_POISONED,	  [RC_BAD_COUNT] = AER_MALFORMED,
		[RC_MISMATCH] = AER_UNEXPECTED_COMPLETION, [RC_BAD_ADDRESS] = AER_UNEXPECTED_COMPLETION,
		[RC_BAD_TAG] = AER_UNEXPECTED_COMPLETION,  [RC_TIMED_OUT] = AER_COMPLETION_TIMEOUT,
	};

	if (bits[error])
		config_report(hb->config, bits[error]);
}

static void complete(struct hard_block *hb, const struct tlp *tlp, const struct tlp_fields *f)
{
	struct split_entry *e = &hb->split[f->tag];
	unsigned int bytes = 0, lower = e->lower;
	enum rc_error error;
	bool completed;

	if (e->used && e->serial != tlp->serial) {
		hb->stats->late_dropped++;
		return;
	}
	memcpy(hb->rc.words + 3, tlp->data, tlp->data_len);
	if (!e->used) {
		report(hb, RC_BAD_TAG);
		send_packet(hb, f, f->lower, RC_BAD_TAG, true, tlp->data_len > (f->lower & 3u) ? tlp->data_len - (f->lower & 3u) : 0);
		return;
	}
	error = judge(e, f);
	report(hb, error);
	if (error == RC_BAD_STATUS || error == RC_BAD_COUNT) {
		bytes = tlp->data_len;
		completed = true;
	} else {
		bytes = tlp->data_len - (e->lower & 3u);
		if (bytes > e->remaining)
			bytes = e->remaining;
		unpromise(hb, e);
		e->remaining = (uint16_t)(e->remaining - bytes);
		e->lower = (e->lower + bytes) & 0xfff;
		promise(hb, e);
		completed = e->remaining == 0;
	}
	/* With an error only the low 7 bits are those of the completion (PG213). */
	send_packet(hb, f, error ? f->lower : lower, error, completed, bytes);
	if (completed)
		release(hb, e);
}

static void expire(struct hard_block *hb, uint8_t tag, uint32_t serial)
{
	struct split_entry *e = &hb->split[tag];
	struct tlp_fields f = {.tag = tag, .requester = SIM_CARD_ID, .tc = e->tc, .attr = e->attr};

	if (!e->used || e->serial != serial)
		return;
	report(hb, RC_TIMED_OUT);
	release(hb, e);
	send_packet(hb, &f, 0, RC_TIMED_OUT, true, 0);
}

void requester_start(struct hard_block *hb)
{
	struct tlp *tlp = tlp_pop(&hb->rc_wait);
	struct tlp_fields f;

	if (!tlp)
		return;
	if (tlp->header[0] != EXPIRED) {
		hb->stored -= tlp->data_len;
		hb->stored_headers--;
	}
	if (tlp->header[0] == EXPIRED)
		expire(hb, tlp->header[10], tlp->serial);
	else if (tlp_decode(tlp, &f) == 0)
		complete(hb, tlp, &f);
	tlp_free(tlp);
}

void hard_block_lose(struct hard_block *hb, uint8_t tag, uint32_t serial)
{
	struct split_entry *e = &hb->split[tag];

	if (!e->used || e->lost || e->serial != serial)
		return;
	e->lost = true;
	hb->outstanding--;
	hb->lost++;
}

void hard_block_expire(struct hard_block *hb, uint8_t tag, uint32_t serial)
{
	struct tlp *tlp;

	if (!hb->split[tag].used || hb->split[tag].serial != serial)
		return;
	tlp = tlp_alloc();
	if (!tlp)
		return;
	tlp->header[0] = EXPIRED;
	tlp->header[10] = tag;
	tlp->serial = serial;
	tlp_push(&hb->rc_wait, tlp);
}
