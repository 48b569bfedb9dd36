/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SA proposals (RFC 7296, 3.3): as structures, as text in strongSwan's syntax, and which one to agree to.
 *
 * Text: words joined by '-', proposals by ','. Words: aes128gcm16 aes192gcm16 aes256gcm16 (aes128gcm is the same), chacha20poly1305,
 * aes128gmac aes192gmac aes256gmac (ESP only), aes128 aes192 aes256 (CBC); sha256 sha384 sha512 (HMAC-SHA2, truncated to half);
 * prfsha256 prfsha384 prfsha512 (IKE only); ecp256 ecp384 ecp521 x25519 (curve25519 is the same) modp2048 modp3072 modp4096 modp6144
 * modp8192, none (ESP: no new Diffie-Hellman); esn noesn (ESP only); and "default" for a whole proposal.
 * An IKE proposal without a prf takes that of its integrity algorithms, which beside an AEAD serve only for this; an ESP proposal without esn or
 * noesn is noesn.
 */
#ifndef ESPALIER_IKE_PROPOSAL_H
#define ESPALIER_IKE_PROPOSAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/registry.h"

#define PROPOSAL_TRANSFORMS_MAX 128u /* of one proposal; with more it is unusable */
#define PROPOSALS_MAX 64u	     /* of one list; the rest of a peer's list is checked, but not looked at */
#define PROPOSAL_ERROR_LEN 160
#define PROPOSAL_TEXT_LEN 1024	    /* of one proposal, longer ones end in "..." */
#define SUITE_TEXT_LEN 128

struct transform {
	uint8_t type;	   /* enum ike_transform_type, or one that we do not know */
	bool unusable;	   /* has an attribute that we do not know */
	uint16_t id;	   /* of enum ike_encr, ike_prf, ... by type */
	uint16_t key_bits; /* Key Length attribute; 0: none */
};

struct proposal {
	uint8_t number;	  /* of a received or answered one: 1 and up. Our offers are numbered when they are built */
	uint8_t protocol; /* enum ike_protocol */
	uint8_t spi_len;  /* 0, 4 or 8 */
	uint64_t spi;	  /* its value, host order */
	bool unusable;	  /* a transform type that we do not know, or too many transforms: never agreed to (RFC 7296, 3.3.6) */
	uint16_t count;
	struct transform transforms[PROPOSAL_TRANSFORMS_MAX]; /* each type in order of preference */
};

/* About 51 KiB. */
struct proposals {
	uint16_t count;
	uint16_t surplus; /* of a received one: proposals beyond PROPOSALS_MAX, */
	uint16_t crowded; /* and those with more than PROPOSAL_TRANSFORMS_MAX transforms */
	struct proposal list[PROPOSALS_MAX]; /* in order of preference */
};

/* What both sides agreed to: one algorithm of each type. */
struct suite {
	uint8_t number;	    /* of the offered proposal */
	uint8_t protocol;   /* IKE_PROTO_IKE or IKE_PROTO_ESP */
	uint8_t spi_len;
	uint64_t spi;	    /* of the offered proposal: the other side's */
	uint16_t encr;
	uint16_t encr_bits; /* key length without salt: 128, 192, 256; 256 for ChaCha20-Poly1305 too, which has no attribute */
	uint16_t prf;	    /* IKE: enum ike_prf; ESP: 0 */
	uint16_t integ;	    /* IKE_INTEG_NONE with an AEAD */
	uint16_t ke;	    /* IKE_KE_NONE: no Diffie-Hellman (ESP only) */
	bool esn;	    /* ESP: 64-bit sequence numbers */
};

enum proposal_flags {
	PROPOSAL_PREFER_PEER = 1, /* the peer's order decides, not ours */
	PROPOSAL_IGNORE_KE = 2,	  /* no Diffie-Hellman in this exchange: the CHILD SA of IKE_AUTH (RFC 7296, 1.2) */
};

