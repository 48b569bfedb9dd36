/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: remarks on a configuration, into the log: file, line, and what it asks for and does not get. */
#ifndef ESPALIER_IKE_JUDGE_H
#define ESPALIER_IKE_JUDGE_H

#include "core/state.h"

/* Returns how many. */
unsigned int judge(const struct agent *agent, const struct sink_caps *caps, const struct conf *conf, const struct credentials *credentials);

#endif
