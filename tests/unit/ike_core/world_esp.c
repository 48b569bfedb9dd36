/* SPDX-License-Identifier: Apache-2.0 */
/* Packets of users through the data planes of the test world. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "world_esp.h"

#define PACKET_BYTES 84 /* a ping's */

struct flood {
	struct flood *next;
	struct node *node;
	struct ip_addr src, dst;
	uint64_t interval_ms, due_ms;
};

struct esp_packet {
	struct esp_packet *next;
	struct node *from;
	struct ip_addr src, dst; /* inner */
	struct sink_sa sa;	 /* that protected it */
	uint64_t due_ms;
};

/* Outbound: policy and SA. False: it is not sent. */
static bool protect(struct node *n, const struct ip_addr *src, const struct ip_addr *dst, struct esp_packet *packet)
{
	struct mock_policy *policy = mock_policy_match(&n->sink, src, dst);
	struct mock_sa *sa;

	if (!policy || policy->policy.action != SINK_PROTECT)
		return false;
	if (!policy->policy.spi) {
		mock_raise_acquire(&n->sink, policy->policy.reqid, src, dst);
		return false;
	}
	sa = mock_sa_find(&n->sink, SINK_OUT, policy->policy.spi, &policy->policy.peer);
	if (!sa || !mock_sa_use(&n->sink, sa, 1, PACKET_BYTES))
		return false;
	*packet = (struct esp_packet){ .from = n, .src = *src, .dst = *dst, .sa = sa->sa };
	return true;
}

/* Inbound: SA, its key, the policy of its reqid. */
static bool accept_packet(struct world *w, const struct esp_packet *packet)
{
	const struct sink_sa *out = &packet->sa;
	struct endpoint inside;
	struct node *n = world_node_at(w, &out->dst, &inside);
	struct mock_policy *policy;
	struct mock_sa *sa;

	if (!n || n->cut || packet->from->cut || n->sink.down)
		return false;
	sa = mock_sa_find(&n->sink, SINK_IN, out->spi, &inside.ip);
	if (!sa || sa->reserved_only || sa->sa.key_len != out->key_len || memcmp(sa->sa.key, out->key, out->key_len) != 0)
		return false;
	policy = mock_policy_match(&n->sink, &packet->dst, &packet->src);
	return policy && policy->policy.reqid == sa->sa.reqid && mock_sa_use(&n->sink, sa, 1, PACKET_BYTES);
}

bool node_ping(struct node *n, const char *src, const char *dst)
{
	struct esp_packet packet;
	struct ip_addr from, to;
	bool arrived;

	assert_int_equal(ip_parse(src, &from), 0);
	assert_int_equal(ip_parse(dst, &to), 0);
	arrived = protect(n, &from, &to, &packet) && accept_packet(n->world, &packet);
	for (unsigned int i = 0; i < n->world->node_count; i++)
		node_poke(n->world->nodes[i]);
	return arrived;
}

void node_flood(struct node *n, const char *src, const char *dst, uint64_t interval_ms)
{
	struct flood *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	assert_int_equal(ip_parse(src, &f->src), 0);
	assert_int_equal(ip_parse(dst, &f->dst), 0);
	f->node = n;
	f->interval_ms = interval_ms;
	f->due_ms = n->world->now_ms;
	f->next = n->world->floods;
	n->world->floods = f;
}

void world_flood_stop(struct world *w)
{
	while (w->floods) {
		struct flood *f = w->floods;

		w->floods = f->next;
		free(f);
	}
}

static struct flood *next_flood(const struct world *w)
{
	struct flood *first = NULL;

	for (struct flood *f = w->floods; f; f = f->next)
		if (!first || f->due_ms < first->due_ms)
			first = f;
	return first;
}

uint64_t world_esp_next(const struct world *w)
{
	const struct flood *f = next_flood(w);
	uint64_t packet = w->esp ? w->esp->due_ms : UINT64_MAX;

	return f && f->due_ms < packet ? f->due_ms : packet;
}

static void flood_send(struct world *w, struct flood *f)
{
	struct esp_packet **at = &w->esp, *packet = malloc(sizeof(*packet));

	assert_non_null(packet);
	f->due_ms += f->interval_ms;
	f->node->flood_sent++;
	if (!protect(f->node, &f->src, &f->dst, packet)) {
		f->node->flood_lost++;
		free(packet);
	} else {
		packet->due_ms = w->now_ms + w->esp_latency_ms;
		while (*at && (*at)->due_ms <= packet->due_ms)
			at = &(*at)->next;
		packet->next = *at;
		*at = packet;
	}
	node_poke(f->node);
}

void world_esp_step(struct world *w)
{
	struct flood *f = next_flood(w);
	struct esp_packet *packet = w->esp;

	if (f && (!packet || f->due_ms < packet->due_ms)) {
		flood_send(w, f);
		return;
	}
	w->esp = packet->next;
	if (accept_packet(w, packet))
		packet->from->flood_received++;
	else
		packet->from->flood_lost++;
	free(packet);
	for (unsigned int i = 0; i < w->node_count; i++)
		if (w->nodes[i]->sink.events)
			node_poke(w->nodes[i]);
}

void world_esp_free(struct world *w)
{
	world_flood_stop(w);
	while (w->esp) {
		struct esp_packet *packet = w->esp;

		w->esp = packet->next;
		free(packet);
	}
}
