/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the agent: who listens to what. */
#ifndef ESPALIER_IKE_LISTENERS_H
#define ESPALIER_IKE_LISTENERS_H

#include "core/events.h"

extern const event_table agent_listeners;

#endif
