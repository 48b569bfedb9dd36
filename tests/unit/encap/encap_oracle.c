// SPDX-License-Identifier: Apache-2.0
// See encap_oracle.h.
#include "encap_oracle.h"
#include "espalier_regs.h"
#include <assert.h>
#include <openssl/evp.h>
#include <string.h>

#define OUTER 20
#define ESP_HDR 8
#define IV 8
#define ICV 16

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

static uint16_t checksum(const uint8_t *p, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static void seal(const struct oracle_sa *sa, const uint8_t *nonce, const uint8_t *aad, int aad_len, uint8_t *payload, int len)
{
	const EVP_CIPHER *cipher = sa->key_len == 16 ? EVP_aes_128_gcm() : sa->key_len == 24 ? EVP_aes_192_gcm() : EVP_aes_256_gcm();
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n, ok;

	assert(ctx);
	ok = EVP_EncryptInit_ex(ctx, cipher, NULL, sa->key, nonce) == 1;
	ok = ok && EVP_EncryptUpdate(ctx, NULL, &n, aad, aad_len) == 1;
	ok = ok && EVP_EncryptUpdate(ctx, payload, &n, payload, len) == 1;
	ok = ok && EVP_EncryptFinal_ex(ctx, payload + len, &n) == 1;
	ok = ok && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, ICV, payload + len) == 1;
	assert(ok);
	EVP_CIPHER_CTX_free(ctx);
}

size_t oracle_encap(const struct oracle_sa *sa, uint64_t seq, const uint8_t *inner, size_t len, uint8_t *out)
{
	size_t pad = (4 - (len + 2) % 4) % 4;
	size_t payload = len + pad + 2;
	size_t total = OUTER + ESP_HDR + IV + payload + ICV;
	bool df = inner[6] & 0x40;
	uint8_t *esp = out + OUTER;
	uint8_t *data = esp + ESP_HDR + IV;
	uint8_t nonce[12], aad[12];

	memset(out, 0, OUTER);
	out[0] = 0x45;
	out[1] = inner[1];
	put16(out + 2, (uint16_t)total);
	put16(out + 4, df ? 0 : (uint16_t)seq);
	out[6] = df ? 0x40 : 0;
	out[8] = sa->ttl;
	out[9] = 50;
	put32(out + 12, sa->src);
	put32(out + 16, sa->dst);
	put16(out + 10, checksum(out, OUTER));

	put32(esp, sa->spi);
	put32(esp + 4, (uint32_t)seq);
	put32(esp + 8, (uint32_t)(seq >> 32));
	put32(esp + 12, (uint32_t)seq);
	memcpy(data, inner, len);
	for (size_t i = 0; i < pad; i++)
		data[len + i] = (uint8_t)(i + 1);
	data[len + pad] = (uint8_t)pad;
	data[len + pad + 1] = 4;

	memcpy(nonce, sa->salt, 4);
	memcpy(nonce + 4, esp + 8, 8);
	put32(aad, sa->spi);
	if (sa->esn) {
		put32(aad + 4, (uint32_t)(seq >> 32));
		put32(aad + 8, (uint32_t)seq);
	} else {
		put32(aad + 4, (uint32_t)seq);
	}
	seal(sa, nonce, aad, sa->esn ? 12 : 8, data, (int)payload);
	return total;
}

uint8_t oracle_packet(struct oracle_sa *sa, uint8_t status_in, const uint8_t *inner, size_t len, uint8_t *out, size_t *out_len)
{
	*out_len = 0;
	if (status_in)
		return status_in;
	if (!sa)
		return ESP_STATUS_NO_SA;
	if (len < 20 || inner[0] >> 4 != 4 || (inner[0] & 15) < 5 || (size_t)(inner[0] & 15) * 4 > len || (size_t)(inner[2] << 8 | inner[3]) != len)
		return ESP_STATUS_INNER_MALFORMED;
	if (sa->seq == (sa->esn ? UINT64_MAX : UINT32_MAX))
		return ESP_STATUS_SEQ_EXHAUSTED;
	sa->seq++;
	*out_len = oracle_encap(sa, sa->seq, inner, len, out);
	return ESP_STATUS_OK;
}
