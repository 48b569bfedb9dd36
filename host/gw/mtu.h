/* SPDX-License-Identifier: Apache-2.0 */
/* How large packets may be. */
#ifndef GW_MTU_H
#define GW_MTU_H

#include "gw.h"

/* The largest inner packet that an SA carries over its path. */
uint16_t mtu_inner(const struct gw_sa *sa);
/* GW_SA_ADDED, GW_SA_MOVED: ask the kernel for the path of an outbound SA. */
void mtu_learn(struct gw *gw, const struct gw_event *event);
/* GW_SA_GONE. */
void mtu_forget(struct gw *gw, const struct gw_event *event);
/* wire.h's too_big; context is the gateway. */
void mtu_too_big(void *context, const struct ip_addr *dst, uint32_t spi, uint32_t mtu);
/* Routes of a policy, after it got another SA or routes, take packets as large as its SA's path carries. */
void mtu_apply(struct gw *gw, struct gw_policy *policy);
/* Ask for some paths again: routes change, and lower MTUs are forgotten after ten minutes (RFC 1191, 6.3). Called every second or so. */
void mtu_refresh(struct gw *gw);

#endif
