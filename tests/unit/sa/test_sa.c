// SPDX-License-Identifier: Apache-2.0
/*
 * The SA manager alone: this test is the register block and both engines. It keeps what the manager wrote to each engine (keys,
 * contexts, sequence state, lookup), and the cycle of each write, so that the order of things can be checked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include "dut.h"
#include "espalier_regs.h"

DUT_PORT(rst);
DUT_PORT(ready);
DUT_PORT(cmd_valid);
DUT_PORT(cmd_op);
DUT_PORT(cmd_inbound);
DUT_PORT(cmd_index);
DUT_PORT(cmd_key);
DUT_PORT(cmd_key_size);
DUT_PORT(cmd_salt);
DUT_PORT(cmd_esn);
DUT_PORT(cmd_spi);
DUT_PORT(cmd_src);
DUT_PORT(cmd_dst);
DUT_PORT(cmd_ttl);
DUT_PORT(cmd_window);
DUT_PORT(cmd_seq);
DUT_PORT(cmd_ready);
DUT_PORT(rsp_valid);
DUT_PORT(rsp_result);
DUT_PORT(rsp_seq);
DUT_PORT(out_count);
DUT_PORT(in_count);
DUT_PORT(out_key_valid);
DUT_PORT(out_key_all);
DUT_PORT(out_key_flush);
DUT_PORT(out_key_slot);
DUT_PORT(out_key_sa);
DUT_PORT(out_key_data);
DUT_PORT(out_ctx_write);
DUT_PORT(out_ctx_sa);
DUT_PORT(out_valid);
DUT_PORT(out_csum);
DUT_PORT(out_seq_valid);
DUT_PORT(out_seq_write);
DUT_PORT(out_seq_sa);
DUT_PORT(out_seq);
DUT_PORT(out_seq_ready);
DUT_PORT(out_seq_rsp_valid);
DUT_PORT(out_seq_rsp_bad);
DUT_PORT(out_seq_rsp_data);
DUT_PORT(out_drop_valid);
DUT_PORT(out_drop_sa);
DUT_PORT(out_epoch);
DUT_PORT(out_inflight_zero);
DUT_PORT(in_key_valid);
DUT_PORT(in_key_all);
DUT_PORT(in_key_flush);
DUT_PORT(in_key_slot);
DUT_PORT(in_key_sa);
DUT_PORT(in_key_data);
DUT_PORT(in_ctx_write);
DUT_PORT(in_ctx_sa);
DUT_PORT(in_valid);
DUT_PORT(in_seq_valid);
DUT_PORT(in_seq_write);
DUT_PORT(in_seq_sa);
DUT_PORT(in_seq);
DUT_PORT(in_seq_ready);
DUT_PORT(in_seq_rsp_valid);
DUT_PORT(in_seq_rsp_bad);
DUT_PORT(in_seq_rsp_data);
DUT_PORT(in_epoch);
DUT_PORT(in_inflight_zero);
DUT_PORT(lookup_valid);
DUT_PORT(lookup_op);
DUT_PORT(lookup_spi);
DUT_PORT(lookup_dst);
DUT_PORT(lookup_sa);
DUT_PORT(lookup_rsp_valid);
DUT_PORT(lookup_result);

#define SAS 64         /* SA_ENTRIES of the bench */
#define SLOTS 21
#define SLOT_SALT 20
#define LOOKUP_ROOM 8  /* entries of the lookup table played here */

struct command {
	uint8_t op;
	bool inbound;
	uint16_t index;
	uint8_t key[32], key_size;
	uint32_t salt, spi, src, dst;
	bool esn;
	uint8_t ttl;
	uint16_t window;
	uint64_t seq;
};

static struct side {
	uint8_t key[SAS][SLOTS][16];
	bool valid[SAS];
	uint64_t seq[SAS];
	unsigned int wipes[SAS];          /* writes of all slots at once */
	uint64_t key_at, seq_at, valid_at, invalid_at, wipe_at, flip_at, flush_at; /* cycle of the last such write */
	unsigned int ctx_writes, flushes, drops; /* since the test cleared them */
	bool bad;                         /* the stored number fails its parity */
	bool epoch;
	unsigned int answer_in;           /* cycles until the sequence read is answered; 0: none runs */
	uint64_t answer;
} sides[2]; /* 0 outbound, 1 inbound */

