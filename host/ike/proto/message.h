/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading IKEv2 messages (RFC 7296, section 3): header, chain of payloads, each payload's content. Nothing is copied or allocated: what
 * comes out points into the message, and is valid as long as it. No state, no cryptography.
 *
 * Every function that can fail returns 0 or a negative errno value and sets *why to one static sentence: -EBADMSG for what breaks the format.
 */
#ifndef ESPALIER_IKE_MESSAGE_H
#define ESPALIER_IKE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/addr.h"
#include "proto/proposal.h"
#include "proto/registry.h"

#define IKE_HEADER_LEN 28u
#define IKE_PAYLOAD_HEADER_LEN 4u
#define IKE_MESSAGE_MAX 65535u	/* bytes */
#define IKE_PAYLOADS_MAX 256u	/* of one chain; a longer chain is refused */
#define IKE_VERSION 0x20u	/* 2.0 */
#define IKE_NONCE_MIN 16u
#define IKE_NONCE_MAX 256u
#define IKE_TS_MAX 32u		/* traffic selectors that are looked at; the rest is checked and left out, which narrows */
#define IKE_SUMMARY_LEN 512

struct ike_header {
	uint64_t spi_i, spi_r; /* the value of the eight bytes read as a big-endian number */
	uint8_t next_payload;  /* type of the first payload */
	uint8_t version;       /* major in the upper half, minor in the lower */
	uint8_t exchange;      /* enum ike_exchange or another */
	uint8_t flags;	       /* enum ike_flags */
	uint32_t message_id;
	uint32_t length;       /* of the message, header included */
};

/*
 * data: one UDP datagram without a non-ESP marker. -EPROTONOSUPPORT: major version above 2, *header is filled in (answer
 * INVALID_MAJOR_VERSION; RFC 7296, 2.5). -EBADMSG: drop it.
 */
int ike_header_parse(const uint8_t *data, size_t len, struct ike_header *header, const char **why);

struct ike_payload {
	uint8_t type;
	uint8_t next; /* type that follows; in SK and SKF: of the first payload inside */
	bool critical;
	const uint8_t *body; /* behind the generic header */
	size_t len;
};

struct ike_chain {
	uint8_t unsupported_critical; /* first payload of unknown type with the critical bit; 0: none (else UNSUPPORTED_CRITICAL_PAYLOAD, 2.5) */
	unsigned int count;
	struct ike_payload payloads[IKE_PAYLOADS_MAX];
};

/*
 * Split a chain that begins with a payload of type first and fills data to its end. SK and SKF must be the last of a message and may not be
 * inside another (inner true). Unknown payloads are in the chain, to be skipped.
 */
int ike_chain_parse(uint8_t first, const uint8_t *data, size_t len, bool inner, struct ike_chain *chain, const char **why);
/* Header and outer chain. As ike_header_parse; *header is filled in if there are IKE_HEADER_LEN bytes. */
int ike_message_parse(const uint8_t *data, size_t len, struct ike_header *header, struct ike_chain *chain, const char **why);

/* A message as handlers get it, parsed once. */
struct ike_message {
	struct ike_header header;
	struct ike_chain chain;	 /* of a protected message: what is inside, decrypted */
	const uint8_t *data;	 /* the datagram; of a message in fragments, the one that came last */
	size_t len;
};

/* The first payload of that type, or the next behind after; NULL: none. */
const struct ike_payload *ike_chain_find(const struct ike_chain *chain, uint8_t type);
const struct ike_payload *ike_chain_next(const struct ike_chain *chain, uint8_t type, const struct ike_payload *after);
unsigned int ike_chain_count(const struct ike_chain *chain, uint8_t type);

/* "IKE_AUTH request 1 [ IDi AUTH SA TSi TSr N(INITIAL_CONTACT) ]"; header may be NULL, and the exchange left out. Returns text. */
const char *ike_summary(const struct ike_header *header, const struct ike_chain *chain, char text[IKE_SUMMARY_LEN]);

/* ---- SK and SKF: where things lie (RFC 7296, 3.14; RFC 7383, 2.5; RFC 5282, 5) -------------------------------------------- */

/* What sealing adds. An AEAD: iv_len 8, icv_len 16, block 1; AES-CBC with HMAC-SHA2-256-128: 16, 16, 16. */
struct ike_seal_sizes {
	uint8_t iv_len, icv_len;
	uint8_t block; /* plaintext, padding and pad length byte are a multiple of it; 1 at least */
};

