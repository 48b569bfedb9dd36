/* SPDX-License-Identifier: Apache-2.0 */
/* What the agents of the test world say about themselves, against their data planes and each other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/sa.h"
#include "world.h"

static void copy_text(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

static void see_ike(void *ctx, const struct agent_ike_info *info)
{
	struct snapshot *s = ctx;
	struct ike_copy *c;

	s->ikes = realloc(s->ikes, (s->ike_count + 1) * sizeof(*s->ikes));
	assert_non_null(s->ikes);
	c = &s->ikes[s->ike_count++];
	memset(c, 0, sizeof(*c));
	copy_text(c->name, sizeof(c->name), info->name);
	copy_text(c->state, sizeof(c->state), info->state);
	copy_text(c->proposal, sizeof(c->proposal), info->proposal);
	copy_text(c->local_id, sizeof(c->local_id), info->local_id);
	copy_text(c->remote_id, sizeof(c->remote_id), info->remote_id);
	c->id = info->id;
	c->initiator = info->initiator;
	c->nat_local = info->nat_local;
	c->nat_remote = info->nat_remote;
	c->local = info->local;
	c->remote = info->remote;
	c->spi_i = info->spi_i;
	c->spi_r = info->spi_r;
	c->age_s = info->age_s;
}

static void see_child(void *ctx, const struct agent_child_info *info)
{
	struct snapshot *s = ctx;
	struct child_copy *c;

	assert_true(s->ike_count > 0);
	s->children = realloc(s->children, (s->child_count + 1) * sizeof(*s->children));
	assert_non_null(s->children);
	c = &s->children[s->child_count++];
	memset(c, 0, sizeof(*c));
	copy_text(c->name, sizeof(c->name), info->name);
	copy_text(c->state, sizeof(c->state), info->state);
	copy_text(c->proposal, sizeof(c->proposal), info->proposal);
	c->id = info->id;
	c->reqid = info->reqid;
	c->spi_in = info->spi_in;
	c->spi_out = info->spi_out;
	c->transport = info->transport;
	c->esn = info->esn;
	c->udp_encap = info->udp_encap;
	assert_true(info->local_ts_count <= SINK_TS_MAX && info->remote_ts_count <= SINK_TS_MAX);
	c->local_ts_count = info->local_ts_count;
	c->remote_ts_count = info->remote_ts_count;
	memcpy(c->local_ts, info->local_ts, info->local_ts_count * sizeof(*info->local_ts));
	memcpy(c->remote_ts, info->remote_ts, info->remote_ts_count * sizeof(*info->remote_ts));
	c->in = info->in;
	c->out = info->out;
	c->age_s = info->age_s;
	c->ike_spi_i = s->ikes[s->ike_count - 1].spi_i;
}

void node_snapshot(struct node *n, struct snapshot *s)
{
	struct agent_visitor visitor = { .ctx = s, .ike = see_ike, .child = see_child };

	memset(s, 0, sizeof(*s));
	agent_list(n->agent, &visitor, 0);
}

void snapshot_free(struct snapshot *s)
{
	free(s->ikes);
	free(s->children);
	memset(s, 0, sizeof(*s));
}

struct child_copy node_only_child(struct node *n)
{
	struct child_copy child;
	struct snapshot s;

	node_snapshot(n, &s);
	if (s.child_count != 1)
		fail_msg("%s: %u CHILD SAs, not one.", n->name, s.child_count);
	child = s.children[0];
	snapshot_free(&s);
	return child;
}

struct ike_copy node_only_ike(struct node *n)
{
	struct ike_copy ike;
	struct snapshot s;

	node_snapshot(n, &s);
	if (s.ike_count != 1)
		fail_msg("%s: %u IKE SAs, not one.", n->name, s.ike_count);
	ike = s.ikes[0];
	snapshot_free(&s);
	return ike;
}

unsigned int node_child_count(struct node *n)
{
	struct snapshot s;
	unsigned int count;

	node_snapshot(n, &s);
	count = s.child_count;
	snapshot_free(&s);
	return count;
}

unsigned int node_ike_count(struct node *n)
{
	struct snapshot s;
	unsigned int count;

	node_snapshot(n, &s);
	count = s.ike_count;
	snapshot_free(&s);
	return count;
}

static const struct ike_copy *find_ike(const struct snapshot *s, uint64_t spi_i, uint64_t spi_r)
{
	for (unsigned int i = 0; i < s->ike_count; i++)
		if (s->ikes[i].spi_i == spi_i && s->ikes[i].spi_r == spi_r)
			return &s->ikes[i];
	return NULL;
}

static const struct child_copy *find_child(const struct snapshot *s, uint32_t spi_in, uint32_t spi_out)
{
	for (unsigned int i = 0; i < s->child_count; i++)
		if (s->children[i].spi_in == spi_in && s->children[i].spi_out == spi_out)
			return &s->children[i];
	return NULL;
}

/* Without the address: behind a NAT it is another than the peer sees. */
static const struct mock_sa *sa_by_spi(const struct node *n, enum sink_direction direction, uint32_t spi)
{
	for (const struct mock_sa *sa = n->sink.sas; sa; sa = sa->next)
		if (sa->sa.direction == direction && sa->sa.spi == spi && !sa->reserved_only)
			return sa;
	fail_msg("%s: the data plane has no %s SA 0x%08x.", n->name, direction == SINK_IN ? "inbound" : "outbound", spi);
	return NULL;
}

