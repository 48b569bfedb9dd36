/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: packets that met a trap. */
#ifndef ESPALIER_IKE_ACQUIRE_H
#define ESPALIER_IKE_ACQUIRE_H

#include "core/events.h"
#include "sink/sink.h"

/* SINK_EVENT_ACQUIRE */
void trap_acquire(struct agent *agent, const struct sink_event *event);
/*
 * What came of it. A peer that gave another part of what was asked for is asked for the packet's alone; one that gives what is there already gets it
 * back, and the packet has to wait.
 */
void acquire_child_asked(struct agent *agent, const struct event *event);

#endif
