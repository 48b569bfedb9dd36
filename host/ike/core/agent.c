/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's edge: datagrams, time, configuration, events of the data plane. */
#include "core/child_sa.h"
#include "core/credentials.h"
#include "core/handshake.h"
#include "core/judge.h"
#include "core/offers.h"
#include "core/reqid.h"
#include "core/retry.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <openssl/crypto.h>

/* Of timers and of events in one call: each may begin an IKE SA, and what peers answer meanwhile has to be read before the sockets overflow. */
#define AT_ONCE 32u

void agent_default_settings(struct agent_settings *settings)
{
	*settings = (struct agent_settings){
		.retransmit_ms = 4000, .retransmit_percent = 180, .retransmit_tries = 5, .half_open_ms = 30000, .half_open_max = 10000,
		.cookie_threshold = 30, .block_threshold = 5, .fragment_size = 1280, .keepalive_ms = 20000, .children_max = 256, .peer_share = 75, .retire_ms = 5000,
		.retry_ms = 5000,
		.start_blocks = 1,
	};
}

void agent_log(const struct agent *agent, enum agent_log level, const char *format, ...)
{
	char text[1024];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	agent->env.log(agent->env.ctx, level, "", text);
}

int agent_random(struct agent *agent, void *out, size_t len)
{
	return agent->env.random(agent->env.ctx, out, len) ? -EIO : 0;
}

uint64_t agent_jitter(struct agent *agent, uint64_t value, uint64_t rand)
{
	uint64_t r, most = rand < value ? rand : value;

	return most && !agent_random(agent, &r, sizeof(r)) ? value - r % (most + 1) : value;
}

/* ---- life ------------------------------------------------------------------------------------------------------------------------ */

static int fail(char *error, int err, const char *text)
{
	snprintf(error, AGENT_ERROR_LEN, "%s", text);
	return err;
}

static void read_caps(struct agent *agent)
{
	if (sink_caps(agent->sink, &agent->caps))
		agent->caps = (struct sink_caps){ 0 };
}