static void check_ikes(struct node *n, const struct snapshot *mine, const struct snapshot *theirs)
{
	for (unsigned int i = 0; i < mine->ike_count; i++) {
		const struct ike_copy *ike = &mine->ikes[i], *peer = find_ike(theirs, ike->spi_i, ike->spi_r);

		if (strcmp(ike->state, "ESTABLISHED") != 0)
			fail_msg("%s: IKE SA %s[%u] is %s.", n->name, ike->name, ike->id, ike->state);
		if (!peer)
			fail_msg("%s: IKE SA %s[%u] is not known to the peer.", n->name, ike->name, ike->id);
		if (peer->initiator == ike->initiator)
			fail_msg("%s: IKE SA %s[%u] has two sides of one role.", n->name, ike->name, ike->id);
		assert_string_equal(ike->proposal, peer->proposal);
		assert_string_equal(ike->local_id, peer->remote_id);
	}
}

static void check_selectors(const struct node *n, const struct child_copy *c, const struct ts *mine, unsigned int count, const struct ts *theirs,
			    unsigned int their_count)
{
	bool equal = count == their_count;

	for (unsigned int i = 0; equal && i < count; i++)
		equal = ts_equal(&mine[i], &theirs[i]);
	if (!equal)
		fail_msg("%s: CHILD SA %s{%u}: the peer has other selectors.", n->name, c->name, c->id);
}

static void check_path(const struct node *n, const struct node *peer, const struct child_copy *c)
{
	const struct sink_sa *out = &sa_by_spi(n, SINK_OUT, c->spi_out)->sa, *in = &sa_by_spi(peer, SINK_IN, c->spi_out)->sa;

	if (out->key_len != in->key_len || memcmp(out->key, in->key, in->key_len) != 0)
		fail_msg("%s: SA 0x%08x has another key at the peer.", n->name, out->spi);
	if (out->aead != in->aead || out->mode != in->mode || out->esn != in->esn || out->udp_encap != in->udp_encap)
		fail_msg("%s: SA 0x%08x: the peer's is of another kind.", n->name, out->spi);
	if (out->esn != c->esn || out->udp_encap != c->udp_encap || (out->mode == SINK_TRANSPORT) != c->transport || out->reqid != c->reqid)
		fail_msg("%s: SA 0x%08x: the agent tells it otherwise.", n->name, out->spi);
	if (!n->nat && !peer->nat && (!endpoint_equal(&out->src, &in->src) || !endpoint_equal(&out->dst, &in->dst)))
		fail_msg("%s: SA 0x%08x: the peer has other addresses.", n->name, out->spi);
}

static void check_policy(struct node *n, const struct snapshot *s, const struct child_copy *c)
{
	const struct mock_policy *p = mock_policy_find(&n->sink, c->reqid);
	bool mine = false;

	if (!p || p->policy.action != SINK_PROTECT)
		fail_msg("%s: CHILD SA %s{%u} has no policy.", n->name, c->name, c->id);
	for (unsigned int i = 0; i < s->child_count; i++)
		mine |= s->children[i].reqid == c->reqid && s->children[i].spi_out == p->policy.spi;
	if (!mine)
		fail_msg("%s: the policy of reqid %u uses SA 0x%08x, which is of no CHILD SA.", n->name, c->reqid, p->policy.spi);
	if (p->policy.spi == c->spi_out)
		check_selectors(n, c, p->policy.local, p->policy.local_count, c->local_ts, c->local_ts_count);
}