static struct {
	uint32_t spi, dst;
	uint16_t sa;
	bool used;
} lookup[LOOKUP_ROOM];
static unsigned int lookup_wait, lookup_wipes;
static uint64_t cycle, lookup_at;
static uint16_t last_csum;
static bool busy_seq; /* the engines' sequence memories are taken by packets most of the time */
static bool is_open;

static bool is_zero(const void *p, size_t len)
{
	const uint8_t *byte = p;
	uint8_t any = 0;

	for (size_t i = 0; i < len; i++)
		any |= byte[i];
	return !any;
}

static void write_keys(struct side *s, bool all, unsigned int slot, uint16_t sa, const void *data)
{
	assert_true(sa < SAS);
	if (all) {
		for (unsigned int i = 0; i < SLOTS; i++)
			memcpy(s->key[sa][i], data, 16);
		s->wipes[sa]++;
		s->wipe_at = cycle;
		return;
	}
	assert_true(slot < SLOTS);
	memcpy(s->key[sa][slot], data, 16);
	s->key_at = cycle;
}

static void write_ctx(struct side *s, uint16_t sa, bool valid)
{
	assert_true(sa < SAS);
	s->ctx_writes++;
	if (valid && !s->valid[sa])
		s->valid_at = cycle;
	if (!valid && s->valid[sa])
		s->invalid_at = cycle;
	s->valid[sa] = valid;
}

static void serve_seq(struct side *s, bool valid, bool write, uint16_t sa, uint64_t seq, bool ready)
{
	if (s->answer_in)
		s->answer_in--;
	if (!valid || !ready)
		return;
	assert_true(sa < SAS);
	if (write) {
		s->seq[sa] = seq;
		s->seq_at = cycle;
		return;
	}
	assert_int_equal(s->answer_in, 0);
	s->answer = s->seq[sa];
	s->answer_in = 3;
}

static uint8_t serve_lookup(void)
{
	unsigned int place = LOOKUP_ROOM;

	lookup_at = cycle;
	if (*P8(lookup_op) == 0) {
		memset(lookup, 0, sizeof(lookup));
		lookup_wipes++;
		return ESP_SA_RESULT_OK;
	}
	for (unsigned int i = 0; i < LOOKUP_ROOM; i++) {
		if (lookup[i].used && lookup[i].spi == *P32(lookup_spi) && lookup[i].dst == *P32(lookup_dst)) {
			lookup[i].used = *P8(lookup_op) == 1;
			return *P8(lookup_op) == 1 ? ESP_SA_RESULT_EXISTS : ESP_SA_RESULT_OK;
		}
		if (!lookup[i].used)
			place = i;
	}
	assert_int_equal(*P8(lookup_op), 1);
	if (place == LOOKUP_ROOM)
		return ESP_SA_RESULT_NO_SPACE;
	lookup[place].used = true;
	lookup[place].spi = *P32(lookup_spi);
	lookup[place].dst = *P32(lookup_dst);
	lookup[place].sa = *P16(lookup_sa);
	return ESP_SA_RESULT_OK;
}

