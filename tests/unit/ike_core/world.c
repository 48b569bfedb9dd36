/* SPDX-License-Identifier: Apache-2.0 */
/* A world for agents: nodes, network, clock. What it looks like and what must be true: world_look.c. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf/conf.h"
#include "core/hash.h"
#include "world.h"
#include "world_esp.h"

#define NAT_FIRST_PORT 40000
#define EVENTS_MAX 20000000 /* of one world_run: more is a loop without end */

static bool verbose(void)
{
	static int on = -1;

	if (on < 0)
		on = getenv("ESPALIER_TEST_VERBOSE") != NULL;
	return on;
}

/* ---- random numbers: splitmix64, one stream a node ---------------------------------------------------------------------------- */

static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

uint64_t world_random(struct world *w, uint64_t limit)
{
	return next_random(&w->random_state) % limit;
}

/* ---- what an agent is given ------------------------------------------------------------------------------------------------- */

static uint64_t env_now(void *ctx)
{
	return ((struct node *)ctx)->world->now_ms;
}

static int env_random(void *ctx, uint8_t *out, size_t len)
{
	struct node *n = ctx;

	for (size_t i = 0; i < len; i++)
		out[i] = (uint8_t)(next_random(&n->random_state) >> 32);
	return 0;
}

static int env_source(void *ctx, const struct ip_addr *remote, struct ip_addr *local)
{
	const struct node *n = ctx;

	for (unsigned int i = 0; i < n->addr_count; i++)
		if (n->addrs[i].family == remote->family) {
			*local = n->addrs[i];
			return 0;
		}
	return -ENETUNREACH;
}

static void env_log(void *ctx, enum agent_log level, const char *sa, const char *text)
{
	struct node *n = ctx;

	n->log_errors += level == AGENT_ERROR;
	n->log_seen += n->log_awaited && strstr(text, n->log_awaited);
	n->heard += n->listen && level <= AGENT_INFO && strstr(text, n->listen);
	if (verbose())
		printf("%8llu.%03u %s %s%s%s\n", (unsigned long long)(n->world->now_ms / 1000), (unsigned int)(n->world->now_ms % 1000), n->name, sa,
		       *sa ? ": " : "", text);
}

/* A NAT's outside port of an inside one, made on first use. */
static uint16_t nat_out(struct node *n, uint16_t inside)
{
	for (unsigned int i = 0; i < n->nat_count; i++)
		if (n->nat_ports[i].inside == inside)
			return n->nat_ports[i].outside;
	assert_true(n->nat_count < sizeof(n->nat_ports) / sizeof(*n->nat_ports));
	n->nat_ports[n->nat_count].inside = inside;
	n->nat_ports[n->nat_count].outside = n->nat_next++;
	return n->nat_ports[n->nat_count++].outside;
}

static bool is_retransmit(struct node *n, const uint8_t *data, size_t len)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ data[i]) * 0x100000001b3u;
	for (size_t i = n->sent_hash_count; i-- > 0 && i + 64 > n->sent_hash_count;)
		if (n->sent_hashes[i] == hash)
			return true;
	n->sent_hashes = realloc(n->sent_hashes, (n->sent_hash_count + 1) * sizeof(*n->sent_hashes));
	assert_non_null(n->sent_hashes);
	n->sent_hashes[n->sent_hash_count++] = hash;
	return false;
}

static void put_on_wire(struct world *w, struct datagram *d)
{
	/* Nearly always it is the last. */
	bool last = w->wire && hash_entry(w->wire_end, struct datagram, next)->due_ms <= d->due_ms;
	struct datagram **at = last ? w->wire_end : &w->wire;

	while (*at && (*at)->due_ms <= d->due_ms)
		at = &(*at)->next;
	d->next = *at;
	*at = d;
	if (!d->next)
		w->wire_end = &d->next;
}

static void free_datagram(struct datagram *d)
{
	free(d->data);
	free(d);
}

static struct datagram *copy_datagram(const struct datagram *d)
{
	struct datagram *copy = malloc(sizeof(*copy));

