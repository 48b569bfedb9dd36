// SPDX-License-Identifier: Apache-2.0
// The card in C; see fake_card.h. All outputs are registered, so card_settle has nothing to do. Bit positions are written out here,
// from PG213, and not taken from the simulator.
#include "fake_card.h"

#include <stdbool.h>
#include <string.h>

#include "../../../sim/card.h"

#define READS 96 /* of one copy, at most */
#define SPACE 128 /* completions that the block's buffer holds */

struct packet {
	uint32_t words[4 + 1024 + 16];
	unsigned int count;
	unsigned int at;
	uint8_t first_be;
	uint8_t last_be;
};

static struct {
	uint32_t cq_data[16], cc_data[16], rq_data[16], rc_data[16];
	uint32_t cq_user[6], cc_user[3], rq_user[5], rc_user[6];
	uint16_t keep[4];
	uint8_t last[4], valid[4], ready[4];
	uint8_t rst, mps, mrrs, rcb, master, msix, mask;
	uint8_t flr, flr_done;
	uint8_t seq_num[2], seq_num_vld[2], mgmt_read, mgmt_done;
	uint16_t mgmt_addr;
	uint32_t mgmt_data;
} pin;

static struct card_ports ports;

static struct {
	uint32_t regs[0x10000 / 4];
	struct packet cq, rc, cc, rq;
	uint8_t buffer[FAKE_MAX];
	uint32_t read_at, write_at, got, issued, pending, pieces;
	struct {
		uint32_t at, left, pieces;
		bool used;
	} reads[256];
	bool busy, drop_valid, again;
	uint32_t enables; /* bytes enabled in the completion that comes in */
} card;

static uint32_t reg(uint32_t offset)
{
	return card.regs[offset / 4];
}

