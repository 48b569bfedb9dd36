/* SPDX-License-Identifier: Apache-2.0 */
#include "core/events.h"
#include "core/state.h"

void event_emit(struct agent *agent, const struct event *event)
{
	const event_listener *listener = (*agent->listeners)[event->kind];

	for (unsigned int i = 0; i < EVENT_LISTENERS_MAX && listener[i]; i++)
		listener[i](agent, event);
}
