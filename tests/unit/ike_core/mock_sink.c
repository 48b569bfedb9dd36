/* SPDX-License-Identifier: Apache-2.0 */
/* A data plane without packets, for tests of key management. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mock_sink.h"

#define SEQ_32_MAX 0xffffffffu

static const uint8_t key_lens[SINK_AEAD_COUNT] = { 20, 28, 36, 36, 20, 28, 36 };

static int refuse(struct mock_sink *s, int code, const char *text)
{
	snprintf(s->sink.error, sizeof(s->sink.error), "%s", text);
	return code;
}

static void note_key(struct mock_sink *s, const struct sink_sa *sa)
{
	struct key_registry *keys = s->keys;
	struct key_use *use;

	for (size_t i = keys->count; i-- > 0;) {
		use = &keys->uses[i];
		if (use->len != sa->key_len || memcmp(use->key, sa->key, sa->key_len) != 0)
			continue;
		if (use->used[sa->direction])
			fail_msg("%s: SA 0x%08x has a key that was in use before in the same direction.", s->name, sa->spi);
		use->used[sa->direction] = true;
		return;
	}
	if (keys->count == keys->room) {
		keys->room = keys->room ? 2 * keys->room : 64;
		keys->uses = realloc(keys->uses, keys->room * sizeof(*keys->uses));
		assert_non_null(keys->uses);
	}
	use = &keys->uses[keys->count++];
	memset(use, 0, sizeof(*use));
	memcpy(use->key, sa->key, sa->key_len);
	use->len = sa->key_len;
	use->used[sa->direction] = true;
}

struct mock_sa *mock_sa_find(struct mock_sink *s, enum sink_direction direction, uint32_t spi, const struct ip_addr *dst)
{
	for (struct mock_sa *sa = s->sas; sa; sa = sa->next)
		if (sa->sa.direction == direction && sa->sa.spi == spi && ip_equal(&sa->sa.dst.ip, dst))
			return sa;
	return NULL;
}

struct mock_policy *mock_policy_find(struct mock_sink *s, uint32_t reqid)
{
	for (struct mock_policy *p = s->policies; p; p = p->next)
		if (p->policy.reqid == reqid)
			return p;
	return NULL;
}

static bool any_match(const struct ts *list, unsigned int count, const struct ip_addr *ip)
{
	for (unsigned int i = 0; i < count; i++)
		if (ts_match(&list[i], ip, 0, false, 0))
			return true;
	return false;
}

struct mock_policy *mock_policy_match(struct mock_sink *s, const struct ip_addr *local, const struct ip_addr *remote)
{
	struct mock_policy *best = NULL;

	for (struct mock_policy *p = s->policies; p; p = p->next)
		if (any_match(p->policy.local, p->policy.local_count, local) && any_match(p->policy.remote, p->policy.remote_count, remote)
		    && (!best || p->policy.priority < best->policy.priority))
			best = p;
	return best;
}

unsigned int mock_sa_count(const struct mock_sink *s)
{
	unsigned int count = 0;

	for (const struct mock_sa *sa = s->sas; sa; sa = sa->next)
		count += !sa->reserved_only;
	return count;
}

unsigned int mock_reserved_count(const struct mock_sink *s)
{
	unsigned int count = 0;

	for (const struct mock_sa *sa = s->sas; sa; sa = sa->next)
		count += sa->reserved_only;
	return count;
}

static void remove_sa(struct mock_sink *s, struct mock_sa *gone)
{
	struct mock_sa **at = &s->sas;

	while (*at != gone)
		at = &(*at)->next;
	*at = gone->next;
	free(gone);
}

static struct mock_sa *new_sa(struct mock_sink *s)
{
	struct mock_sa *sa = calloc(1, sizeof(*sa));

	assert_non_null(sa);
	sa->next = s->sas;
	s->sas = sa;
	return sa;
}

/* ---- the interface --------------------------------------------------------------------------------------------------------- */

