/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ESP encapsulation in tunnel mode, IPv4 in IPv4 (RFC 4303), with AES-GCM (RFC 4106):
 *   outer IPv4 (20) | SPI (4) | sequence (4) | IV (8) | inner packet, padding 1 2 3, pad length, next header | ICV (16)
 * The IV is the 64-bit sequence number, so that no (key, nonce) pair comes twice while numbers do not.
 */
#include <openssl/core_names.h>
#include <openssl/params.h>
#include <string.h>

#include "soft.h"

#define PROTO_ESP 50u
#define NEXT_HEADER_IPV4 4u
#define DF 0x4000u

uint16_t soft_ipv4_checksum(const uint8_t *header, uint32_t len)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < len; i += 2)
		sum += get16(header + i);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static bool inner_is_good(const uint8_t *in, uint32_t len)
{
	uint32_t ihl;

	if (len < IPV4_HDR || in[0] >> 4 != 4)
		return false;
	ihl = in[0] & 0xfu;
	return ihl >= 5 && ihl * 4 <= len && get16(in + 2) == len;
}

/* RFC 4301, 5.1.2.1: DSCP and ECN (RFC 6040, normal mode) and DF come from the inner header. A packet that may be fragmented needs an
 * ID of its own, taken from the sequence number; an atomic one has none (RFC 6864, 4.1). tos, df: of the inner header. */
static void put_outer(uint8_t *out, uint32_t total, uint8_t tos, uint32_t df, const struct espalier_sa_config *config, uint64_t seq)
{
	out[0] = 0x45;
	out[1] = tos;
	put16(out + 2, total);
	put16(out + 4, df ? 0 : (uint32_t)seq & 0xffff);
	put16(out + 6, df);
	out[8] = config->ttl;
	out[9] = PROTO_ESP;
	put16(out + 10, 0);
	put32(out + 12, ip_to_number(&config->src));
	put32(out + 16, ip_to_number(&config->dst));
	put16(out + 10, soft_ipv4_checksum(out, IPV4_HDR));
}

/* Encrypt len bytes where they are and put the ICV behind them. */
static bool seal(struct soft_sa *sa, uint64_t seq, uint8_t *text, uint32_t len)
{
	OSSL_PARAM icv[] = { OSSL_PARAM_octet_string(OSSL_CIPHER_PARAM_AEAD_TAG, text + len, ESP_ICV), OSSL_PARAM_END };
	uint8_t nonce[12], aad[12];
	uint32_t aad_len = 8;
	int n;

	memcpy(nonce, sa->config.salt, 4);
	put32(nonce + 4, (uint32_t)(seq >> 32));
	put32(nonce + 8, (uint32_t)seq);
	put32(aad, sa->config.spi);
	if (sa->config.esn) {
		put32(aad + 4, (uint32_t)(seq >> 32));
		aad_len = 12;
	}
	put32(aad + aad_len - 4, (uint32_t)seq);
	return EVP_EncryptInit_ex2(sa->cipher, NULL, NULL, nonce, NULL) == 1 &&
	       EVP_EncryptUpdate(sa->cipher, NULL, &n, aad, (int)aad_len) == 1 &&
	       EVP_EncryptUpdate(sa->cipher, text, &n, text, (int)len) == 1 &&
	       EVP_EncryptFinal_ex(sa->cipher, text + len, &n) == 1 && EVP_CIPHER_CTX_get_params(sa->cipher, icv) == 1;
}

uint8_t soft_encap(struct soft_sa *sa, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t *out_len)
{
	uint8_t *esp = out + IPV4_HDR, *text = esp + ESP_HDR + ESP_IV, tos;
	uint32_t pad = -(len + 2) & 3u;
	uint32_t body = len + pad + 2;
	uint32_t df;
	uint64_t seq = sa->last_seq + 1;

	*out_len = 0;
	if (!inner_is_good(in, len))
		return ESP_STATUS_INNER_MALFORMED;
	if (seq == (sa->config.esn ? 0 : 1ull << 32))
		return ESP_STATUS_SEQ_EXHAUSTED;

	tos = in[1];
	df = get16(in + 6) & DF;
	memmove(text, in, len); /* from here on in is gone, if it overlaps */
	for (uint32_t i = 0; i < pad; i++)
		text[len + i] = (uint8_t)(i + 1);
	text[len + pad] = (uint8_t)pad;
	text[len + pad + 1] = NEXT_HEADER_IPV4;

	put32(esp, sa->config.spi);
	put32(esp + 4, (uint32_t)seq);
	put32(esp + ESP_HDR, (uint32_t)(seq >> 32));
	put32(esp + ESP_HDR + 4, (uint32_t)seq);
	sa->last_seq = seq; /* spent, whatever follows */
	if (!seal(sa, seq, text, body))
		return ESP_STATUS_NO_SA;
	*out_len = IPV4_HDR + ESP_HDR + ESP_IV + body + ESP_ICV;
	put_outer(out, *out_len, tos, df, &sa->config, seq);
	return ESP_STATUS_OK;
}
