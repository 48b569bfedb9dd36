/* SPDX-License-Identifier: Apache-2.0 */
/* An attacker without keys, who sees each datagram and sends what he wants, while two agents have a tunnel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pair.h"
#include "proto/build.h"

#define RECORDS_MAX 16u

static struct record {
	struct endpoint src, dst;
	uint8_t exchange;
	bool response;
	uint8_t data[2048];
	size_t len;
} records[RECORDS_MAX];
static unsigned int record_count;

static void record(void *ctx, struct world *w, struct datagram *d)
{
	struct record *r = &records[record_count];

	(void)ctx;
	(void)w;
	if (!d->exchange || record_count == RECORDS_MAX)
		return;
	*r = (struct record){ .src = d->src, .dst = d->dst, .exchange = d->exchange, .response = d->response, .len = d->len };
	assert_true(d->len <= sizeof(r->data));
	memcpy(r->data, d->data, d->len);
	record_count++;
}

static void begin(struct pair *p)
{
	record_count = 0;
	pair_open(p, 21, "", "");
	world_set_hook(p->w, record, NULL);
	node_up(p->a, "net");
	node_rekey(p->a, "net", false, false);
	node_rekey(p->b, "net", false, false);
	world_run(p->w, 10000);
	world_consistent(p->w, 1, 1);
}

/* The same SAs as before, and they work: also the next exchanges from both sides. */
static void end(struct pair *p, const struct ike_copy *a, const struct child_copy *child)
{
	assert_int_equal(node_only_ike(p->a).id, a->id);
	assert_int_equal(node_only_child(p->a).spi_in, child->spi_in);
	assert_int_equal(node_only_child(p->a).spi_out, child->spi_out);
	node_rekey(p->a, "gw", true, false);
	node_rekey(p->b, "net", false, false);
	world_run(p->w, 60000);
	world_consistent(p->w, 1, 1);
	assert_true(node_ping(p->a, "10.1.0.1", "10.2.0.1"));
	pair_close(p);
}

static struct agent_stats stats_of(const struct node *n)
{
	struct agent_stats stats;

	agent_get_stats(n->agent, &stats);
	return stats;
}

static void inject(struct pair *p, const struct record *r, const uint8_t *data, size_t len)
{
	world_inject(p->w, &r->src, &r->dst, data, len);
}

/* All that was ever said, again, in order and backwards. */
static void test_replay(void **state)
{
	struct child_copy child;
	struct ike_copy a;
	struct pair p;

	(void)state;
	begin(&p);
	world_set_hook(p.w, NULL, NULL);
	a = node_only_ike(p.a);
	child = node_only_child(p.a);
	for (unsigned int i = 0; i < 2 * record_count; i++) {
		const struct record *r = &records[i < record_count ? i : 2 * record_count - 1 - i];

		inject(&p, r, r->data, r->len);
	}
	/* The first request looks like somebody new, and is given up after a while. */
	world_run(p.w, 40000);
	assert_int_equal(stats_of(p.b).half_open, 0);
	end(&p, &a, &child);
}

static void test_cut_and_changed(void **state)
{
	struct child_copy child;
	struct ike_copy a;
	uint64_t bad;
	struct pair p;

	(void)state;
	begin(&p);
	world_set_hook(p.w, NULL, NULL);
	a = node_only_ike(p.a);
	child = node_only_child(p.a);
	bad = stats_of(p.a).bad_icv + stats_of(p.b).bad_icv;
	for (unsigned int i = 0; i < record_count; i++) {
		struct record *r = &records[i];

		if (r->exchange == IKE_SA_INIT)
			continue;
		for (size_t len = 0; len < r->len; len++)
			inject(&p, r, r->data, len);
		for (size_t at = 0; at < r->len; at++) {
			r->data[at] ^= 0x10;
			inject(&p, r, r->data, r->len);
			r->data[at] ^= 0x10;
		}
		/* As the next request, or the next response: the number is protected too. */
		for (unsigned int id = 0; id < 8; id++) {
			uint8_t copy[2048];

			memcpy(copy, r->data, r->len);
			copy[23] = (uint8_t)id;
			if (id != r->data[23])
				inject(&p, r, copy, r->len);
		}
	}
	/* Most have a number that is over; of those that have not, the ICV says what they are. */
	assert_true(stats_of(p.a).bad_icv + stats_of(p.b).bad_icv > bad + 50);
	end(&p, &a, &child);
}

static void build_clear(const struct ike_copy *sa, uint8_t exchange, uint8_t flags, uint32_t id, bool delete, struct ike_builder *b, uint8_t *buffer, size_t size)
{
	struct ike_header header = { .spi_i = sa->spi_i, .spi_r = sa->spi_r, .version = IKE_VERSION, .exchange = exchange, .flags = flags, .message_id = id };

	ike_build_fixed(b, buffer, size);
	ike_build_header(b, &header);
	if (delete)
		ike_build_delete_ike(b);
	else
		ike_build_notify(b, IKE_N_AUTHENTICATION_FAILED, NULL, 0);
	assert_int_equal(ike_build_end(b), 0);
}

