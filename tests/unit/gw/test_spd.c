/* SPDX-License-Identifier: Apache-2.0 */
/* Policies: their order, what matches, the cache of flows, packets held. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gw/spd.h"
#include "seed.h"

static int setup(void **state)
{
	struct gw_spd *spd = malloc(sizeof(*spd));

	spd_init(spd);
	*state = spd;
	return 0;
}

static int teardown(void **state)
{
	spd_free(*state);
	free(*state);
	return 0;
}

static struct gw_policy *add(struct gw_spd *spd, uint32_t reqid, uint32_t priority, const char *local, const char *remote)
{
	struct sink_policy policy = { .reqid = reqid, .priority = priority, .local_count = 1, .remote_count = 1 };
	struct gw_policy *entry;

	assert_int_equal(ts_parse(local, &policy.local[0]), 0);
	assert_int_equal(ts_parse(remote, &policy.remote[0]), 0);
	entry = spd_set(spd, &policy);
	assert_non_null(entry);
	return entry;
}

static struct packet make(const char *src, const char *dst, uint8_t proto, uint16_t src_port, uint16_t dst_port)
{
	struct packet packet = { .proto = proto, .has_port = src_port || dst_port, .src_port = src_port, .dst_port = dst_port };

	assert_int_equal(ip_parse(src, &packet.src), 0);
	assert_int_equal(ip_parse(dst, &packet.dst), 0);
	return packet;
}

/* reqid of the policy for the packet, 0: none; asked twice, the second time of the cache. */
static uint32_t ask(struct gw_spd *spd, const struct packet *packet)
{
	struct gw_policy *first = spd_outbound(spd, packet), *second = spd_outbound(spd, packet);

	assert_ptr_equal(first, second);
	return first ? first->p.reqid : 0;
}

static void order(void **state)
{
	struct gw_spd *spd = *state;
	struct packet dns = make("10.1.0.9", "10.2.3.4", IPPROTO_UDP, 4000, 53), web = make("10.1.0.9", "10.2.3.4", IPPROTO_TCP, 4000, 80);
	struct packet far = make("10.1.0.9", "10.9.9.9", IPPROTO_TCP, 4000, 80), ping = make("10.1.0.9", "10.2.3.4", IPPROTO_ICMP, 0x0800, 0x0800);

	assert_int_equal(ask(spd, &web), 0);
	add(spd, 1, 10, "10.1.0.0/16", "0.0.0.0/0");
	assert_int_equal(ask(spd, &web), 1);
	add(spd, 2, 10, "10.1.0.0/16", "10.2.0.0/16");
	assert_int_equal(ask(spd, &web), 2); /* the narrower among equals */
	assert_int_equal(ask(spd, &far), 1);
	add(spd, 3, 10, "10.1.0.0/16", "10.2.0.0/16[udp/53]");
	assert_int_equal(ask(spd, &dns), 3);
	assert_int_equal(ask(spd, &web), 2);
	add(spd, 4, 10, "10.1.0.0/16", "10.2.0.0/16[udp]");
	assert_int_equal(ask(spd, &dns), 3); /* one port is narrower than one protocol */
	add(spd, 5, 10, "10.1.0.9", "10.2.3.4");
	assert_int_equal(ask(spd, &dns), 5); /* an address counts more than a port */
	add(spd, 6, 1, "10.0.0.0/8", "10.0.0.0/8[icmp]");
	assert_int_equal(ask(spd, &ping), 6); /* priority before all */
	assert_int_equal(ask(spd, &web), 5);
	spd_delete(spd, spd_find(spd, 5));
	assert_int_equal(ask(spd, &dns), 3);
	add(spd, 2, 0, "10.1.0.0/16", "0.0.0.0/0"); /* replaced: it moves */
	assert_int_equal(ask(spd, &dns), 2);
	assert_int_equal(spd->count, 5);
}