	assert_non_null(copy);
	*copy = *d;
	copy->data = malloc(AGENT_DATAGRAM_MAX);
	assert_non_null(copy->data);
	memcpy(copy->data, d->data, d->len);
	return copy;
}

static uint64_t be64(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 0; i < 8; i++)
		v = v << 8 | p[i];
	return v;
}

static void read_header(struct datagram *d)
{
	if (d->len < 28)
		return;
	d->spi_i = be64(d->data);
	d->spi_r = be64(d->data + 8);
	d->exchange = d->data[18];
	d->response = d->data[19] & 0x20;
	d->message_id = (uint32_t)be64(d->data + 16);
}

static void emit(struct node *n, const struct endpoint *local, const struct endpoint *remote, const uint8_t *data, size_t len)
{
	struct world *w = n->world;
	struct datagram *d = calloc(1, sizeof(*d));

	assert_non_null(d);
	assert_true(len <= AGENT_DATAGRAM_MAX);
	d->data = malloc(AGENT_DATAGRAM_MAX);
	assert_non_null(d->data);
	memcpy(d->data, data, len);
	d->len = len;
	d->from = n;
	d->src = *local;
	d->dst = *remote;
	if (ip_is_any(&d->src.ip))
		assert_int_equal(env_source(n, &remote->ip, &d->src.ip), 0);
	if (n->nat) {
		d->src.ip = n->nat_ip;
		d->src.port = nat_out(n, local->port);
	}
	d->number = ++w->numbers;
	d->due_ms = w->now_ms + WORLD_LATENCY_MS;
	read_header(d);
	d->retransmit = is_retransmit(n, data, len);
	n->sent++;
	if (n->cut)
		d->drop = true;
	else if (w->hook)
		w->hook(w->hook_ctx, w, d);
	for (unsigned int i = 0; !d->drop && i < d->copies; i++) {
		struct datagram *copy = copy_datagram(d);

		copy->due_ms += (i + 1) * WORLD_LATENCY_MS;
		put_on_wire(w, copy);
	}
	if (d->drop)
		free_datagram(d);
	else
		put_on_wire(w, d);
}

static void env_send(void *ctx, const struct endpoint *local, const struct endpoint *remote, const uint8_t *data, size_t len)
{
	emit(ctx, local, remote, data, len);
}

static void env_keepalive(void *ctx, const struct endpoint *local, const struct endpoint *remote)
{
	struct node *n = ctx;

	n->keepalives++;
	(void)remote;
	if (n->nat)
		nat_out(n, local->port);
}

/* ---- building ----------------------------------------------------------------------------------------------------------------- */

struct world *world_new(uint64_t seed)
{
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->seed = seed;
	w->random_state = seed * 0x2545f4914f6cdd1du + 1;
	w->now_ms = 1000000;
	w->esp_latency_ms = WORLD_LATENCY_MS;
	agent_default_settings(&w->settings);
	return w;
}

