// SPDX-License-Identifier: Apache-2.0
/*
 * Packets that must be dropped, each with its own reason, and good packets behind each that must pass. The driver checks that no byte comes out
 * beside an error, and compares every packet with the oracle.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "decap_dut.h"
#include "decap_tests.h"
#include "espalier_regs.h"

static uint8_t inner[ORACLE_MAX], body[ORACLE_MAX], wire[ORACLE_MAX], bad[ORACLE_MAX];

static void put16(uint8_t *p, size_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* wire: a good packet of SA 1 under its next number, which is not used up. */
static size_t make(size_t inner_len)
{
	decap_make_inner(inner, inner_len);
	return oracle_seal(&decap_sas[1], decap_next[1], 0, body, oracle_body(inner, inner_len, 0, 0, 4, body), wire);
}

/* A packet of SA 1 with this body; uses up its number if the ICV is right, which it is. */
static void push_body(size_t body_len, uint8_t tos, uint8_t status)
{
	decap_push(wire, oracle_seal(&decap_sas[1], decap_next[1]++, tos, body, body_len, wire), ESP_STATUS_OK, false, status);
}

static void add_two(bool esn)
{
	decap_add(1, 32, esn, 64, esn ? 0xfffffff0 : 5);
	decap_add(2, 16, !esn, 64, 0);
}

/* One bit of each byte in turn, of the outer header every bit; then all good: nothing of the bad packets is left anywhere. */
void test_tamper(void **state)
{
	static const size_t sizes[] = { 40, 57, 300 };
	uint64_t icv = 0;

	(void)state;
	add_two(true);
	for (unsigned int s = 0; s < 3; s++) {
		size_t len = make(sizes[s]);

		for (size_t step = 0; step < len + 7 * 20; step++) {
			size_t at = step < 8 * 20 ? step / 8 : step - 7 * 20;
			uint8_t want = ESP_STATUS_ICV_MISMATCH;

			if (at < 20)
				want = ESP_STATUS_OUTER_MALFORMED; /* the checksum covers every bit */
			else if (at < 24)
				want = ESP_STATUS_NO_SA;
			else if (at < 28)
				want = ANY; /* another number: wrong ICV, or not in the window */
			memcpy(bad, wire, len);
			bad[at] ^= (uint8_t)(1u << (at < 20 ? step % 8 : decap_random() % 8));
			icv += want == ESP_STATUS_ICV_MISMATCH;
			decap_push(bad, len, ESP_STATUS_OK, false, want);
			decap_push_good(2, 20 + at % 200);
		}
		decap_drain();
		decap_push(wire, len, ESP_STATUS_OK, false, ESP_STATUS_OK); /* its number was never used up */
		decap_next[1]++;
		decap_drain();
	}
	assert_true(decap_counts.status[ESP_STATUS_ICV_MISMATCH] >= icv);
	assert_int_equal(decap_counts.status[ESP_STATUS_NO_SA], 3 * 4);
	assert_int_equal(decap_counts.stale, 0);
}

/* The packet ends after each byte: as the link cut it, and with an outer header that agrees. */
void test_truncate(void **state)
{
	size_t len;

	(void)state;
	add_two(false);
	len = make(150);
	for (size_t cut = 1; cut < len; cut++) {
		decap_push(wire, cut, ESP_STATUS_OK, false, ESP_STATUS_OUTER_MALFORMED);
		memcpy(bad, wire, len);
		put16(bad + 2, cut);
		oracle_checksum(bad);
		decap_push(bad, cut, ESP_STATUS_OK, false,
			   cut < 20 ? ESP_STATUS_OUTER_MALFORMED : cut < 56 || cut % 4 ? ESP_STATUS_ESP_TRUNCATED : ESP_STATUS_ICV_MISMATCH);
		decap_push_good(2, 20 + cut % 100);
	}
	decap_drain();
	/* More bytes than the header says, as Ethernet pads: ignored. */
	for (size_t more = 0; more < 130; more++) {
		len = make(20 + more);
		memset(wire + len, 0x5a, more);
		decap_next[1]++;
		decap_push(wire, len + more, ESP_STATUS_OK, false, ESP_STATUS_OK);
	}
	decap_drain();
	assert_int_equal(decap_counts.stale, 0);
}

