/* SPDX-License-Identifier: Apache-2.0 */
#include "core/offers.h"
#include "core/hash.h"
#include "crypto/supported.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What some connections agree to: their proposals less what the library cannot do. */
struct list {
	struct hash_node node; /* by what it holds */
	struct list *next;
	struct proposals *ours;
	/* of the request that was judged last */
	uint64_t request;
	bool agrees;
	struct suite suite;
};

/* The first connection with these addresses and this list. */
struct offer {
	struct hash_node node;
	struct offer *next;
	const struct conf_connection *conn;
	struct list *list;
	size_t order;
};

/* One of the remote addresses of an offer. In order of lo, and as a tree: the middle of a part is its root. */
struct range {
	struct ip_addr lo, hi;
	struct ip_addr last; /* the greatest hi of the part that it is the root of */
	struct offer *offer;
};

struct offers {
	struct list *lists;
	struct offer *all;
	struct range *ranges;
	size_t range_count;
	uint64_t requests;
	/* while it is built */
	struct hash by_proposals, by_offer;
};

/* ---- ranks ------------------------------------------------------------------------------------------------------------------------- */

/* 3: this address; 2: a range with it; 1: any; 0: another. */
static unsigned int addr_rank(const struct conf_addrs *addrs, const struct ip_addr *ip)
{
	unsigned int best = 0;

	for (size_t i = 0; i < addrs->count; i++) {
		const struct conf_addr *a = &addrs->items[i];
		unsigned int rank = a->any ? 1 : a->single ? 3 : 2;
		bool all = a->any && !a->range.lo.family;

		if (!all && (a->range.lo.family != ip->family || ip_compare(ip, &a->range.lo) < 0 || ip_compare(ip, &a->range.hi) > 0))
			continue;
		if (rank > best)
			best = rank;
	}
	return best;
}

unsigned int conn_rank(const struct conf_connection *conn, const struct ip_addr *local, const struct ip_addr *remote)
{
	unsigned int l = addr_rank(&conn->local_addrs, local), r = addr_rank(&conn->remote_addrs, remote);

	return l && r ? 4 * r + l : 0;
}

/* ---- equal lists and addresses ------------------------------------------------------------------------------------------------------- */

static bool same_proposal(const struct proposal *a, const struct proposal *b)
{
	if (a->unusable != b->unusable || a->count != b->count)
		return false;
	for (unsigned int i = 0; i < a->count; i++) {
		const struct transform *x = &a->transforms[i], *y = &b->transforms[i];

		if (x->type != y->type || x->id != y->id || x->key_bits != y->key_bits)
			return false;
	}
	return true;
}

static bool same_proposals(const struct proposals *a, const struct proposals *b)
{
	if (a->count != b->count)
		return false;
	for (unsigned int i = 0; i < a->count; i++)
		if (!same_proposal(&a->list[i], &b->list[i]))
			return false;
	return true;
}

static uint64_t proposals_key(const struct proposals *list)
{
	uint64_t key = HASH_BASIS;

	for (unsigned int i = 0; i < list->count; i++)
		for (unsigned int k = 0; k < list->list[i].count; k++) {
			const struct transform *t = &list->list[i].transforms[k];
			const uint16_t what[] = { t->type, t->id, t->key_bits };

			key = hash_bytes(what, sizeof(what), key);
		}
	return key;
}

static bool same_addrs(const struct conf_addrs *a, const struct conf_addrs *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct conf_addr *x = &a->items[i], *y = &b->items[i];

		if (x->any != y->any || x->single != y->single || !ip_equal(&x->range.lo, &y->range.lo) || !ip_equal(&x->range.hi, &y->range.hi))
			return false;
	}
	return true;
}

static uint64_t addrs_key(const struct conf_addrs *addrs, uint64_t key)
{
	for (size_t i = 0; i < addrs->count; i++) {
		const struct ts *range = &addrs->items[i].range;

		key = hash_bytes(range->lo.bytes, ip_len(&range->lo), key);
		key = hash_bytes(range->hi.bytes, ip_len(&range->hi), key);
	}
	return key;
}