int agent_create(const struct agent_env *env, const struct agent_settings *settings, struct sink *sink, struct agent **agent, char *error)
{
	struct agent *a = calloc(1, sizeof(*a));
	struct hash *tables[] = { &a->by_spi, &a->by_name, &a->by_init, &a->by_source, &a->by_peer, &a->children, &a->retries, &a->peers };

	if (!a)
		return fail(error, -ENOMEM, "no memory");
	a->env = *env;
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
	read_caps(a);
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

/* What is wanted is set: the policies of an agent before this one, or of ours before the connection was lost, may go. */
static void sweep(struct agent *agent)
{
	if (sink_sweep(agent->sink))
		agent_log(agent, AGENT_ERROR, "policies of an earlier agent stay: %s", sink_error(agent->sink));
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
	err = trap_install(agent, conf);
	if (err)
		agent_log(agent, AGENT_ERROR, "policies could not be installed: %s", sink_error(agent->sink));
	sweep(agent);
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

/* ---- datagrams ------------------------------------------------------------------------------------------------------------------- */

static struct ike_sa *find_sa(struct agent *agent, const struct ike_header *header)
{
	/* The sender's flag says whose SPI is ours. Of IKE_SA_INIT's response the peer's SPI is news. */
	bool ours_is_r = header->flags & IKE_FLAG_INITIATOR;
	struct hash_node *node = hash_find(&agent->by_spi, ours_is_r ? header->spi_r : header->spi_i);
	struct ike_sa *sa = node ? hash_entry(node, struct ike_sa, by_spi) : NULL;

	if (!sa || sa->initiator == ours_is_r)
		return NULL;
	if (header->exchange == IKE_SA_INIT)
		return header->flags & IKE_FLAG_RESPONSE && sa->initiator ? sa : NULL;
	return sa->spi_i == header->spi_i && sa->spi_r == header->spi_r ? sa : NULL;
}

static bool is_init_request(const struct ike_header *header)
{
	return header->exchange == IKE_SA_INIT && !(header->flags & IKE_FLAG_RESPONSE) && header->flags & IKE_FLAG_INITIATOR &&
	       header->spi_i && !header->spi_r && !header->message_id;
}

static void unknown_sa(struct agent *agent, const struct ike_header *header, const struct endpoint *local, const struct endpoint *remote)
{
	agent->stats.unknown_spi++;
	if (!(header->flags & IKE_FLAG_RESPONSE) && header->exchange != IKE_SA_INIT)
		answer_unprotected(agent, header, local, remote, IKE_N_INVALID_IKE_SPI, NULL, 0, true);
}

void agent_receive(struct agent *agent, const struct endpoint *local, const struct endpoint *remote, const uint8_t *data, size_t len)
{
	struct ike_header header;
	struct ike_sa *sa;
	const char *why;
	int err;

	agent->stats.received++;
	err = ike_header_parse(data, len, &header, &why);
	if (err == -EPROTONOSUPPORT && !(header.flags & IKE_FLAG_RESPONSE))
		answer_unprotected(agent, &header, local, remote, IKE_N_INVALID_MAJOR_VERSION, NULL, 0, true);
	if (err) {
		agent->stats.malformed++;
		return;
	}
	if (is_init_request(&header)) {
		init_request(agent, &header, local, remote, data, len);
		return;
	}
	sa = find_sa(agent, &header);
	if (sa)
		window_receive(sa, &header, local, remote, data, len);
	else
		unknown_sa(agent, &header, local, remote);
}

/* ---- data plane and time --------------------------------------------------------------------------------------------------------- */

static void sink_down(struct agent *agent, const struct sink_event *event)
{
	agent_log(agent, AGENT_ERROR, "the data plane is gone: %s", event->text);
	agent->caps = (struct sink_caps){ 0 };
	children_lost(agent);
}

static void sink_up(struct agent *agent)
{
	children_lost(agent);
	read_caps(agent);
	agent_log(agent, AGENT_INFO, "data plane: %s", agent->caps.device);
	if (agent->conf && trap_install(agent, agent->conf))
		agent_log(agent, AGENT_ERROR, "policies could not be installed: %s", sink_error(agent->sink));
	reqids_block(agent);
	children_renew(agent);
	if (agent->conf)
		sweep(agent);
}

static void mapping_changed(const struct child_sa *child, const struct endpoint *remote)
{
	if (child->ike->nat_remote && !child->ike->nat_local)
		ike_sa_peer_moved(child->ike, remote);
}

static void take_event(struct agent *agent, const struct sink_event *event)
{
	struct child_sa *child;

	switch (event->kind) {
	case SINK_EVENT_ACQUIRE:
		trap_acquire(agent, event);
		break;
	case SINK_EVENT_EXPIRE:
		child = child_by_id(agent, &event->id);
		if (child)
			child_expire(child, event->hard);
		break;
	case SINK_EVENT_MAPPING:
		child = child_by_id(agent, &event->id);
		if (child)
			mapping_changed(child, &event->endpoint);
		break;
	case SINK_EVENT_DOWN:
		sink_down(agent, event);
		break;
	case SINK_EVENT_UP:
		sink_up(agent);
		break;
	}
}

int64_t agent_run(struct agent *agent)
{
	struct sink_event event;
	unsigned int events = 0;
	uint64_t now, next;

	while (events < AT_ONCE && sink_next_event(agent->sink, &event) == 1) {
		take_event(agent, &event);
		events++;
	}
	timers_run_some(&agent->timers, agent_now(agent), AT_ONCE);
	if (events == AT_ONCE)
		return 0; /* there may be more, which nothing else would tell */
	next = timers_next(&agent->timers);
	if (next == UINT64_MAX)
		return -1;
	now = agent_now(agent);
	return next > now ? (int64_t)(next - now) : 0;
}
