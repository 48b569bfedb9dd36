/* SPDX-License-Identifier: Apache-2.0 */
#include "pump.h"

#include "inbound.h"
#include "outbound.h"

/* Push and pull once: how many packets came back; the card may be lost. */
static unsigned int turn(struct gw *gw, unsigned int direction)
{
	struct gw_pipe *pipe = &gw->device.pipes[direction];
	int ret = pipe_push(pipe), got = ret ? ret : pipe_pull(pipe, GW_BATCH);

	if (got < 0) {
		gw_card_lost(gw, espalier_error(gw->device.dev));
		return 0;
	}
	if (got && direction == ESPALIER_OUTBOUND)
		gw_outbound_done(gw, (unsigned int)got);
	else if (got)
		gw_inbound_done(gw, (unsigned int)got);
	return (unsigned int)got;
}

void gw_pump(struct gw *gw)
{
	unsigned int moved;

	do {
		moved = 0;
		for (unsigned int i = 0; gw->device.dev && i < 2; i++)
			moved += turn(gw, i);
	} while (moved && gw->device.dev);
}

void gw_arm(struct gw *gw)
{
	for (unsigned int i = 0; gw->device.dev && i < 2; i++)
		if (pipe_arm(&gw->device.pipes[i]))
			gw_card_lost(gw, espalier_error(gw->device.dev));
}
