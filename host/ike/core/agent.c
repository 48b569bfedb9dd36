/* SPDX-License-Identifier: Apache-2.0 */
/* An agent from its creation to its end, and its configuration. */
#include "core/agent.h"
#include "core/cookie.h"
#include "core/credentials.h"
#include "core/data_plane.h"
#include "core/follow.h"
#include "core/ike_delete.h"
#include "core/ike_sa.h"
#include "core/judge.h"
#include "core/listeners.h"
#include "core/offers.h"
#include "core/retry.h"
#include "core/trap.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/crypto.h>

/* ---- life ------------------------------------------------------------------------------------------------------------------------ */

static int fail(char *error, int err, const char *text)
{
	snprintf(error, AGENT_ERROR_LEN, "%s", text);
	return err;
}

int agent_create(const struct agent_env *env, const struct agent_settings *settings, struct sink *sink, struct agent **agent, char *error)
{
	struct agent *a = calloc(1, sizeof(*a));
	struct hash *tables[] = { &a->by_spi, &a->by_name, &a->by_init, &a->by_source, &a->by_peer, &a->children, &a->retries, &a->peers };

	if (!a)
		return fail(error, -ENOMEM, "no memory");
	a->env = *env;
	a->listeners = &agent_listeners;
	a->sink = sink;
	if (settings)
		a->settings = *settings;
	else
		agent_default_settings(&a->settings);
	for (unsigned int i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		if (agent_random(a, &tables[i]->seed, sizeof(tables[i]->seed))) {
			free(a);
			return fail(error, -EIO, "no random numbers");
		}
	}
	data_plane_read_caps(a);
	*agent = a;
	return 0;
}

void agent_destroy(struct agent *agent)
{
	if (!agent)
		return;
	agent->stopping = true;
	while (agent->sas)
		ike_sa_close(agent->sas, CLOSE_LOCAL, NULL);
	retry_free(agent);
	trap_free(agent);
	cookies_free(agent);
	credentials_free(agent->credentials);
	offers_free(agent->offers);
	conf_free(agent->conf);
	timers_free(&agent->timers);
	hash_free(&agent->by_spi);
	hash_free(&agent->by_name);
	hash_free(&agent->by_init);
	hash_free(&agent->by_source);
	hash_free(&agent->by_peer);
	hash_free(&agent->peers);
	hash_free(&agent->children);
	OPENSSL_cleanse(agent, sizeof(*agent));
	free(agent);
}

static void start_all(struct agent *agent)
{
	for (size_t i = 0; i < agent->conf->connection_count; i++) {
		const struct conf_connection *conn = agent->conf->connections[i];

		for (size_t k = 0; k < conn->child_count; k++)
			if (conn->children[k]->start_action & CONF_ACTION_START)
				retry_later(agent, conn->children[k], 0);
	}
}

int agent_configure(struct agent *agent, struct conf *conf, char *error)
{
	struct credentials *credentials;
	struct offers *offers;
	int err = credentials_load(agent, conf, &credentials, error);

	if (err)
		return err;
	err = offers_build(conf, &offers);
	if (err) {
		credentials_free(credentials);
		return fail(error, err, "no memory");
	}
	credentials_free(agent->credentials);
	agent->credentials = credentials;
	offers_free(agent->offers);
	agent->offers = offers;
	conf_free(agent->conf);
	agent->conf = conf_ref(conf);
	/* While the data plane is gone nobody knows what it has. */
	if (agent->caps.aeads)
		judge(agent, &agent->caps, conf, credentials);
	follow_all(agent);
	data_plane_policies(agent);
	start_all(agent);
	return 0;
}

/* Those of now, by SPI: what happens to one may end others. */
static uint64_t *all_spis(const struct agent *agent, size_t *count)
{
	uint64_t *spis = malloc((agent->stats.ike_sas + 1) * sizeof(*spis));

	*count = 0;
	for (const struct ike_sa *sa = agent->sas; sa && spis; sa = sa->next)
		spis[(*count)++] = sa->by_spi.key;
	return spis;
}

static void stop_one(struct ike_sa *sa)
{
	if (sa->state == IKE_ESTABLISHED)
		ike_delete_initiate(sa);
	else if ((sa->state == IKE_CONNECTING && sa->handshake) || (sa->state == IKE_REKEYED && !sa->queue) || sa->state == IKE_CLOSED)
		ike_sa_close(sa, CLOSE_LOCAL, NULL);
}

void agent_stop(struct agent *agent)
{
	size_t count;
	uint64_t *spis = all_spis(agent, &count);

	agent->stopping = true;
	retry_free(agent);
	for (size_t i = 0; i < count; i++) {
		struct hash_node *node = hash_find(&agent->by_spi, spis[i]);

		if (node)
			stop_one(hash_entry(node, struct ike_sa, by_spi));
	}
	free(spis);
}

bool agent_configuring(const struct agent *agent)
{
	return agent->traps.part != TRAPS_DONE;
}

bool agent_stopped(const struct agent *agent)
{
	for (const struct ike_sa *sa = agent->sas; sa; sa = sa->next)
		if (sa->state != IKE_CLOSED)
			return false;
	return agent->stopping;
}

void agent_get_stats(const struct agent *agent, struct agent_stats *stats)
{
	*stats = agent->stats;
}
