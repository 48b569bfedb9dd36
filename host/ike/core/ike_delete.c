/* SPDX-License-Identifier: Apache-2.0 */
/* Deleting an IKE SA as initiator (RFC 7296, 1.4.1). */
#include "core/ike_delete.h"
#include "core/window.h"

#include <errno.h>

static int build_ike_delete(struct ike_sa *sa, struct exchange *x, struct ike_builder *b)
{
	(void)x;
	if (sa->state == IKE_ESTABLISHED)
		sa->state = IKE_DELETING;
	ike_build_delete_ike(b);
	return 0;
}

static int ike_deleted(struct ike_sa *sa, struct exchange *x, const struct ike_message *m)
{
	(void)x;
	(void)m;
	sa->cause = sa->state == IKE_REKEYED ? CLOSE_REPLACED : CLOSE_LOCAL;
	sa->why = "deleted";
	return -ECANCELED;
}

static const struct exchange_ops ike_delete_ops = {
	.name = "INFORMATIONAL (delete of the IKE SA)",
	.type = IKE_INFORMATIONAL,
	.build = build_ike_delete,
	.response = ike_deleted,
	.free = exchange_free_bare,
};

bool exchange_is_ike_delete(const struct exchange *x)
{
	return x->ops == &ike_delete_ops;
}

bool ike_delete_queued(const struct ike_sa *sa)
{
	return window_has(sa, &ike_delete_ops);
}

void ike_delete_initiate(struct ike_sa *sa)
{
	if (window_has(sa, &ike_delete_ops))
		return;
	if (sa->state == IKE_ESTABLISHED)
		sa->state = IKE_DELETING;
	ike_queue_bare(sa, &ike_delete_ops, true);
}