static void check_children(struct node *n, struct node *peer, const struct snapshot *mine, const struct snapshot *theirs)
{
	for (unsigned int i = 0; i < mine->child_count; i++) {
		const struct child_copy *c = &mine->children[i], *other = find_child(theirs, c->spi_out, c->spi_in);

		if (strcmp(c->state, "INSTALLED") != 0)
			fail_msg("%s: CHILD SA %s{%u} is %s.", n->name, c->name, c->id, c->state);
		if (!other)
			fail_msg("%s: CHILD SA %s{%u} (0x%08x, 0x%08x) is not known to the peer.", n->name, c->name, c->id, c->spi_in, c->spi_out);
		if (other->ike_spi_i != c->ike_spi_i)
			fail_msg("%s: CHILD SA %s{%u} belongs to another IKE SA at the peer.", n->name, c->name, c->id);
		assert_string_equal(c->proposal, other->proposal);
		check_selectors(n, c, c->local_ts, c->local_ts_count, other->remote_ts, other->remote_ts_count);
		check_selectors(n, c, c->remote_ts, c->remote_ts_count, other->local_ts, other->local_ts_count);
		check_path(n, peer, c);
		check_policy(n, mine, c);
	}
}

/* Also those that the agent does not show: of a rekeying that did not end. Those that only repeat their last response do not count. */
static void check_hidden(const struct node *n, const struct snapshot *s)
{
	unsigned int ikes = 0;

	for (const struct ike_sa *sa = n->agent->sas; sa; sa = sa->next)
		ikes += sa->state != IKE_CLOSED;
	if (ikes != s->ike_count)
		fail_msg("%s: %u IKE SAs, of which it shows %u.", n->name, ikes, s->ike_count);
	if (n->agent->stats.child_sas != s->child_count || n->agent->children.count != 2 * s->child_count)
		fail_msg("%s: %u CHILD SAs, of which it shows %u.", n->name, n->agent->stats.child_sas, s->child_count);
}

static void check_leaks(struct node *n, const struct snapshot *s)
{
	check_hidden(n, s);
	if (mock_sa_count(&n->sink) != 2 * s->child_count)
		fail_msg("%s: %u SAs in the data plane for %u CHILD SAs.", n->name, mock_sa_count(&n->sink), s->child_count);
	if (mock_reserved_count(&n->sink))
		fail_msg("%s: %u SPIs are reserved for nothing.", n->name, mock_reserved_count(&n->sink));
	for (const struct mock_policy *p = n->sink.policies; p; p = p->next) {
		bool used = !p->policy.spi; /* a trap */

		for (unsigned int i = 0; !used && i < s->child_count; i++)
			used = s->children[i].reqid == p->policy.reqid;
		if (!used)
			fail_msg("%s: the policy of reqid %u is of no CHILD SA.", n->name, p->policy.reqid);
	}
}

static void check(struct world *w, int ike_sas, int child_sas)
{
	struct node *a = w->nodes[0], *b = w->nodes[1];
	struct snapshot of_a, of_b;

	assert_int_equal(w->node_count, 2);
	node_snapshot(a, &of_a);
	node_snapshot(b, &of_b);
	check_ikes(a, &of_a, &of_b);
	check_ikes(b, &of_b, &of_a);
	check_children(a, b, &of_a, &of_b);
	check_children(b, a, &of_b, &of_a);
	check_leaks(a, &of_a);
	check_leaks(b, &of_b);
	if (ike_sas >= 0 && (of_a.ike_count != (unsigned int)ike_sas || of_b.ike_count != (unsigned int)ike_sas))
		fail_msg("%u and %u IKE SAs, not %d.", of_a.ike_count, of_b.ike_count, ike_sas);
	if (child_sas >= 0 && (of_a.child_count != (unsigned int)child_sas || of_b.child_count != (unsigned int)child_sas))
		fail_msg("%u and %u CHILD SAs, not %d.", of_a.child_count, of_b.child_count, child_sas);
	snapshot_free(&of_a);
	snapshot_free(&of_b);
}

void world_consistent(struct world *w, unsigned int ike_sas, unsigned int child_sas)
{
	check(w, (int)ike_sas, (int)child_sas);
}

void world_consistent_any(struct world *w)
{
	check(w, -1, -1);
}
