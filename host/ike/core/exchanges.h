/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: the table of exchanges that a peer may begin. */
#ifndef ESPALIER_IKE_EXCHANGES_H
#define ESPALIER_IKE_EXCHANGES_H

#include "core/sa.h"

/*
 * A request of the peer, verified and decrypted: write the response's payloads into reply. 0, or negative: no response, the IKE SA is closed.
 * An error that the peer should hear is a notify in reply.
 */
typedef int (*request_handler)(struct ike_sa *sa, const struct ike_message *m, struct ike_builder *reply);

struct exchange_rule {
	uint8_t type;	     /* enum ike_exchange; 0: any that we do not know */
	unsigned int states; /* in which it may come: bits 1 << enum ike_state */
	request_handler handler;
};

/* What a request of this type is for in sa's present state; NULL: nothing, it is dropped unread. */
const struct exchange_rule *exchange_rule(const struct ike_sa *sa, uint8_t type);

#endif