static void parse_addrs(struct node *n, const char *addrs)
{
	char text[256], *save = NULL;

	snprintf(text, sizeof(text), "%s", addrs);
	for (char *word = strtok_r(text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		assert_true(n->addr_count < WORLD_ADDRS_MAX);
		assert_int_equal(ip_parse(word, &n->addrs[n->addr_count++]), 0);
	}
	assert_true(n->addr_count > 0);
}

static void start_agent(struct node *n)
{
	char error[AGENT_ERROR_LEN];

	if (agent_create(&n->env, &n->world->settings, &n->sink.sink, &n->agent, error))
		fail_msg("%s: agent_create: %s", n->name, error);
	n->next_run_ms = n->world->now_ms;
}

struct node *world_add(struct world *w, const char *name, const char *addrs)
{
	struct node *n = calloc(1, sizeof(*n));

	assert_non_null(n);
	assert_true(w->node_count < WORLD_NODES_MAX);
	n->world = w;
	n->name = name;
	n->random_state = w->seed * 1000003 + w->node_count + 1;
	n->nat_next = NAT_FIRST_PORT;
	parse_addrs(n, addrs);
	mock_sink_init(&n->sink, name, &w->keys, 0xc0000000u + 0x01000000u * w->node_count);
	n->sink.now_ms = env_now;
	n->sink.now_ctx = n;
	n->env = (struct agent_env){ .ctx = n, .now_ms = env_now, .random = env_random, .send = env_send, .keepalive = env_keepalive,
		.source = env_source, .log = env_log, .port = 500, .nat_port = 4500 };
	w->nodes[w->node_count++] = n;
	start_agent(n);
	return n;
}

void node_set_conf(struct node *n, struct conf *conf)
{
	char error[AGENT_ERROR_LEN];

	if (agent_configure(n->agent, conf, error))
		fail_msg("%s: agent_configure: %s", n->name, error);
	node_poke(n);
}

void node_configure(struct node *n, const char *text)
{
	char error[AGENT_ERROR_LEN];
	struct conf *conf = conf_parse(n->name, text, strlen(text), error);

	if (!conf)
		fail_msg("%s: %s", n->name, error);
	node_set_conf(n, conf);
	conf_free(conf);
}

void node_restart(struct node *n)
{
	agent_destroy(n->agent);
	mock_sink_clear(&n->sink);
	start_agent(n);
}

void world_range(struct node *n, const char *lo, const char *hi)
{
	assert_int_equal(ip_parse(lo, &n->range_lo), 0);
	assert_int_equal(ip_parse(hi, &n->range_hi), 0);
}

void world_set_hook(struct world *w, world_hook hook, void *ctx)
{
	w->hook = hook;
	w->hook_ctx = ctx;
}

void world_nat(struct node *n, const char *outside)
{
	n->nat = true;
	assert_int_equal(ip_parse(outside, &n->nat_ip), 0);
}

void world_nat_rebind(struct node *n)
{
	n->nat_count = 0;
}

void world_free(struct world *w)
{
	for (unsigned int i = 0; i < w->node_count; i++) {
		struct node *n = w->nodes[i];

		agent_destroy(n->agent);
		mock_sink_clear(&n->sink);
		free(n->sent_hashes);
		free(n);
	}
	while (w->wire) {
		struct datagram *d = w->wire;

		w->wire = d->next;
		free_datagram(d);
	}
	world_esp_free(w);
	key_registry_free(&w->keys);
	free(w);
}

/* ---- time ------------------------------------------------------------------------------------------------------------------- */

struct node *world_node_at(struct world *w, const struct endpoint *dst, struct endpoint *inside)
{
	for (unsigned int i = 0; i < w->node_count; i++) {
		struct node *n = w->nodes[i];

		*inside = *dst;
		if (n->nat) {
			if (!ip_equal(&n->nat_ip, &dst->ip))
				continue;
			inside->ip = n->addrs[0];
			for (unsigned int p = 0; p < n->nat_count; p++)
				if (n->nat_ports[p].outside == dst->port) {
					inside->port = n->nat_ports[p].inside;
					return n;
				}
			return NULL;
		}
		for (unsigned int a = 0; a < n->addr_count; a++)
			if (ip_equal(&n->addrs[a], &dst->ip))
				return n;
		if (n->range_lo.family == dst->ip.family && ip_compare(&dst->ip, &n->range_lo) >= 0 && ip_compare(&dst->ip, &n->range_hi) <= 0)
			return n;
	}
	return NULL;
}

static void run_node(struct node *n)
{
	int64_t next = agent_run(n->agent);

	n->next_run_ms = next < 0 ? UINT64_MAX : n->world->now_ms + (uint64_t)next;
}

void node_poke(struct node *n)
{
	run_node(n);
}

void world_inject(struct world *w, const struct endpoint *src, const struct endpoint *dst, const uint8_t *data, size_t len)
{
	struct endpoint inside;
	struct node *n = world_node_at(w, dst, &inside);
	uint8_t *copy;

	if (!n || n->cut || (inside.port != n->env.port && inside.port != n->env.nat_port))
		return;
	n->received++;
	copy = malloc(len ? len : 1); /* of the right size: a read beyond the end is seen */
	assert_non_null(copy);
	memcpy(copy, data, len);
	agent_receive(n->agent, &inside, src, copy, len);
	free(copy);
	run_node(n);
}

static void deliver(struct world *w)
{
	struct datagram *d = w->wire;

	w->wire = d->next;
	world_inject(w, &d->src, &d->dst, d->data, d->len);
	free_datagram(d);
}

static struct node *next_node(struct world *w)
{
	struct node *first = NULL;

	for (unsigned int i = 0; i < w->node_count; i++)
		if (w->nodes[i]->next_run_ms != UINT64_MAX && (!first || w->nodes[i]->next_run_ms < first->next_run_ms))
			first = w->nodes[i];
	return first;
}

static uint64_t not_before(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

bool world_step(struct world *w, uint64_t until_ms)
{
	struct node *n = next_node(w);
	uint64_t wire = w->wire ? w->wire->due_ms : UINT64_MAX;
	uint64_t esp = world_esp_next(w);
	uint64_t timer = n ? n->next_run_ms : UINT64_MAX;

	if (wire <= until_ms && wire <= esp && wire <= timer) {
		w->now_ms = not_before(w->now_ms, wire);
		deliver(w);
	} else if (esp <= until_ms && esp <= timer) {
		w->now_ms = not_before(w->now_ms, esp);
		world_esp_step(w);
	} else if (n && timer <= until_ms) {
		w->now_ms = not_before(w->now_ms, timer);
		run_node(n);
	} else {
		return false;
	}
	return true;
}

void world_run(struct world *w, uint64_t ms)
{
	uint64_t until = w->now_ms + ms;

	for (int i = 0; world_step(w, until); i++)
		if (i > EVENTS_MAX)
			fail_msg("The world does not come to rest.");
	w->now_ms = until;
}

bool world_until(struct world *w, bool (*done)(void *ctx), void *ctx, uint64_t ms)
{
	uint64_t until = w->now_ms + ms;

	while (!done(ctx))
		if (!world_step(w, until))
			return false;
	return true;
}

/* ---- commands ----------------------------------------------------------------------------------------------------------------- */

void world_outcome(void *ctx, int error, const char *text)
{
	struct outcome *outcome = ctx;

	assert_false(outcome->done);
	outcome->done = true;
	outcome->error = error;
	snprintf(outcome->text, sizeof(outcome->text), "%s", text);
}

static bool is_done(void *ctx)
{
	return ((struct outcome *)ctx)->done;
}

static int wait_for(struct node *n, const char *what, const char *name, struct outcome *outcome)
{
	run_node(n);
	if (!world_until(n->world, is_done, outcome, 600 * 1000))
		fail_msg("%s: %s %s has not ended after ten minutes.", n->name, what, name);
	return outcome->error;
}

int node_up_try(struct node *n, const char *name, struct outcome *outcome)
{
	memset(outcome, 0, sizeof(*outcome));
	agent_up(n->agent, name, 0, world_outcome, outcome);
	return wait_for(n, "up", name, outcome);
}

void node_up(struct node *n, const char *name)
{
	struct outcome outcome;

	if (node_up_try(n, name, &outcome))
		fail_msg("%s: up %s: %s", n->name, name, outcome.text);
}

void node_down(struct node *n, const char *name)
{
	struct outcome outcome = { 0 };

	agent_down(n->agent, name, world_outcome, &outcome);
	if (wait_for(n, "down", name, &outcome))
		fail_msg("%s: down %s: %s", n->name, name, outcome.text);
}

void node_rekey(struct node *n, const char *name, bool ike, bool reauth)
{
	struct outcome outcome = { 0 };

	agent_rekey(n->agent, name, ike, reauth, world_outcome, &outcome);
	if (wait_for(n, "rekey", name, &outcome))
		fail_msg("%s: rekey %s: %s", n->name, name, outcome.text);
}
