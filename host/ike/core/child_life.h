/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: what child_sa.c, child_negotiation.c and child_life.c share. */
#ifndef ESPALIER_IKE_CHILD_LIFE_H
#define ESPALIER_IKE_CHILD_LIFE_H

#include "core/child_sa.h"

/* ---- child_sa.c ------------------------------------------------------------------------------------------------------------ */

/* With a number, and nothing else. NULL: no memory. */
struct child_sa *child_new(struct ike_sa *sa, struct conf *conf, const struct conf_child *conf_child);
struct child_sa *child_by_number(struct ike_sa *sa, uint32_t id);
/* The CHILD SA that the peer made it to replace, if that is still there. */
struct child_sa *child_predecessor(const struct child_sa *child);
/* Outer addresses and UDP encapsulation are those of its IKE SA. */
void child_set_endpoints(struct child_sa *child);

/* ---- child_life.c: lifetimes ------------------------------------------------------------------------------------------------- */

/* Packets and bytes, with jitter; before installation. */
void child_set_limits(struct child_sa *child);
void child_start_timers(struct child_sa *child);
void child_stop_timers(struct child_sa *child);
/* After child_no_rekey: it is to be rekeyed again, as if it were new. */
void child_start_rekey(struct child_sa *child);
/* Its rekeying did not come about now: try again in a while. */
void child_rekey_later(struct child_sa *child);
/* It was replaced: no rekeying of it any more, but its hard end stays. */
void child_no_rekey(struct child_sa *child);

/* ---- informational.c ----------------------------------------------------------------------------------------------------------- */

/* Hard end: delete it with the peer, and begin anew as close_action and traps say. */
void child_expired_delete(struct child_sa *child);
/* Delete an SA that the peer has and we refused. */
void child_delete_spi(struct ike_sa *sa, uint32_t spi);

/* ---- child_common.c ------------------------------------------------------------------------------------------------------------ */

/* What the data plane calls this ENCR transform; false: nothing. */
bool child_aead(const struct suite *suite, enum sink_aead *aead);
/* Bytes of key and salt. */
size_t aead_key_len(enum sink_aead aead);
/* As RFC 7296, 2.8.1, compares nonces: <0, 0, >0. */
int nonce_compare(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len);

#endif
