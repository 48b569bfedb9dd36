// SPDX-License-Identifier: Apache-2.0
// See decap_oracle.h.
#include "decap_oracle.h"
#include "espalier_regs.h"
#include <assert.h>
#include <openssl/evp.h>
#include <string.h>

static unsigned int be16(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

static uint32_t be32(const uint8_t *p)
{
	return (uint32_t)be16(p) << 16 | be16(p + 2);
}

static void store(uint8_t *p, uint64_t v, int bytes)
{
	while (bytes--) {
		p[bytes] = (uint8_t)v;
		v >>= 8;
	}
}

/* One's complement sum; 0xffff over a header with a right checksum. */
static unsigned int sum16(const uint8_t *p, size_t len)
{
	unsigned int sum = 0;

	for (size_t i = 0; i < len; i += 2) {
		sum += be16(p + i);
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

void oracle_checksum(uint8_t *header)
{
	store(header + 10, 0, 2);
	store(header + 10, ~sum16(header, OUTER_LEN) & 0xffff, 2);
}

/* AES-GCM over len bytes of data, with the ICV behind them. Opening leaves the plaintext and says whether the ICV is right. */
static bool gcm(const struct decap_sa *sa, const uint8_t *esp, uint64_t seq, bool seal, uint8_t *data, size_t len)
{
	const EVP_CIPHER *cipher = sa->key_len == 16 ? EVP_aes_128_gcm() : sa->key_len == 24 ? EVP_aes_192_gcm() : EVP_aes_256_gcm();
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	uint8_t nonce[12], aad[12];
	int n, aad_len = sa->esn ? 12 : 8;
	bool ok;

	assert(ctx);
	memcpy(nonce, sa->salt, 4);
	memcpy(nonce + 4, esp + 8, 8);
	memcpy(aad, esp, 4);
	if (sa->esn)
		store(aad + 4, seq, 8);
	else
		store(aad + 4, (uint32_t)seq, 4);
	ok = EVP_CipherInit_ex(ctx, cipher, NULL, sa->key, nonce, seal) == 1;
	ok = ok && EVP_CipherUpdate(ctx, NULL, &n, aad, aad_len) == 1;
	ok = ok && EVP_CipherUpdate(ctx, data, &n, data, (int)len) == 1;
	assert(ok);
	if (seal) {
		ok = EVP_CipherFinal_ex(ctx, data + len, &n) == 1;
		ok = ok && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, 16, data + len) == 1;
	} else {
		ok = EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_SET_TAG, 16, data + len) == 1;
		ok = ok && EVP_CipherFinal_ex(ctx, data + len, &n) == 1;
	}
	EVP_CIPHER_CTX_free(ctx);
	return ok;
}

size_t oracle_body(const uint8_t *inner, size_t len, size_t tfc, size_t pad, uint8_t next, uint8_t *body)
{
	while ((len + tfc + pad + 2) % 4)
		pad++;
	memcpy(body, inner, len);
	memset(body + len, 0, tfc);
	for (size_t i = 0; i < pad; i++)
		body[len + tfc + i] = (uint8_t)(i + 1);
	body[len + tfc + pad] = (uint8_t)pad;
	body[len + tfc + pad + 1] = next;
	return len + tfc + pad + 2;
}

size_t oracle_seal(const struct decap_sa *sa, uint64_t seq, uint8_t tos, const uint8_t *body, size_t body_len, uint8_t *wire)
{
	static const uint8_t header[OUTER_LEN] = { 0x45, 0, 0, 0, 0x12, 0x34, 0x40, 0, 64, 50, 0, 0, 192, 0, 2, 1 };
	size_t total = ESP_OVERHEAD + body_len;

	assert(total <= ORACLE_MAX);
	memcpy(wire, header, OUTER_LEN);
	wire[1] = tos;
	store(wire + 2, total, 2);
	store(wire + 16, sa->dst, 4);
	oracle_checksum(wire);
	store(wire + 20, sa->spi, 4);
	store(wire + 24, (uint32_t)seq, 4);
	store(wire + 28, seq * 0x9e3779b97f4a7c15ull, 8); /* any IV will do */
	memmove(wire + 36, body, body_len);
	if (!gcm(sa, wire + 20, seq, true, wire + 36, body_len))
		assert(false);
	return total;
}

int oracle_find(const struct decap_sa *sas, int count, const uint8_t *wire, size_t len)
{
	if (len < OUTER_LEN + 4)
		return -1;
	for (int i = 0; i < count; i++)
		if (sas[i].key_len && sas[i].spi == be32(wire + 20) && sas[i].dst == be32(wire + 16))
			return i;
	return -1;
}

static uint8_t outer_status(const uint8_t *wire, size_t len, size_t *total)
{
	if (len < OUTER_LEN || wire[0] != 0x45)
		return ESP_STATUS_OUTER_MALFORMED;
	*total = be16(wire + 2);
	if (*total < OUTER_LEN || *total > len || sum16(wire, OUTER_LEN) != 0xffff)
		return ESP_STATUS_OUTER_MALFORMED;
	if (wire[9] != 50)
		return ESP_STATUS_NOT_ESP;
	if (be16(wire + 6) & 0x3fff)
		return ESP_STATUS_FRAGMENT;
	if (*total < ESP_OVERHEAD + 4 || *total % 4)
		return ESP_STATUS_ESP_TRUNCATED;
	return ESP_STATUS_OK;
}

/* Padding, next header, inner header, ECN, in this order. */
static uint8_t inner_status(uint8_t *body, size_t body_len, uint8_t outer_tos, size_t *len)
{
	size_t pad = body[body_len - 2], payload;
	uint8_t next = body[body_len - 1];

	if (pad + 2 > body_len)
		return ESP_STATUS_BAD_PADDING;
	payload = body_len - 2 - pad;
	for (size_t i = 1; i <= pad; i++)
		if (body[payload + i - 1] != i)
			return ESP_STATUS_BAD_PADDING;
	if (next == 59)
		return ESP_STATUS_DUMMY;
	if (next != 4)
		return ESP_STATUS_BAD_NEXT_HEADER;
	if (payload < 20 || body[0] >> 4 != 4)
		return ESP_STATUS_INNER_MALFORMED;
	*len = be16(body + 2);
	if ((body[0] & 15) < 5 || *len < (body[0] & 15) * 4u || *len > payload)
		return ESP_STATUS_INNER_MALFORMED;
	if ((outer_tos & 3) == 3 && (body[1] & 3) != 3) {
		unsigned int old = be16(body), sum;

		if (!(body[1] & 3))
			return ESP_STATUS_ECN_INVALID;
		body[1] |= 3;
		/* RFC 1624: HC' = ~(~HC + ~m + m') */
		sum = (~be16(body + 10) & 0xffff) + (~old & 0xffff) + be16(body);
		while (sum > 0xffff)
			sum = (sum & 0xffff) + (sum >> 16);
		store(body + 10, ~sum & 0xffff, 2);
	}
	return ESP_STATUS_OK;
}

static uint8_t replay_status(enum model_verdict verdict)
{
	return verdict == MODEL_OLD ? ESP_STATUS_REPLAY_OLD : verdict == MODEL_KNOWN ? ESP_STATUS_REPLAY_DUPLICATE : ESP_STATUS_OK;
}

void oracle_decap(const struct decap_sa *sas, int count, const struct model_sa *front, const uint8_t *wire, size_t len, struct decap_result *r)
{
	const struct decap_sa *sa;
	size_t total = 0, body_len;

	r->sa = -1;
	r->verified = false;
	r->len = 0;
	r->status = outer_status(wire, len, &total);
	if (r->status)
		return;
	r->sa = oracle_find(sas, count, wire, len);
	r->status = ESP_STATUS_NO_SA;
	if (r->sa < 0)
		return;
	sa = &sas[r->sa];
	front = front ? front : &sa->replay;
	r->status = ESP_STATUS_REPLAY_OLD;
	if (!model_infer(front, sa->esn, sa->window, be32(wire + 24), &r->seq))
		return;
	r->status = replay_status(model_check(front, sa->window, r->seq));
	if (r->status)
		return;
	body_len = total - ESP_OVERHEAD;
	memcpy(r->data, wire + 36, body_len + 16);
	r->status = ESP_STATUS_ICV_MISMATCH;
	if (!gcm(sa, wire + 20, r->seq, false, r->data, body_len))
		return;
	r->verified = true;
	r->status = replay_status(model_check(&sa->replay, sa->window, r->seq));
	if (r->status)
		return;
	r->status = inner_status(r->data, body_len, wire[1], &r->len);
	if (r->status)
		r->len = 0;
}