static int op_caps(struct sink *sink, struct sink_caps *caps)
{
	struct mock_sink *s = (struct mock_sink *)sink;

	if (s->down)
		return refuse(s, -ENODEV, "The data plane is gone.");
	*caps = s->caps;
	return 0;
}

static int op_get_spi(struct sink *sink, const struct ip_addr *dst, uint32_t *spi)
{
	struct mock_sink *s = (struct mock_sink *)sink;
	struct mock_sa *sa;

	if (s->down)
		return refuse(s, -ENODEV, "The data plane is gone.");
	if (!ip_len(dst) || ip_is_any(dst))
		fail_msg("%s: an SPI for no address.", s->name);
	sa = new_sa(s);
	sa->reserved_only = true;
	sa->sa.direction = SINK_IN;
	sa->sa.spi = s->next_spi++;
	sa->sa.dst.ip = *dst;
	*spi = sa->sa.spi;
	return 0;
}

static void check_sa(struct mock_sink *s, const struct sink_sa *sa)
{
	const struct sink_caps *caps = &s->caps;

	if (sa->spi < SINK_SPI_MIN || !sa->reqid)
		fail_msg("%s: SPI 0x%x, reqid %u.", s->name, sa->spi, sa->reqid);
	if (sa->aead >= SINK_AEAD_COUNT || !(caps->aeads & 1u << sa->aead) || sa->key_len != key_lens[sa->aead])
		fail_msg("%s: algorithm %u with a key of %u bytes.", s->name, sa->aead, sa->key_len);
	if (sa->esn ? !caps->esn : !caps->no_esn)
		fail_msg("%s: the data plane cannot do esn %d.", s->name, sa->esn);
	if (sa->mode == SINK_TUNNEL ? !caps->tunnel : !caps->transport)
		fail_msg("%s: the data plane cannot do mode %d.", s->name, sa->mode);
	if (sa->udp_encap ? !caps->udp_encap : !caps->raw_esp)
		fail_msg("%s: the data plane cannot do udp_encap %d.", s->name, sa->udp_encap);
	if (!ip_len(&sa->src.ip) || sa->src.ip.family != sa->dst.ip.family || (sa->dst.ip.family == 4 ? !caps->outer_v4 : !caps->outer_v6))
		fail_msg("%s: outer addresses.", s->name);
	if (sa->udp_encap != (sa->dst.port != 0) || sa->udp_encap != (sa->src.port != 0))
		fail_msg("%s: ports %u, %u with udp_encap %d.", s->name, sa->src.port, sa->dst.port, sa->udp_encap);
	if ((sa->limits.hard_packets && sa->limits.soft_packets > sa->limits.hard_packets)
	    || (sa->limits.hard_bytes && sa->limits.soft_bytes > sa->limits.hard_bytes))
		fail_msg("%s: a soft limit above the hard one.", s->name);
}

static int op_sa_add(struct sink *sink, const struct sink_sa *sa)
{
	struct mock_sink *s = (struct mock_sink *)sink;
	struct mock_sa *entry = mock_sa_find(s, sa->direction, sa->spi, &sa->dst.ip);

	if (s->down)
		return refuse(s, -ENODEV, "The data plane is gone.");
	check_sa(s, sa);
	if (s->fail_adds > 0) {
		s->fail_adds--;
		return refuse(s, -ENOSPC, "No place is left.");
	}
	if (sa->direction == SINK_IN && (!entry || !entry->reserved_only))
		fail_msg("%s: inbound SA 0x%08x was not reserved, or is there already.", s->name, sa->spi);
	if (sa->direction == SINK_OUT && entry)
		return refuse(s, -EEXIST, "This outbound SA is there already.");
	note_key(s, sa);
	if (!entry)
		entry = new_sa(s);
	entry->reserved_only = false;
	entry->sa = *sa;
	s->adds++;
	return 0;
}

