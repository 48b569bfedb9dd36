/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes: SAs out of sight at once, out of the card when their packets are; policies with their routes. Some of it each round of the loop, so that
 * packets of others go on meanwhile. Whoever asked for it is answered when the card has zeroed the keys and the policies are gone, and not
 * read from before.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "log.h"
#include "policies.h"
#include "pump.h"
#include "removal.h"

#define SLICE_MS 5u /* of a round that removals may take */
#define FINISH_MS 5000u
#define FINISH_WAIT_MS 50

static void part_from_policy(struct gw *gw, const struct gw_sa *sa)
{
	struct gw_policy *policy = spd_find(&gw->spd, sa->reqid);

	if (policy && policy->sa == sa)
		policy->sa = NULL;
}

void gw_remove_sa(struct gw *gw, struct gw_sa *sa)
{
	part_from_policy(gw, sa);
	gw_tell(gw, &(struct gw_event){ .kind = GW_SA_GONE, .sa = sa });
	sad_retire(&gw->sad, sa);
}

void gw_delete_sas(struct gw *gw)
{
	while (gw->sad.all)
		gw_remove_sa(gw, gw->sad.all);
	gw_bury(gw);
	if (gw_removing(gw) && gw->server)
		sink_server_hold(gw->server); /* whoever comes finds the card empty */
}

bool gw_removing(const struct gw *gw)
{
	return gw->sad.dying || gw->policies_go != GW_NO_POLICY;
}

int gw_remove_policies(struct gw *gw, enum gw_policies which)
{
	gw->removal_ret = 0;
	gw->policies_go = which;
	gw_bury(gw);
	return gw_removing(gw) ? SINK_SERVER_LATER : 0;
}

/* The final number is asked for only where somebody wants it: an SA whose number is lost can be deleted all the same. -EIO: it is lost. */
static int delete_from_card(struct gw *gw, const struct gw_sa *sa)
{
	enum espalier_direction direction = sa->id.direction == SINK_IN ? ESPALIER_INBOUND : ESPALIER_OUTBOUND;
	int ret;

	if (sa != gw->last_of)
		return espalier_sa_delete(gw->device.dev, direction, sa->index);
	gw->last_of = NULL;
	gw->last = sad_stats(sa);
	ret = espalier_sa_delete_last(gw->device.dev, direction, sa->index, &gw->last.seq);
	return ret == -EBADMSG ? -EIO : ret;
}

/* Out of the card and the table. 0, or what the card said. */
static int bury(struct gw *gw, struct gw_sa *sa)
{
	int ret = sa->reserved ? 0 : delete_from_card(gw, sa);

	if (ret == -ENODEV) {
		gw_card_lost(gw, espalier_error(gw->device.dev)); /* and all SAs with it */
		return ret;
	}
	sad_remove(&gw->sad, sa);
	if (ret)
		gw_log(GW_ERROR, "an SA could not be removed: %s", espalier_error(gw->device.dev));
	return ret;
}

static void bury_sas(struct gw *gw, uint64_t end)
{
	for (struct gw_sa *sa = gw->sad.dying, *next; sa && gw->device.dev && gw_clock_ms() <= end; sa = next) {
		int ret = 0;

		next = sa->next;
		if (!sa->in_flight)
			ret = bury(gw, sa);
		if (ret)
			gw->removal_ret = ret;
		if (ret == -ENODEV)
			return;
	}
}

static const char *why_not(int ret)
{
	return !ret ? "" : ret == -ENODEV ? "The card is gone." : ret == -EIO ? "The SA is removed, but its last sequence number is lost: its key must not be used again." :
	       "The card did not remove an SA.";
}

int gw_bury(struct gw *gw)
{
	uint64_t end = gw_clock_ms() + SLICE_MS;
	int ret;

	bury_sas(gw, end);
	if (!gw->sad.dying && gw->policies_go != GW_NO_POLICY && policies_remove(gw, gw->policies_go == GW_ALL_POLICIES, end))
		gw->policies_go = GW_NO_POLICY;
	ret = gw->removal_ret;
	if (!gw_removing(gw) && gw->server)
		sink_server_resume(gw->server, ret, why_not(ret), &gw->last);
	return ret;
}

bool gw_may_bury(const struct gw *gw)
{
	for (const struct gw_sa *sa = gw->sad.dying; sa; sa = sa->next)
		if (!sa->in_flight)
			return true;
	return !gw->sad.dying && gw->policies_go != GW_NO_POLICY;
}

void gw_finish_removals(struct gw *gw)
{
	uint64_t end = gw_clock_ms() + FINISH_MS;

	for (;;) {
		gw_pump(gw);
		gw_bury(gw);
		if (!gw->device.dev || !gw->sad.dying || gw_clock_ms() >= end)
			return;
		for (unsigned int i = 0; i < 2; i++) {
			struct gw_pipe *pipe = &gw->device.pipes[i];

			if (pipe_in_flight(pipe))
				espalier_queue_wait(pipe->queue, FINISH_WAIT_MS); /* whether in vain shows in the next round */
		}
	}
}