static void step(void)
{
	struct side *out = &sides[0], *in = &sides[1];

	*P8(out_seq_ready) = !busy_seq || cycle % 5 == 0;
	*P8(in_seq_ready) = !busy_seq || cycle % 7 == 0;
	*P8(out_seq_rsp_valid) = out->answer_in == 1;
	*P64(out_seq_rsp_data) = out->answer_in == 1 ? out->answer : 0;
	*P8(in_seq_rsp_valid) = in->answer_in == 1;
	*P64(in_seq_rsp_data) = in->answer_in == 1 ? in->answer : 0;
	*P8(out_seq_rsp_bad) = out->bad;
	*P8(in_seq_rsp_bad) = in->bad;
	*P8(lookup_rsp_valid) = 0;
	if (*P8(lookup_valid) && ++lookup_wait == 9) {
		*P8(lookup_rsp_valid) = 1;
		*P8(lookup_result) = serve_lookup();
	}
	if (!*P8(lookup_valid))
		lookup_wait = 0;
	if (*P8(out_key_valid))
		write_keys(out, *P8(out_key_all), *P8(out_key_slot), *P16(out_key_sa), PW(out_key_data));
	if (*P8(in_key_valid))
		write_keys(in, *P8(in_key_all), *P8(in_key_slot), *P16(in_key_sa), PW(in_key_data));
	for (int d = 0; d < 2; d++) {
		if (!(d ? *P8(in_key_flush) : *P8(out_key_flush)))
			continue;
		assert_true(is_zero(sides[d].key[d ? *P16(in_key_sa) : *P16(out_key_sa)], sizeof(sides[d].key[0])));
		sides[d].flushes++;
		sides[d].flush_at = cycle;
	}
	out->drops += *P8(out_drop_valid);
	if (*P8(out_ctx_write)) {
		write_ctx(out, *P16(out_ctx_sa), *P8(out_valid));
		last_csum = *P16(out_csum);
	}
	if (*P8(in_ctx_write))
		write_ctx(in, *P16(in_ctx_sa), *P8(in_valid));
	serve_seq(out, *P8(out_seq_valid), *P8(out_seq_write), *P16(out_seq_sa), *P64(out_seq), *P8(out_seq_ready));
	serve_seq(in, *P8(in_seq_valid), *P8(in_seq_write), *P16(in_seq_sa), *P64(in_seq), *P8(in_seq_ready));
	if (*P8(out_epoch) != out->epoch)
		out->flip_at = cycle;
	if (*P8(in_epoch) != in->epoch)
		in->flip_at = cycle;
	out->epoch = *P8(out_epoch);
	in->epoch = *P8(in_epoch);
	dut_edge();
	cycle++;
}

static int start(void **state)
{
	(void)state;
	if (is_open) /* the test before ended badly */
		dut_close();
	is_open = true;
	dut_open(getenv("ESPALIER_TRACE"));
	memset(lookup, 0xff, sizeof(lookup));
	memset(sides, 0xff, sizeof(sides)); /* what memories hold before the wipe */
	for (int d = 0; d < 2; d++) {
		memset(sides[d].wipes, 0, sizeof(sides[d].wipes));
		sides[d].answer_in = 0;
		sides[d].epoch = sides[d].bad = false;
		sides[d].ctx_writes = sides[d].flushes = sides[d].drops = 0;
	}
	cycle = 0;
	lookup_wipes = 0;
	busy_seq = false;
	*P8(out_inflight_zero) = *P8(in_inflight_zero) = 3;
	*P8(rst) = 1;
	dut_edge();
	dut_edge();
	*P8(rst) = 0;
	while (!*P8(ready)) {
		assert_false(*P8(cmd_ready));
		step();
		assert_true(cycle < 10000);
	}
	return 0;
}

static int stop(void **state)
{
	(void)state;
	dut_close();
	is_open = false;
	return 0;
}

static void begin(const struct command *c)
{
	*P8(cmd_op) = c->op;
	*P8(cmd_inbound) = c->inbound;
	*P16(cmd_index) = c->index;
	memcpy(PW(cmd_key), c->key, 32);
	*P8(cmd_key_size) = c->key_size;
	*P32(cmd_salt) = c->salt;
	*P8(cmd_esn) = c->esn;
	*P32(cmd_spi) = c->spi;
	*P32(cmd_src) = c->src;
	*P32(cmd_dst) = c->dst;
	*P8(cmd_ttl) = c->ttl;
	*P16(cmd_window) = c->window;
	*P64(cmd_seq) = c->seq;
	*P8(cmd_valid) = 1;
	for (int i = 0; !*P8(cmd_ready); i++) {
		step();
		assert_true(i < 5000);
	}
	step();
	*P8(cmd_valid) = 0;
	memset(PW(cmd_key), 0, 32);
}

