/* SPDX-License-Identifier: Apache-2.0 */
#include "core/half_open.h"
#include "core/handshake.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define REFUSED_MS 1000u
#define IPV6_PREFIX_LEN 8u /* bytes: RFC 4291, 2.5.4 */

/* An address with half-open IKE SAs; of IPv6 a /64, any address of which is a host's for the asking. */
struct source {
	struct hash_node node;
	struct ip_addr ip; /* the rest of the /64 is 0 */
	unsigned int count;
};

static uint64_t ip_key(const struct ip_addr *ip)
{
	uint64_t halves[2];

	memcpy(halves, ip->bytes, sizeof(halves));
	return (halves[0] * 0x9e3779b97f4a7c15u) ^ halves[1];
}

/* Strangers choose their SPIs: many of one SPI must not make one long chain. */
static uint64_t init_key(uint64_t spi_i, const struct ip_addr *ip)
{
	return hash_bytes(&spi_i, sizeof(spi_i), ip_key(ip));
}

static struct ip_addr source_of(const struct ip_addr *ip)
{
	struct ip_addr source = *ip;

	if (ip->family == 6)
		memset(source.bytes + IPV6_PREFIX_LEN, 0, sizeof(source.bytes) - IPV6_PREFIX_LEN);
	return source;
}

static struct source *source_find(const struct agent *agent, const struct ip_addr *ip)
{
	const struct ip_addr wanted = source_of(ip);

	for (struct hash_node *node = hash_find(&agent->by_source, ip_key(&wanted)); node; node = hash_next(node)) {
		struct source *source = hash_entry(node, struct source, node);

		if (ip_equal(&source->ip, &wanted))
			return source;
	}
	return NULL;
}

static int source_take(struct agent *agent, const struct ip_addr *ip, struct source **taken)
{
	struct source *source = source_find(agent, ip);

	if (!source) {
		source = calloc(1, sizeof(*source));
		if (!source)
			return -ENOMEM;
		source->ip = source_of(ip);
		if (hash_insert(&agent->by_source, &source->node, ip_key(&source->ip))) {
			free(source);
			return -ENOMEM;
		}
	}
	source->count++;
	*taken = source;
	return 0;
}

static void source_give(struct agent *agent, struct source *source)
{
	if (--source->count)
		return;
	hash_remove(&agent->by_source, &source->node);
	free(source);
}

struct ike_sa *half_open_find(struct agent *agent, uint64_t spi_i, const struct endpoint *remote, const uint8_t *data, size_t len)
{
	for (struct hash_node *node = hash_find(&agent->by_init, init_key(spi_i, &remote->ip)); node; node = hash_next(node)) {
		struct handshake *hs = hash_entry(node, struct handshake, by_init);

		if (endpoint_equal(&hs->sa->remote, remote) && hs->received.len == len && !memcmp(hs->received.data, data, len))
			return hs->sa;
	}
	return NULL;
}

static unsigned int refused_lately(const struct agent *agent)
{
	return agent_now(agent) - agent->refused_since_ms < REFUSED_MS ? agent->refused : 0;
}

void half_open_count_refused(struct agent *agent)
{
	agent->refused = refused_lately(agent) + 1;
	if (agent->refused == 1)
		agent->refused_since_ms = agent_now(agent);
}

bool half_open_wants_cookie(const struct agent *agent, const struct ip_addr *ip)
{
	const struct source *source = source_find(agent, ip);

	if (agent->stats.half_open + refused_lately(agent) >= agent->settings.cookie_threshold)
		return true;
	return source && agent->settings.block_threshold && source->count >= (agent->settings.block_threshold + 1) / 2;
}

bool half_open_blocked(const struct agent *agent, const struct ip_addr *ip)
{
	const struct source *source = source_find(agent, ip);

	return source && agent->settings.block_threshold && source->count >= agent->settings.block_threshold;
}

enum half_open_room half_open_room(const struct agent *agent, struct ike_sa **oldest)
{
	*oldest = agent->half_open_oldest;
	if (!*oldest || agent->stats.half_open < agent->settings.half_open_max)
		return HALF_OPEN_ROOM;
	/* Its peer may be about to answer: one that came before another is never given up for it, or in a storm none would get in. */
	return agent_now(agent) - (*oldest)->created_ms < agent->settings.half_open_ms / 3 ? HALF_OPEN_FULL : HALF_OPEN_EVICT;
}

int half_open_add(struct ike_sa *sa, void (*expired)(void *sa))
{
	struct agent *agent = sa->agent;
	struct handshake *hs = sa->handshake;

	if (source_take(agent, &sa->remote.ip, &hs->source))
		return -ENOMEM;
	if (hash_insert(&agent->by_init, &hs->by_init, init_key(sa->spi_i, &sa->remote.ip)) ||
	    timer_set(&agent->timers, &sa->expire, ike_now(sa) + agent->settings.half_open_ms, expired, sa)) {
		hash_remove(&agent->by_init, &hs->by_init);
		source_give(agent, hs->source);
		hs->source = NULL;
		return -ENOMEM;
	}
	hs->sa = sa;
	hs->older = agent->half_open_newest;
	if (hs->older)
		hs->older->handshake->newer = sa;
	else
		agent->half_open_oldest = sa;
	agent->half_open_newest = sa;
	agent->stats.half_open++;
	return 0;
}

void half_open_remove(struct ike_sa *sa)
{
	struct agent *agent = sa->agent;
	struct handshake *hs = sa->handshake;

	if (!hs || !hs->source)
		return;
	hash_remove(&agent->by_init, &hs->by_init);
	source_give(agent, hs->source);
	hs->source = NULL;
	if (hs->older)
		hs->older->handshake->newer = hs->newer;
	else
		agent->half_open_oldest = hs->newer;
	if (hs->newer)
		hs->newer->handshake->older = hs->older;
	else
		agent->half_open_newest = hs->older;
	agent->stats.half_open--;
}