static int op_sa_update(struct sink *sink, const struct sink_sa_id *id, const struct endpoint *src, const struct endpoint *dst, bool udp_encap)
{
	struct mock_sink *s = (struct mock_sink *)sink;
	struct mock_sa *sa = mock_sa_find(s, id->direction, id->spi, &id->dst);

	if (s->down)
		return refuse(s, -ENODEV, "The data plane is gone.");
	if (!sa || sa->reserved_only)
		fail_msg("%s: update of SA 0x%08x, which is not there.", s->name, id->spi);
	sa->sa.src = *src;
	sa->sa.dst = *dst;
	sa->sa.udp_encap = udp_encap;
	for (struct mock_policy *p = s->policies; p; p = p->next)
		if (id->direction == SINK_OUT && p->policy.spi == id->spi && ip_equal(&p->policy.peer, &id->dst))
			p->policy.peer = dst->ip;
	check_sa(s, &sa->sa);
	s->updates++;
	return 0;
}

static int op_sa_query(struct sink *sink, const struct sink_sa_id *id, struct sink_sa_stats *stats)
{
	struct mock_sink *s = (struct mock_sink *)sink;
	struct mock_sa *sa = mock_sa_find(s, id->direction, id->spi, &id->dst);

	if (s->down)
		return refuse(s, -ENODEV, "The data plane is gone.");
	if (!sa || sa->reserved_only)
		return refuse(s, -ENOENT, "There is no such SA.");
	*stats = sa->stats;
	s->queries++;
	return 0;
}

static int op_sa_delete(struct sink *sink, const struct sink_sa_id *id, struct sink_sa_stats *last)
{
	struct mock_sink *s = (struct mock_sink *)sink;
	struct mock_sa *sa = mock_sa_find(s, id->direction, id->spi, &id->dst);

	if (s->down)
		return refuse(s, -ENODEV, "The data plane is gone.");
	if (!sa)
		return refuse(s, -ENOENT, "There is no such SA.");
	for (struct mock_policy *p = s->policies; p; p = p->next)
		if (id->direction == SINK_OUT && p->policy.spi == id->spi && ip_equal(&p->policy.peer, &id->dst))
			fail_msg("%s: outbound SA 0x%08x is deleted while the policy of reqid %u uses it.", s->name, id->spi, p->policy.reqid);
	if (last)
		*last = sa->stats;
	remove_sa(s, sa);
	s->deletes++;
	return 0;
}

static void check_policy(struct mock_sink *s, const struct sink_policy *policy)
{
	const struct mock_sa *sa;

	if (!policy->reqid || !policy->local_count || !policy->remote_count || policy->local_count > SINK_TS_MAX
	    || policy->remote_count > SINK_TS_MAX)
		fail_msg("%s: policy of reqid %u with %u and %u selectors.", s->name, policy->reqid, policy->local_count, policy->remote_count);
	for (unsigned int i = 0; i < policy->local_count; i++)
		if (!ip_len(&policy->local[i].lo) || (policy->local[i].lo.family == 6 && !s->caps.inner_v6))
			fail_msg("%s: policy of reqid %u: a local selector that cannot be.", s->name, policy->reqid);
	for (unsigned int i = 0; i < policy->remote_count; i++)
		if (!ip_len(&policy->remote[i].lo) || (policy->remote[i].lo.family == 6 && !s->caps.inner_v6))
			fail_msg("%s: policy of reqid %u: a remote selector that cannot be.", s->name, policy->reqid);
	if (!policy->spi)
		return;
	sa = mock_sa_find(s, SINK_OUT, policy->spi, &policy->peer);
	if (!sa || policy->action != SINK_PROTECT)
		fail_msg("%s: the policy of reqid %u uses SA 0x%08x, which is not there.", s->name, policy->reqid, policy->spi);
	if (sa->sa.reqid != policy->reqid)
		fail_msg("%s: the policy of reqid %u uses SA 0x%08x of reqid %u.", s->name, policy->reqid, policy->spi, sa->sa.reqid);
}

