/* SPDX-License-Identifier: Apache-2.0 */
/* The words of proposal strings, as strongSwan spells them. */
#include <string.h>
#include <strings.h>

#include "proto/words.h"

#define BOTH (WORD_IKE | WORD_ESP)
#define ENCR(text, id, bits, where) { text, { IKE_TR_ENCR, false, id, bits }, where }
#define OTHER(text, type, id, where) { text, { type, false, id, 0 }, where }

/* Of several words for one algorithm the first is preferred. */
static const struct word words[] = {
	ENCR("aes128gcm16", IKE_ENCR_AES_GCM_16, 128, BOTH),
	ENCR("aes192gcm16", IKE_ENCR_AES_GCM_16, 192, BOTH),
	ENCR("aes256gcm16", IKE_ENCR_AES_GCM_16, 256, BOTH),
	ENCR("aes128gcm", IKE_ENCR_AES_GCM_16, 128, BOTH),
	ENCR("aes192gcm", IKE_ENCR_AES_GCM_16, 192, BOTH),
	ENCR("aes256gcm", IKE_ENCR_AES_GCM_16, 256, BOTH),
	ENCR("aes128gcm128", IKE_ENCR_AES_GCM_16, 128, BOTH),
	ENCR("aes192gcm128", IKE_ENCR_AES_GCM_16, 192, BOTH),
	ENCR("aes256gcm128", IKE_ENCR_AES_GCM_16, 256, BOTH),
	ENCR("chacha20poly1305", IKE_ENCR_CHACHA20_POLY1305, 0, BOTH),
	ENCR("aes128gmac", IKE_ENCR_NULL_AUTH_AES_GMAC, 128, WORD_ESP),
	ENCR("aes192gmac", IKE_ENCR_NULL_AUTH_AES_GMAC, 192, WORD_ESP),
	ENCR("aes256gmac", IKE_ENCR_NULL_AUTH_AES_GMAC, 256, WORD_ESP),
	ENCR("aes128", IKE_ENCR_AES_CBC, 128, BOTH),
	ENCR("aes192", IKE_ENCR_AES_CBC, 192, BOTH),
	ENCR("aes256", IKE_ENCR_AES_CBC, 256, BOTH),
	ENCR("aes", IKE_ENCR_AES_CBC, 128, BOTH),
	OTHER("sha256", IKE_TR_INTEG, IKE_INTEG_HMAC_SHA2_256_128, BOTH),
	OTHER("sha384", IKE_TR_INTEG, IKE_INTEG_HMAC_SHA2_384_192, BOTH),
	OTHER("sha512", IKE_TR_INTEG, IKE_INTEG_HMAC_SHA2_512_256, BOTH),
	OTHER("sha2_256", IKE_TR_INTEG, IKE_INTEG_HMAC_SHA2_256_128, BOTH),
	OTHER("sha2_384", IKE_TR_INTEG, IKE_INTEG_HMAC_SHA2_384_192, BOTH),
	OTHER("sha2_512", IKE_TR_INTEG, IKE_INTEG_HMAC_SHA2_512_256, BOTH),
	OTHER("prfsha256", IKE_TR_PRF, IKE_PRF_HMAC_SHA2_256, WORD_IKE),
	OTHER("prfsha384", IKE_TR_PRF, IKE_PRF_HMAC_SHA2_384, WORD_IKE),
	OTHER("prfsha512", IKE_TR_PRF, IKE_PRF_HMAC_SHA2_512, WORD_IKE),
	OTHER("ecp256", IKE_TR_KE, IKE_KE_ECP_256, BOTH),
	OTHER("ecp384", IKE_TR_KE, IKE_KE_ECP_384, BOTH),
	OTHER("ecp521", IKE_TR_KE, IKE_KE_ECP_521, BOTH),
	OTHER("x25519", IKE_TR_KE, IKE_KE_CURVE_25519, BOTH),
	OTHER("curve25519", IKE_TR_KE, IKE_KE_CURVE_25519, BOTH),
	OTHER("modp2048", IKE_TR_KE, IKE_KE_MODP_2048, BOTH),
	OTHER("modp3072", IKE_TR_KE, IKE_KE_MODP_3072, BOTH),
	OTHER("modp4096", IKE_TR_KE, IKE_KE_MODP_4096, BOTH),
	OTHER("modp6144", IKE_TR_KE, IKE_KE_MODP_6144, BOTH),
	OTHER("modp8192", IKE_TR_KE, IKE_KE_MODP_8192, BOTH),
	OTHER("none", IKE_TR_KE, IKE_KE_NONE, WORD_ESP),
	OTHER("noesn", IKE_TR_ESN, IKE_ESN_NO, WORD_ESP),
	OTHER("esn", IKE_TR_ESN, IKE_ESN_YES, WORD_ESP),
};
#define WORDS (sizeof(words) / sizeof(words[0]))

#define DEFAULT_KE "x25519-ecp256-ecp384-ecp521-modp3072-modp4096-modp2048"
#define DEFAULT_PRF "prfsha256-prfsha384-prfsha512"
static const char *const default_ike[] = {
	"aes256gcm16-aes128gcm16-" DEFAULT_PRF "-" DEFAULT_KE,
	"aes256-aes128-sha256-sha384-sha512-" DEFAULT_PRF "-" DEFAULT_KE,
	NULL,
};
/* Groups and none: peers that insist on a Diffie-Hellman exchange at each rekeying are served, and those that have none. */
static const char *const default_esp[] = { "aes256gcm16-aes128gcm16-chacha20poly1305-" DEFAULT_KE "-none-esn-noesn", NULL };

const struct word *word_find(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < WORDS; i++)
		if (strlen(words[i].text) == len && !strncasecmp(words[i].text, text, len))
			return &words[i];
	return NULL;
}

const struct word *word_of(const struct transform *transform)
{
	size_t i;

	for (i = 0; i < WORDS; i++)
		if (words[i].transform.type == transform->type && words[i].transform.id == transform->id &&
		    words[i].transform.key_bits == transform->key_bits)
			return &words[i];
	return NULL;
}

const char *const *words_default(uint8_t protocol)
{
	return protocol == IKE_PROTO_IKE ? default_ike : default_esp;
}
