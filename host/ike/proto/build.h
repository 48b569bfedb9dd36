/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing IKEv2 messages. Next-payload fields and lengths are filled in as payloads are added. Errors stick: the first one (no room, no
 * memory, a value that does not fit) makes every later call do nothing, and ike_build_end() returns it.
 *
 *	struct ike_builder inner, out;
 *	ike_build_growing(&inner, IKE_MESSAGE_MAX);
 *	ike_build_id(&inner, IKE_PL_IDI, IKE_ID_FQDN, name, len);	payloads to encrypt: a chain without header
 *	...
 *	err = ike_build_end(&inner);
 *	ike_build_fixed(&out, buffer, sizeof(buffer));
 *	ike_build_header(&out, &header);
 *	ike_build_sealed(&out, inner.first, 0, 0, inner.len, &sizes, &where);	an SK payload; padding is in place, text and IV to be written
 *	memcpy(out.data + where.text_at, inner.data, inner.len);
 *	err = ike_build_end(&out);		then encrypt out.data in place
 *	ike_build_free(&inner);
 */
#ifndef ESPALIER_IKE_BUILD_H
#define ESPALIER_IKE_BUILD_H

#include "proto/message.h"

struct ike_builder {
	uint8_t *data;	/* the message, or a chain without header */
	size_t len;
	uint8_t first;	/* type of the first payload */
	/* private */
	size_t size, max;
	size_t next_at;	   /* where the next payload's type goes; IN_FIRST: into first */
	size_t payload_at; /* generic header of the open payload; NOT_OPEN: none is */
	bool grows, has_header, sealed;
	int error;
};

/* Into the caller's buffer. */
void ike_build_fixed(struct ike_builder *b, uint8_t *buffer, size_t size);
/* Into memory of its own, max bytes at most; to be freed by ike_build_free. */
void ike_build_growing(struct ike_builder *b, size_t max);
void ike_build_free(struct ike_builder *b);

/* First call for a message; none for a chain to encrypt. next_payload and length of *header are not read; version is 2.0. */
void ike_build_header(struct ike_builder *b, const struct ike_header *header);
/* Last call: fills in the length. 0, -ENOBUFS (fixed buffer or max), -ENOMEM, -EINVAL (a value or an order of calls that cannot be). */
int ike_build_end(struct ike_builder *b);

/* A payload of any kind: begin, its bytes, and the next begin or ike_build_end ends it. */
void ike_build_payload(struct ike_builder *b, uint8_t type, bool critical);
void ike_build_bytes(struct ike_builder *b, const void *bytes, size_t len);
void ike_build_u8(struct ike_builder *b, uint8_t value);
void ike_build_u16(struct ike_builder *b, uint16_t value);
void ike_build_u32(struct ike_builder *b, uint32_t value);
void ike_build_u64(struct ike_builder *b, uint64_t value);

/* flags: PROPOSAL_IGNORE_KE leaves KE transforms out. Unusable proposals are left out, the others are numbered 1, 2, ... */
void ike_build_sa(struct ike_builder *b, const struct proposals *list, unsigned int flags);
/* One proposal alone, with its number: an answer. */
void ike_build_sa_answer(struct ike_builder *b, const struct proposal *proposal);
void ike_build_ke(struct ike_builder *b, uint16_t method, const uint8_t *data, size_t len);
/* type: IKE_PL_IDI or IKE_PL_IDR */
void ike_build_id(struct ike_builder *b, uint8_t type, uint8_t id_type, const uint8_t *data, size_t len);
void ike_build_cert(struct ike_builder *b, uint8_t encoding, const uint8_t *data, size_t len);
void ike_build_certreq(struct ike_builder *b, uint8_t encoding, const uint8_t *data, size_t len);
void ike_build_auth(struct ike_builder *b, uint8_t method, const uint8_t *data, size_t len);
/* IKE_AUTH_DIGITAL_SIGNATURE (RFC 7427, 3): DER AlgorithmIdentifier of 255 bytes at most. */
void ike_build_signature(struct ike_builder *b, const uint8_t *algorithm, size_t algorithm_len, const uint8_t *signature, size_t len);
void ike_build_nonce(struct ike_builder *b, const uint8_t *nonce, size_t len);
/* Without an SPI. */
void ike_build_notify(struct ike_builder *b, uint16_t type, const void *data, size_t len);
/* About an SA of this protocol (ESP, AH). */
void ike_build_notify_spi(struct ike_builder *b, uint16_t type, uint8_t protocol, uint32_t spi, const void *data, size_t len);
/* This IKE SA; or CHILD SAs, by the SPIs that we receive on. */
void ike_build_delete_ike(struct ike_builder *b);
void ike_build_delete(struct ike_builder *b, uint8_t protocol, const uint32_t *spis, unsigned int count);
void ike_build_vendor(struct ike_builder *b, const void *data, size_t len);
/* type: IKE_PL_TSI or IKE_PL_TSR; 1 to 255 selectors. */
void ike_build_ts(struct ike_builder *b, uint8_t type, const struct ts *ts, unsigned int count);

/*
 * An SK payload (fragment and total 0) or SKF, the last of its message, with room for inner_len bytes of payloads. IV and text are zero bytes
 * to be written by the caller, the padding and the pad length byte are in place; *where says where they lie in b->data.
 * first_inner: b->first of the inner chain; in SKF only fragment 1 carries it (the others get 0 by themselves).
 */
void ike_build_sealed(struct ike_builder *b, uint8_t first_inner, uint16_t fragment, uint16_t total, size_t inner_len,
		      const struct ike_seal_sizes *sizes, struct ike_sealed *where);

#endif