static int op_policy_set(struct sink *sink, const struct sink_policy *policy)
{
	struct mock_sink *s = (struct mock_sink *)sink;
	struct mock_policy *p = mock_policy_find(s, policy->reqid);

	if (s->down)
		return refuse(s, -ENODEV, "The data plane is gone.");
	check_policy(s, policy);
	if (!p && s->fail_policies) {
		s->fail_policies--;
		return refuse(s, -ENOSPC, "There is no room for the policy.");
	}
	if (!p) {
		p = calloc(1, sizeof(*p));
		assert_non_null(p);
		p->next = s->policies;
		s->policies = p;
	}
	p->policy = *policy;
	p->set = true;
	return 0;
}

static int op_policy_delete(struct sink *sink, uint32_t reqid)
{
	struct mock_sink *s = (struct mock_sink *)sink;
	struct mock_policy *gone = mock_policy_find(s, reqid);

	if (s->down)
		return refuse(s, -ENODEV, "The data plane is gone.");
	if (!gone)
		return refuse(s, -ENOENT, "There is no such policy.");
	for (struct mock_policy **at = &s->policies; *at; at = &(*at)->next)
		if (*at == gone) {
			*at = gone->next;
			break;
		}
	free(gone);
	return 0;
}

static void drop_all(struct mock_sink *s)
{
	while (s->sas)
		remove_sa(s, s->sas);
	while (s->policies) {
		struct mock_policy *p = s->policies;

		s->policies = p->next;
		free(p);
	}
}

static int op_flush(struct sink *sink)
{
	struct mock_sink *s = (struct mock_sink *)sink;

	if (s->down)
		return refuse(s, -ENODEV, "The data plane is gone.");
	drop_all(s);
	return 0;
}

static int op_sweep(struct sink *sink)
{
	struct mock_sink *s = (struct mock_sink *)sink;
	struct mock_policy **link = &s->policies;

	if (s->down)
		return refuse(s, -ENODEV, "The data plane is gone.");
	while (*link) {
		struct mock_policy *p = *link;

		if (p->set) {
			link = &p->next;
			continue;
		}
		*link = p->next;
		free(p);
	}
	return 0;
}

static int op_fd(struct sink *sink)
{
	(void)sink;
	return -1;
}

static int op_next_event(struct sink *sink, struct sink_event *event)
{
	struct mock_sink *s = (struct mock_sink *)sink;
	struct mock_event *first = s->events;

	if (!first)
		return 0;
	*event = first->event;
	s->events = first->next;
	if (!s->events)
		s->events_end = &s->events;
	free(first);
	return 1;
}

static void op_close(struct sink *sink)
{
	mock_sink_clear((struct mock_sink *)sink);
}

static const struct sink_ops ops = {
	.caps = op_caps,
	.get_spi = op_get_spi,
	.sa_add = op_sa_add,
	.sa_update = op_sa_update,
	.sa_query = op_sa_query,
	.sa_delete = op_sa_delete,
	.policy_set = op_policy_set,
	.policy_delete = op_policy_delete,
	.flush = op_flush,
	.sweep = op_sweep,
	.fd = op_fd,
	.next_event = op_next_event,
	.close = op_close,
};

/* ---- for tests ------------------------------------------------------------------------------------------------------------- */

void mock_sink_init(struct mock_sink *s, const char *name, struct key_registry *keys, uint32_t first_spi)
{
	memset(s, 0, sizeof(*s));
	s->sink.ops = &ops;
	s->name = name;
	s->keys = keys;
	s->next_spi = first_spi;
	s->events_end = &s->events;
	s->caps = (struct sink_caps){
		.aeads = (1u << SINK_AEAD_COUNT) - 1,
		.esn = true, .no_esn = true, .tunnel = true, .transport = true, .inner_v4 = true, .inner_v6 = true, .outer_v4 = true,
		.outer_v6 = true, .udp_encap = true, .raw_esp = true, .tfc_padding = true, .events = true, .max_window = 1024, .sa_capacity = 65536, .device = "mock",
	};
}

