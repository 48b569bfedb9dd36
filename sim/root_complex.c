// SPDX-License-Identifier: Apache-2.0
// The link and the host's reaction to TLPs of the card, with the register accesses; completions are made in rc_completions.c.
// See root_complex.h.
#include "root_complex.h"

#include <errno.h>
#include <string.h>

#include "rc_completions.h"

#define TLP_OVERHEAD 8u	     /* bytes of framing, sequence number and LCRC */
#define TIME_SCALE 1048576u
#define BACKLOG_CYCLES 64u   /* the block's transmit buffer, as time on the link */
#define BACKLOG_TLPS 64u     /* and what waits there for credits */
#define FLIGHT_NS 100u	     /* of the link, one way: wires, serializers, link layer */
#define CREDIT_BYTES 16u     /* a data credit (2.6.1) */
#define MSI_FIRST 0xFEE00000u
#define MSI_LAST 0xFEEFFFFFu

/* Bytes of a lane in 4 ns, in 1/10000: 8b/10b for 2.5 and 5 GT/s, 128b/130b from 8 GT/s on. */
static const uint32_t lane_rate[] = {0, 10000, 20000, 39385, 78769, 157538};

void rc_init(struct root_complex *rc, struct hard_block *hb, struct host_memory *memory, struct violation *violation,
	     struct sim_stats *stats, struct sim_options *opt)
{
	memset(rc, 0, sizeof *rc);
	rc->hb = hb;
	rc->memory = memory;
	rc->violation = violation;
	rc->stats = stats;
	rc->rng.state = opt->seed ^ 0x7263;
	rc->faults = opt->faults;
	rc->fault_count = opt->fault_count;
	rc->rcb = opt->rcb;
	rc->split = opt->split;
	rc->reorder = opt->reorder;
	rc->flight = (opt->latency < 2 * FLIGHT_NS ? opt->latency / 2 : FLIGHT_NS) / SIM_NS_PER_CYCLE;
	rc->host_latency = opt->latency / SIM_NS_PER_CYCLE - 2 * rc->flight;
	rc->granted.posted_headers = (int)opt->posted_headers;
	rc->granted.posted_data = (int)opt->posted_data;
	rc->granted.nonposted_headers = (int)opt->nonposted_headers;
	rc->credits = rc->granted;
	rc->byte_time = (uint64_t)TIME_SCALE * 10000 / ((uint64_t)lane_rate[opt->speed] * opt->width);
	rc->lost_cycles = opt->lost_cycles;
	rc->bar = opt->bar;
}

void rc_reset(struct root_complex *rc)
{
	tlp_queue_clear(&rc->up.flying);
	tlp_queue_clear(&rc->down.flying);
	tlp_queue_clear(&rc->up_wait);
	tlp_queue_clear(&rc->up_first);
	tlp_queue_clear(&rc->reads_wait);
	tlp_queue_clear(&rc->mmio);
	rc->credits = rc->granted;
	rc->no_reads = false;
	rc->return_head = rc->return_tail;
	rc->read_count = 0;
	rc->awake_until = 0;
	rc->requests = 0;
	rc->mmio_waiting = false;
}

static void put_on_link(struct root_complex *rc, struct rc_link *link, struct tlp *tlp, uint64_t now)
{
	uint64_t start = now * TIME_SCALE > link->free_at ? now * TIME_SCALE : link->free_at;

	link->free_at = start + (TLP_OVERHEAD + tlp->header_len + tlp->data_len) * rc->byte_time;
	tlp->time = (link->free_at + TIME_SCALE - 1) / TIME_SCALE + rc->flight;
	tlp_push(&link->flying, tlp);
}

static struct tlp *arrived(struct rc_link *link, uint64_t now)
{
	if (!link->flying.head || link->flying.head->time > now)
		return NULL;
	return tlp_pop(&link->flying);
}

/* ---- what the card sends ------------------------------------------------------------------------------------------------------ */

static void take_interrupt(struct root_complex *rc, const struct tlp_fields *f, const struct tlp *tlp)
{
	uint32_t data;

	if (f->addr != RC_MSI_ADDRESS || f->dwords != 1 || f->first_be != 15) {
		violation_raise(rc->violation, "MSI-X: a write of %u dwords at %#llx", f->dwords, (unsigned long long)f->addr);
		return;
	}
	memcpy(&data, tlp->data, sizeof data);
	if (data < RC_MSI_BASE || data >= RC_MSI_BASE + SIM_VECTORS) {
		violation_raise(rc->violation, "MSI-X: message data %#x", data);
		return;
	}
	rc->interrupt(rc->interrupt_arg, data - RC_MSI_BASE);
}

