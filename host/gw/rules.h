/* SPDX-License-Identifier: Apache-2.0 */
/* The rules of routes.h: which there are, and which table belongs to which local prefix. */
#ifndef GW_RULES_H
#define GW_RULES_H

#include "routes.h"

/* Fixed rules and routes, and those of an earlier gateway. 0 or negative errno, and error. */
int rules_open(struct gw_routes *routes, char *error);
/* The table of a local prefix, 0: there is none. */
uint32_t rules_table(const struct gw_routes *routes, const struct prefix *local);
/* One user more or less of a local prefix's rules, or of those of an own network behind it. 0 or negative errno. */
int rules_use_local(struct gw_routes *routes, const struct prefix *local, bool add);
int rules_use_own(struct gw_routes *routes, const struct prefix *local, const struct prefix *own, bool add);
/* Those without users, with what is in their tables. */
void rules_sweep(struct gw_routes *routes);
int rules_repair(struct gw_routes *routes);
/* Somebody deleted this one. */
void rules_repair_one(struct gw_routes *routes, const struct nl_rule *rule);
void rules_close(struct gw_routes *routes, bool release);

/* Delete the routes of a table that keep says no to; keep NULL: all. */
void rules_clean_table(struct gw_routes *routes, uint32_t table, bool (*keep)(const struct gw_routes *routes, const struct nl_route *route));

#endif
