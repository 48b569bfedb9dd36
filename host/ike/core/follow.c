/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration loaded anew, and the SAs made with the one before. */
#include "core/follow.h"
#include "core/create_child.h"
#include "core/ike_sa.h"

#include <string.h>

static bool within(const struct conf_ts *inner, const struct conf_selectors *outer)
{
	for (size_t i = 0; i < outer->count; i++)
		if (outer->items[i].dynamic == inner->dynamic
		    && (ts_equal(&outer->items[i].ts, &inner->ts) || (!inner->dynamic && ts_contains(&outer->items[i].ts, &inner->ts))))
			return true;
	return false;
}

static bool has_more(const struct conf_selectors *now, const struct conf_selectors *before)
{
	for (size_t i = 0; i < now->count; i++)
		if (!within(&now->items[i], before))
			return true;
	return false;
}

/* What carries too little now is rekeyed at once; all else that has changed has time until the next rekeying. */
static void serve_more(struct ike_sa *sa)
{
	for (struct child_sa *child = sa->children; child; child = child->next) {
		const struct conf_child *now = conf_connection_child(sa->conn, child->child->name);

		if (!now || child->state != CHILD_INSTALLED || child->redundant
		    || (!has_more(&now->local_ts, &child->child->local_ts) && !has_more(&now->remote_ts, &child->child->remote_ts)))
			continue;
		ike_log(sa, AGENT_INFO, "%s{%u}: there are more selectors now, it is rekeyed", child->child->name, child->id);
		child_initiate(sa, child->child, child);
	}
}

/* Nothing of an established IKE SA points into sa->conf but sa->conn: all else that does has its own reference. */
static void follow(struct ike_sa *sa, const struct conf_connection *conn)
{
	struct conf *old = sa->conf;

	if (memcmp(conn->digest, sa->conn->digest, sizeof(conn->digest)) != 0) {
		ike_log(sa, AGENT_INFO, "connection %s has changed: IKE_SA %s stays as it was made", conn->name, sa->label);
		return;
	}
	sa->conf = conf_ref(conn->conf);
	sa->conn = conn;
	conf_free(old);
	serve_more(sa);
}

void follow_all(struct agent *agent)
{
	for (size_t i = 0; i < agent->conf->connection_count; i++) {
		const struct conf_connection *conn = agent->conf->connections[i];

		for (struct ike_sa *sa = ike_sa_by_name(agent, conn->name); sa; sa = ike_sa_next_by_name(sa))
			if (sa->state == IKE_ESTABLISHED)
				follow(sa, conn);
	}
}

void follow_established(struct agent *agent, const struct event *event)
{
	struct ike_sa *sa = event->ike;
	const struct conf *conf = agent->conf;
	const struct conf_connection *conn = conf && conf != sa->conf ? conf_find_connection(conf, sa->conn->name) : NULL;

	if (conn)
		follow(sa, conn);
}