static uint64_t reg64(uint32_t offset)
{
	return (uint64_t)reg(offset + 4) << 32 | reg(offset);
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* ---- registers ---------------------------------------------------------------------------------------------------------------- */

static void start_copy(void)
{
	card.busy = true;
	card.read_at = card.write_at = card.got = card.issued = card.pending = card.pieces = 0;
	card.regs[FAKE_STATE / 4] = 1;
	memset(card.reads, 0, sizeof card.reads);
}

static void write_register(uint32_t index, uint32_t data, uint8_t be)
{
	uint32_t *r = &card.regs[index & 0x3fff];

	for (int i = 0; i < 4; i++)
		if (be >> i & 1)
			*r = (*r & ~(0xffu << (8 * i))) | (data & 0xffu << (8 * i));
	if ((index & 0x3fff) == FAKE_GO / 4)
		start_copy();
}

static uint32_t span(uint32_t dwords, uint8_t first, uint8_t last, uint32_t *lead)
{
	uint8_t end = dwords == 1 ? first : last;
	uint32_t tail = 0;

	*lead = 0;
	while (*lead < 3 && !(first >> *lead & 1))
		++*lead;
	while (tail < 3 && !(end >> (3 - tail) & 1))
		tail++;
	return dwords * 4 - *lead - tail;
}

static void answer(const struct packet *request)
{
	uint32_t dwords = request->words[2] & 0x7ff, lead, bytes = span(dwords, request->first_be, request->last_be, &lead);
	uint32_t tag = request->words[3] & 0xff, index = (request->words[0] & 0xffff) / 4;

	if (reg(FAKE_BREAK) == BREAK_MUTE)
		return;
	if (reg(FAKE_BREAK) == BREAK_CC_TAG)
		tag ^= 0x80;
	if (reg(FAKE_BREAK) == BREAK_CC_COUNT)
		bytes++;
	card.cc.words[0] = ((request->words[0] & 0x7c) + lead) | bytes << 16;
	card.cc.words[1] = dwords | (request->words[2] & 0xffff0000);
	card.cc.words[2] = tag | (request->words[3] & 0x7e000000);
	for (uint32_t i = 0; i < dwords; i++)
		card.cc.words[3 + i] = card.regs[(index + i) & 0x3fff];
	card.cc.count = 3 + dwords;
	card.cc.at = 0;
	card.again = reg(FAKE_BREAK) == BREAK_CC_TWICE;
	/* A read of more than 8 bytes is not supported: 8 dwords of error completion. */
	if (dwords > 2) {
		card.cc.words[1] = 1u << 11 | (request->words[2] & 0xffff0000);
		card.cc.words[3] = request->first_be | (uint32_t)request->last_be << 8;
		memcpy(&card.cc.words[4], request->words, 16);
		card.cc.count = 8;
	}
}

static void take_cq(void)
{
	const struct packet *p = &card.cq;
	uint32_t dwords = p->words[2] & 0x7ff, index = (p->words[0] & 0xffff) / 4;

	if (p->words[2] >> 11 & 1)
		for (uint32_t i = 0; i < dwords; i++)
			write_register(index + i, p->words[4 + i], i == 0 ? p->first_be : i == dwords - 1 ? p->last_be : 15);
	else
		answer(p);
}

/* ---- copy engine -------------------------------------------------------------------------------------------------------------- */

static void request(bool write, uint64_t addr, uint32_t len, uint32_t tag)
{
	struct packet *p = &card.rq;
	uint32_t lead = addr & 3, dwords = (lead + len + 3) / 4, tail = (lead + len) & 3;

	memset(p->words, 0, 16 + dwords * 4);
	p->first_be = (uint8_t)(15u << lead & 15);
	p->last_be = tail ? (uint8_t)((1u << tail) - 1) : 15;
	if (dwords == 1) {
		p->first_be &= p->last_be;
		p->last_be = reg(FAKE_BREAK) == BREAK_BE;
	}
	p->words[0] = (uint32_t)addr & ~3u;
	p->words[1] = (uint32_t)(addr >> 32);
	p->words[2] = dwords | (uint32_t)write << 11;
	p->words[3] = tag;
	p->count = write ? 4 + dwords : 4;
	p->at = 0;
	if (write && reg(FAKE_BREAK) == BREAK_LENGTH)
		p->count--;
}

static void next_read(void)
{
	uint64_t addr = reg64(FAKE_SRC) + card.read_at;
	uint32_t limit = 128u << pin.mrrs, len = reg(FAKE_LEN) - card.read_at, tag = card.issued & 255, pieces;

	if (card.issued >= READS || card.reads[tag].used)
		return;
	if (reg(FAKE_BREAK) != BREAK_MRRS)
		len = smaller(len, limit - (uint32_t)(addr & 3));
	if (reg(FAKE_BREAK) != BREAK_4K)
		len = smaller(len, 4096 - (uint32_t)(addr & 4095));
	if (reg(FAKE_BREAK) == BREAK_TAG)
		tag = 0;
	pieces = ((uint32_t)(addr & 63) + len + 63) / 64;
	if (card.pieces + pieces > SPACE && reg(FAKE_BREAK) != BREAK_SPACE && reg(FAKE_BREAK) != BREAK_4K)
		return;
	request(false, addr, len, tag);
	card.pieces += pieces;
	card.reads[tag].pieces = pieces;
	card.reads[tag].used = true;
	card.reads[tag].at = card.read_at;
	card.reads[tag].left = len;
	card.read_at += len;
	card.issued++;
	card.pending++;
}

static void next_write(void)
{
	uint64_t addr = reg64(FAKE_DST) + card.write_at;
	uint32_t limit = 128u << pin.mps, len = reg(FAKE_LEN) - card.write_at;

	if (reg(FAKE_BREAK) != BREAK_MPS)
		len = smaller(len, limit - (uint32_t)(addr & 3));
	len = smaller(len, 4096 - (uint32_t)(addr & 4095));
	request(true, addr, len, 0);
	memcpy((uint8_t *)&card.rq.words[4] + (addr & 3), card.buffer + card.write_at, len);
	card.write_at += len;
}

static void next_request(void)
{
	if (!card.busy || pin.flr)
		return;
	if (card.read_at < reg(FAKE_LEN)) {
		next_read();
	} else if (card.pending) {
		return;
	} else if (reg(FAKE_STATE) >> 8) {
		card.busy = false;
	} else if (card.write_at < reg(FAKE_LEN)) {
		next_write();
	} else {
		card.busy = false;
		if (pin.msix && !pin.mask && !(reg(0x800c) & 1)) {
			request(true, (uint64_t)reg(0x8004) << 32 | reg(0x8000), 4, 0);
			card.rq.words[4] = reg(0x8008);
		}
	}
	if (!card.busy)
		card.regs[FAKE_STATE / 4] &= ~1u;
}

static void take_rc(void)
{
	const uint32_t *w = card.rc.words;
	uint32_t tag = w[2] & 0xff, error = w[0] >> 12 & 15, status = w[1] >> 11 & 7, dwords = w[1] & 0x7ff, lower = w[0] & 0xfff, len;

	/* Bytes of this piece: to the end of its payload, or of the read if that comes first. */
	len = smaller(dwords * 4 - (lower & 3), w[0] >> 16 & 0x1fff);
	if (!error && card.enables != len)
		card.regs[FAKE_ENABLES / 4]++;
	if (error == 6 || !card.reads[tag].used) {
		card.regs[FAKE_STRAY / 4]++;
		return;
	}
	if (error && !(reg(FAKE_STATE) >> 8))
		card.regs[FAKE_STATE / 4] |= error << 8 | status << 16;
	if (!error) {
		len = smaller(dwords * 4 - (lower & 3), card.reads[tag].left);
		memcpy(card.buffer + card.reads[tag].at, (const uint8_t *)&w[3] + (lower & 3), len);
		card.reads[tag].at += len;
		card.reads[tag].left -= len;
	}
	if (w[0] >> 30 & 1) {
		card.reads[tag].used = false;
		card.pieces -= card.reads[tag].pieces;
		card.pending--;
	}
}

/* ---- pins --------------------------------------------------------------------------------------------------------------------- */

static bool receive(int n, struct packet *p, const uint32_t *data)
{
	if (!pin.valid[n] || !pin.ready[n])
		return false;
	if (p->at == 0)
		p->count = 0;
	memcpy(&p->words[p->count], data, 64);
	p->count += (unsigned int)__builtin_popcount(pin.keep[n]);
	p->at = !pin.last[n];
	return pin.last[n];
}

static void send(int n, struct packet *p, uint32_t *data)
{
	if (pin.valid[n] && pin.ready[n])
		p->at += n == 1 && card.again ? 0 : 16;
	if (n == 1 && pin.valid[n] && pin.ready[n])
		card.again = false;
	if (p->at >= p->count)
		p->count = p->at = 0;
	pin.valid[n] = p->count != 0;
	if (!p->count)
		return;
	memcpy(data, &p->words[p->at], 64);
	pin.last[n] = p->count - p->at <= 16;
	pin.keep[n] = (uint16_t)(pin.last[n] ? (1u << (p->count - p->at)) - 1 : 0xffff);
}

/* Straddling is allowed, not used: each TLP from byte 0 of a beat, alone. tkeep and tlast have no meaning then. */
static void drive_rq(void)
{
	uint32_t mode = reg(FAKE_BREAK), end = (uint32_t)__builtin_popcount(pin.keep[2]) - 1;

	memset(pin.rq_user, 0, sizeof pin.rq_user);
	if (card.rq.at == 0) {
		pin.rq_user[0] = card.rq.first_be | (uint32_t)card.rq.last_be << 8;
		pin.rq_user[0] |= mode == BREAK_SOP ? 0 : 1u << 20;
		if (mode == BREAK_LANE)
			pin.rq_user[0] |= 1u << 22;
		if (mode == BREAK_EARLY)
			pin.rq_user[0] |= 1u << 21;
	}
	if (pin.last[2])
		pin.rq_user[0] |= (mode == BREAK_MARKS ? 2u : 1u) << 26 | end << 28;
	if (mode == BREAK_VALID && card.drop_valid)
		pin.valid[2] = 0;
	card.drop_valid = !card.drop_valid;
}

static void drive_cc(void)
{
	memset(pin.cc_user, 0, sizeof pin.cc_user);
	pin.cc_user[0] = 1u | 1u << 6 | ((uint32_t)__builtin_popcount(pin.keep[1]) - 1) << 8;
}

/* RC is straddled: what tuser names, one completion behind the other. */
static void receive_rc(void)
{
	const uint32_t *user = pin.rc_user;
	struct packet *p = &card.rc;
	unsigned int starts = 0, ends = 0, at = 0;

	if (!pin.valid[3] || !pin.ready[3])
		return;
	while (p->count || (user[2] & 15) >> starts) {
		bool last = (user[2] >> 12 & 15) >> ends & 1;
		unsigned int end = last ? user[2] >> (16 + 4 * ends) & 15 : 15;

		if (!p->count) {
			at = 4 * (((user[2] >> 4) >> (2 * starts)) & 3);
			starts++;
			card.enables = 0;
		}
		memcpy(&p->words[p->count], pin.rc_data + at, (end + 1 - at) * 4);
		p->count += end + 1 - at;
		for (unsigned int i = 4 * at; i < 4 * (end + 1); i++)
			card.enables += user[i / 32] >> (i % 32) & 1;
		if (!last)
			break;
		take_rc();
		p->count = 0;
		ends++;
		at = end + 1;
	}
}

void card_rise(void)
{
	if (pin.rst) {
		memset(&card, 0, sizeof card);
		card.regs[0] = FAKE_ID;
		pin.valid[1] = pin.valid[2] = 0;
		return;
	}
	if (pin.valid[0] && pin.ready[0] && card.cq.at == 0) {
		card.cq.first_be = pin.cq_user[0] & 15;
		card.cq.last_be = pin.cq_user[0] >> 8 & 15;
	}
	if (receive(0, &card.cq, pin.cq_data))
		take_cq();
	receive_rc();
	if (card.rq.count == 0)
		next_request();
	send(1, &card.cc, pin.cc_data);
	drive_cc();
	send(2, &card.rq, pin.rq_data);
	drive_rq();
	pin.flr_done = 0;
	if (pin.flr && !card.pending && !card.rq.count && !card.cc.count) {
		memset(&card, 0, sizeof card);
		card.regs[0] = FAKE_ID;
		pin.valid[1] = pin.valid[2] = 0;
		pin.flr_done = 1;
	}
	/* One register access at a time: the answer of a read must have gone. */
	pin.ready[0] = card.cc.count == 0;
	pin.ready[3] = 1;
}

void card_settle(void)
{
}

void card_open(const char *trace)
{
	(void)trace;
	memset(&pin, 0, sizeof pin);
	memset(&card, 0, sizeof card);
	ports = (struct card_ports){
		.rst = &pin.rst,
		.cq = {pin.cq_data, &pin.keep[0], pin.cq_user, &pin.last[0], &pin.valid[0], &pin.ready[0]},
		.cc = {pin.cc_data, &pin.keep[1], pin.cc_user, &pin.last[1], &pin.valid[1], &pin.ready[1]},
		.rq = {pin.rq_data, &pin.keep[2], pin.rq_user, &pin.last[2], &pin.valid[2], &pin.ready[2]},
		.rc = {pin.rc_data, &pin.keep[3], pin.rc_user, &pin.last[3], &pin.valid[3], &pin.ready[3]},
		.rq_seq_num = {&pin.seq_num[0], &pin.seq_num[1]}, .rq_seq_num_vld = {&pin.seq_num_vld[0], &pin.seq_num_vld[1]},
		.cfg_mgmt_addr = &pin.mgmt_addr, .cfg_mgmt_read = &pin.mgmt_read, .cfg_mgmt_read_data = &pin.mgmt_data,
		.cfg_mgmt_read_write_done = &pin.mgmt_done,
		.cfg_flr_in_process = &pin.flr, .cfg_flr_done = &pin.flr_done,
		.cfg_max_payload = &pin.mps, .cfg_max_read_req = &pin.mrrs, .cfg_rcb_status = &pin.rcb,
		.cfg_bus_master_enable = &pin.master, .cfg_msix_enable = &pin.msix, .cfg_msix_mask = &pin.mask,
	};
}

const struct card_ports *card_ports(void)
{
	return &ports;
}

void card_close(void)
{
}
