/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: traffic selectors of a CHILD SA, configured, narrowed (RFC 7296, 2.9), ranked. */
#ifndef ESPALIER_IKE_TS_H
#define ESPALIER_IKE_TS_H

#include "conf/conf.h"
#include "sink/sink.h"

/* The same selectors in the same order. */
bool ts_same(const struct ts *a, unsigned int a_count, const struct ts *b, unsigned int b_count);
/* What both lists have in common; "dynamic" already replaced by addresses. Returns the count, at most SINK_TS_MAX. */
unsigned int ts_narrow(const struct ts *ours, unsigned int our_count, const struct ts *theirs, unsigned int their_count, struct ts *both);
/* The configured selectors with this address for "dynamic" (NULL: all of them), without those that the data plane cannot carry. Returns the count. */
unsigned int ts_configured(const struct sink_caps *caps, const struct conf_selectors *selectors, const struct ip_addr *dynamic, struct ts *out);
/* What is asked for: first what comes before the rest, as far as it is within ours, then ours. Returns the count, at most 2 * SINK_TS_MAX. */
unsigned int ts_offer(const struct ts *first, unsigned int first_count, const struct ts *ours, unsigned int our_count, struct ts *offer);
/* What goes before what, as strongSwan has it: shunts that pass, CHILD SAs, traps, shunts that drop. */
enum ts_rank { RANK_PASS = 1, RANK_SA, RANK_TRAP, RANK_DROP };
/* Of a policy: the smaller goes first; within a rank the narrower. */
uint32_t ts_priority(const struct ts *local, unsigned int local_count, const struct ts *remote, unsigned int remote_count, enum ts_rank rank);

#endif
