/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The straddled streams of rtl/pcie. pcie_rc_unpack: completions of every length, packed by C as PG213 packs them, come out whole, each from
 * the start of a beat. pcie_write with pcie_rq: writes and reads go in, and what stands on RQ is taken apart in C: memory holds the writes'
 * bytes, and no others; TLPs keep to the payload's limit, in order; reads come out as they went in. Bit numbers are those of PG213's tables.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "pcie_cells.h"

DUT_PORT(unpack_tvalid);
DUT_PORT(unpack_tready);
DUT_PORT(unpack_tdata);
DUT_PORT(unpack_tuser);
DUT_PORT(unpack_valid);
DUT_PORT(unpack_ready);
DUT_PORT(unpack_desc);
DUT_PORT(unpack_data);
DUT_PORT(unpack_dwords);
DUT_PORT(unpack_last);
DUT_PORT(unpack_discontinue);
DUT_PORT(write_max_payload);
DUT_PORT(write_tvalid);
DUT_PORT(write_tready);
DUT_PORT(write_tdata);
DUT_PORT(write_tlast);
DUT_PORT(write_addr);
DUT_PORT(write_len);
DUT_PORT(write_stop);
DUT_PORT(write_mrd_valid);
DUT_PORT(write_mrd_ready);
DUT_PORT(write_mrd_tag);
DUT_PORT(write_mrd_address);
DUT_PORT(write_mrd_dwords);
DUT_PORT(write_mrd_first_be);
DUT_PORT(write_mrd_last_be);
DUT_PORT(rq_tvalid);
DUT_PORT(rq_tready);
DUT_PORT(rq_tdata);
DUT_PORT(rq_tkeep);
DUT_PORT(rq_tuser);
DUT_PORT(rq_tlast);
DUT_PORT(write_sent);
DUT_PORT(write_reads_left);

/* ---- pcie_rc_unpack -------------------------------------------------------------------------------------------------------------- */

#define COMPLETIONS 400u
#define MAX_DWORDS 64u

static struct completion {
	unsigned dwords;
	uint32_t words[3 + MAX_DWORDS];
} completions[COMPLETIONS];

/* Where the packer stands. */
static unsigned next_in, word_in;

/* One beat of RC with as much as fits: each completion begins in the 16-byte lane behind the end of the last, sometimes only in the next beat. */
static void pack_beat(void)
{
	unsigned sops = 0, eops = 0, lane = 0;

	memset(PW(unpack_tuser), 0, 24);
	for (unsigned i = 0; i < 16; i++)
		PW(unpack_tdata)[i] = (uint32_t)rnd(UINT32_MAX);
	while (lane < 16 && next_in < COMPLETIONS) {
		struct completion *c = &completions[next_in];

		if (word_in == 0) {
			bits_set(PW(unpack_tuser), 64 + sops, 1, 1);
			bits_set(PW(unpack_tuser), 68 + 2 * sops++, 2, lane / 4);
		}
		while (lane < 16 && word_in < 3 + c->dwords)
			PW(unpack_tdata)[lane++] = c->words[word_in++];
		if (word_in < 3 + c->dwords)
			return;
		bits_set(PW(unpack_tuser), 76 + eops, 1, 1);
		bits_set(PW(unpack_tuser), 80 + 4 * eops++, 4, lane - 1);
		word_in = 0;
		next_in++;
		lane = (lane + 3) & ~3u;
		if (chance(10))
			return;
	}
}

