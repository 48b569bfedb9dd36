/* SPDX-License-Identifier: Apache-2.0 */
/* See soft_fixture.h. Packets are sealed with the one-shot AEAD of OpenSSL's EVP, without the reference's code. */
#include "soft_fixture.h"

#include <openssl/evp.h>
#include <string.h>

#include "software/software.h"

#define MEM_SIZE 65536u

static struct fixture fixture;

int fixture_open(void **state)
{
	char error[ESPALIER_ERROR_LEN];

	memset(&fixture, 0, sizeof(fixture));
	assert_int_equal(espalier_software_register(), 0);
	assert_int_equal(espalier_open("software", NULL, &fixture.dev, error), 0);
	assert_int_equal(espalier_queue_create(fixture.dev, 16, &fixture.queue), 0);
	assert_int_equal(espalier_dma_alloc(fixture.dev, MEM_SIZE, &fixture.src), 0);
	assert_int_equal(espalier_dma_alloc(fixture.dev, MEM_SIZE, &fixture.dst), 0);
	*state = &fixture;
	return 0;
}

int fixture_close(void **state)
{
	struct fixture *f = *state;

	espalier_queue_destroy(f->queue);
	espalier_dma_free(f->dev, &f->src);
	espalier_close(f->dev);
	return 0;
}

uint8_t fixture_run(struct fixture *f, uint8_t opcode, uint16_t sa, const uint8_t *packet, uint32_t len)
{
	struct espalier_op *op = &f->op, *back = NULL;

	memcpy(f->src.va, packet, len);
	memset(f->dst.va, DST_CANARY, f->dst.size);
	*op = (struct espalier_op){
		.src = f->src.iova, .dst = f->dst.iova, .src_len = (uint16_t)len, .dst_capacity = 0xffff, .opcode = opcode, .sa = sa,
	};
	assert_int_equal(espalier_enqueue_burst(f->queue, &op, 1), 1);
	assert_int_equal(espalier_dequeue_burst(f->queue, &back, 1), 1);
	assert_ptr_equal(back, op);
	return op->status;
}

int fixture_dst_untouched(const struct fixture *f)
{
	const uint8_t *p = f->dst.va;

	for (size_t i = 0; i < f->dst.size; i++)
		if (p[i] != DST_CANARY)
			return 0;
	return 1;
}

struct espalier_sa_config fixture_config(enum espalier_direction direction, uint8_t key_len)
{
	struct espalier_sa_config config = {
		.direction = direction, .spi = FIX_SPI, .src = ip_from_number(0xc0000201), .dst = ip_from_number(FIX_DST), .key_len = key_len,
		.salt = { 0xaa, 0xbb, 0xcc, 0xdd }, .replay_window = 64,
	};

	for (uint8_t i = 0; i < key_len; i++)
		config.key[i] = i;
	return config;
}

static void put(uint8_t *p, uint64_t value, int bytes)
{
	while (bytes--) {
		p[bytes] = (uint8_t)value;
		value >>= 8;
	}
}

void fixture_checksum(uint8_t *header)
{
	uint32_t sum = 0;

	put(header + 10, 0, 2);
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)header[i] << 8 | header[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	put(header + 10, ~sum & 0xffff, 2);
}

uint32_t fixture_seal(const struct espalier_sa_config *config, uint8_t tos, uint64_t seq, const uint8_t *body, uint32_t body_len, uint8_t *out)
{
	const EVP_CIPHER *type = config->key_len == 16 ? EVP_aes_128_gcm() : config->key_len == 24 ? EVP_aes_192_gcm() : EVP_aes_256_gcm();
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint32_t total = 20 + 16 + body_len + 16;
	uint8_t nonce[12], aad[12];
	int aad_len = config->esn ? 12 : 8, n;

	memset(out, 0, 20);
	out[0] = 0x45;
	out[1] = tos;
	put(out + 2, total, 2);
	out[8] = 64;
	out[9] = 50;
	put(out + 12, ip_to_number(&config->src), 4);
	put(out + 16, ip_to_number(&config->dst), 4);
	fixture_checksum(out);
	put(out + 20, config->spi, 4);
	put(out + 24, seq, 4);
	put(out + 28, seq, 8);
	memcpy(nonce, config->salt, 4);
	memcpy(nonce + 4, out + 28, 8);
	put(aad, config->spi, 4);
	put(aad + 4, seq, aad_len - 4); /* low 32 bits, or all 64 */
	assert_int_equal(EVP_EncryptInit_ex(ctx, type, NULL, config->key, nonce), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, NULL, &n, aad, aad_len), 1);
	assert_int_equal(EVP_EncryptUpdate(ctx, out + 36, &n, body, (int)body_len), 1);
	assert_int_equal(EVP_EncryptFinal_ex(ctx, out + 36 + body_len, &n), 1);
	assert_int_equal(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16, out + 36 + body_len), 1);
	EVP_CIPHER_CTX_free(ctx);
	return total;
}

uint32_t fixture_inner(uint32_t len, uint8_t tos, uint8_t *out)
{
	uint32_t pad = (2 - len) & 3;

	for (uint32_t i = 20; i < len; i++)
		out[i] = (uint8_t)(i * 7);
	memset(out, 0, 20);
	out[0] = 0x45;
	out[1] = tos;
	put(out + 2, len, 2);
	out[8] = 9;
	out[9] = 17;
	put(out + 12, 0x0a010001, 4);
	put(out + 16, 0x0a020001, 4);
	fixture_checksum(out);
	for (uint32_t i = 0; i < pad; i++)
		out[len + i] = (uint8_t)(i + 1);
	out[len + pad] = (uint8_t)pad;
	out[len + pad + 1] = 4;
	return len + pad + 2;
}
