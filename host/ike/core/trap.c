/* SPDX-License-Identifier: Apache-2.0 */
/* Policies without an SA: traffic that wants out by one begins the negotiation (RFC 4301, 4.4.1; strongSwan's start_action = trap). */
#include <errno.h>
#include <string.h>

#include "core/reqid.h"

#define ACQUIRE_PAUSE_MS 1000u
#define REFUSED_MS 60000u

bool trap_blocks(const struct agent *agent, unsigned int action)
{
	return action & CONF_ACTION_TRAP || (action & CONF_ACTION_START && agent->settings.start_blocks);
}

int trap_set(struct agent *agent, struct conf *conf, const struct conf_child *child, const struct ip_addr *local, const struct ip_addr *remote)
{
	struct ts local_ts[SINK_TS_MAX], remote_ts[SINK_TS_MAX];
	unsigned int local_count = ts_configured(&agent->caps, &child->local_ts, local, local_ts);
	unsigned int remote_count = ts_configured(&agent->caps, &child->remote_ts, remote, remote_ts);
	struct reqid *r;

	if (!local_count || !remote_count)
		return -EADDRNOTAVAIL;
	r = reqid_get(agent, child, local_ts, local_count, remote_ts, remote_count);
	if (!r)
		return -ENOMEM;
	r->marked = true;
	if (!r->user)
		r->priority = child->priority;
	if (r->trap_conf != conf) {
		conf_free(r->trap_conf);
		r->trap_conf = conf_ref(conf);
		r->trap = child;
	}
	return r->user ? 0 : reqid_apply(r);
}

static int install_one(struct agent *agent, struct conf *conf, const struct conf_child *child)
{
	const struct conf_connection *conn = child->connection;
	const struct ip_addr *remote = conf_single_address(&conn->remote_addrs);
	struct ip_addr local;
	int err;

	if (conf_is_shunt(child))
		return trap_set(agent, conf, child, NULL, NULL);
	if (!remote) {
		agent_log(agent, AGENT_ERROR, "%s/%s: no trap without an address of the peer", conn->name, child->name);
		return -EADDRNOTAVAIL;
	}
	if (agent->env.source(agent->env.ctx, remote, &local))
		local = (struct ip_addr){ .family = 0 };
	if (conf_single_address(&conn->local_addrs))
		local = *conf_single_address(&conn->local_addrs);
	err = trap_set(agent, conf, child, &local, remote);
	if (err && err != -ENODEV)
		agent_log(agent, AGENT_ERROR, "%s/%s: the trap could not be installed, error %d", conn->name, child->name, -err);
	return err;
}

static void unmark(struct reqid *r, void *arg)
{
	(void)arg;
	r->marked = false;
}

static bool same_selectors(const struct conf_selectors *a, const struct conf_selectors *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->items[i].dynamic != b->items[i].dynamic || !ts_equal(&a->items[i].ts, &b->items[i].ts))
			return false;
	return true;
}

/* The CHILD SA of a new configuration for which close_action or dpd_action would have installed the same trap; NULL: none. */
static const struct conf_child *still_wanted(const struct reqid *r, const struct conf *conf)
{
	const struct conf_connection *conn = conf_find_connection(conf, r->conn);

	for (size_t i = 0; conn && i < conn->child_count; i++) {
		const struct conf_child *child = conn->children[i];

		if (!strcmp(child->name, r->name) && (trap_blocks(r->agent, child->close_action) || trap_blocks(r->agent, child->dpd_action))
		    && same_selectors(&child->local_ts, &r->trap->local_ts) && same_selectors(&child->remote_ts, &r->trap->remote_ts))
			return child;
	}
	return NULL;
}

/* What the configuration does not ask for goes; what close_action or dpd_action installed is put back. */
static void settle(struct reqid *r, void *arg)
{
	struct conf *conf = arg;

	if (!r->trap_conf || r->marked)
		return;
	if (r->trap_conf != conf) {
		const struct conf_child *child = still_wanted(r, conf);

		conf_free(r->trap_conf);
		r->trap_conf = child ? conf_ref(conf) : NULL;
		r->trap = child;
	}
	if (!r->user)
		reqid_apply(r);
	reqid_release(r);
}

/* Those that pass in clear, or all others. */
static int install_all(struct agent *agent, struct conf *conf, bool pass)
{
	int first = 0, err;

	for (size_t i = 0; i < conf->connection_count; i++) {
		const struct conf_connection *conn = conf->connections[i];

		for (size_t c = 0; c < conn->child_count; c++) {
			if ((conn->children[c]->mode == CONF_PASS) != pass || !trap_blocks(agent, conn->children[c]->start_action))
				continue;
			err = install_one(agent, conf, conn->children[c]);
			if (!first)
				first = err;
		}
	}
	return first;
}

int trap_install(struct agent *agent, struct conf *conf)
{
	int first, err;

	reqids_each(agent, unmark, NULL);
	first = install_all(agent, conf, true); /* before what they are exceptions of */
	err = install_all(agent, conf, false);
	if (!first)
		first = err;
	reqids_each(agent, settle, conf);
	return first;
}

bool child_carries(const struct child_sa *child, const struct child_packet *packet)
{
	bool local = false, remote = false;

	for (unsigned int i = 0; i < child->local_count; i++)
		local |= ts_contains(&child->local[i], &packet->local);
	for (unsigned int i = 0; i < child->remote_count; i++)
		remote |= ts_contains(&child->remote[i], &packet->remote);
	return local && remote;
}

void trap_refused(struct agent *agent, const struct child_packet *packet)
{
	struct reqid *r = reqid_find(agent, packet->reqid);

	if (r)
		r->refused[r->refused_next++ % TRAP_REFUSALS] =
			(struct trap_refusal){ agent_now(agent) + REFUSED_MS, packet->local.lo, packet->remote.lo };
}

static bool may_ask(const struct reqid *r, const struct sink_event *event)
{
	uint64_t now = agent_now(r->agent);

	for (unsigned int i = 0; i < TRAP_REFUSALS; i++)
		if (now < r->refused[i].until_ms && ip_equal(&r->refused[i].local, &event->packet_local.lo)
		    && ip_equal(&r->refused[i].remote, &event->packet_remote.lo))
			return false;
	return now >= r->acquire_allowed_ms || r->acquire_child != r->agent->last_child_id;
}

void trap_acquire(struct agent *agent, const struct sink_event *event)
{
	struct child_packet packet = { .reqid = event->reqid, .local = event->packet_local, .remote = event->packet_remote };
	struct reqid *r = reqid_find(agent, event->reqid);
	char text[TS_TEXT_LEN];

	if (!r || r->user || !r->trap_conf || r->trap_conf != agent->conf || !may_ask(r, event))
		return;
	r->acquire_allowed_ms = agent_now(agent) + ACQUIRE_PAUSE_MS;
	r->acquire_child = agent->last_child_id;
	agent_log(agent, AGENT_INFO, "%s/%s: traffic to %s without an SA", r->conn, r->name, ts_print(&event->packet_remote, text));
	/* A reqid that the configuration gives has one policy, and so one SA. */
	if (r->trap->reqid)
		packet.reqid = 0;
	up_packet(agent, r->trap, &packet);
}

void trap_free(struct agent *agent)
{
	reqids_free(agent);
}
