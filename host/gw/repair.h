/* SPDX-License-Identifier: Apache-2.0 */
/* Other programs change rules, routes, addresses, the TUN device or nftables: what is ours is put back, and logged. */
#ifndef GW_REPAIR_H
#define GW_REPAIR_H

#include "gw.h"

/* Take what has come to the descriptors of watch.h. */
void repair_read_routes(struct gw *gw);
void repair_read_nft(struct gw *gw);
/* GW_TUN_GONE: up again, or another one; if that is not possible, the gateway ends. */
void repair_tun_gone(struct gw *gw, const struct gw_event *event);

#endif
