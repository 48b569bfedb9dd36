/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: IKE messages in and out of their protection (RFC 7296, 3.14; RFC 7383). */
#ifndef ESPALIER_IKE_SEAL_H
#define ESPALIER_IKE_SEAL_H

#include "core/sa.h"

/*
 * Protect payloads (a chain without header) with sa's keys: one datagram, or fragments where the peer can and the message is larger than
 * the settings' fragment_size. out is made anew. 0, or negative: it cannot be sent.
 */
int seal_message(struct ike_sa *sa, uint8_t exchange, bool response, uint32_t id, struct ike_builder *payloads, struct packets *out);

struct opened {
	uint8_t *data; /* owned; seal_opened_free */
	size_t len;
	uint8_t first;
	uint16_t fragment; /* of the datagram: 0 without fragments */
	const char *why;   /* it was not opened: a constant, for the log */
};

enum seal_verdict {
	SEAL_WHOLE,	/* a whole message is in *opened */
	SEAL_PART,	/* right, but more fragments are missing */
	SEAL_MALFORMED,
	SEAL_BAD_ICV,
	SEAL_NO_MEMORY,
};

/* Decrypt a datagram of sa, whose header and outer chain are m. keep false: check it, and keep no fragments (a retransmission). */
enum seal_verdict seal_open(struct ike_sa *sa, const struct ike_message *m, bool keep, struct opened *opened);
void seal_opened_free(struct opened *opened);

/* A copy of one datagram. 0 or -ENOMEM. */
int packets_one(struct packets *packets, const void *data, size_t len);
void packets_free(struct packets *packets);

#endif
