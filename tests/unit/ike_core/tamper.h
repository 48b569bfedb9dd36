/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A peer that keeps the keys and breaks the rules: the payloads of a message are changed before they are sealed. For tests that are linked with
 * -Wl,--wrap=seal_message.
 */
#ifndef ESPALIER_TEST_TAMPER_H
#define ESPALIER_TEST_TAMPER_H

#include "core/sa.h"
#include "world.h"

struct tampered {
	struct ike_sa *sa;   /* the sender */
	uint8_t *exchange;   /* of the header to be; may be changed */
	bool response;
	uint32_t *id;	     /* message ID; may be changed */
};

/* Reads the chain that the agent made, and writes what is sent instead into out. */
typedef void (*tamper_hook)(void *ctx, const struct tampered *t, const struct ike_chain *chain, struct ike_builder *out);

/* For all messages of all agents of this process from now on; NULL: none. */
void tamper_set(tamper_hook hook, void *ctx);
/* For hooks: this payload as it was, with its critical bit. */
void tamper_copy(struct ike_builder *out, const struct ike_payload *payload);
/* All payloads but those of this type (IKE_PL_NONE: all). */
void tamper_without(struct ike_builder *out, const struct ike_chain *chain, uint8_t type);

#endif