static uint8_t finish(void)
{
	for (int i = 0; !*P8(rsp_valid); i++) {
		step();
		assert_true(i < 5000);
	}
	return *P8(rsp_result);
}

static uint8_t run(const struct command *c)
{
	begin(c);
	return finish();
}

static struct command make(uint8_t op, bool inbound, uint16_t index)
{
	struct command c = {
		.op = op, .inbound = inbound, .index = index, .key_size = index % 3, .salt = 0x11223344, .spi = 0x1000u + index,
		.src = 0xC0000201, .dst = 0xC0000202, .ttl = 64, .window = 64, .seq = 77u + index,
	};

	for (unsigned int i = 0; i < 16u + 8u * c.key_size; i++)
		c.key[i] = (uint8_t)(i * 7 + index + 1);
	return c;
}

static uint8_t simple(uint8_t op, bool inbound, uint16_t index)
{
	struct command c = make(op, inbound, index);

	return run(&c);
}

static void hash_key(const struct command *c, uint8_t *h)
{
	const EVP_CIPHER *cipher = c->key_size == 0 ? EVP_aes_128_ecb() : c->key_size == 1 ? EVP_aes_192_ecb() : EVP_aes_256_ecb();
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t zero[16] = { 0 };
	int n;

	assert_non_null(ctx);
	assert_int_equal(EVP_EncryptInit_ex(ctx, cipher, NULL, c->key, NULL), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, h, &n, zero, 16), 1);
	EVP_CIPHER_CTX_free(ctx);
}

static void test_wipe(void **state)
{
	(void)state;
	assert_int_equal(lookup_wipes, 1);
	for (int d = 0; d < 2; d++) {
		assert_true(is_zero(sides[d].key, sizeof(sides[d].key)));
		assert_true(is_zero(sides[d].valid, sizeof(sides[d].valid)));
		assert_true(is_zero(sides[d].seq, sizeof(sides[d].seq)));
	}
	assert_true(cycle < 2 * SAS + 100);
	assert_true(sides[0].flushes >= 32 && sides[1].flushes >= 32);
	assert_int_equal(*P32(out_count), 0);
}

static void test_add(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 12; i++) {
		bool inbound = i & 1;
		struct side *s = &sides[inbound], *other = &sides[!inbound];
		struct command c = make(ESP_SA_OP_ADD, inbound, (uint16_t)(SAS - 1 - i));
		uint64_t before = cycle, other_key_at = other->key_at;
		uint8_t h[16];

		busy_seq = i >= 6;
		assert_int_equal(run(&c), ESP_SA_RESULT_OK);
		step();
		hash_key(&c, h);
		assert_memory_equal(s->key[c.index][0], c.key, 16);
		assert_memory_equal(s->key[c.index][16], h, 16);
		assert_memory_equal(s->key[c.index][SLOT_SALT], &c.salt, 4);
		for (unsigned int slot = 17; slot < 20; slot++)
			assert_false(is_zero(s->key[c.index][slot], 16));
		assert_true(s->valid[c.index]);
		assert_int_equal(s->seq[c.index], c.seq);
		assert_true(s->key_at > before && s->valid_at > s->key_at && s->valid_at > s->seq_at);
		assert_int_equal(other->key_at, other_key_at);
		if (inbound)
			assert_true(lookup_at > before && lookup_at < s->valid_at);
		assert_int_equal(run(&c), ESP_SA_RESULT_EXISTS);
	}
	assert_int_equal(*P32(out_count), 6);
	assert_int_equal(*P32(in_count), 6);
}

