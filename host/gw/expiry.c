/* SPDX-License-Identifier: Apache-2.0 */
#include "expiry.h"

#include "log.h"

void gw_say_expiry(struct gw *gw, struct gw_sa *sa)
{
	enum sad_expiry expiry = sa->dying ? SAD_FINE : sad_expiry(sa);
	struct sink_event event = { .kind = SINK_EVENT_EXPIRE, .id = sa->id, .reqid = sa->reqid, .hard = expiry == SAD_HARD };

	if (expiry == SAD_FINE)
		return;
	gw_log(GW_DEBUG, "SA 0x%08x: %s limit", sa->id.spi, event.hard ? "hard" : "soft");
	gw_tell_agent(gw, &event);
}