void test_unpack(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 6 * test_scale(); round++) {
		unsigned gaps = round % 3 * 30, out = 0, word = 0;

		*P8(unpack_tvalid) = *P8(unpack_ready) = 0;
		cells_reset();
		next_in = word_in = 0;
		for (unsigned i = 0; i < COMPLETIONS; i++) {
			completions[i].dwords = rnd(3) ? rnd(20) : rnd(MAX_DWORDS + 1);
			for (unsigned k = 0; k < 3 + completions[i].dwords; k++)
				completions[i].words[k] = (uint32_t)rnd(UINT32_MAX);
		}
		for (unsigned cycle = 0; out < COMPLETIONS; cycle++) {
			assert_true(cycle < 100 * COMPLETIONS);
			if (!*P8(unpack_tvalid) && next_in < COMPLETIONS && !chance(gaps)) {
				pack_beat();
				*P8(unpack_tvalid) = 1;
			}
			*P8(unpack_ready) = !chance(gaps);
			dut_settle();
			if (*P8(unpack_valid) && *P8(unpack_ready)) {
				struct completion *c = &completions[out];
				unsigned left = c->dwords - word, n = left < 16 ? left : 16;

				if (word == 0)
					assert_memory_equal(PW(unpack_desc), c->words, 12);
				assert_int_equal(*P8(unpack_dwords), n);
				assert_memory_equal(PW(unpack_data), c->words + 3 + word, 4 * n);
				assert_int_equal(*P8(unpack_last), n == left);
				assert_false(*P8(unpack_discontinue));
				word += n;
				if (*P8(unpack_last)) {
					word = 0;
					out++;
				}
			}
			int taken = *P8(unpack_tvalid) && *P8(unpack_tready);

			dut_edge();
			if (taken)
				*P8(unpack_tvalid) = 0;
		}
	}
	*P8(unpack_tvalid) = 0;
}

/* ---- pcie_write and pcie_rq ------------------------------------------------------------------------------------------------------ */

#define MEMORY (1u << 16)
#define BASE 0x1234567800000000ull
#define READS 4096u

static uint8_t expected[MEMORY], memory[MEMORY];
static uint64_t reads[READS][2]; /* address; tag, dwords, byte enables */
static unsigned reads_in, reads_out, tlps, payload;

static struct {
	unsigned words, first_be, last_be;
	uint32_t w[4 + 256 + 16];
} tlp;

static void tlp_ends(void)
{
	uint64_t addr = (tlp.w[0] & ~3u) | (uint64_t)tlp.w[1] << 32;
	unsigned dwords = tlp.w[2] & 0x7ff, type = tlp.w[2] >> 11 & 15;

	tlps++;
	if (type == 0) {
		assert_int_equal(tlp.words, 4);
		assert_true(reads_out < reads_in);
		assert_int_equal(addr, reads[reads_out % READS][0]);
		assert_int_equal((tlp.w[3] & 0xff) | dwords << 8 | (uint64_t)tlp.first_be << 32 | (uint64_t)tlp.last_be << 36, reads[reads_out % READS][1]);
		reads_out++;
		return;
	}
	assert_int_equal(type, 1);
	assert_int_equal(tlp.words, 4 + dwords);
	assert_true(4 * dwords <= payload);
	assert_true((addr & 0xfff) + 4 * dwords <= 0x1000);
	assert_int_equal(tlp.last_be == 0, dwords == 1);
	for (unsigned i = 0; i < dwords; i++) {
		unsigned be = i == 0 ? tlp.first_be : i == dwords - 1 ? tlp.last_be : 15;

		for (unsigned k = 0; k < 4; k++)
			if (be >> k & 1)
				memory[addr - BASE + 4 * i + k] = (uint8_t)(tlp.w[4 + i] >> 8 * k);
	}
}

static void take_beat(void)
{
	const uint32_t *user = PW(rq_tuser), *data = PW(rq_tdata);
	unsigned sops = (unsigned)bits_get(user, 20, 2), eops = (unsigned)bits_get(user, 26, 2), sop = 0, eop = 0;

	assert_int_equal(*P16(rq_tkeep), 0xffff);
	assert_false(*P8(rq_tlast));
	assert_true(sops != 2 && eops != 2);
	for (unsigned i = 0; i < 16; i++) {
		if (sops >> sop & 1 && 4 * bits_get(user, 22 + 2 * sop, 2) == i) {
			assert_int_equal(tlp.words, 0);
			assert_true(i == 0 || i == 8);
			tlp.first_be = (unsigned)bits_get(user, 4 * sop, 4);
			tlp.last_be = (unsigned)bits_get(user, 8 + 4 * sop, 4);
			sop++;
			tlp.w[tlp.words++] = data[i];
		} else if (tlp.words) {
			assert_true(tlp.words < 4 + 256);
			tlp.w[tlp.words++] = data[i];
		} else {
			assert_true(i != 0); /* a beat is never empty below */
		}
		if (eops >> eop & 1 && bits_get(user, 28 + 4 * eop, 4) == i) {
			assert_true(tlp.words);
			tlp_ends();
			tlp.words = 0;
			eop++;
		}
	}
	assert_int_equal(sops, (1u << sop) - 1);
	assert_int_equal(eops, (1u << eop) - 1);
}

