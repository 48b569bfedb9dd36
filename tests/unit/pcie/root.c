/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>
#include "bits.h"
#include "dut.h"
#include "root.h"

DUT_PORT(cfg_max_payload);
DUT_PORT(cfg_max_read_req);
DUT_PORT(cfg_rcb_status);
DUT_PORT(extended_tags);
DUT_PORT(dma_timeout);
DUT_PORT(pcie_rq_seq_num0);
DUT_PORT(pcie_rq_seq_num_vld0);
DUT_PORT(pcie_rq_seq_num1);
DUT_PORT(pcie_rq_seq_num_vld1);
DUT_PORT(m_axis_rq_tvalid);
DUT_PORT(m_axis_rq_tready);
DUT_PORT(m_axis_rq_tdata);
DUT_PORT(m_axis_rq_tkeep);
DUT_PORT(m_axis_rq_tuser);
DUT_PORT(m_axis_rq_tlast);
DUT_PORT(s_axis_rc_tvalid);
DUT_PORT(s_axis_rc_tready);
DUT_PORT(s_axis_rc_tdata);
DUT_PORT(s_axis_rc_tkeep);
DUT_PORT(s_axis_rc_tuser);
DUT_PORT(s_axis_rc_tlast);
DUT_PORT(unexpected);

struct root root;

/* A read request that waits for its completions. */
static struct request {
	int used;
	uint64_t next; /* address of the next byte to answer */
	unsigned left; /* bytes */
	enum fault fault;
	uint64_t issued;
	uint64_t reuse; /* earliest cycle in which the tag may come again, when it is not used */
} requests[ROOT_TAGS];

static struct completion {
	unsigned lower, error, byte_count, completed, dwords, status, poisoned, tag;
	unsigned stream_dwords; /* of payload on the stream; dwords but for faults */
	int discontinue, long_by_a_beat;
	uint64_t from; /* address of the first payload dword */
} sending;
static uint32_t cpl[3 + 1024 + 17 + 16]; /* it as dwords */
static unsigned cpl_dwords, cpl_at;	 /* in all, and gone; equal: none */
static int rc_taken;			 /* in this cycle: the next one brings another */

/* As a request's fault: the card has given it up already, but completions come. */
#define FAULT_REST FAULT_COUNT

static uint32_t tlp[16 * 70];
static unsigned tlp_dwords, tlp_first_be, tlp_last_be, tlp_seq;

/* Sequence numbers of TLPs that came, to be reported in order. */
#define SEQS 4096
static struct {
	uint8_t num;
	unsigned whole;
} seqs[SEQS];
static unsigned seq_head, seq_tail;

uint8_t host_byte(uint64_t addr)
{
	return (uint8_t)((addr * 0x9E3779B97F4A7C15u) >> 41);
}

void root_reset(void)
{
	memset(requests, 0, sizeof(requests));
	cpl_dwords = cpl_at = tlp_dwords = 0;
	seq_head = seq_tail = root.whole = root.passed = 0;
	rc_taken = 0;
	root.now = 0;
	root.reads = root.writes = root.completions = root.unexpected = root.seen_unexpected = root.outstanding = 0;
	root.rq_beats = 0;
}

static unsigned log2_of(unsigned v)
{
	return (unsigned)__builtin_ctz(v);
}

/* ---- RQ ------------------------------------------------------------------------------------------------------------- */

static void take_read(uint64_t addr, unsigned dwords)
{
	unsigned tag = (unsigned)bits_get(tlp, 96, 8), skip, tail, len;
	struct request *r = &requests[tag % ROOT_TAGS];

	assert_in_range(tag, 0, root.few_tags ? 31 : ROOT_TAGS - 1);
	assert_false(r->used);
	assert_true(root.now >= r->reuse);
	assert_int_equal(tlp_dwords, 4);
	assert_true(4 * dwords <= root.mrrs);
	/* Byte enables that are legal (PCI Express Base, 2.2.5) and contiguous. */
	assert_int_not_equal(tlp_first_be, 0);
	if (dwords == 1) {
		assert_int_equal(tlp_last_be, 0);
		skip = (unsigned)__builtin_ctz(tlp_first_be);
		len = (unsigned)__builtin_popcount(tlp_first_be);
		assert_int_equal(tlp_first_be, ((1u << len) - 1) << skip);
	} else {
		assert_int_not_equal(tlp_last_be, 0);
		skip = (unsigned)__builtin_ctz(tlp_first_be);
		tail = (unsigned)__builtin_clz(tlp_last_be << 28);
		assert_int_equal(tlp_first_be, 15u << skip & 15);
		assert_int_equal(tlp_last_be, 15u >> tail);
		len = 4 * dwords - skip - tail;
	}
	*r = (struct request){.used = 1, .next = addr + skip, .left = len, .issued = root.now};
	r->fault = root.fault ? root.fault(r->next, len) : FAULT_NONE;
	root.reads++;
	root.outstanding++;
}

