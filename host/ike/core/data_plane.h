/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: the data plane comes, goes, and says things. */
#ifndef ESPALIER_IKE_DATA_PLANE_H
#define ESPALIER_IKE_DATA_PLANE_H

#include "core/state.h"

/* agent->caps; zero if it does not answer. */
void data_plane_read_caps(struct agent *agent);
/* What is wanted is set: the policies of an agent before this one, or of ours before the connection was lost, may go. */
void data_plane_sweep(struct agent *agent);
void data_plane_event(struct agent *agent, const struct sink_event *event);

#endif