static void numbered(uint16_t sa, uint64_t seq, uint8_t status)
{
	decap_make_inner(inner, 40);
	decap_push(wire, oracle_seal(&decap_sas[sa], seq, 0, body, oracle_body(inner, 40, 0, 0, 4, body), wire), ESP_STATUS_OK, false, status);
}

/* Window edges for every size; the same packet many times in flight; a forged number does not move the window. */
void test_replay(void **state)
{
	static const unsigned int windows[] = { 0, 1, 32, 64, 100, 128 };

	(void)state;
	for (unsigned int w = 0; w < 6; w++) {
		for (unsigned int esn = 0; esn < 2; esn++) {
			unsigned int window = windows[w];
			uint8_t again = window ? ESP_STATUS_REPLAY_DUPLICATE : ESP_STATUS_OK;
			/* with ESN a number left of the window means the next 2^32 of them: its ICV is wrong */
			uint8_t left = !window ? ESP_STATUS_OK : esn ? ESP_STATUS_ICV_MISMATCH : ESP_STATUS_REPLAY_OLD;
			uint64_t top = esn ? 0x300000040 : 1000;

			decap_add(3, 24, esn, window, 200);
			if (!esn)
				numbered(3, 0, window ? ESP_STATUS_REPLAY_OLD : ESP_STATUS_OK);
			decap_drain();
			decap_delete(3);
			decap_add(3, 24, esn, window, esn ? top - 40 : 200);
			numbered(3, top, ESP_STATUS_OK);
			decap_drain();
			numbered(3, top, again);
			decap_drain();
			if (window > 1) {
				numbered(3, top - window + 1, esn && window > 40 ? ESP_STATUS_REPLAY_DUPLICATE : ESP_STATUS_OK);
				decap_drain();
				numbered(3, top - window + 1, ESP_STATUS_REPLAY_DUPLICATE);
			}
			if (window)
				numbered(3, top - window, left);
			decap_drain();
			/* a forged packet far ahead, and then the next right one */
			make(40);
			for (int i = 0; i < 20; i++) {
				size_t len = oracle_seal(&decap_sas[3], top + 1000, 0, body, oracle_body(inner, 40, 0, 0, 4, body), bad);

				bad[len - 1] ^= 1;
				decap_push(bad, len, ESP_STATUS_OK, false, ESP_STATUS_ICV_MISMATCH);
			}
			numbered(3, top + 1, ESP_STATUS_OK);
			decap_drain();
			/* the same packet in flight many times: exactly one passes */
			for (int i = 0; i < 50; i++)
				numbered(3, top + 2, i && window ? ESP_STATUS_REPLAY_DUPLICATE : ESP_STATUS_OK);
			decap_drain();
			decap_delete(3);
		}
	}
}

/*
 * A packet and its copy 1 to 130 cycles apart: the copy meets its number at every stage from the input to the state memory. The numbers
 * behind it must pass meanwhile.
 */
void test_replay_every_distance(void **state)
{
	(void)state;
	decap_add(4, 16, true, 64, 0xfffffff0);
	for (unsigned int gap = 1; gap <= 130; gap++) {
		uint64_t seq = decap_next[4];

		numbered(4, seq, ESP_STATUS_OK);
		for (unsigned int cycle = 0; cycle < gap; cycle++)
			decap_step();
		numbered(4, seq, ESP_STATUS_REPLAY_DUPLICATE);
		numbered(4, seq + 1, ESP_STATUS_OK);
		numbered(4, seq + 1, ESP_STATUS_REPLAY_DUPLICATE);
		numbered(4, seq + 2, ESP_STATUS_OK);
		decap_next[4] = seq + 3;
		if (gap % 2)
			decap_drain();
	}
	decap_drain();
	assert_int_equal(decap_counts.status[ESP_STATUS_OK], 3 * 130);
}

