/* SPDX-License-Identifier: Apache-2.0 */
/* Policies without an SA: traffic that wants out by one begins the negotiation (RFC 4301, 4.4.1; strongSwan's start_action = trap). */
#include "core/trap.h"
#include "core/reqid.h"
#include "core/ts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define REFUSED_MS 60000u
#define SLICE_MS 5u /* that go to policies before others have their turn */

/* Does what an action of the configuration speaks of stay blocked while it is down? */
static bool blocks(const struct agent *agent, unsigned int action)
{
	return action & CONF_ACTION_TRAP || (action & CONF_ACTION_START && agent->settings.start_blocks);
}

/* A trap for this CHILD SA with this peer, if there is none. 0, -EADDRNOTAVAIL: the peer has no single address, or the sink's error. */
static int set_trap(struct agent *agent, struct conf *conf, const struct conf_child *child, const struct ip_addr *local, const struct ip_addr *remote)
{
	struct ts local_ts[SINK_TS_MAX], remote_ts[SINK_TS_MAX];
	unsigned int local_count = ts_configured(&agent->caps, &child->local_ts, local, local_ts);
	unsigned int remote_count = ts_configured(&agent->caps, &child->remote_ts, remote, remote_ts);
	struct reqid *r;

	if (!local_count || !remote_count)
		return -EADDRNOTAVAIL;
	r = reqid_get(agent, child, local_ts, local_count, remote_ts, remote_count);
	/* Of a configured number: what it covered before is covered until all is set. */
	if (r && (!ts_same(r->local, r->local_count, local_ts, local_count) || !ts_same(r->remote, r->remote_count, remote_ts, remote_count))) {
		if (reqid_make_way(r))
			r = reqid_get(agent, child, local_ts, local_count, remote_ts, remote_count);
		else {
			reqid_leave_rest(r);
			if (reqid_select(r, local_ts, local_count, remote_ts, remote_count))
				r = NULL;
		}
	}
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
	return r->user && !child->reqid ? 0 : reqid_apply(r);
}

static int install_one(struct agent *agent, struct conf *conf, const struct conf_child *child)
{
	const struct conf_connection *conn = child->connection;
	const struct ip_addr *remote = conf_single_address(&conn->remote_addrs);
	struct ip_addr local;
	int err;

	if (!agent_has_data_plane(agent))
		return -ENODEV;
	if (conf_is_shunt(child))
		return set_trap(agent, conf, child, NULL, NULL);
	if (!remote) {
		agent_log(agent, AGENT_ERROR, "%s/%s: no trap without an address of the peer", conn->name, child->name);
		return -EADDRNOTAVAIL;
	}
	if (agent->env.source(agent->env.ctx, remote, &local))
		local = (struct ip_addr){ .family = 0 };
	if (conf_single_address(&conn->local_addrs))
		local = *conf_single_address(&conn->local_addrs);
	err = set_trap(agent, conf, child, &local, remote);
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

		if (!strcmp(child->name, r->name) && (blocks(r->agent, child->close_action) || blocks(r->agent, child->dpd_action))
		    && same_selectors(&child->local_ts, &r->trap->local_ts) && same_selectors(&child->remote_ts, &r->trap->remote_ts))
			return child;
	}
	return NULL;
}

/* What the configuration does not ask for goes; what close_action or dpd_action installed is put back. */
static void settle(struct reqid *r, void *arg)
{
	struct conf *conf = arg;

	if (r->rest_of || r->marked || (r->trap_conf && r->agent->traps.keep && r->trap->mode != CONF_PASS))
		return;
	if (r->is_rest) {
		conf_free(r->trap_conf);
		r->trap_conf = NULL;
		reqid_apply(r);
		reqid_release(r);
		return;
	}
	if (!r->trap_conf)
		return;
	if (r->trap_conf != conf) {
		const struct conf_child *child = still_wanted(r, conf);

		conf_free(r->trap_conf);
		r->trap_conf = child ? conf_ref(conf) : NULL;
		r->trap = child;
	}
	if (!r->user || r->rest)
		reqid_apply(r);
	reqid_release(r);
}

static void failed(struct agent *agent, int err)
{
	struct trap_work *work = &agent->traps;

	/* What could not be covered may be covered by what was there before. Without a data plane, or an address of the peer, nothing can be. */
	work->keep |= err && err != -ENODEV && err != -EADDRNOTAVAIL;
	if (!err || work->err)
		return;
	work->err = err;
	snprintf(work->error, sizeof(work->error), "%s", sink_error(agent->sink));
}

/* The next CHILD SA of the configuration, if this part is about it: those that pass in clear come before what they are exceptions of. */
static void install_next(struct agent *agent)
{
	struct trap_work *work = &agent->traps;
	const struct conf_connection *conn = work->conn < agent->conf->connection_count ? agent->conf->connections[work->conn] : NULL;
	const struct conf_child *child = conn && work->child < conn->child_count ? conn->children[work->child] : NULL;

	if (!conn) {
		work->part++;
		work->conn = work->child = 0;
	} else if (!child) {
		work->conn++;
		work->child = 0;
	} else {
		work->child++;
		if ((child->mode == CONF_PASS) == (work->part == TRAPS_PASS) && blocks(agent, child->start_action))
			failed(agent, install_one(agent, agent->conf, child));
	}
}

/* The reqids of the next slot. A table that has grown meanwhile has them elsewhere: from its beginning again. */
static void settle_next(struct agent *agent)
{
	struct trap_work *work = &agent->traps;
	size_t slots = reqids_slots(agent);

	if (work->slots != slots)
		work->conn = 0;
	work->slots = slots;
	if (work->conn < slots)
		reqids_slot(agent, work->conn++, settle, agent->conf);
	else
		work->part = TRAPS_DONE;
}

void trap_begin(struct agent *agent)
{
	agent->traps = (struct trap_work){ .part = TRAPS_PASS };
	for (size_t i = 0; i < reqids_slots(agent); i++)
		reqids_slot(agent, i, unmark, NULL);
}

void trap_go_on(struct agent *agent)
{
	uint64_t end = agent_now(agent) + SLICE_MS;

	while (agent->traps.part != TRAPS_DONE && agent_now(agent) < end) {
		if (agent->traps.part == TRAPS_SETTLE)
			settle_next(agent);
		else
			install_next(agent);
	}
}

void trap_child_ends(struct agent *agent, const struct event *event)
{
	const struct child_sa *child = event->child;
	const struct conf_connection *conn = conf_find_connection(agent->conf, child->child->connection->name);
	const struct conf_child *now = conn ? conf_connection_child(conn, child->child->name) : NULL;
	bool coming = agent->traps.part == TRAPS_PASS || agent->traps.part == TRAPS_OTHERS;
	const struct conf_child *conf = now || !coming ? now : child->child; /* what covers its traffic instead is not there yet */
	bool wanted = conf && ((event->cause == CLOSE_PEER && blocks(agent, conf->close_action)) || (event->cause == CLOSE_DEAD && blocks(agent, conf->dpd_action)));

	if (wanted && !agent->stopping)
		set_trap(agent, now ? agent->conf : child->conf, conf, &child->ike->local.ip, &child->ike->remote.ip);
}

void trap_refused(struct agent *agent, const struct child_packet *packet)
{
	struct reqid *r = reqid_find(agent, packet->reqid);

	if (r)
		r->refused[r->refused_next++ % TRAP_REFUSALS] =
			(struct trap_refusal){ agent_now(agent) + REFUSED_MS, packet->local.lo, packet->remote.lo };
}

void trap_free(struct agent *agent)
{
	reqids_free(agent);
}
