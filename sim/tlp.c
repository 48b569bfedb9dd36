// SPDX-License-Identifier: Apache-2.0
// Transaction layer packets: headers, byte enables, queues; see tlp.h.
//
//   byte     0            1                2                   3
//   0   fmt:3 type:5 | - TC:3 - A2 - - | TD EP A1 A0 AT:2 len:2 | length:8
//   4   requester ID (requests) or completer ID (completions)    | tag, last BE:4 first BE:4, or status:3 BCM byte count:12
//   8   address 31:0, or 63:32 and 31:0 in the 4 dword form; completions: requester ID, tag, lower address:7
#include "tlp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FMT_4DW 0x20u
#define FMT_DATA 0x40u
#define TYPE_MEM 0x00u
#define TYPE_CPL 0x0au

static struct tlp *pool;

static void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, (uint16_t)(v >> 16));
	put16(p + 2, (uint16_t)v);
}

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

void tlp_encode(struct tlp *tlp, const struct tlp_fields *f)
{
	uint8_t *h = tlp->header;
	bool data = f->kind == TLP_MWR || f->kind == TLP_CPLD;
	bool request = f->kind == TLP_MRD || f->kind == TLP_MWR;
	bool wide = request && f->addr >> 32 != 0;

	memset(h, 0, sizeof tlp->header);
	h[0] = (uint8_t)((data ? FMT_DATA : 0) | (wide ? FMT_4DW : 0) | (request ? TYPE_MEM : TYPE_CPL));
	h[1] = (uint8_t)((f->tc & 7) << 4 | (f->attr >> 2 & 1) << 2);
	h[2] = (uint8_t)((f->poisoned ? 0x40 : 0) | (f->attr & 3) << 4 | (f->dwords >> 8 & 3));
	h[3] = (uint8_t)f->dwords;
	if (request) {
		put16(h + 4, f->requester);
		h[6] = f->tag;
		h[7] = (uint8_t)(f->last_be << 4 | (f->first_be & 15));
		if (wide)
			put32(h + 8, (uint32_t)(f->addr >> 32));
		put32(h + (wide ? 12 : 8), (uint32_t)f->addr & ~3u);
	} else {
		put16(h + 4, f->completer);
		h[6] = (uint8_t)(f->status << 5 | (f->byte_count >> 8 & 15));
		h[7] = (uint8_t)f->byte_count;
		put16(h + 8, f->requester);
		h[10] = f->tag;
		h[11] = f->lower & 0x7f;
	}
	tlp->header_len = wide ? 16 : 12;
	tlp->data_len = data ? (uint16_t)(f->dwords * 4) : 0;
}

int tlp_decode(const struct tlp *tlp, struct tlp_fields *f)
{
	const uint8_t *h = tlp->header;
	bool data = h[0] & FMT_DATA;
	bool wide = h[0] & FMT_4DW;
	uint16_t len = (uint16_t)((h[2] & 3) << 8 | h[3]);

	memset(f, 0, sizeof *f);
	if (h[0] & 0x80)
		return -EINVAL;
	f->tc = h[1] >> 4 & 7;
	f->attr = (uint8_t)((h[1] >> 2 & 1) << 2 | (h[2] >> 4 & 3));
	f->poisoned = h[2] & 0x40;
	f->dwords = len ? len : 1024;
	switch (h[0] & 0x1f) {
	case TYPE_MEM:
		f->kind = data ? TLP_MWR : TLP_MRD;
		f->requester = get16(h + 4);
		f->tag = h[6];
		f->first_be = h[7] & 15;
		f->last_be = h[7] >> 4;
		f->addr = wide ? (uint64_t)get32(h + 8) << 32 | get32(h + 12) : get32(h + 8);
		if (f->addr & 3)
			return -EINVAL;
		break;
	case TYPE_CPL:
		if (wide)
			return -EINVAL;
		f->kind = data ? TLP_CPLD : TLP_CPL;
		f->completer = get16(h + 4);
		f->status = h[6] >> 5;
		f->byte_count = (uint16_t)((h[6] & 15) << 8 | h[7]);
		if (f->byte_count == 0)
			f->byte_count = 4096;
		f->requester = get16(h + 8);
		f->tag = h[10];
		f->lower = h[11] & 0x7f;
		if (!data)
			f->dwords = 0;
		break;
	default:
		return -EINVAL;
	}
	if (tlp->header_len != (wide ? 16 : 12) || tlp->data_len != (data ? f->dwords * 4 : 0))
		return -EINVAL;
	return 0;
}