/* ---- building ------------------------------------------------------------------------------------------------------------------------ */

static bool keep_supported(const struct transform *transform, void *arg)
{
	(void)arg;
	return crypto_supports(transform);
}

static struct list *list_find(const struct offers *o, const struct proposals *ours, uint64_t key)
{
	for (struct hash_node *node = hash_find(&o->by_proposals, key); node; node = hash_next(node)) {
		struct list *list = hash_entry(node, struct list, node);

		if (same_proposals(list->ours, ours))
			return list;
	}
	return NULL;
}

/* The list of a connection, made if there is none like it. NULL: no memory. */
static struct list *list_of(struct offers *o, const struct conf_connection *conn)
{
	struct proposals *ours = proposals_copy(conn->proposals);
	struct list *list;
	uint64_t key;

	if (!ours)
		return NULL;
	for (unsigned int i = 0; i < ours->count; i++)
		proposal_filter(&ours->list[i], keep_supported, NULL);
	key = proposals_key(ours);
	list = list_find(o, ours, key);
	if (list) {
		free(ours);
		return list;
	}
	list = calloc(1, sizeof(*list));
	if (!list || hash_insert(&o->by_proposals, &list->node, key)) {
		free(list);
		free(ours);
		return NULL;
	}
	list->ours = ours;
	list->next = o->lists;
	o->lists = list;
	return list;
}

static bool is_known(const struct offers *o, const struct conf_connection *conn, const struct list *list, uint64_t key)
{
	for (struct hash_node *node = hash_find(&o->by_offer, key); node; node = hash_next(node)) {
		const struct offer *offer = hash_entry(node, struct offer, node);

		if (offer->list == list && same_addrs(&offer->conn->local_addrs, &conn->local_addrs) &&
		    same_addrs(&offer->conn->remote_addrs, &conn->remote_addrs))
			return true;
	}
	return false;
}

static int add(struct offers *o, const struct conf_connection *conn, size_t order)
{
	struct list *list = list_of(o, conn);
	struct offer *offer;
	uint64_t key;

	if (!list)
		return -ENOMEM;
	key = addrs_key(&conn->remote_addrs, addrs_key(&conn->local_addrs, hash_bytes(&list, sizeof(list), HASH_BASIS)));
	if (is_known(o, conn, list, key))
		return 0;
	offer = calloc(1, sizeof(*offer));
	if (!offer || hash_insert(&o->by_offer, &offer->node, key)) {
		free(offer);
		return -ENOMEM;
	}
	offer->conn = conn;
	offer->list = list;
	offer->order = order;
	offer->next = o->all;
	o->all = offer;
	o->range_count += 2 * conn->remote_addrs.count; /* %any is a range of each family */
	return 0;
}

static void put_range(struct offers *o, struct offer *offer, const struct ip_addr *lo, const struct ip_addr *hi)
{
	o->ranges[o->range_count++] = (struct range){ .lo = *lo, .hi = *hi, .offer = offer };
}

static void put_ranges(struct offers *o, struct offer *offer, const struct conf_addr *a)
{
	struct ip_addr lo = { 0 }, hi;

	if (!a->any || a->range.lo.family) {
		put_range(o, offer, &a->range.lo, &a->range.hi);
		return;
	}
	memset(&hi, 0xff, sizeof(hi));
	lo.family = hi.family = 4;
	memset(hi.bytes + ip_len(&hi), 0, sizeof(hi.bytes) - ip_len(&hi));
	put_range(o, offer, &lo, &hi);
	lo.family = hi.family = 6;
	memset(hi.bytes, 0xff, sizeof(hi.bytes));
	put_range(o, offer, &lo, &hi);
}

static int compare_ranges(const void *a, const void *b)
{
	return ip_compare(&((const struct range *)a)->lo, &((const struct range *)b)->lo);
}

static void reach(struct range *root, const struct ip_addr *last)
{
	if (ip_compare(&root->last, last) < 0)
		root->last = *last;
}