void mock_sink_clear(struct mock_sink *s)
{
	struct sink_event event;

	drop_all(s);
	while (op_next_event(&s->sink, &event))
		;
}

void key_registry_free(struct key_registry *keys)
{
	free(keys->uses);
	memset(keys, 0, sizeof(*keys));
}

void mock_raise(struct mock_sink *s, const struct sink_event *event)
{
	struct mock_event *e = calloc(1, sizeof(*e));

	assert_non_null(e);
	e->event = *event;
	*s->events_end = e;
	s->events_end = &e->next;
}

static struct ts single(const struct ip_addr *ip)
{
	return ts_from_prefix(ip, 8 * (unsigned int)ip_len(ip));
}

void mock_raise_acquire(struct mock_sink *s, uint32_t reqid, const struct ip_addr *local, const struct ip_addr *remote)
{
	struct sink_event event = { .kind = SINK_EVENT_ACQUIRE, .reqid = reqid, .packet_local = single(local), .packet_remote = single(remote) };

	mock_raise(s, &event);
}

void mock_raise_expire(struct mock_sink *s, const struct mock_sa *sa, bool hard)
{
	struct sink_event event = { .kind = SINK_EVENT_EXPIRE, .reqid = sa->sa.reqid, .hard = hard,
		.id = { .direction = sa->sa.direction, .spi = sa->sa.spi, .dst = sa->sa.dst.ip } };

	mock_raise(s, &event);
}

void mock_raise_mapping(struct mock_sink *s, const struct mock_sa *sa, const struct endpoint *endpoint)
{
	struct sink_event event = { .kind = SINK_EVENT_MAPPING, .reqid = sa->sa.reqid, .endpoint = *endpoint,
		.id = { .direction = sa->sa.direction, .spi = sa->sa.spi, .dst = sa->sa.dst.ip } };

	mock_raise(s, &event);
}

void mock_down(struct mock_sink *s)
{
	struct sink_event event = { .kind = SINK_EVENT_DOWN, .text = "the test pulled it out" };

	drop_all(s);
	s->down = true;
	mock_raise(s, &event);
}

void mock_up(struct mock_sink *s)
{
	struct sink_event event = { .kind = SINK_EVENT_UP };

	s->down = false;
	mock_raise(s, &event);
}

static bool reached(uint64_t value, uint64_t limit)
{
	return limit && value >= limit;
}

bool mock_sa_use(struct mock_sink *s, struct mock_sa *sa, uint64_t packets, uint64_t bytes)
{
	const struct sink_limits *l = &sa->sa.limits;
	uint64_t last = sa->sa.esn ? UINT64_MAX - 1 : SEQ_32_MAX;

	if (sa->hard_told || sa->stats.seq > last - packets)
		return false;
	sa->stats.packets += packets;
	sa->stats.bytes += bytes;
	sa->stats.seq += packets;
	sa->stats.last_use_ms = s->now_ms ? s->now_ms(s->now_ctx) : 0;
	if (!sa->soft_told && (reached(sa->stats.packets, l->soft_packets) || reached(sa->stats.bytes, l->soft_bytes)
			       || sa->stats.seq >= last / 4 * 3)) {
		sa->soft_told = true;
		if (s->caps.events)
			mock_raise_expire(s, sa, false);
	}
	if (reached(sa->stats.packets, l->hard_packets) || reached(sa->stats.bytes, l->hard_bytes) || sa->stats.seq >= last) {
		sa->hard_told = true;
		if (s->caps.events)
			mock_raise_expire(s, sa, true);
	}
	return true;
}
