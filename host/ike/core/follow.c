/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration loaded anew, and the SAs made with the one before. */
#include <string.h>

#include "core/ike_sa.h"

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

void follow_established(struct ike_sa *sa)
{
	const struct conf *conf = sa->agent->conf;
	const struct conf_connection *conn = conf && conf != sa->conf ? conf_find_connection(conf, sa->conn->name) : NULL;

	if (conn)
		follow(sa, conn);
}

const struct conf_child *child_followed(const struct ike_sa *sa, const struct conf_child *child)
{
	const struct conf_child *now = NULL;

	/* One that kept its configuration may have CHILD SAs of the one in force, and those are newer. */
	if (sa->conf == sa->agent->conf && !strcmp(sa->conn->name, child->connection->name))
		now = conf_connection_child(sa->conn, child->name);
	return now ? now : child;
}