static void take_write(uint64_t addr, unsigned dwords)
{
	unsigned len = 4 * dwords;

	assert_int_equal(tlp_dwords, 4 + dwords);
	assert_true(len <= root.mps);
	if (dwords == 1) {
		assert_int_equal(tlp_last_be, 0);
		len = (unsigned)__builtin_popcount(tlp_first_be);
		assert_int_equal(tlp_first_be, (1u << len) - 1);
	} else {
		unsigned n = (unsigned)__builtin_popcount(tlp_last_be);

		assert_int_equal(tlp_first_be, 15);
		assert_int_not_equal(tlp_last_be, 0);
		assert_int_equal(tlp_last_be, (1u << n) - 1);
		len -= 4 - n;
	}
	root.writes++;
	root.write(addr, len, (const uint8_t *)(tlp + 4));
}

static void take_tlp(void)
{
	uint64_t addr = bits_get(tlp, 0, 64);
	unsigned dwords = (unsigned)bits_get(tlp, 64, 11), type = (unsigned)bits_get(tlp, 75, 4);

	assert_int_equal(addr & 3, 0); /* untranslated */
	assert_int_equal(bits_get(tlp, 79, 1), 0);
	assert_int_equal(bits_get(tlp, 120, 8), 0);
	assert_in_range(dwords, 1, 1024);
	assert_true((addr & 4095) + 4 * dwords <= 4096);
	assert_in_range(type, 0, 1);
	if (type == 0)
		take_read(addr, dwords);
	else
		take_write(addr, dwords);
}

/* A beat holds the end of one TLP, and up to two more that begin in byte 0 or 32: only tuser tells (PG213, straddle option). */
static void sample_rq(void)
{
	uint32_t *user = PW(m_axis_rq_tuser), *data = PW(m_axis_rq_tdata);
	unsigned sop = (unsigned)bits_get(user, 20, 2), eop = (unsigned)bits_get(user, 26, 2), at = 0, begun = 0, ended = 0;

	assert_true(*P8(m_axis_rq_tvalid) || !tlp_dwords || root.stall); /* no gap within a TLP if there is none within its write */
	if (!*P8(m_axis_rq_tvalid) || !*P8(m_axis_rq_tready))
		return;
	root.rq_beats++;
	assert_int_equal(*P16(m_axis_rq_tkeep), 0xffff);
	assert_int_equal(*P8(m_axis_rq_tlast), 0);
	assert_int_not_equal(sop, 2);
	assert_int_not_equal(eop, 2);
	assert_true(tlp_dwords || sop);
	assert_int_equal(bits_get(user, 36, 1), 0); /* discontinue */
	assert_int_equal(bits_get(user, 16, 4), 0); /* addr_offset */
	while (tlp_dwords || sop >> begun) {
		unsigned end = eop >> ended ? (unsigned)bits_get(user, 28 + 4 * ended, 4) : 15;

		if (!tlp_dwords) {
			unsigned begin = 4 * (unsigned)bits_get(user, 22 + 2 * begun, 2);

			assert_true(begin == 0 || begin == 8);
			assert_true(begin >= at);
			at = begin;
			tlp_first_be = (unsigned)bits_get(user, 4 * begun, 4);
			tlp_last_be = (unsigned)bits_get(user, 8 + 4 * begun, 4);
			tlp_seq = (unsigned)bits_get(user, 61 + 6 * begun, 6);
			begun++;
		}
		assert_in_range(end, at, 15);
		assert_true(tlp_dwords + end + 1 - at <= sizeof(tlp) / 4);
		memcpy(tlp + tlp_dwords, data + at, 4 * (end + 1 - at));
		tlp_dwords += end + 1 - at;
		if (!(eop >> ended))
			break;
		take_tlp();
		assert_true(seq_tail - seq_head < SEQS);
		seqs[seq_tail % SEQS].num = (uint8_t)tlp_seq;
		seqs[seq_tail++ % SEQS].whole = root.whole;
		tlp_dwords = 0;
		at = end + 1;
		ended++;
	}
	assert_int_equal(sop >> begun, 0);
	assert_int_equal(eop >> ended, 0);
}

/* ---- RC ------------------------------------------------------------------------------------------------------------- */

/* End of a request: its tag may come again at once, or after the quarantine. */
static void end_request(struct request *r, int rest)
{
	r->used = 0;
	r->reuse = rest ? r->issued + root.timeout + QUARANTINE : 0;
	root.outstanding--;
}

