/* SPDX-License-Identifier: Apache-2.0 */
/* Deleting CHILD SAs as initiator (RFC 7296, 1.4.1). */
#include "core/child_delete.h"
#include "core/child_life.h"
#include "core/child_sa.h"
#include "core/retry.h"
#include "core/window.h"

#include <errno.h>
#include <stdlib.h>

struct child_delete {
	struct exchange x;
	uint32_t id;	/* of the CHILD SA, or 0: */
	uint32_t spi;	/* one of ours that never became a CHILD SA */
	bool replaced;	/* by a rekeying: its inbound SA stays a while */
	bool renew;	/* it came to its end: close_action and traps begin anew */
};

static int build_child_delete(struct ike_sa *sa, struct exchange *exchange, struct ike_builder *b)
{
	struct child_delete *x = (struct child_delete *)exchange;
	struct child_sa *child = x->id ? child_by_number(sa, x->id) : NULL;

	if (sa->state != IKE_ESTABLISHED || (x->id && (!child || child->state != CHILD_DELETING)))
		return -ECANCELED;
	ike_build_delete(b, IKE_PROTO_ESP, child ? &child->spi_in : &x->spi, 1);
	return 0;
}

static int child_deleted(struct ike_sa *sa, struct exchange *exchange, const struct ike_message *m)
{
	struct child_delete *x = (struct child_delete *)exchange;
	struct child_sa *child = x->id ? child_by_number(sa, x->id) : NULL;
	const struct conf_child *conf;
	struct conf *holder;
	uint64_t lived;

	(void)m;
	if (!child)
		return 0;
	if (x->replaced) {
		child_retire(child);
		return 0;
	}
	conf = child->child;
	holder = conf_ref(child->conf);
	lived = ike_now(sa) - child->installed_ms;
	child_destroy(child, CLOSE_LOCAL);
	if (x->renew && conf->close_action & CONF_ACTION_START)
		retry_ended(sa->agent, conf, lived);
	conf_free(holder);
	return 0;
}

static const struct exchange_ops child_delete_ops = {
	.name = "INFORMATIONAL (delete of a CHILD SA)",
	.type = IKE_INFORMATIONAL,
	.build = build_child_delete,
	.response = child_deleted,
	.free = exchange_free_bare,
};

bool child_delete_under_way(const struct ike_sa *sa)
{
	return window_under_way(sa, &child_delete_ops) != NULL;
}

bool child_is_being_deleted(const struct child_sa *child)
{
	const struct child_delete *x = (const struct child_delete *)window_under_way(child->ike, &child_delete_ops);

	return x && x->id == child->id;
}

static void queue_child_delete(struct ike_sa *sa, struct child_delete values)
{
	struct child_delete *x = malloc(sizeof(*x));

	if (!x)
		return;
	*x = values;
	x->x.ops = &child_delete_ops;
	ike_queue_first(sa, &x->x);
}

static void begin_child_delete(struct child_sa *child, bool renew)
{
	struct child_delete values = { .id = child->id, .replaced = child->state == CHILD_REKEYED, .renew = renew };

	if (child->state == CHILD_DELETING || child->state == CHILD_RETIRED)
		return;
	child->state = CHILD_DELETING;
	child_no_rekey(child);
	queue_child_delete(child->ike, values);
}

void child_delete_initiate(struct child_sa *child)
{
	begin_child_delete(child, false);
}

void child_expired_delete(struct child_sa *child)
{
	begin_child_delete(child, true);
}

void child_delete_spi(struct ike_sa *sa, uint32_t spi)
{
	queue_child_delete(sa, (struct child_delete){ .spi = spi });
}

