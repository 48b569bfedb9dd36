/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ESP decapsulation in tunnel mode, IPv4 in IPv4 (RFC 4303, 3.4), with AES-GCM (RFC 4106). The order of the checks is part of the
 * interface: a packet with several faults gets the status of the first. Plaintext stays in a buffer of its own until all have passed.
 */
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <string.h>

#include "soft.h"

#define PROTO_ESP 50u
#define NEXT_HEADER_IPV4 4u
#define NEXT_HEADER_NONE 59u
#define FRAGMENT_BITS 0x3fffu /* MF and offset */
#define ECN_MASK 3u
#define ECN_CE 3u
#define ESP_MIN (ESP_HDR + ESP_IV + 4u + ESP_ICV)

static uint8_t check_outer(const uint8_t *in, uint32_t len, uint32_t *total)
{
	if (len < IPV4_HDR || in[0] != 0x45)
		return ESP_STATUS_OUTER_MALFORMED;
	*total = get16(in + 2);
	if (*total > len || *total < IPV4_HDR || soft_ipv4_checksum(in, IPV4_HDR))
		return ESP_STATUS_OUTER_MALFORMED;
	if (in[9] != PROTO_ESP)
		return ESP_STATUS_NOT_ESP;
	if (get16(in + 6) & FRAGMENT_BITS)
		return ESP_STATUS_FRAGMENT;
	if (*total - IPV4_HDR < ESP_MIN || (*total - IPV4_HDR) % 4)
		return ESP_STATUS_ESP_TRUNCATED;
	return ESP_STATUS_OK;
}

static bool open_sealed(struct soft_sa *sa, const uint8_t *esp, uint64_t seq, uint32_t body, uint8_t *plain)
{
	uint8_t nonce[12], aad[12];
	OSSL_PARAM icv[] = { OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, (uint8_t *)(uintptr_t)esp + ESP_HDR + ESP_IV + body, ESP_ICV),
			     OSSL_PARAM_END };
	uint32_t aad_len = 8;
	int n;

	memcpy(nonce, sa->config.salt, 4);
	memcpy(nonce + 4, esp + ESP_HDR, ESP_IV);
	memcpy(aad, esp, 4);
	if (sa->config.esn) {
		put32(aad + 4, (uint32_t)(seq >> 32));
		aad_len = 12;
	}
	put32(aad + aad_len - 4, (uint32_t)seq);
	return EVP_DecryptInit_ex2(sa->cipher, NULL, NULL, nonce, icv) == 1 &&
	       EVP_DecryptUpdate(sa->cipher, NULL, &n, aad, (int)aad_len) == 1 &&
	       EVP_DecryptUpdate(sa->cipher, plain, &n, esp + ESP_HDR + ESP_IV, (int)body) == 1 &&
	       EVP_DecryptFinal_ex(sa->cipher, plain + body, &n) == 1;
}

/* Padding and next header (RFC 4303, 2.4 to 2.6). *payload: bytes in front of the padding. */
static uint8_t check_trailer(const uint8_t *plain, uint32_t body, uint32_t *payload)
{
	uint32_t pad = plain[body - 2];

	if (pad + 2 > body)
		return ESP_STATUS_BAD_PADDING;
	*payload = body - 2 - pad;
	for (uint32_t i = 0; i < pad; i++)
		if (plain[*payload + i] != i + 1)
			return ESP_STATUS_BAD_PADDING;
	if (plain[body - 1] == NEXT_HEADER_NONE)
		return ESP_STATUS_DUMMY;
	return plain[body - 1] == NEXT_HEADER_IPV4 ? ESP_STATUS_OK : ESP_STATUS_BAD_NEXT_HEADER;
}

/* The inner header says how long the packet is; what is behind it is traffic flow padding (RFC 4303, 2.7). */
static uint8_t check_inner(const uint8_t *plain, uint32_t payload, uint32_t *inner)
{
	if (payload < IPV4_HDR || plain[0] >> 4 != 4 || (plain[0] & 0xfu) < 5)
		return ESP_STATUS_INNER_MALFORMED;
	*inner = get16(plain + 2);
	if (*inner < IPV4_HDR || (plain[0] & 0xfu) * 4 > *inner || *inner > payload)
		return ESP_STATUS_INNER_MALFORMED;
	return ESP_STATUS_OK;
}

/* RFC 6040, 4.2: a congestion mark on the outer header goes to the inner one; checksum by RFC 1624, equation 3. */
static uint8_t merge_ecn(uint8_t outer_tos, uint8_t *plain)
{
	uint32_t before = get16(plain), sum;

	if ((outer_tos & ECN_MASK) != ECN_CE || (plain[1] & ECN_MASK) == ECN_CE)
		return ESP_STATUS_OK;
	if ((plain[1] & ECN_MASK) == 0)
		return ESP_STATUS_ECN_INVALID;
	plain[1] |= ECN_CE;
	sum = (~get16(plain + 10) & 0xffff) + (~before & 0xffff) + get16(plain);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	put16(plain + 10, ~sum & 0xffff);
	return ESP_STATUS_OK;
}

uint8_t soft_decap(struct soft_dev *soft, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t *out_len, struct soft_sa **sa)
{
	const uint8_t *esp = in + IPV4_HDR;
	uint8_t plain[SOFT_MAX_OUT];
	uint32_t total, body, payload, inner;
	uint64_t seq;
	uint8_t status;

	*out_len = 0;
	*sa = NULL;
	status = check_outer(in, len, &total);
	if (status)
		return status;
	body = total - IPV4_HDR - ESP_HDR - ESP_IV - ESP_ICV;
	*sa = soft_sa_find(soft, get32(esp), get32(in + 16));
	if (!*sa)
		return ESP_STATUS_NO_SA;
	if (!soft_replay_infer(&(*sa)->replay, get32(esp + 4), &seq))
		return ESP_STATUS_REPLAY_OLD;
	status = soft_replay_check(&(*sa)->replay, seq);
	if (status)
		return status;
	if (!open_sealed(*sa, esp, seq, body, plain)) {
		status = ESP_STATUS_ICV_MISMATCH;
		goto out;
	}
	soft_replay_update(&(*sa)->replay, seq);
	status = check_trailer(plain, body, &payload);
	if (!status)
		status = check_inner(plain, payload, &inner);
	if (!status)
		status = merge_ecn(in[1], plain);
	if (status)
		goto out;
	memcpy(out, plain, inner);
	*out_len = inner;
	return ESP_STATUS_OK; /* what plain holds was released: nothing to wipe */
out:
	OPENSSL_cleanse(plain, body);
	return status;
}