/* The constant words of the outer header: 4500, TTL and protocol, source, destination. */
static void test_csum(void **state)
{
	(void)state;
	for (uint16_t i = 0; i < 20; i++) {
		struct command c = make(ESP_SA_OP_ADD, false, i);
		uint32_t sum;

		c.src = i * 0x9e3779b9u;
		c.dst = ~c.src << 3;
		c.ttl = (uint8_t)(255 - i);
		assert_int_equal(run(&c), ESP_SA_RESULT_OK);
		step();
		sum = 0x4500u + ((uint32_t)c.ttl << 8 | 50) + (c.src >> 16) + (c.src & 0xffff) + (c.dst >> 16) + (c.dst & 0xffff);
		assert_int_equal(last_csum % 0xffff, sum % 0xffff);
	}
}

static void test_invalid(void **state)
{
	struct command c;

	(void)state;
	for (int d = 0; d < 2; d++) {
		c = make(ESP_SA_OP_ADD, d, SAS);
		assert_int_equal(run(&c), ESP_SA_RESULT_INVALID);
		c = make(ESP_SA_OP_ADD, d, 1);
		c.key_size = 3;
		assert_int_equal(run(&c), ESP_SA_RESULT_INVALID);
		c = make(ESP_SA_OP_ADD, d, 1);
		c.seq = 1ull << 32;
		assert_int_equal(run(&c), ESP_SA_RESULT_INVALID);
		assert_int_equal(simple(ESP_SA_OP_DELETE, d, SAS), ESP_SA_RESULT_INVALID);
		assert_int_equal(simple(ESP_SA_OP_QUERY, d, 0xffff), ESP_SA_RESULT_INVALID);
		assert_int_equal(simple(0, d, 1), ESP_SA_RESULT_INVALID);
		assert_int_equal(simple(9, d, 1), ESP_SA_RESULT_INVALID);
		assert_int_equal(simple(ESP_SA_OP_DELETE, d, 1), ESP_SA_RESULT_NOT_FOUND);
		assert_int_equal(simple(ESP_SA_OP_QUERY, d, 1), ESP_SA_RESULT_NOT_FOUND);
	}
	c = make(ESP_SA_OP_ADD, false, 1);
	c.ttl = 0;
	assert_int_equal(run(&c), ESP_SA_RESULT_INVALID);
	for (int d = 0; d < 2; d++) {
		c = make(ESP_SA_OP_ADD, d, 1);
		c.spi = 255; /* RFC 4303, 2.1 */
		assert_int_equal(run(&c), ESP_SA_RESULT_INVALID);
		c.spi = 0;
		assert_int_equal(run(&c), ESP_SA_RESULT_INVALID);
	}
	c = make(ESP_SA_OP_ADD, true, 1);
	c.window = 129;
	assert_int_equal(run(&c), ESP_SA_RESULT_INVALID);
	for (int d = 0; d < 2; d++)
		assert_true(is_zero(sides[d].key, sizeof(sides[d].key)) && is_zero(sides[d].valid, sizeof(sides[d].valid)));
}

static void test_lookup(void **state)
{
	struct command c;

	(void)state;
	for (uint16_t i = 0; i < LOOKUP_ROOM; i++)
		assert_int_equal(simple(ESP_SA_OP_ADD, true, i), ESP_SA_RESULT_OK);
	assert_int_equal(simple(ESP_SA_OP_ADD, true, 20), ESP_SA_RESULT_NO_SPACE);
	assert_false(sides[1].valid[20]);
	assert_true(is_zero(sides[1].key[20], sizeof(sides[1].key[20])));
	c = make(ESP_SA_OP_ADD, true, 21);
	c.spi = 0x1003;
	assert_int_equal(run(&c), ESP_SA_RESULT_EXISTS);
	c = make(ESP_SA_OP_DELETE, true, 3); /* the entry to remove is the installed one's, whatever is staged now */
	c.spi = 0x1005;
	assert_int_equal(run(&c), ESP_SA_RESULT_OK);
	c = make(ESP_SA_OP_ADD, true, 21);
	c.spi = 0x1003;
	assert_int_equal(run(&c), ESP_SA_RESULT_OK);
	assert_int_equal(*P32(in_count), LOOKUP_ROOM);
}