/* In clear, each exchange, each flag, each number: nothing outside SK counts. */
static void test_in_clear(void **state)
{
	struct child_copy child;
	struct ike_copy a;
	struct pair p;

	(void)state;
	begin(&p);
	world_set_hook(p.w, NULL, NULL);
	a = node_only_ike(p.a);
	child = node_only_child(p.a);
	for (unsigned int i = 0; i < 4 * 4 * 8 * 2; i++) {
		uint8_t buffer[256], flags = (uint8_t)((i & 4 ? IKE_FLAG_INITIATOR : 0) | (i & 8 ? IKE_FLAG_RESPONSE : 0));
		struct ike_builder b;

		build_clear(&a, (uint8_t)(IKE_SA_INIT + i % 4), flags, i / 16 % 8, i / 128, &b, buffer, sizeof(buffer));
		world_inject(p.w, &a.local, &a.remote, b.data, b.len);
		world_inject(p.w, &a.remote, &a.local, b.data, b.len);
	}
	end(&p, &a, &child);
}

static void answer_in_clear(void *ctx, struct world *w, struct datagram *d)
{
	(void)ctx;
	if (d->exchange == IKE_AUTH && !d->response) {
		const struct ike_copy sa = { .spi_i = d->spi_i, .spi_r = d->spi_r };
		uint8_t buffer[256];
		struct ike_builder b;

		build_clear(&sa, IKE_AUTH, IKE_FLAG_RESPONSE, d->message_id, false, &b, buffer, sizeof(buffer));
		world_inject(w, &d->dst, &d->src, b.data, b.len);
	}
}

/* AUTHENTICATION_FAILED that nothing protects does not end an attempt. */
static void test_refusal_in_clear(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 22, "", "");
	world_set_hook(p.w, answer_in_clear, NULL);
	node_up(p.a, "net");
	world_run(p.w, 1000);
	world_consistent(p.w, 1, 1);
	pair_close(&p);
}

/* SPIs of nobody: counted, and answered seldom, so that nobody can be flooded through us. */
static void test_unknown_spi(void **state)
{
	struct child_copy child;
	struct ike_copy a, other;
	uint64_t sent, unknown;
	struct pair p;

	(void)state;
	begin(&p);
	world_set_hook(p.w, NULL, NULL);
	a = other = node_only_ike(p.a);
	child = node_only_child(p.a);
	sent = p.b->sent;
	unknown = stats_of(p.b).unknown_spi;
	for (unsigned int i = 0; i < 1000; i++) {
		uint8_t buffer[256];
		struct ike_builder b;

		other.spi_r++;
		build_clear(&other, IKE_INFORMATIONAL, IKE_FLAG_INITIATOR, 0, true, &b, buffer, sizeof(buffer));
		world_inject(p.w, &a.local, &a.remote, b.data, b.len);
	}
	assert_int_equal(stats_of(p.b).unknown_spi, unknown + 1000);
	assert_int_equal(p.b->sent, sent + 1);
	/* What is itself a response is never answered. */
	world_run(p.w, 1000);
	sent = p.b->sent;
	for (unsigned int i = 0; i < 10; i++) {
		uint8_t buffer[256];
		struct ike_builder b;

		build_clear(&other, IKE_INFORMATIONAL, IKE_FLAG_INITIATOR | IKE_FLAG_RESPONSE, 0, true, &b, buffer, sizeof(buffer));
		world_inject(p.w, &a.local, &a.remote, b.data, b.len);
	}
	assert_int_equal(p.b->sent, sent);
	end(&p, &a, &child);
}

static void test_random_bytes(void **state)
{
	struct child_copy child;
	struct ike_copy a;
	struct pair p;

	(void)state;
	begin(&p);
	world_set_hook(p.w, NULL, NULL);
	a = node_only_ike(p.a);
	child = node_only_child(p.a);
	for (unsigned int i = 0; i < 20000; i++) {
		uint8_t data[300];
		size_t len = (size_t)world_random(p.w, sizeof(data));
		struct record *r = &records[world_random(p.w, record_count)];

		for (size_t at = 0; at < len; at++)
			data[at] = (uint8_t)world_random(p.w, 256);
		/* Half of them with a true header, whose length fits. */
		if (i % 2 && len > 32 && r->len > 28) {
			memcpy(data, r->data, 24);
			data[24] = data[25] = 0;
			data[26] = (uint8_t)(len >> 8);
			data[27] = (uint8_t)len;
		}
		inject(&p, r, data, len);
	}
	world_run(p.w, 40000);
	end(&p, &a, &child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_replay), cmocka_unit_test(test_cut_and_changed), cmocka_unit_test(test_in_clear), cmocka_unit_test(test_refusal_in_clear),
		cmocka_unit_test(test_unknown_spi), cmocka_unit_test(test_random_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