/*
 * Adds the proposals of the text, "a, b, default", to a list (zeroed by the caller before the first). protocol is IKE_PROTO_IKE or
 * IKE_PROTO_ESP. 0, -EINVAL or -ENOSPC (PROPOSALS_MAX) with one sentence in error; the list is then as before.
 */
int proposals_parse(uint8_t protocol, const char *text, struct proposals *list, char error[PROPOSAL_ERROR_LEN]);

#define PROPOSALS_TEXT_LEN 512 /* of a list, longer ones end in "..." */
/* The usable ones of a list in the same words, by commas; "nothing" if there are none. Returns text. */
const char *proposals_words(const struct proposals *list, char text[PROPOSALS_TEXT_LEN]);
/* In the words of proposals_parse: "aes256gcm16-prfsha384-ecp256", algorithms without a word in registry names. Returns text. */
const char *proposal_words(const struct proposal *proposal, char text[PROPOSAL_TEXT_LEN]);
#define PROPOSALS_LIMITS_LEN 160
/* A sentence for the log if a received list went beyond the limits above, so that a part of it does not count; else NULL. */
const char *proposals_limits(const struct proposals *list, char text[PROPOSALS_LIMITS_LEN]);
/* In names, for logs: "ESP:AES_GCM_16-128/AES_GCM_16-256/NO_EXT_SEQ". Returns text. */
const char *proposal_print(const struct proposal *proposal, char text[PROPOSAL_TEXT_LEN]);
/* "AES_GCM_16-256/PRF_HMAC_SHA2_384/ECP_256"; ESP: "AES_GCM_16-128/EXT_SEQ". Returns text. */
const char *suite_print(const struct suite *suite, char text[SUITE_TEXT_LEN]);

/*
 * Choose from what a peer offered: a suite that one of our proposals and one of the peer's both hold. False: none (NO_PROPOSAL_CHOSEN).
 * An AEAD goes with no INTEG or NONE; no KE is the same as NONE; key lengths must be equal; ESP needs ESN or NO_ESN said and an SPI of 256 or
 * more. Whether an IKE proposal has an SPI (in rekeying) or none is for the caller to check.
 */
bool proposal_select(const struct proposals *ours, const struct proposals *offered, unsigned int flags, struct suite *suite);

/*
 * The same in IKE_SA_INIT: a suite with this KE method if there is one, whoever prefers another, as it saves a round trip.
 */
bool proposal_select_for(const struct proposals *ours, const struct proposals *offered, uint16_t ke, struct suite *suite);

/*
 * Check a peer's answer to our offer, ours as ike_build_sa() wrote it with these flags: one proposal with one transform of each type, all from
 * our proposal of that number (RFC 7296, 2.7).
 * 0 and the suite, or -EBADMSG and one sentence in *why.
 */
int proposal_check_answer(const struct proposals *ours, const struct proposals *answer, unsigned int flags, struct suite *suite, const char **why);

/* The answer that says this suite, with our SPI of this length. Also what a rekeying starts from. */
void proposal_from_suite(const struct suite *suite, uint8_t spi_len, uint64_t spi, struct proposal *proposal);

/* For the caller to free; costs what the list holds. NULL: no memory. */
struct proposals *proposals_copy(const struct proposals *list);
/* The proposal names this algorithm (key_bits 0: any). */
bool proposal_has(const struct proposal *proposal, uint8_t type, uint16_t id, uint16_t key_bits);
/* Keep those transforms for which keep() is true: what a data plane or a library cannot do. A type left empty makes it unusable. */
void proposal_filter(struct proposal *proposal, bool (*keep)(const struct transform *transform, void *arg), void *arg);
/* The first KE method of the first usable proposal: the one to send a KE payload for. IKE_KE_NONE: none. */
uint16_t proposals_first_ke(const struct proposals *list);
/* One usable proposal of the list names this KE method: may we follow INVALID_KE_PAYLOAD to it? */
bool proposals_have_ke(const struct proposals *list, uint16_t ke);

#endif