/* Whatever the order in which they come, they stand in one order. */
static void any_order(void **state)
{
	struct gw_spd *spd = *state;
	uint32_t reqids[40];

	srand(test_seed());
	for (unsigned int i = 0; i < 40; i++)
		reqids[i] = i + 1;
	for (int round = 0; round < 20; round++) {
		for (unsigned int i = 39; i > 0; i--) {
			unsigned int j = (unsigned int)rand() % (i + 1);
			uint32_t x = reqids[i];

			reqids[i] = reqids[j];
			reqids[j] = x;
		}
		for (unsigned int i = 0; i < 40; i++) {
			char remote[32];

			snprintf(remote, sizeof(remote), "10.0.0.0/%u", 8 + reqids[i] % 20);
			add(spd, reqids[i], reqids[i] % 3, "0.0.0.0/0", remote);
		}
		assert_int_equal(spd->count, 40);
		for (unsigned int i = 1; i < 40; i++) {
			const struct gw_policy *a = spd->order[i - 1], *b = spd->order[i];
			unsigned int plen_a = 8 + a->p.reqid % 20, plen_b = 8 + b->p.reqid % 20;

			assert_true(a->p.priority < b->p.priority || (a->p.priority == b->p.priority && plen_a >= plen_b));
		}
		if (round % 2)
			spd_free(spd);
	}
}

static void fragments_have_no_ports(void **state)
{
	struct gw_spd *spd = *state;
	struct packet later = make("10.1.0.1", "10.2.0.1", IPPROTO_UDP, 0, 0);

	add(spd, 1, 0, "10.1.0.0/16", "10.2.0.0/16[udp/53]");
	assert_int_equal(ask(spd, &later), 0);
	add(spd, 2, 0, "10.1.0.0/16", "10.2.0.0/16[udp/opaque]");
	assert_int_equal(ask(spd, &later), 2);
}

static void several_selectors(void **state)
{
	struct gw_spd *spd = *state;
	struct sink_policy policy = { .reqid = 9, .local_count = 2, .remote_count = 2 };
	struct packet packet = make("10.1.1.1", "10.3.0.1", IPPROTO_TCP, 1, 2), other = make("10.1.1.1", "10.4.0.1", IPPROTO_TCP, 1, 2);
	struct packet back = make("10.3.0.1", "10.1.1.1", IPPROTO_TCP, 2, 1);
	struct gw_policy *entry;

	assert_int_equal(ts_parse("10.1.0.0/24", &policy.local[0]) | ts_parse("10.1.1.0/24", &policy.local[1]), 0);
	assert_int_equal(ts_parse("10.2.0.0/24", &policy.remote[0]) | ts_parse("10.3.0.0/24", &policy.remote[1]), 0);
	entry = spd_set(spd, &policy);
	assert_int_equal(ask(spd, &packet), 9);
	assert_int_equal(ask(spd, &other), 0);
	assert_true(spd_inbound_fits(entry, &back));
	assert_false(spd_inbound_fits(entry, &packet)); /* the wrong way round */
	back.dst.bytes[2] = 2;
	assert_false(spd_inbound_fits(entry, &back));
}

static void hold(void **state)
{
	struct gw_policy *policy = add(*state, 1, 0, "10.1.0.0/16", "10.2.0.0/16");
	uint8_t data[3] = { 0 };
	struct gw_held *held;

	for (unsigned int i = 0; i < HOLD_PACKETS; i++) {
		data[0] = (uint8_t)i;
		assert_true(spd_hold(policy, data, 3, 100 + i));
	}
	assert_false(spd_hold(policy, data, 3, 200));
	for (unsigned int i = 0; i < HOLD_PACKETS / 2; i++) {
		held = spd_unhold(policy);
		assert_int_equal(held->data[0], i);
		assert_int_equal(held->len, 3);
		assert_int_equal(held->since_ms, 100 + i);
		free(held);
	}
	assert_int_equal(policy->held_count, HOLD_PACKETS / 2);
	add(*state, 1, 7, "10.1.0.0/16", "10.2.0.0/16"); /* replaced: what is held stays, and goes with the policy */
	assert_int_equal(policy->held_count, HOLD_PACKETS / 2);
}

static void many(void **state)
{
	struct gw_spd *spd = *state;
	char remote[32];

	for (uint32_t i = 0; i < 10000; i++) {
		struct packet packet;

		snprintf(remote, sizeof(remote), "10.%u.%u.1", i / 250, i % 250);
		add(spd, i + 1, 0, "192.168.0.0/16", remote);
		packet = make("192.168.1.1", remote, IPPROTO_UDP, 1, 1);
		if (i % 100 == 0)
			assert_int_equal(ask(spd, &packet), i + 1);
	}
	assert_int_equal(spd->count, 10000);
	assert_int_equal(spd_find(spd, 5000)->p.reqid, 5000);
}