/* A write that the DMA may give: aligned to 64 bytes, of any length; or up to 64 bytes at a dword, within an aligned block of 128. */
static void new_write(unsigned *at, unsigned *len)
{
	if (rnd(2)) {
		*len = 1 + rnd(rnd(3) ? 300 : 3000);
		*at = 64 * rnd((MEMORY - 4096) / 64);
	} else {
		unsigned start = 4 * rnd(32);

		*len = 1 + rnd(128 - start < 64 ? 128 - start : 64);
		*at = 128 * rnd(MEMORY / 128) + start;
	}
}

static void new_read(void)
{
	unsigned dwords = 1 + rnd(128), first = dwords == 1 ? 1 + rnd(15) : 15, last = dwords == 1 ? 0 : 15;
	uint64_t addr = 4ull * rnd(1 << 20) + rnd(2) * BASE;

	*P8(write_mrd_valid) = 1;
	*P8(write_mrd_tag) = (uint8_t)rnd(256);
	*P64(write_mrd_address) = addr >> 2;
	*P16(write_mrd_dwords) = (uint16_t)dwords;
	*P8(write_mrd_first_be) = (uint8_t)first;
	*P8(write_mrd_last_be) = (uint8_t)last;
	assert_true(reads_in - reads_out < READS);
	reads[reads_in % READS][0] = addr;
	reads[reads_in % READS][1] = *P8(write_mrd_tag) | dwords << 8 | (uint64_t)first << 32 | (uint64_t)last << 36;
}

void test_requests(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 12 * test_scale(); round++) {
		unsigned at = 0, len = 0, done = 0, writes_in = 0, sent = 0, read_left = 0;
		unsigned gaps = round % 3 * 25, density = round % 4 * 33, idle = 0;

		*P8(write_tvalid) = *P8(write_mrd_valid) = *P8(write_stop) = *P8(rq_tready) = 0;
		*P8(write_max_payload) = (uint8_t)(round % 4);
		payload = 128u << round % 4;
		cells_reset();
		memset(expected, 0, sizeof expected);
		memset(memory, 0, sizeof memory);
		reads_in = reads_out = tlps = tlp.words = 0;
		for (unsigned cycle = 0; idle < 30; cycle++) {
			int begins = cycle < 3000;

			if (!*P8(write_tvalid) && ((len && !chance(gaps)) || (begins && chance(density + 1)))) {
				if (!len) {
					new_write(&at, &len);
					done = 0;
				}
				for (unsigned i = 0; i < 64; i++)
					((uint8_t *)PW(write_tdata))[i] = (uint8_t)rnd(256);
				for (unsigned i = 0; i < 64 && done + i < len; i++)
					expected[at + done + i] = ((uint8_t *)PW(write_tdata))[i];
				*P8(write_tvalid) = 1;
				*P64(write_addr) = BASE + at;
				*P16(write_len) = (uint16_t)len;
				*P8(write_tlast) = len - done <= 64;
			}
			if (!*P8(write_mrd_valid) && begins && chance(100 - density))
				new_read();
			*P8(rq_tready) = !chance(gaps);
			dut_settle();
			int write = *P8(write_tvalid) && *P8(write_tready), read = *P8(write_mrd_valid) && *P8(write_mrd_ready);

			if (*P8(rq_tvalid) && *P8(rq_tready))
				take_beat();
			sent += *P8(write_sent);
			read_left += *P8(write_reads_left);
			idle = write || read || *P8(rq_tvalid) ? 0 : idle + !begins;
			dut_edge();
			if (write) {
				writes_in += *P8(write_tlast);
				done += 64;
				if (*P8(write_tlast))
					len = 0;
				*P8(write_tvalid) = 0;
			}
			if (read) {
				reads_in++;
				*P8(write_mrd_valid) = 0;
			}
		}
		assert_int_equal(tlp.words, 0);
		assert_int_equal(reads_out, reads_in);
		assert_int_equal(read_left, reads_in);
		assert_int_equal(sent, writes_in); /* each write's last TLP is told once */
		assert_memory_equal(memory, expected, MEMORY);
		assert_true(tlps >= writes_in + reads_in && tlps > 100);
	}
}