static void set_last(struct range *part, size_t count)
{
	size_t middle = count / 2;

	if (!count)
		return;
	set_last(part, middle);
	set_last(part + middle + 1, count - middle - 1);
	part[middle].last = part[middle].hi;
	if (middle)
		reach(&part[middle], &part[middle / 2].last);
	if (count > middle + 1)
		reach(&part[middle], &part[middle + 1 + (count - middle - 1) / 2].last);
}

static int sort(struct offers *o)
{
	o->ranges = calloc(o->range_count + 1, sizeof(*o->ranges));
	if (!o->ranges)
		return -ENOMEM;
	o->range_count = 0;
	for (struct offer *offer = o->all; offer; offer = offer->next)
		for (size_t i = 0; i < offer->conn->remote_addrs.count; i++)
			put_ranges(o, offer, &offer->conn->remote_addrs.items[i]);
	qsort(o->ranges, o->range_count, sizeof(*o->ranges), compare_ranges);
	set_last(o->ranges, o->range_count);
	return 0;
}

int offers_build(const struct conf *conf, struct offers **offers)
{
	struct offers *o = calloc(1, sizeof(*o));
	int err = o ? 0 : -ENOMEM;

	for (size_t i = 0; i < conf->connection_count && !err; i++)
		err = add(o, conf->connections[i], i);
	if (!err)
		err = sort(o);
	if (err) {
		offers_free(o);
		return err;
	}
	hash_free(&o->by_proposals);
	hash_free(&o->by_offer);
	*offers = o;
	return 0;
}

void offers_free(struct offers *o)
{
	if (!o)
		return;
	while (o->lists) {
		struct list *list = o->lists;

		o->lists = list->next;
		free(list->ours);
		free(list);
	}
	while (o->all) {
		struct offer *offer = o->all;

		o->all = offer->next;
		free(offer);
	}
	hash_free(&o->by_proposals);
	hash_free(&o->by_offer);
	free(o->ranges);
	free(o);
}

/* ---- choosing ------------------------------------------------------------------------------------------------------------------------- */

struct choice {
	const struct ip_addr *local, *remote;
	const struct proposals *offered;
	uint16_t ke;
	uint64_t request;
	bool any; /* one fits by its addresses */
	unsigned int rank;
	const struct offer *best;
};

static bool agrees(struct list *list, const struct choice *c)
{
	if (list->request != c->request) {
		list->request = c->request;
		list->agrees = proposal_select_for(list->ours, c->offered, c->ke, &list->suite);
	}
	return list->agrees;
}

static void consider(struct choice *c, const struct offer *offer)
{
	unsigned int rank = conn_rank(offer->conn, c->local, c->remote);

	if (!rank)
		return;
	c->any = true;
	if (c->best && (rank < c->rank || (rank == c->rank && offer->order >= c->best->order)))
		return;
	if (!agrees(offer->list, c))
		return;
	c->best = offer;
	c->rank = rank;
}

/* All ranges that hold the remote address: those to the left may reach as far, those to the right begin behind it. */
static void search(struct choice *c, const struct range *part, size_t count)
{
	while (count) {
		const struct range *middle = part + count / 2;

		if (ip_compare(&middle->last, c->remote) < 0)
			return;
		search(c, part, count / 2);
		if (ip_compare(c->remote, &middle->lo) < 0)
			return;
		if (ip_compare(c->remote, &middle->hi) <= 0)
			consider(c, middle->offer);
		part = middle + 1;
		count -= count / 2 + 1;
	}
}

int offers_choose(struct offers *offers, const struct ip_addr *local, const struct ip_addr *remote, const struct proposals *offered, uint16_t ke,
		  const struct conf_connection **conn, struct suite *suite)
{
	struct choice c = { .local = local, .remote = remote, .offered = offered, .ke = ke, .request = ++offers->requests };

	search(&c, offers->ranges, offers->range_count);
	if (!c.best)
		return c.any ? -ENOKEY : -ENOENT;
	*conn = c.best->conn;
	*suite = c.best->list->suite;
	return 0;
}
