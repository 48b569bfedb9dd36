/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IKE message fragmentation (RFC 7383): how to cut the payloads of a message into SKF payloads, and how to join received ones.
 */
#ifndef ESPALIER_IKE_FRAGMENT_H
#define ESPALIER_IKE_FRAGMENT_H

#include "proto/message.h"

#define IKE_FRAGMENTS_MAX 255u	     /* of one message, both ways */
#define IKE_REASSEMBLY_MAX 65535u    /* bytes of payloads of one message, 64 KiB */

/*
 * Bytes of an IKE message that fit an IP packet of ip_bytes (576, 1280, 1500, ...): IP header without options, UDP header and, with
 * marker (UDP 4500), the non-ESP marker taken off. 0: nothing fits.
 */
size_t ike_message_room(size_t ip_bytes, bool v6, bool marker);

struct ike_fragmentation {
	uint16_t total;	 /* 1: send it whole, as SK */
	size_t chunk;	 /* bytes of payloads in each fragment, the last may have less: fragment n holds [(n - 1) * chunk, n * chunk) */
};

/*
 * Cut inner_len bytes of payloads so that each message (header, one SK or SKF) has message_max bytes at most.
 * -EMSGSIZE: message_max is too small, or it would take more than IKE_FRAGMENTS_MAX; *why has one sentence.
 */
int ike_fragment_plan(size_t inner_len, size_t message_max, const struct ike_seal_sizes *sizes, struct ike_fragmentation *plan, const char **why);

/*
 * Reassembly of one message, zeroed to begin with: at most one is under way for each window of 1 and direction. Holds memory only while
 * fragments are there, at most IKE_REASSEMBLY_MAX bytes of payloads.
 */
struct ike_reassembly {
	uint32_t message_id;
	uint16_t total;	   /* 0: nothing under way */
	uint16_t have;	   /* fragments */
	uint8_t first_inner;
	size_t bytes;
	struct ike_fragment_part *parts; /* private: total of them */
};

/*
 * Before decryption: is this fragment worth it? 0: yes. -EALREADY: we have it, or an earlier attempt of the peer with fewer fragments
 * (RFC 7383, 2.6); drop it. -EBADMSG: numbers that cannot be.
 */
int ike_reassembly_check(const struct ike_reassembly *r, uint32_t message_id, const struct ike_sealed *fragment, const char **why);
/*
 * After its ICV passed: text is its decrypted content without padding; it is copied. A greater total than before starts over, another
 * message_id too. 1: complete, call ike_reassembly_join. 0: more to come. -EALREADY, -EBADMSG as above, -EMSGSIZE (then all of it is
 * dropped), -ENOMEM.
 */
int ike_reassembly_add(struct ike_reassembly *r, uint32_t message_id, const struct ike_sealed *fragment, const uint8_t *text, size_t len,
		       const char **why);
/* The payloads of a complete message in memory that the caller frees; their first type in *first_inner. r is empty afterwards. 0, -ENOMEM, -EINVAL (not complete). */
int ike_reassembly_join(struct ike_reassembly *r, uint8_t **data, size_t *len, uint8_t *first_inner);
/* Drop what is there; r is as new. */
void ike_reassembly_reset(struct ike_reassembly *r);

#endif
