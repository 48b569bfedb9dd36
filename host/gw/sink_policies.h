/* SPDX-License-Identifier: Apache-2.0 */
/* Policies as key management asks for them: sink_ops of the same names (sink.h). */
#ifndef GW_SINK_POLICIES_H
#define GW_SINK_POLICIES_H

#include "sink/sink.h"

int gw_policy_set(struct sink *sink, const struct sink_policy *policy);
int gw_policy_delete(struct sink *sink, uint32_t reqid);
int gw_flush(struct sink *sink);
int gw_sweep(struct sink *sink);

#endif
