/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: IKE_SA_INIT without state (RFC 7296, 2.6). */
#ifndef ESPALIER_IKE_COOKIE_H
#define ESPALIER_IKE_COOKIE_H

#include "core/state.h"
#include "proto/message.h"

#define COOKIE_MAX 64u /* RFC 7296, 2.6 */

/* The cookie for a request with this nonce; returns its length. */
size_t cookie_make(struct agent *agent, const struct ike_header *header, const struct ip_addr *ip, const uint8_t *nonce, size_t nonce_len,
		   uint8_t cookie[COOKIE_MAX]);
bool cookie_right(struct agent *agent, const struct ike_header *header, const struct ip_addr *ip, const uint8_t *nonce, size_t nonce_len,
		  const uint8_t *cookie, size_t len);
void cookies_free(struct agent *agent);

#endif