/* The next completion of r, good: as much as chance says, to an RCB boundary or to the end, at most MPS bytes. */
static void piece(struct request *r, unsigned tag)
{
	uint64_t limit = (r->next & ~(uint64_t)(root.rcb - 1)) + root.rcb * (1 + rnd(root.mps / root.rcb));
	unsigned n = limit - r->next < r->left ? (unsigned)(limit - r->next) : r->left;

	memset(&sending, 0, sizeof(sending));
	sending.tag = tag;
	sending.from = r->next & ~3ull;
	sending.lower = (unsigned)(r->next & 0xfff);
	sending.byte_count = r->left;
	sending.dwords = (unsigned)((r->next + n + 3) / 4 - r->next / 4);
	sending.stream_dwords = sending.dwords;
	sending.completed = n == r->left;
	r->next += n;
	r->left -= n;
}

static void without_data(unsigned status, unsigned error)
{
	sending.status = status;
	sending.error = error;
	sending.completed = 1;
	sending.dwords = sending.stream_dwords = 0;
}

/* Make the completion that was built for r bad. */
static void spoil(struct request *r)
{
	enum fault f = r->fault;
	int final = sending.completed, rest = 1;

	r->fault = FAULT_NONE;
	switch (f) {
	case FAULT_UR:
		without_data(1, 2);
		rest = 0;
		break;
	case FAULT_CA:
		without_data(4, 2);
		rest = 0;
		break;
	case FAULT_CRS:
		without_data(2, 2);
		break;
	case FAULT_BLOCK_TIMEOUT:
		without_data(0, 9);
		rest = 0;
		break;
	case FAULT_POISONED:
	case FAULT_POISONED_CODE:
		sending.poisoned = f == FAULT_POISONED;
		sending.error = f != FAULT_POISONED;
		if (final)
			end_request(r, 0);
		return;
	case FAULT_BYTE_COUNT:
		sending.byte_count += chance(50) ? 1 : 4;
		break;
	case FAULT_LOWER_ADDRESS:
		sending.lower ^= 1u << rnd(7);
		break;
	case FAULT_COMPLETED:
		sending.completed ^= 1;
		break;
	case FAULT_EXTRA_DWORDS:
		if (final)
			sending.stream_dwords = ++sending.dwords;
		else
			sending.byte_count = 1;
		break;
	case FAULT_CUT:
		sending.stream_dwords -= chance(50) || sending.stream_dwords < 16 ? 1 : 16;
		break;
	case FAULT_LONG:
		sending.long_by_a_beat = 1;
		break;
	case FAULT_DISCONTINUE:
		sending.discontinue = 1;
		break;
	case FAULT_NO_DATA:
		without_data(0, chance(50) ? 3 : 0);
		break;
	case FAULT_ADDRESS_CODE:
		sending.error = 5;
		break;
	default:
		fail();
	}
	/* Of a request that ends in a malformed completion, half the time the rest comes nevertheless. */
	if (rest && r->left && chance(50))
		r->fault = FAULT_REST;
	else
		end_request(r, rest);
}

/* A completion that nothing waits for: a tag beyond the card's, or one that the block itself found wrong. */
static void stray(void)
{
	memset(&sending, 0, sizeof(sending));
	sending.tag = chance(50) ? ROOT_TAGS + rnd(256 - ROOT_TAGS) : rnd(ROOT_TAGS);
	sending.error = sending.tag < ROOT_TAGS ? (chance(50) ? 6 : 4) : 0;
	/* A final completion would end a quarantine: only of tags that are not the card's. */
	sending.completed = sending.tag >= ROOT_TAGS;
	sending.dwords = sending.stream_dwords = rnd(40);
	sending.byte_count = 4 * sending.dwords;
	root.unexpected++;
}

static int choose(void)
{
	unsigned first = rnd(ROOT_TAGS), best = ROOT_TAGS;

	for (unsigned i = 0; i < ROOT_TAGS; i++) {
		unsigned t = (first + i) % ROOT_TAGS;
		struct request *r = &requests[t];

		if (!r->used)
			continue;
		if (r->fault == FAULT_LOST) {
			if (root.now > r->issued + root.timeout + 300)
				end_request(r, 1);
			continue;
		}
		if (!root.answer || root.now < r->issued + (r->fault == FAULT_LATE ? root.timeout + 300 : root.hold))
			continue;
		if (best == ROOT_TAGS || (!root.reorder && r->issued < requests[best].issued))
			best = t;
		if (root.reorder)
			break;
	}
	if (best == ROOT_TAGS)
		return 0;
	struct request *r = &requests[best];

	piece(r, best);
	root.completions++;
	if (r->fault == FAULT_LATE || r->fault == FAULT_REST) {
		root.unexpected++;
		if (!r->left)
			end_request(r, 0);
	} else if (r->fault != FAULT_NONE && (!r->left || chance(50))) {
		spoil(r);
	} else if (!r->left) {
		end_request(r, 0);
	}
	return 1;
}