struct ike_sealed {
	uint8_t first_inner;	  /* type of the first payload inside; 0 in SKF but the first, and when there is none */
	uint16_t fragment, total; /* SKF: 1 to total; SK: 0 and 0 */
	size_t iv_at;		  /* offset in the message; [0, iv_at) is the associated data of an AEAD */
	size_t text_at, text_len; /* ciphertext: payloads, padding, pad length */
	size_t icv_at;		  /* [0, icv_at) is what an INTEG algorithm covers */
};

/* Find them in a message whose chain ends in SK or SKF. -ENOENT: it does not; -EBADMSG: too short, no multiple of block, bad numbers. */
int ike_sealed_find(const uint8_t *data, size_t len, const struct ike_chain *chain, const struct ike_seal_sizes *sizes, struct ike_sealed *sealed,
		    const char **why);
/* Length of the payloads in decrypted text: what padding and the pad length byte leave. -EBADMSG. */
int ike_sealed_unpad(const uint8_t *text, size_t text_len, size_t *len, const char **why);

/* ---- contents of payloads; each must be given a payload of its type --------------------------------------------------------- */

/* SA. spi_len of each proposal is checked against its protocol (IKE: 0 or 8; AH, ESP: 4); numbers must ascend by one. */
int ike_decode_sa(const struct ike_payload *payload, struct proposals *list, const char **why);

struct ike_ke {
	uint16_t method; /* enum ike_ke_method */
	const uint8_t *data;
	size_t len;
};
int ike_decode_ke(const struct ike_payload *payload, struct ike_ke *ke, const char **why);

struct ike_id {
	uint8_t type; /* enum ike_id_type */
	const uint8_t *data;
	size_t len;
};
int ike_decode_id(const struct ike_payload *payload, struct ike_id *id, const char **why);

/* CERT, and CERTREQ: with X.509 a list of SHA-1 hashes of CAs' public keys, 20 bytes each. */
struct ike_cert {
	uint8_t encoding; /* enum ike_cert_encoding */
	const uint8_t *data;
	size_t len;
};
int ike_decode_cert(const struct ike_payload *payload, struct ike_cert *cert, const char **why);
int ike_decode_certreq(const struct ike_payload *payload, struct ike_cert *request, const char **why);

struct ike_auth {
	uint8_t method; /* enum ike_auth_method */
	const uint8_t *data;
	size_t len;
	const uint8_t *algorithm; /* IKE_AUTH_DIGITAL_SIGNATURE: DER AlgorithmIdentifier in front of the signature, and data is the signature */
	size_t algorithm_len;	  /* else NULL, 0 */
};
int ike_decode_auth(const struct ike_payload *payload, struct ike_auth *auth, const char **why);

/* The nonce is the payload's body: IKE_NONCE_MIN to IKE_NONCE_MAX bytes. */
int ike_decode_nonce(const struct ike_payload *payload, const char **why);

struct ike_notify {
	uint16_t type;	  /* enum ike_notify_type or another */
	uint8_t protocol; /* of the SPI; 0 without one */
	bool has_spi;
	uint32_t spi;	  /* ESP or AH, host order */
	const uint8_t *data;
	size_t len;
};
int ike_decode_notify(const struct ike_payload *payload, struct ike_notify *notify, const char **why);
/* The first notify of that type in the chain; false: none, or it does not decode. */
bool ike_chain_notify(const struct ike_chain *chain, uint16_t type, struct ike_notify *notify);
/* The first error notify (type below IKE_N_STATUS). */
bool ike_chain_error(const struct ike_chain *chain, struct ike_notify *notify);

struct ike_delete {
	uint8_t protocol;   /* IKE_PROTO_IKE: this IKE SA, count 0 */
	unsigned int count; /* of SPIs */
	const uint8_t *spis;
};
int ike_decode_delete(const struct ike_payload *payload, struct ike_delete *del, const char **why);
/* SPI i < count, host order. */
uint32_t ike_delete_spi(const struct ike_delete *del, unsigned int i);

struct ike_ts_list {
	unsigned int count;
	struct ts ts[IKE_TS_MAX];
};
/* TSi, TSr. Selectors of unknown kind are left out; the list may then be empty. */
int ike_decode_ts(const struct ike_payload *payload, struct ike_ts_list *list, const char **why);

#endif
