/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: the data plane comes, goes, and says things. */
#ifndef ESPALIER_IKE_DATA_PLANE_H
#define ESPALIER_IKE_DATA_PLANE_H

#include "core/state.h"

/* agent->caps; zero if it does not answer. */
void data_plane_read_caps(struct agent *agent);
/*
 * Set the policies that the configuration wants, then sweep: those of an agent before this one, or of ours before the connection was lost, may go. As much as fits into
 * some milliseconds; data_plane_go_on, called in each turn of the agent, does the rest, and says whether there is more.
 */
void data_plane_policies(struct agent *agent);
bool data_plane_go_on(struct agent *agent);
void data_plane_event(struct agent *agent, const struct sink_event *event);

#endif
