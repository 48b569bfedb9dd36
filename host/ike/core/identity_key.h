/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: identities as keys of tables. */
#ifndef ESPALIER_IKE_IDENTITY_KEY_H
#define ESPALIER_IKE_IDENTITY_KEY_H

#include "crypto/identity.h"

/* Key of agent.by_peer, agent.peers and the like: equal identities have equal keys, others hardly ever. */
uint64_t ike_peer_key(const struct identity *id);

#endif
