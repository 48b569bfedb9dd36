/* SPDX-License-Identifier: Apache-2.0 */
/* The helper of test_tshark.py. */
#ifndef TEST_IKE_TOOL_H
#define TEST_IKE_TOOL_H

#include "proto/message.h"

/* A recorded conversation as we read it; sizes are those of its IKE SAs. */
void dump(const char *name, const struct ike_seal_sizes *sizes);
void dump_chain(const struct ike_chain *chain);
/* Messages that our builder makes, one a line in hex. */
void build_messages(void);

#endif
