/* SPDX-License-Identifier: Apache-2.0 */
/* From the TUN device to the network. */
#ifndef GW_OUTBOUND_H
#define GW_OUTBOUND_H

#include "gw.h"

/* Take what waits in the TUN device, as far as there is room. */
void gw_outbound_read(struct gw *gw);
/* A packet that leaves; ip may be the memory of the next free slot. */
void gw_outbound(struct gw *gw, const uint8_t *ip, size_t len);
void gw_outbound_done(struct gw *gw, unsigned int count);

#endif
