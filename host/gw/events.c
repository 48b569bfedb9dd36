/* SPDX-License-Identifier: Apache-2.0 */
#include "events.h"

#include "gw.h"

void gw_tell(struct gw *gw, const struct gw_event *event)
{
	for (unsigned int i = 0; i < gw->listener_count; i++)
		if (gw->listeners[i].kind == event->kind)
			gw->listeners[i].hear(gw, event);
}

void gw_card_lost(struct gw *gw, const char *why)
{
	struct gw_event event = { .kind = GW_CARD_LOST, .why = why };

	gw_tell(gw, &event);
}
