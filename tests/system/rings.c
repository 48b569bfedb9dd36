/* SPDX-License-Identifier: Apache-2.0 */
/* The bench of the ring tests; see rings.h. ESP as in RFC 4303 and 4106, outer header as docs/architecture.md says. */
#include "rings.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "software/software.h"

#define TRACE_LEN 12u

static void put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void put32(uint8_t *p, uint32_t value)
{
	put16(p, value >> 16);
	put16(p + 2, value);
}

void bench_open(struct bench *b, unsigned int depth)
{
	const char *name = getenv("ESPALIER_TEST_DEVICE");
	char error[ESPALIER_ERROR_LEN] = "";

	memset(b, 0, sizeof(*b));
	espalier_software_register();
	if (espalier_open(name ? name : "software", NULL, &b->dev, error)) {
		fprintf(stderr, "%s\n", error);
		exit(EXIT_FAILURE);
	}
	assert_int_equal(espalier_info(b->dev, &b->info), 0);
	assert_int_equal(espalier_dma_alloc(b->dev, (size_t)SLOTS * SLOT_BYTES, &b->src), 0);
	assert_int_equal(espalier_dma_alloc(b->dev, (size_t)SLOTS * SLOT_BYTES, &b->dst), 0);
	assert_int_equal(espalier_queue_create(b->dev, depth, &b->queue), 0);
}

void bench_close(struct bench *b)
{
	espalier_queue_destroy(b->queue);
	espalier_dma_free(b->dev, &b->src);
	espalier_dma_free(b->dev, &b->dst);
	espalier_close(b->dev);
}

uint8_t *bench_src(struct bench *b, unsigned int slot)
{
	return (uint8_t *)b->src.va + (size_t)slot * SLOT_BYTES;
}

uint8_t *bench_dst(struct bench *b, unsigned int slot)
{
	return (uint8_t *)b->dst.va + (size_t)slot * SLOT_BYTES;
}

static struct espalier_op *fill(struct bench *b, unsigned int slot, const uint8_t *packet, uint32_t len)
{
	struct espalier_op *op = &b->ops[slot];

	memcpy(bench_src(b, slot), packet, len);
	memset(bench_dst(b, slot), CANARY, SLOT_BYTES);
	*op = (struct espalier_op){
		.src = b->src.iova + (uint64_t)slot * SLOT_BYTES,
		.dst = b->dst.iova + (uint64_t)slot * SLOT_BYTES,
		.src_len = (uint16_t)len,
		.dst_capacity = SLOT_BYTES,
		.status = 0xee,
		.cookie = 0x1122334455660000u + slot,
	};
	return op;
}

struct espalier_op *bench_encap(struct bench *b, unsigned int slot, uint16_t sa, const uint8_t *inner, uint32_t len)
{
	struct espalier_op *op = fill(b, slot, inner, len);

	op->opcode = ESP_OPCODE_ENCAP;
	op->sa = sa;
	return op;
}

struct espalier_op *bench_decap(struct bench *b, unsigned int slot, const uint8_t *outer, uint32_t len)
{
	struct espalier_op *op = fill(b, slot, outer, len);

	op->opcode = ESP_OPCODE_DECAP;
	return op;
}

/* The next operation of ops that has this one's direction must be this one. */
static void check_order(struct espalier_op *const *ops, unsigned int count, bool *back, const struct espalier_op *got)
{
	for (unsigned int i = 0; i < count; i++) {
		if (back[i] || ops[i]->opcode != got->opcode)
			continue;
		assert_ptr_equal(ops[i], got);
		back[i] = true;
		return;
	}
	fail_msg("an operation came back that was not in flight");
}

void bench_run(struct bench *b, struct espalier_queue *queue, struct espalier_op *const *ops, unsigned int count)
{
	struct espalier_op *got[64];
	bool back[SLOTS] = { false };
	unsigned int queued = 0, done = 0;

	while (done < count) {
		int n = espalier_enqueue_burst(queue, ops + queued, count - queued);

		assert_true(n >= 0);
		queued += (unsigned int)n;
		n = espalier_dequeue_burst(queue, got, 64);
		if (n < 0)
			fail_msg("dequeue: %d, %s", n, espalier_error(b->dev));
		for (int i = 0; i < n; i++)
			check_order(ops, count, back, got[i]);
		done += (unsigned int)n;
		if (n == 0 && done < queued)
			assert_int_equal(espalier_queue_wait(queue, -1), 0);
	}
	assert_int_equal(espalier_queue_in_flight(queue), 0);
}

unsigned int bench_one(struct bench *b, struct espalier_op *op)
{
	uint64_t cookie = op->cookie;

	bench_run(b, b->queue, &op, 1);
	assert_true(op->cookie == cookie);
	if (op->status != ESP_STATUS_OK)
		assert_int_equal(op->out_len, 0);
	return op->status;
}