bool tlp_is_completion(const struct tlp *tlp)
{
	return (tlp->header[0] & 0x1f) == TYPE_CPL;
}

uint32_t tlp_first_offset(uint8_t first_be)
{
	return first_be & 15 ? (uint32_t)__builtin_ctz(first_be & 15) : 0;
}

uint32_t tlp_byte_count(uint16_t dwords, uint8_t first_be, uint8_t last_be)
{
	uint8_t last = dwords == 1 ? first_be : last_be;
	uint32_t end;

	if ((last & 15) == 0)
		return 1;
	end = (uint32_t)(dwords - 1) * 4 + 32 - (uint32_t)__builtin_clz(last & 15u);
	return end - tlp_first_offset(first_be);
}

void tlp_byte_enables(uint64_t addr, uint32_t len, uint16_t *dwords, uint8_t *first_be, uint8_t *last_be)
{
	uint32_t lead = addr & 3;
	uint32_t tail = (lead + len) & 3;
	uint8_t first = (uint8_t)(15u << lead & 15);
	uint8_t last = tail ? (uint8_t)((1u << tail) - 1) : 15;

	*dwords = (uint16_t)((lead + len + 3) / 4);
	*first_be = *dwords == 1 ? first & last : first;
	*last_be = *dwords == 1 ? 0 : last;
}

/* Holes are allowed in requests of one dword, and of two that are 8-byte aligned. */
bool tlp_byte_enables_valid(uint64_t addr, uint16_t dwords, uint8_t first_be, uint8_t last_be)
{
	if (dwords == 1)
		return last_be == 0;
	if (first_be == 0 || last_be == 0)
		return false;
	if (dwords == 2 && (addr & 7) == 0)
		return true;
	return (first_be == 15 || first_be == 14 || first_be == 12 || first_be == 8) &&
	       (last_be == 15 || last_be == 7 || last_be == 3 || last_be == 1);
}

struct tlp *tlp_alloc(void)
{
	struct tlp *tlp = pool;

	if (tlp)
		pool = tlp->next;
	else
		tlp = malloc(sizeof *tlp);
	if (!tlp)
		return NULL;
	tlp->next = NULL;
	tlp->time = 0;
	tlp->serial = 0;
	return tlp;
}

void tlp_free(struct tlp *tlp)
{
	tlp->next = pool;
	pool = tlp;
}

void tlp_pool_close(void)
{
	while (pool) {
		struct tlp *next = pool->next;

		free(pool);
		pool = next;
	}
}

void tlp_push(struct tlp_queue *q, struct tlp *tlp)
{
	tlp->next = NULL;
	if (q->tail)
		q->tail->next = tlp;
	else
		q->head = tlp;
	q->tail = tlp;
	q->count++;
}

struct tlp *tlp_pop(struct tlp_queue *q)
{
	struct tlp *tlp = q->head;

	if (!tlp)
		return NULL;
	q->head = tlp->next;
	if (!q->head)
		q->tail = NULL;
	q->count--;
	tlp->next = NULL;
	return tlp;
}

void tlp_queue_clear(struct tlp_queue *q)
{
	struct tlp *tlp;

	while ((tlp = tlp_pop(q)))
		tlp_free(tlp);
}