static void take_write(struct root_complex *rc, const struct tlp_fields *f, const struct tlp *tlp)
{
	uint32_t lead = tlp_first_offset(f->first_be);
	uint32_t len = tlp_byte_count(f->dwords, f->first_be, f->last_be);
	uint8_t holes = f->dwords == 1 ? f->first_be : 15;

	rc->stats->dma_writes++;
	rc->stats->dma_write_bytes += len;
	if (f->first_be == 0)
		return;
	/* Only a one-dword write can have holes that matter here: byte by byte. */
	if (holes != 15) {
		for (uint32_t i = 0; i < 4; i++)
			if (holes >> i & 1 && host_memory_write(rc->memory, f->addr + i, tlp->data + i, 1))
				rc->stats->writes_unmapped++;
		return;
	}
	if (host_memory_write(rc->memory, f->addr + lead, tlp->data + lead, len))
		rc->stats->writes_unmapped++;
}

static void take_completion(struct root_complex *rc, const struct tlp_fields *f, const struct tlp *tlp)
{
	if (!rc->mmio_waiting || f->tag != rc->mmio_tag || tlp->data_len > sizeof rc->mmio_data)
		return;
	rc->mmio_done = true;
	rc->mmio_status = f->status;
	rc->mmio_dwords = f->dwords;
	memcpy(rc->mmio_data, tlp->data, tlp->data_len);
}

static void take(struct root_complex *rc, const struct tlp *tlp, uint64_t now)
{
	struct tlp_fields f;

	if (tlp_decode(tlp, &f)) {
		violation_raise(rc->violation, "the hard block sent a malformed TLP");
		return;
	}
	switch (f.kind) {
	case TLP_MRD:
		rc_read_arrived(rc, &f, tlp->serial, now);
		break;
	case TLP_MWR:
		if (f.addr >= MSI_FIRST && f.addr <= MSI_LAST)
			take_interrupt(rc, &f, tlp);
		else
			take_write(rc, &f, tlp);
		break;
	case TLP_CPL:
	case TLP_CPLD:
		take_completion(rc, &f, tlp);
		break;
	}
}

/* ---- the link ----------------------------------------------------------------------------------------------------------------- */

bool rc_accepts(const struct root_complex *rc, uint64_t now)
{
	return rc->up.free_at <= (now + BACKLOG_CYCLES) * TIME_SCALE && rc->up_wait.count + rc->reads_wait.count < BACKLOG_TLPS;
}

static int data_credits(const struct tlp *tlp)
{
	return (int)((tlp->data_len + CREDIT_BYTES - 1) / CREDIT_BYTES);
}

static bool is_read(const struct tlp *tlp)
{
	return !tlp_is_completion(tlp) && tlp->data_len == 0;
}

/* What a TLP of the card costs; the host takes completions without limit. */
static struct rc_credits cost(const struct tlp *tlp)
{
	struct rc_credits none = {0, 0, 0}, read = {0, 0, 1}, posted = {1, data_credits(tlp), 0};

	return tlp_is_completion(tlp) ? none : is_read(tlp) ? read : posted;
}

/* Takes the credits for a TLP, if they are there. */
static bool pay(struct root_complex *rc, const struct tlp *tlp)
{
	struct rc_credits *have = &rc->credits, need = cost(tlp);

	if (have->posted_headers < need.posted_headers || have->posted_data < need.posted_data ||
	    have->nonposted_headers < need.nonposted_headers)
		return false;
	have->posted_headers -= need.posted_headers;
	have->posted_data -= need.posted_data;
	have->nonposted_headers -= need.nonposted_headers;
	return true;
}

static void refund(struct root_complex *rc, const struct tlp *tlp, uint64_t now)
{
	if (tlp_is_completion(tlp))
		return;
	rc->returns[rc->return_tail++ % RC_CREDIT_RETURNS] = (struct rc_credit_return){now + rc->flight, cost(tlp)};
}

static void collect_refunds(struct root_complex *rc, uint64_t now)
{
	for (; rc->return_head != rc->return_tail; rc->return_head++) {
		const struct rc_credit_return *back = &rc->returns[rc->return_head % RC_CREDIT_RETURNS];

		if (back->time > now)
			return;
		rc->credits.posted_headers += back->credits.posted_headers;
		rc->credits.posted_data += back->credits.posted_data;
		if (!rc->no_reads)
			rc->credits.nonposted_headers += back->credits.nonposted_headers;
	}
}

static void put_up(struct root_complex *rc, struct tlp *tlp, uint64_t now)
{
	hard_block_sent(rc->hb, tlp);
	put_on_link(rc, &rc->up, tlp, now);
}

