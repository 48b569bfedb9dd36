/* SPDX-License-Identifier: Apache-2.0 */
/* A peer that asks for all the data plane has: it gets its share, others get in beside it, and what it has goes on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "world.h"

#define SECOND 1000u
#define CAPACITY 40u
#define WANTED 60u
#define TEXT_MAX (WANTED * 400u + 1000u)

static unsigned int child_sas(const struct node *n)
{
	struct agent_stats stats;

	agent_get_stats(n->agent, &stats);
	return stats.child_sas;
}

/* Children net1 and up; each connection has so many of them. */
static void initiator(struct node *n, unsigned int last, const char *id, unsigned int connections, unsigned int each, const char *action)
{
	char *text = malloc(TEXT_MAX);
	size_t at = (size_t)snprintf(text, TEXT_MAX, "connections {\n");

	for (unsigned int i = 0, child = 1; i < connections; i++) {
		at += (size_t)snprintf(text + at, TEXT_MAX - at, "c%u { local_addrs = 192.0.2.%u\nremote_addrs = 192.0.2.100\nproposals = aes256gcm16-prfsha256-x25519\n"
				       "unique = never\nlocal { auth = psk\nid = %s }\nremote { auth = psk }\nchildren {\n", i + 1, last, id);
		for (unsigned int k = 0; k < each; k++, child++)
			at += (size_t)snprintf(text + at, TEXT_MAX - at, "net%u { local_ts = 10.%u.%u.0/24\nremote_ts = 10.200.0.0/16\nesp_proposals = aes256gcm16\n"
					       "start_action = %s }\n", child, last, child, action);
		at += (size_t)snprintf(text + at, TEXT_MAX - at, "} }\n");
	}
	snprintf(text + at, TEXT_MAX - at, "}\nsecrets { ike { secret = \"quota\" } }\n");
	node_configure(n, text);
	free(text);
}

struct hall {
	struct world *w;
	struct node *gateway, *greedy, *modest;
};

static void open_hall(struct hall *h, unsigned int share)
{
	h->w = world_new(31);
	h->w->settings.peer_share = share;
	h->w->settings.block_threshold = 0; /* all come from one address */
	h->gateway = world_add(h->w, "gateway", "192.0.2.100");
	h->greedy = world_add(h->w, "greedy", "192.0.2.1");
	h->modest = world_add(h->w, "modest", "192.0.2.2");
	h->gateway->sink.caps.sa_capacity = CAPACITY;
	node_restart(h->gateway);
	node_configure(h->gateway, "connections { any { local_addrs = 192.0.2.100\nremote_addrs = %any\nproposals = aes256gcm16-prfsha256-x25519\nunique = never\n"
		       "local { auth = psk }\nremote { auth = psk\nid = %any }\n"
		       "children { net { local_ts = 10.200.0.0/16\nremote_ts = 10.0.0.0/8\nesp_proposals = aes256gcm16 } } } }\n"
		       "secrets { ike { secret = \"quota\" } }\n");
}

/* One alone: three quarters. Then the other: as much of what is left. */
static void both(struct hall *h, unsigned int connections, unsigned int each)
{
	initiator(h->greedy, 1, "greedy.test", connections, each, "start");
	world_run(h->w, 20 * SECOND);
	assert_int_equal(child_sas(h->gateway), CAPACITY * 3 / 4);
	initiator(h->modest, 2, "modest.test", 5, 1, "start");
	world_run(h->w, 20 * SECOND);
	assert_int_equal(child_sas(h->modest), 5);
	assert_int_equal(child_sas(h->gateway), CAPACITY * 3 / 4 + 5);
}

static void test_children(void **state)
{
	struct hall h;

	(void)state;
	open_hall(&h, 75);
	both(&h, 1, WANTED);
	assert_int_equal(child_sas(h.greedy), CAPACITY * 3 / 4);
	/* What it has is rekeyed, though it has all that it may. */
	node_rekey(h.greedy, "net1", false, false);
	node_rekey(h.greedy, "c1", true, false);
	world_run(h.w, 20 * SECOND);
	assert_int_equal(child_sas(h.greedy), CAPACITY * 3 / 4);
	/* What it gives back, it may have again; now beside the other. */
	node_down(h.greedy, "c1");
	initiator(h.greedy, 1, "greedy.test", 1, 3, "start");
	world_run(h.w, 20 * SECOND);
	assert_int_equal(child_sas(h.greedy), 3);
	world_free(h.w);
}

/* Many IKE SAs do not help it, and are bounded, too. */
static void test_ikes(void **state)
{
	struct hall h;

	(void)state;
	open_hall(&h, 75);
	both(&h, WANTED, 1);
	assert_int_equal(node_ike_count(h.gateway), CAPACITY * 3 / 4 + 5);
	world_free(h.w);
}

static void test_off(void **state)
{
	struct hall h;

	(void)state;
	open_hall(&h, 100);
	initiator(h.greedy, 1, "greedy.test", 1, WANTED, "start");
	world_run(h.w, 20 * SECOND);
	assert_int_equal(child_sas(h.gateway), CAPACITY);
	world_free(h.w);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_children), cmocka_unit_test(test_ikes), cmocka_unit_test(test_off) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
