/* SPDX-License-Identifier: Apache-2.0 */
#include "core/retry.h"
#include "core/name.h"

#include <stdlib.h>
#include <string.h>

#define PAUSE_MAX 60u /* times settings.retry_ms */

struct retry {
	struct hash_node node; /* in agent->retries */
	struct agent *agent;
	struct timer timer;
	char *conn, *child;
	unsigned int attempt;
};

static uint64_t names_key(const char *conn, const char *child)
{
	return hash_bytes(child, strlen(child), hash_bytes(conn, strlen(conn) + 1, HASH_BASIS));
}

static void drop(struct retry *r)
{
	hash_remove(&r->agent->retries, &r->node);
	timer_clear(&r->agent->timers, &r->timer);
	free(r->conn);
	free(r->child);
	free(r);
}

static void due(void *owner)
{
	struct retry *r = owner;
	struct agent *agent = r->agent;
	const struct conf_connection *conn = agent->conf ? conf_find_connection(agent->conf, r->conn) : NULL;
	const struct conf_child *child = conn ? conf_connection_child(conn, r->child) : NULL;
	unsigned int attempt = r->attempt;

	drop(r);
	if (child)
		event_emit(agent, &(struct event){ .kind = EVENT_RETRY_DUE, .conf = child, .count = attempt });
}

/* Not all at the same time that failed at the same time. */
static uint64_t pause_ms(struct agent *agent, unsigned int attempt)
{
	uint64_t times = 1, pause;

	if (!attempt)
		return 0;
	while (--attempt && times < PAUSE_MAX)
		times *= 2;
	pause = agent->settings.retry_ms * (times < PAUSE_MAX ? times : PAUSE_MAX);
	return agent_jitter(agent, pause, pause / 4);
}

static bool is_waiting(const struct agent *agent, const char *conn, const char *child)
{
	for (struct hash_node *node = hash_find(&agent->retries, names_key(conn, child)); node; node = hash_next(node)) {
		const struct retry *r = hash_entry(node, struct retry, node);

		if (!strcmp(r->conn, conn) && !strcmp(r->child, child))
			return true;
	}
	return false;
}

void retry_later(struct agent *agent, const struct conf_child *child, unsigned int attempt)
{
	const char *conn = child->connection->name;
	uint64_t pause = pause_ms(agent, attempt);
	const struct conf_connection *now = agent->conf ? conf_find_connection(agent->conf, conn) : NULL;
	struct retry *r;

	if (!now || !conf_connection_child(now, child->name) || is_waiting(agent, conn, child->name))
		return;
	r = calloc(1, sizeof(*r));
	if (!r)
		return;
	r->agent = agent;
	r->conn = strdup(conn);
	r->child = strdup(child->name);
	r->attempt = attempt;
	if (!r->conn || !r->child || hash_insert(&agent->retries, &r->node, names_key(conn, child->name)) ||
	    timer_set(&agent->timers, &r->timer, agent_now(agent) + pause, due, r))
		drop(r);
	else if (attempt)
		agent_log(agent, AGENT_INFO, "%s/%s is tried again in %llu s", conn, child->name, (unsigned long long)(pause + 999) / 1000);
}

void retry_ended(struct agent *agent, const struct conf_child *child, uint64_t lived_ms)
{
	if (!agent->stopping)
		retry_later(agent, child, lived_ms < RETRY_STABLE_MS ? 1 : 0);
}

bool retry_stop(struct agent *agent, const char *text)
{
	struct hash_node *next;
	bool found = false;

	for (size_t i = 0; i < agent->retries.slot_count; i++)
		for (struct hash_node *node = agent->retries.slots[i]; node; node = next) {
			struct retry *r = hash_entry(node, struct retry, node);

			next = node->next;
			if (strcmp(text, r->conn) && !name_means(text, r->conn, r->child))
				continue;
			found = true;
			drop(r);
		}
	return found;
}

void retry_free(struct agent *agent)
{
	for (size_t i = 0; i < agent->retries.slot_count; i++)
		while (agent->retries.slots[i])
			drop(hash_entry(agent->retries.slots[i], struct retry, node));
	hash_free(&agent->retries);
}
