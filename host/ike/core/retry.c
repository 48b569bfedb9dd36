/* SPDX-License-Identifier: Apache-2.0 */
#include "core/retry.h"
#include "core/handshake.h"

#include <stdlib.h>
#include <string.h>

#define PAUSE_MAX 60u /* times settings.retry_ms */

struct retry {
	struct retry *next;
	struct agent *agent;
	struct timer timer;
	char *conn, *child;
	unsigned int attempt;
};

static void free_one(struct retry *r)
{
	timer_clear(&r->agent->timers, &r->timer);
	free(r->conn);
	free(r->child);
	free(r);
}

static void drop(struct retry *r)
{
	struct retry **link = &r->agent->retries;

	while (*link != r)
		link = &(*link)->next;
	*link = r->next;
	free_one(r);
}

static void due(void *owner)
{
	struct retry *r = owner;
	struct agent *agent = r->agent;
	const struct conf_connection *conn = agent->conf ? conf_find_connection(agent->conf, r->conn) : NULL;
	const struct conf_child *child = conn ? conf_connection_child(conn, r->child) : NULL;
	unsigned int attempt = r->attempt;
	struct ike_sa *newest = agent->sas;

	drop(r);
	if (!child || agent->stopping)
		return;
	up_start(agent, child);
	if (agent->sas && agent->sas != newest)
		agent->sas->attempt = attempt;
}

static uint64_t pause_ms(const struct agent_settings *settings, unsigned int attempt)
{
	uint64_t times = 1;

	if (!attempt)
		return 0;
	while (--attempt && times < PAUSE_MAX)
		times *= 2;
	return settings->retry_ms * (times < PAUSE_MAX ? times : PAUSE_MAX);
}

void retry_later(struct agent *agent, const struct conf_child *child, unsigned int attempt)
{
	const char *conn = child->connection->name;
	struct retry *r;

	for (r = agent->retries; r; r = r->next)
		if (!strcmp(r->conn, conn) && !strcmp(r->child, child->name))
			return;
	r = calloc(1, sizeof(*r));
	if (!r)
		return;
	r->agent = agent;
	r->conn = strdup(conn);
	r->child = strdup(child->name);
	r->attempt = attempt;
	if (!r->conn || !r->child ||
	    timer_set(&agent->timers, &r->timer, agent_now(agent) + pause_ms(&agent->settings, attempt), due, r)) {
		free_one(r);
		return;
	}
	r->next = agent->retries;
	agent->retries = r;
}

struct ike_sa *ike_retry(struct ike_sa *sa, unsigned int attempt)
{
	const struct conf_connection *conn = sa->agent->conf ? conf_find_connection(sa->agent->conf, sa->conn->name) : NULL;
	const struct conf_child *child = conn && sa->handshake->child ? conf_connection_child(conn, sa->handshake->child->name) : NULL;
	struct ike_sa *successor;

	if (!conn || (sa->handshake->child && !child))
		return NULL;
	successor = ike_initiate(sa->agent, conn, child);
	if (successor)
		successor->attempt = attempt;
	return successor;
}

void retry_free(struct agent *agent)
{
	while (agent->retries)
		drop(agent->retries);
}