/* Every pad length, right, and wrong at every byte; pad lengths beyond the payload; traffic flow padding; next headers. */
void test_padding(void **state)
{
	(void)state;
	add_two(true);
	for (size_t pad = 0; pad < 256; pad++) {
		size_t len = 20 + (pad * 7 + 2) % 90, used;

		while ((len + pad + 2) % 4)
			len++;
		decap_make_inner(inner, len);
		used = oracle_body(inner, len, 0, pad, 4, body);
		assert_int_equal(body[used - 2], pad);
		push_body(used, 0, ESP_STATUS_OK);
		for (size_t at = 0; at < pad; at += pad > 40 ? 1 + decap_random() % 9 : 1) {
			body[len + at] ^= (uint8_t)(1u << decap_random() % 8);
			push_body(used, 0, ESP_STATUS_BAD_PADDING);
			used = oracle_body(inner, len, 0, pad, 4, body);
		}
		if (pad) { /* one step off, all along; and all zero */
			for (size_t at = 0; at < pad; at++)
				body[len + at] = (uint8_t)at;
			push_body(used, 0, ESP_STATUS_BAD_PADDING);
			memset(body + len, 0, pad);
			push_body(used, 0, ESP_STATUS_BAD_PADDING);
		}
		decap_drain();
	}
	/* Padding longer than the payload, by one and by all; and padding that leaves nothing. */
	for (size_t used = 4; used <= 256; used += 4) {
		for (size_t pad = used - 2; pad < 256; pad += pad < used ? 1 : 50) {
			for (size_t i = 0; i < used - 2; i++)
				body[i] = (uint8_t)(pad - (used - 2) + i + 1);
			body[used - 2] = (uint8_t)pad;
			body[used - 1] = 4;
			push_body(used, 0, pad == used - 2 ? ESP_STATUS_INNER_MALFORMED : ESP_STATUS_BAD_PADDING);
		}
		decap_drain();
	}
	for (size_t tfc = 0; tfc < 300; tfc += 7) {
		decap_make_inner(inner, 50);
		push_body(oracle_body(inner, 50, tfc, 0, 4, body), 0, ESP_STATUS_OK);
		push_body(oracle_body(inner, 50, tfc, tfc % 200, 4, body), 0, ESP_STATUS_OK);
	}
	for (unsigned int next = 0; next < 256; next++)
		push_body(oracle_body(inner, 50, 0, 0, (uint8_t)next, body), 0,
			  next == 4 ? ESP_STATUS_OK : next == 59 ? ESP_STATUS_DUMMY : ESP_STATUS_BAD_NEXT_HEADER);
	/* Bad padding comes before the next header, and that before the inner header. */
	memset(inner, 0, 50);
	push_body(oracle_body(inner, 50, 0, 0, 59, body), 0, ESP_STATUS_DUMMY);
	push_body(oracle_body(inner, 50, 0, 0, 41, body), 0, ESP_STATUS_BAD_NEXT_HEADER);
	push_body(oracle_body(inner, 50, 0, 0, 0, body), 0, ESP_STATUS_BAD_NEXT_HEADER);
	decap_drain();
	assert_int_equal(decap_counts.stale, 0);
}