/* The next completion, good, bad or stray, as dwords. */
static int next_completion(void)
{
	if (root.stray && chance(root.stray))
		stray();
	else if (!choose())
		return 0;
	memset(cpl, 0, 12);
	bits_set(cpl, 0, 12, sending.lower);
	bits_set(cpl, 12, 4, sending.error);
	bits_set(cpl, 16, 13, sending.byte_count);
	bits_set(cpl, 30, 1, sending.completed);
	bits_set(cpl, 32, 11, sending.dwords);
	bits_set(cpl, 43, 3, sending.status);
	bits_set(cpl, 46, 1, sending.poisoned);
	bits_set(cpl, 48, 16, 0x1234);
	bits_set(cpl, 64, 8, sending.tag);
	cpl_dwords = 3 + sending.stream_dwords + (sending.long_by_a_beat ? 16 : 0);
	cpl_at = 0;
	for (unsigned i = 0; i < 4 * (cpl_dwords - 3); i++)
		((uint8_t *)cpl)[12 + i] = host_byte(sending.from + i);
	return 1;
}

/*
 * A beat of the straddled stream: completions one behind the other, each from a 16-byte lane on, with a gap now and then. One that is
 * marked discontinue shares no beat: the mark is the whole beat's.
 */
static int fill_beat(void)
{
	uint32_t data[16], user[6] = {0};
	unsigned at = 0, begun = 0, ended = 0;

	for (unsigned i = 0; i < 16; i++)
		data[i] = rnd(1u << 31);
	while (at < 16) {
		unsigned n;

		if (cpl_at == cpl_dwords && ((at && chance(10)) || chance(root.stall) || !next_completion()))
			break;
		if (cpl_at == 0) {
			if (at && sending.discontinue)
				break;
			bits_set(user, 64 + begun, 1, 1);
			bits_set(user, 68 + 2 * begun++, 2, at / 4);
		}
		n = cpl_dwords - cpl_at < 16 - at ? cpl_dwords - cpl_at : 16 - at;
		memcpy(data + at, cpl + cpl_at, 4 * n);
		cpl_at += n;
		at += n;
		if (cpl_at < cpl_dwords)
			break;
		bits_set(user, 76 + ended, 1, 1);
		bits_set(user, 80 + 4 * ended++, 4, at - 1);
		at = (at + 3) / 4 * 4;
		if (sending.discontinue) {
			bits_set(user, 96, 1, 1);
			break;
		}
	}
	memcpy(PW(s_axis_rc_tdata), data, 64);
	memcpy(PW(s_axis_rc_tuser), user, sizeof(user));
	*P16(s_axis_rc_tkeep) = 0xffff;
	*P8(s_axis_rc_tlast) = 0;
	return at > 0;
}

/* Up to two reports a cycle, now and then none for a while; the block's pipeline is not long. */
static void drive_seq(void)
{
	static unsigned rest;
	unsigned n = seq_tail - seq_head > 64 ? 2 : rest ? 0 : rnd(3);

	rest = rest ? rest - 1 : chance(2) ? rnd(300) : 0;
	if (n > seq_tail - seq_head)
		n = seq_tail - seq_head;
	*P8(pcie_rq_seq_num_vld0) = n > 0;
	*P8(pcie_rq_seq_num_vld1) = n > 1;
	if (n)
		root.passed = seqs[(seq_head + n - 1) % SEQS].whole;
	*P8(pcie_rq_seq_num0) = n > 0 ? seqs[seq_head++ % SEQS].num : (uint8_t)rnd(64);
	*P8(pcie_rq_seq_num1) = n > 1 ? seqs[seq_head++ % SEQS].num : (uint8_t)rnd(64);
}

void root_drive(void)
{
	drive_seq();
	*P8(cfg_rcb_status) = root.rcb >= 128;
	*P8(extended_tags) = !root.few_tags;
	*P8(cfg_max_payload) = (uint8_t)(log2_of(root.mps) - 7);
	*P8(cfg_max_read_req) = (uint8_t)(log2_of(root.mrrs) - 7);
	*P32(dma_timeout) = root.timeout;
	*P8(m_axis_rq_tready) = (uint8_t)!chance(root.stall);
	if (rc_taken)
		*P8(s_axis_rc_tvalid) = 0;
	rc_taken = 0;
	if (*P8(s_axis_rc_tvalid))
		return; /* stays until it is taken */
	*P8(s_axis_rc_tvalid) = (uint8_t)fill_beat();
}

void root_sample(void)
{
	root.now++;
	root.seen_unexpected += *P8(unexpected);
	sample_rq();
	rc_taken = *P8(s_axis_rc_tvalid) && *P8(s_axis_rc_tready);
}
