/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: a CHILD SA's two SAs in the data plane. */
#ifndef ESPALIER_IKE_CHILD_SINK_H
#define ESPALIER_IKE_CHILD_SINK_H

#include "core/sa.h"

/* One of them, with its key. 0 or the sink's error, which is logged. */
int child_sink_add(struct child_sa *child, enum sink_direction direction, enum sink_aead aead, const uint8_t *key, uint8_t key_len);
void child_sink_remove(struct child_sa *child, enum sink_direction direction);
/* Outer addresses and UDP encapsulation are those of its IKE SA. */
void child_set_endpoints(struct child_sa *child);
/* NAT mapping of the peer changed: new endpoints for both SAs. */
int child_update_endpoints(struct child_sa *child);
/* Packets and bytes, those of SAs it replaced not included. */
int child_stats(struct child_sa *child, struct sink_sa_stats *in, struct sink_sa_stats *out);
/* When the last packet came by its inbound SA; 0: never, or the sink does not say. */
uint64_t child_heard_ms(const struct child_sa *child);

#endif