/* In order, but for completions, which pass requests that the block has not reported yet, and posted requests, which pass reads without credit (2.4.1). */
static bool send_up(struct root_complex *rc, uint64_t now)
{
	bool sent = false;

	collect_refunds(rc, now);
	while (rc->up_first.head) {
		put_up(rc, tlp_pop(&rc->up_first), now);
		sent = true;
	}
	while (rc->reads_wait.head && pay(rc, rc->reads_wait.head)) {
		put_up(rc, tlp_pop(&rc->reads_wait), now);
		sent = true;
	}
	while (rc->up_wait.head) {
		struct tlp *tlp = rc->up_wait.head;
		bool waits = is_read(tlp) && rc->reads_wait.head;

		if (waits || !pay(rc, tlp)) {
			if (!is_read(tlp))
				break;
			tlp_push(&rc->reads_wait, tlp_pop(&rc->up_wait));
			rc->stats->credit_waits++;
			continue;
		}
		put_up(rc, tlp_pop(&rc->up_wait), now);
		sent = true;
	}
	return sent;
}

/* All that begins in this cycle: on a fast link a TLP takes less than one. */
static bool send_down(struct root_complex *rc, uint64_t now)
{
	bool sent = false;

	while (rc->down.free_at < (now + 1) * TIME_SCALE) {
		/* Register accesses are rare and somebody waits for them: before completions. */
		struct tlp *tlp = tlp_pop(&rc->mmio);

		if (!tlp)
			tlp = rc_next_completion(rc, now);
		if (!tlp)
			break;
		put_on_link(rc, &rc->down, tlp, now);
		sent = true;
	}
	return sent;
}

bool rc_cycle(struct root_complex *rc, uint64_t now)
{
	bool active = false;
	struct tlp *tlp;

	while ((tlp = hard_block_take(rc->hb))) {
		tlp_push(tlp_is_completion(tlp) ? &rc->up_first : &rc->up_wait, tlp);
		active = true;
	}
	active |= send_up(rc, now);
	while ((tlp = arrived(&rc->up, now))) {
		take(rc, tlp, now);
		refund(rc, tlp, now);
		tlp_free(tlp);
		active = true;
	}
	active |= send_down(rc, now);
	while ((tlp = arrived(&rc->down, now))) {
		if (!tlp_is_completion(tlp))
			rc->requests--;
		hard_block_deliver(rc->hb, tlp);
		active = true;
	}
	return active;
}

bool rc_idle(const struct root_complex *rc, uint64_t now)
{
	return !rc->up.flying.head && !rc->down.flying.head && !rc->up_wait.head && !rc->up_first.head && !rc->reads_wait.head && !rc->mmio.head && rc->read_count == 0 &&
	       (rc->hb->lost == 0 || now >= rc->awake_until);
}

/* ---- register accesses -------------------------------------------------------------------------------------------------------- */

static struct tlp *mmio_tlp(struct root_complex *rc, enum tlp_kind kind, uint32_t offset, uint32_t len)
{
	struct tlp_fields f = {.kind = kind, .requester = SIM_HOST_ID, .addr = rc->bar + (offset & ~3u)};
	struct tlp *tlp = tlp_alloc();

	if (!tlp)
		return NULL;
	tlp_byte_enables(offset, len, &f.dwords, &f.first_be, &f.last_be);
	if (kind == TLP_MRD)
		f.tag = ++rc->mmio_tag;
	tlp_encode(tlp, &f);
	memset(tlp->data, 0, tlp->data_len);
	rc->requests++;
	return tlp;
}

int rc_write(struct root_complex *rc, uint32_t offset, const void *data, uint32_t len)
{
	struct tlp *tlp = mmio_tlp(rc, TLP_MWR, offset, len);

	if (!tlp)
		return -ENOMEM;
	memcpy(tlp->data + (offset & 3), data, len);
	tlp_push(&rc->mmio, tlp);
	rc->stats->mmio_writes++;
	return 0;
}

int rc_read_start(struct root_complex *rc, uint32_t offset, uint32_t len)
{
	struct tlp *tlp = mmio_tlp(rc, TLP_MRD, offset, len);

	if (!tlp)
		return -ENOMEM;
	tlp_push(&rc->mmio, tlp);
	rc->mmio_waiting = true;
	rc->mmio_done = false;
	rc->stats->mmio_reads++;
	return 0;
}

bool rc_read_done(struct root_complex *rc, uint32_t offset, void *data, uint32_t len)
{
	if (!rc->mmio_done)
		return false;
	rc->mmio_waiting = false;
	rc->mmio_done = false;
	if (rc->mmio_status == TLP_SC && rc->mmio_dwords * 4u >= (offset & 3) + len)
		memcpy(data, rc->mmio_data + (offset & 3), len);
	else
		memset(data, 0xff, len);
	return true;
}

void rc_read_cancel(struct root_complex *rc)
{
	rc->mmio_waiting = false;
	rc->mmio_done = false;
}
