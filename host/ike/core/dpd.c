/* SPDX-License-Identifier: Apache-2.0 */
/* Dead peer detection (RFC 7296, 2.4): an empty request, whose response proves that the peer lives. */
#include "core/dpd.h"
#include "core/window.h"

static int build_nothing(struct ike_sa *sa, struct exchange *x, struct ike_builder *b)
{
	(void)sa;
	(void)x;
	(void)b;
	return 0;
}

static int alive(struct ike_sa *sa, struct exchange *x, const struct ike_message *m)
{
	(void)sa;
	(void)x;
	(void)m;
	return 0;
}

static const struct exchange_ops dpd_ops = {
	.name = "INFORMATIONAL (is the peer alive)",
	.type = IKE_INFORMATIONAL,
	.build = build_nothing,
	.response = alive,
	.free = exchange_free_bare,
};

void dpd_initiate(struct ike_sa *sa)
{
	if (!sa->queue) /* any other request asks the same */
		ike_queue_bare(sa, &dpd_ops, false);
}