/* The first of all policies in order that has the packet, or may have it: what the index must find. */
static const struct gw_policy *first_of_all(const struct gw_spd *spd, const struct packet *packet)
{
	for (unsigned int i = 0; i < spd->count; i++) {
		const struct gw_policy *p = spd->order[i];
		bool fits[2][2] = { { false } }; /* side; as it is, with ports unknown */

		for (unsigned int side = 0; side < 2; side++) {
			const struct ts *list = side ? p->remote : p->local;
			const struct ip_addr *ip = side ? &packet->dst : &packet->src;

			for (unsigned int k = 0; k < (side ? p->p.remote_count : p->p.local_count); k++) {
				fits[side][0] |= ts_match(&list[k], ip, packet->proto, packet->has_port, side ? packet->dst_port : packet->src_port);
				fits[side][1] |= packet->later && ts_match(&list[k], ip, packet->proto, true, list[k].port_lo);
			}
		}
		if (fits[0][0] && fits[1][0])
			return p;
		if ((fits[0][0] || fits[0][1]) && (fits[1][0] || fits[1][1]))
			return NULL;
	}
	return NULL;
}

/* Thousands of changes and questions, of prefixes and ranges of all sizes: the index answers as a walk over all would. */
static void index_is_right(void **state)
{
	static const char *const locals[] = { "0.0.0.0/0", "10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24", "10.1.1.3", "10.1.1.3-10.1.9.200", "10.1.1.0/24[udp/7]",
					      "10.1.1.0-10.1.1.255", "0.0.0.1-255.255.255.254" };
	static const char *const sources[] = { "10.1.1.3", "10.1.1.4", "10.1.9.9", "10.200.0.1", "192.0.2.1" };
	struct gw_spd *spd = *state;
	char remote[40];
	unsigned int found = 0;

	srandom(7);
	for (unsigned int round = 0; round < 4000; round++) {
		uint32_t reqid = 1 + (uint32_t)random() % 300;
		struct packet packet;
		struct gw_policy *old = spd_find(spd, reqid);

		if (old && random() % 3 == 0) {
			spd_delete(spd, old);
		} else {
			snprintf(remote, sizeof(remote), "10.%ld.%ld.0/%ld%s", random() % 3, random() % 3, 8 + random() % 17, random() % 4 ? "" : "[udp/9]");
			add(spd, reqid, (uint32_t)random() % 3, locals[(size_t)random() % (sizeof(locals) / sizeof(locals[0]))], remote);
		}
		snprintf(remote, sizeof(remote), "10.%ld.%ld.%ld", random() % 3, random() % 3, random() % 3);
		packet = make(sources[(size_t)random() % (sizeof(sources) / sizeof(sources[0]))], remote, IPPROTO_UDP, 7, random() % 2 ? 9 : 10);
		packet.later = random() % 4 == 0;
		packet.has_port = !packet.later;
		assert_ptr_equal(spd_outbound(spd, &packet), first_of_all(spd, &packet));
		found += first_of_all(spd, &packet) != NULL;
	}
	assert_in_range(found, 500, 3900);
}

/* A rekeying sets the same policy again: no flow is looked up anew. */
static void rekeying_keeps_flows(void **state)
{
	struct gw_spd *spd = *state;
	uint32_t generation;

	add(spd, 1, 3, "10.1.0.0/16", "10.2.0.0/16");
	add(spd, 2, 3, "10.1.0.0/16", "10.3.0.0/16");
	generation = spd->generation;
	add(spd, 2, 3, "10.1.0.0/16", "10.3.0.0/16");
	assert_int_equal(spd->generation, generation);
	add(spd, 2, 3, "10.1.0.0/16", "10.4.0.0/16");
	assert_int_not_equal(spd->generation, generation);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(order, setup, teardown), cmocka_unit_test_setup_teardown(any_order, setup, teardown),
		cmocka_unit_test_setup_teardown(fragments_have_no_ports, setup, teardown),
		cmocka_unit_test_setup_teardown(several_selectors, setup, teardown), cmocka_unit_test_setup_teardown(hold, setup, teardown),
		cmocka_unit_test_setup_teardown(many, setup, teardown), cmocka_unit_test_setup_teardown(index_is_right, setup, teardown),
		cmocka_unit_test_setup_teardown(rekeying_keeps_flows, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