void test_inner(void **state)
{
	(void)state;
	add_two(false);
	for (unsigned int first = 0; first < 256; first++) {
		decap_make_inner(inner, 62);
		inner[0] = (uint8_t)first;
		push_body(oracle_body(inner, 62, 0, 0, 4, body), 0, first >> 4 == 4 && (first & 15) >= 5 ? ESP_STATUS_OK : ESP_STATUS_INNER_MALFORMED);
	}
	decap_drain();
	for (size_t total = 0; total < 200; total++) {
		decap_make_inner(inner, 100);
		inner[0] = 0x47;
		put16(inner + 2, total);
		push_body(oracle_body(inner, 100, 0, 0, 4, body), 0, total >= 28 && total <= 100 ? ESP_STATUS_OK : ESP_STATUS_INNER_MALFORMED);
	}
	for (size_t len = 0; len < 24; len++) { /* no room for a header */
		decap_make_inner(inner, 24);
		inner[0] = 0x45;
		put16(inner + 2, 20);
		push_body(oracle_body(inner, len, 0, 0, 4, body), 0, len < 20 ? ESP_STATUS_INNER_MALFORMED : ESP_STATUS_OK);
	}
	decap_drain();
}

/* A congestion mark goes inwards (RFC 6040, 4.2); other outer marks change nothing. The checksum of the inner header stays right. */
void test_ecn(void **state)
{
	(void)state;
	add_two(true);
	for (unsigned int i = 0; i < 4 * 4 * 200; i++) {
		unsigned int outer = i & 3, in = i >> 2 & 3;
		size_t len = 20 + i % 100, used;

		decap_make_inner(inner, len);
		inner[0] = 0x45;
		inner[1] = (uint8_t)((inner[1] & 0xfc) | in);
		oracle_checksum(inner);
		used = oracle_body(inner, len, 0, 0, 4, body);
		push_body(used, (uint8_t)((decap_random() & 0xfc) | outer), outer == 3 && in == 0 ? ESP_STATUS_ECN_INVALID : ESP_STATUS_OK);
		if (i % 64 == 0)
			decap_drain();
	}
	decap_drain();
	assert_int_equal(decap_counts.status[ESP_STATUS_ECN_INVALID], 200);
}

/* A packet of SA 1 with byte at of the outer header set to value, and a right checksum. */
static void outer_byte(size_t at, uint8_t value, uint8_t status)
{
	size_t len = make(60);

	wire[at] = value;
	oracle_checksum(wire);
	decap_push(wire, len, ESP_STATUS_OK, false, status);
	if (status == ESP_STATUS_OK)
		decap_next[1]++;
	decap_push_good(2, 30);
}

void test_outer(void **state)
{
	(void)state;
	add_two(false);
	for (unsigned int v = 0; v < 256; v++) {
		outer_byte(0, (uint8_t)v, v == 0x45 ? ESP_STATUS_OK : ESP_STATUS_OUTER_MALFORMED); /* version, options */
		outer_byte(9, (uint8_t)v, v == 50 ? ESP_STATUS_OK : ESP_STATUS_NOT_ESP);
		outer_byte(6, (uint8_t)v, v & 0x3f ? ESP_STATUS_FRAGMENT : ESP_STATUS_OK);
		outer_byte(7, (uint8_t)v, v ? ESP_STATUS_FRAGMENT : ESP_STATUS_OK);
		outer_byte(8, (uint8_t)v, ESP_STATUS_OK);                                          /* TTL */
		outer_byte(13, (uint8_t)v, ESP_STATUS_OK);                                         /* source */
		outer_byte(4, (uint8_t)v, ESP_STATUS_OK);                                          /* ID */
		decap_drain();
	}
	for (size_t at = 16; at < 20; at++)
		outer_byte(at, (uint8_t)(decap_sas[1].dst >> (8 * (19 - at))) ^ 0x10, ESP_STATUS_NO_SA);
	/* Garbage of every length, and jobs that failed before. */
	for (size_t len = 1; len < 400; len++) {
		for (size_t i = 0; i < len; i++)
			bad[i] = (uint8_t)decap_random();
		bad[0] = len & 1 ? 0x45 : bad[0];
		decap_push(bad, len, ESP_STATUS_OK, false, ANY);
		decap_push(bad, len, (uint8_t)(ESP_STATUS_BAD_OPCODE + len % 11), false, ANY);
		decap_push_good(2, 20 + len % 30);
	}
	decap_drain();
	assert_int_equal(decap_counts.stale, 0);
}