void bench_untouched(struct bench *b, unsigned int slot)
{
	const uint8_t *dst = bench_dst(b, slot);

	for (unsigned int i = 0; i < SLOT_BYTES; i++)
		if (dst[i] != CANARY)
			fail_msg("slot %u: byte %u of the destination is 0x%02x", slot, i, dst[i]);
}

void bench_no_trace_of(struct bench *b, unsigned int slot, const uint8_t *secret, uint32_t len)
{
	for (uint32_t at = 0; at + TRACE_LEN <= len; at++)
		if (memmem(bench_dst(b, slot), SLOT_BYTES, secret + at, TRACE_LEN))
			fail_msg("slot %u: bytes %u.. of the plaintext are in the destination", slot, at);
}

struct espalier_sa_config test_sa(enum espalier_direction direction, uint32_t n)
{
	static const uint8_t sizes[] = { 16, 24, 32 };
	struct espalier_sa_config sa = {
		.direction = direction,
		.spi = 0x10000 + n,
		.src = ip_from_number(0xc0000201),
		.dst = ip_from_number(0xc6336400 + n % 250),
		.key_len = sizes[n % 3],
		.esn = n & 1,
		.ttl = 64,
		.replay_window = direction == ESPALIER_INBOUND ? 64 : 0,
	};

	for (unsigned int i = 0; i < sa.key_len; i++)
		sa.key[i] = (uint8_t)(n * 31 + (n >> 8) * 7 + i * 13 + 1);
	put32(sa.salt, n * 2654435761u + 99);
	return sa;
}

static uint32_t header_checksum(const uint8_t *header)
{
	uint32_t sum = 0;

	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)header[i] << 8 | header[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	return ~(sum + (sum >> 16)) & 0xffff;
}

static void ipv4_header(uint8_t *p, uint32_t total, uint8_t tos, uint8_t proto, uint32_t src, uint32_t dst)
{
	memset(p, 0, 20);
	p[0] = 0x45;
	p[1] = tos;
	put16(p + 2, total);
	p[8] = 64;
	p[9] = proto;
	put32(p + 12, src);
	put32(p + 16, dst);
}

uint32_t make_inner(uint8_t *packet, uint32_t len, uint32_t n)
{
	uint32_t x = n * 2654435761u + 12345;

	ipv4_header(packet, len, 0, 253, SRC_ADDR, DST_ADDR);
	put16(packet + 10, header_checksum(packet));
	for (uint32_t i = 20; i < len; i++) {
		x = x * 1664525 + 1013904223;
		packet[i] = (uint8_t)(x >> 24);
	}
	return len;
}

static const EVP_CIPHER *cipher_of(uint8_t key_len)
{
	return key_len == 16 ? EVP_aes_128_gcm() : key_len == 24 ? EVP_aes_192_gcm() : EVP_aes_256_gcm();
}

uint32_t make_esp(uint8_t *out, const struct espalier_sa_config *sa, uint64_t seq, const uint8_t *inner, uint32_t len)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint32_t pad = -(len + 2) & 3, total = espalier_plain_len(len);
	uint8_t *text = out + 36, nonce[12], aad[12];
	int n = 0;

	ipv4_header(out, total, inner[1], 50, ip_to_number(&sa->src), ip_to_number(&sa->dst));
	put16(out + 4, (uint32_t)seq);
	put16(out + 10, header_checksum(out));
	put32(out + 20, sa->spi);
	put32(out + 24, (uint32_t)seq);
	put32(out + 28, (uint32_t)(seq >> 32));
	put32(out + 32, (uint32_t)seq);
	memcpy(text, inner, len);
	for (uint32_t i = 0; i < pad; i++)
		text[len + i] = (uint8_t)(i + 1);
	text[len + pad] = (uint8_t)pad;
	text[len + pad + 1] = 4;
	memcpy(nonce, sa->salt, 4);
	memcpy(nonce + 4, out + 28, 8);
	put32(aad, sa->spi);
	put32(aad + 4, sa->esn ? (uint32_t)(seq >> 32) : (uint32_t)seq);
	put32(aad + 8, (uint32_t)seq);
	assert_non_null(ctx);
	assert_int_equal(EVP_EncryptInit_ex(ctx, cipher_of(sa->key_len), NULL, sa->key, nonce), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, NULL, &n, aad, sa->esn ? 12 : 8), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, text, &n, text, (int)(len + pad + 2)), 1);
	assert_int_equal(EVP_EncryptFinal_ex(ctx, text + n, &n), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16, text + len + pad + 2), 1);
	EVP_CIPHER_CTX_free(ctx);
	return total;
}
