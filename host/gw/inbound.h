/* SPDX-License-Identifier: Apache-2.0 */
/* From the network to the TUN device. */
#ifndef GW_INBOUND_H
#define GW_INBOUND_H

#include "gw.h"

void gw_inbound_read(struct gw *gw, const struct wire_socket *socket);
void gw_inbound_done(struct gw *gw, unsigned int count);
/* GW_SA_ADDED, GW_POLICY_SET: packets that came too early go in now, in front of those that come. */
void gw_release_early(struct gw *gw, const struct gw_event *event);
/* Drop those that waited too long. */
void gw_expire_early(struct gw *gw);

#endif