/* Not one key bit goes before the last packet of the old epoch is out, and then all of them go. */
static void test_delete(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 8; i++) {
		bool inbound = i & 1;
		struct side *s = &sides[inbound];
		struct command c = make(ESP_SA_OP_DELETE, inbound, 5);
		uint8_t *flight = inbound ? P8(in_inflight_zero) : P8(out_inflight_zero);
		uint64_t released;
		unsigned int wipes;
		bool old;

		assert_int_equal(simple(ESP_SA_OP_ADD, inbound, 5), ESP_SA_RESULT_OK);
		assert_int_equal(simple(ESP_SA_OP_ADD, !inbound, 5), ESP_SA_RESULT_OK);
		step();
		old = s->epoch;
		s->ctx_writes = s->flushes = s->drops = 0;
		*flight = 0; /* packets of both epochs inside, all the time */
		wipes = s->wipes[5];
		begin(&c);
		for (int wait = 0; wait < 300; wait++)
			step();
		assert_int_equal(s->epoch, !old);
		assert_false(s->valid[5]);
		assert_true(s->flip_at > s->invalid_at + 4);
		assert_int_equal(s->wipes[5], wipes);
		assert_false(is_zero(s->key[5][0], 16));
		*flight = (uint8_t)(1 << old);
		released = cycle;
		s->seq[5] = 0x1234500 + i; /* the last packet took it before it was out */
		s->bad = i >= 6;
		assert_int_equal(finish(), s->bad ? ESP_SA_RESULT_FAULT : ESP_SA_RESULT_OK);
		assert_int_equal(*P64(rsp_seq), s->bad ? 0 : 0x1234500 + i);
		s->bad = false;
		assert_int_equal(s->ctx_writes, 1);
		assert_true(s->flushes >= 32 && s->flush_at > s->wipe_at + 24 && cycle > s->flush_at + 24);
		assert_true(inbound ? !s->drops : s->drops >= 32);
		step();
		step();
		*flight = 3;
		assert_true(s->wipe_at >= released);
		assert_true(is_zero(s->key[5], sizeof(s->key[5])));
		assert_int_equal(s->seq[5], 0);
		assert_true(sides[!inbound].valid[5]);
		assert_false(is_zero(sides[!inbound].key[5][0], 16));
		assert_int_equal(simple(ESP_SA_OP_DELETE, inbound, 5), ESP_SA_RESULT_NOT_FOUND);
		assert_int_equal(simple(ESP_SA_OP_DELETE, !inbound, 5), ESP_SA_RESULT_OK);
	}
	assert_int_equal(*P32(out_count) + *P32(in_count), 0);
}

static void test_query(void **state)
{
	(void)state;
	assert_int_equal(simple(ESP_SA_OP_ADD, false, 9), ESP_SA_RESULT_OK);
	assert_int_equal(simple(ESP_SA_OP_ADD, true, 9), ESP_SA_RESULT_OK);
	for (unsigned int i = 0; i < 4; i++) {
		busy_seq = i >= 2;
		sides[0].seq[9] = 0x123456789abcdef0 + i;
		sides[1].seq[9] = 0xfedcba9876543210 - i;
		assert_int_equal(simple(ESP_SA_OP_QUERY, i & 1, 9), ESP_SA_RESULT_OK);
		assert_int_equal(*P64(rsp_seq), sides[i & 1].seq[9]);
	}
	sides[0].bad = true;
	assert_int_equal(simple(ESP_SA_OP_QUERY, false, 9), ESP_SA_RESULT_FAULT);
	assert_int_equal(*P64(rsp_seq), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_wipe, start, stop),
		cmocka_unit_test_setup_teardown(test_add, start, stop),
		cmocka_unit_test_setup_teardown(test_csum, start, stop),
		cmocka_unit_test_setup_teardown(test_invalid, start, stop),
		cmocka_unit_test_setup_teardown(test_lookup, start, stop),
		cmocka_unit_test_setup_teardown(test_delete, start, stop),
		cmocka_unit_test_setup_teardown(test_query, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
