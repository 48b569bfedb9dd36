/* SPDX-License-Identifier: Apache-2.0 */
#include "held.h"

#include <stdlib.h>

#include "outbound.h"

static void release(struct gw *gw, struct gw_policy *policy)
{
	struct gw_held *held;

	policy->acquire_ms = 0; /* what is held again asks again */
	for (unsigned int n = policy->held_count; n && (held = spd_unhold(policy)); n--) {
		gw->held--;
		gw_outbound(gw, held->data, held->len);
		free(held);
	}
}

static bool overlap(const struct ts *a, unsigned int a_count, const struct ts *b, unsigned int b_count)
{
	struct ts both;

	for (unsigned int i = 0; i < a_count; i++)
		for (unsigned int k = 0; k < b_count; k++)
			if (ts_intersect(&a[i], &b[k], &both))
				return true;
	return false;
}

/* The packets may be held by the wider policy of a trap, of which the peer gave a part. */
void gw_release_held(struct gw *gw, const struct gw_event *event)
{
	const struct gw_policy *now = event->policy;

	if (!now->sa)
		return;
	for (unsigned int i = 0; gw->held && i < gw->spd.count; i++) {
		struct gw_policy *p = gw->spd.order[i];

		if (p->held && (p == now || (overlap(p->local, p->p.local_count, now->local, now->p.local_count)
					     && overlap(p->remote, p->p.remote_count, now->remote, now->p.remote_count))))
			release(gw, p);
	}
}

void gw_expire_held(struct gw *gw)
{
	for (unsigned int i = 0; gw->held && i < gw->spd.count; i++) {
		struct gw_policy *policy = gw->spd.order[i];

		while (policy->held && gw->now_ms - policy->held->since_ms >= HOLD_MS) {
			free(spd_unhold(policy));
			gw->held--;
			gw_drop(gw, DROP_HOLD_EXPIRED);
		}
	}
}
