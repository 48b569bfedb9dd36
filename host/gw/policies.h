/* SPDX-License-Identifier: Apache-2.0 */
/* Policies in force, with their routes. */
#ifndef GW_POLICIES_H
#define GW_POLICIES_H

#include "gw.h"

/*
 * Add a policy, or change what has its reqid; sa: the outbound SA it uses, or NULL. 0, -ENOMEM (*entry is NULL: nothing was done), or what the first route
 * that failed said; the policy is in force then all the same.
 */
int policies_set(struct gw *gw, const struct sink_policy *policy, struct gw_sa *sa, struct gw_policy **entry);
void policies_delete(struct gw *gw, struct gw_policy *policy);
/* All policies, or those of before, with their routes, until it is end_ms (gw_clock_ms). true: none is left. */
bool policies_remove(struct gw *gw, bool all, uint64_t end_ms);
/* This host has other addresses: other preferred sources, perhaps. */
void policies_addresses_changed(struct gw *gw);

#endif
