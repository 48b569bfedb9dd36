/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each exchange with each single message of it lost, lost twice, delivered twice, delivered after its own retransmission, overtaken: at the end both
 * sides have the same SAs, those that the exchange is for, and nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "actions.h"

#define SETTLE_MS (10u * 60 * 1000)

enum fate { PASS, LOST, LOST_TWICE, TWICE, TWICE_LATER, LATE, OVERTAKEN, FATE_COUNT };

static const char *const fate_names[FATE_COUNT] = { "passes", "is lost", "is lost twice", "comes twice", "comes again much later", "comes late",
	"is overtaken" };

struct meddler {
	uint64_t first, target; /* number of the message, from first on */
	enum fate fate;
	unsigned int lost;
	uint8_t *lost_bytes;
	size_t lost_len;
};

static bool same_bytes(const struct meddler *m, const struct datagram *d)
{
	return m->lost_bytes && m->lost_len == d->len && !memcmp(m->lost_bytes, d->data, d->len);
}

static void meddle(void *ctx, struct world *w, struct datagram *d)
{
	struct meddler *m = ctx;
	bool hit = d->number == m->first + m->target;

	(void)w;
	if (m->fate == LOST_TWICE && same_bytes(m, d) && m->lost < 2) {
		m->lost++;
		d->drop = true;
		return;
	}
	if (!hit)
		return;
	switch (m->fate) {
	case LOST_TWICE:
		m->lost_bytes = malloc(d->len);
		assert_non_null(m->lost_bytes);
		memcpy(m->lost_bytes, d->data, d->len);
		m->lost_len = d->len;
		m->lost = 1;
		/* fall through */
	case LOST:
		d->drop = true;
		break;
	case TWICE:
		d->copies = 1;
		break;
	case TWICE_LATER:
		d->copies = 700; /* the last one seven seconds behind, and all those between */
		break;
	case LATE:
		d->due_ms += 5000;
		break;
	case OVERTAKEN:
		d->due_ms += 25;
		break;
	default:
		break;
	}
}

struct scenario {
	const char *name;
	bool up_first;	/* begin with the SAs there; else the scenario makes them */
	enum action action;
	unsigned int ike_sas, child_sas; /* at the end */
};

static const struct scenario scenarios[] = {
	{ "first exchanges", false, NEW_CHILD, 1, 1 },
	{ "rekey of the CHILD SA", true, CHILD_REKEY, 1, 1 },
	{ "delete of the CHILD SA", true, CHILD_DOWN, 1, 0 },
	{ "rekey of the IKE SA", true, IKE_REKEY, 1, 1 },
	{ "delete of the IKE SA", true, IKE_DOWN, 0, 0 },
	{ "reauthentication", true, REAUTH, 1, 1 },
	{ "new CHILD SA", true, NEW_CHILD, 1, 2 },
};

/* Returns how many messages were sent. */
static uint64_t play(const struct scenario *s, bool from_a, uint64_t target, enum fate fate)
{
	struct meddler m = { .target = target, .fate = fate };
	struct pair p;
	uint64_t count;

	pair_open(&p, 100 + target, ACTIONS_MORE, ACTIONS_MORE);
	if (s->up_first) {
		node_up(p.a, "net");
		world_run(p.w, 1000);
	}
	m.first = p.w->numbers;
	world_set_hook(p.w, meddle, &m);
	act(from_a ? p.a : p.b, s->action);
	world_run(p.w, SETTLE_MS);
	count = p.w->numbers - m.first;
	if (fate != PASS)
		print_message("%s from %s, message %llu %s\n", s->name, from_a ? "a" : "b", (unsigned long long)target, fate_names[fate]);
	world_consistent(p.w, s->ike_sas, s->child_sas);
	if (s->child_sas && s->up_first) {
		assert_true(node_ping(p.a, "10.1.0.1", "10.2.0.1"));
		assert_true(node_ping(p.b, "10.2.0.1", "10.1.0.1"));
	}
	pair_close(&p);
	free(m.lost_bytes);
	return count;
}

static void test_scenario(void **state)
{
	const struct scenario *s = *state;

	for (int from_a = 0; from_a < 2; from_a++) {
		uint64_t count = play(s, from_a, 0, PASS);

		assert_true(count >= 2);
		for (uint64_t target = 1; target <= count; target++)
			for (int fate = LOST; fate < FATE_COUNT; fate++)
				play(s, from_a, target, (enum fate)fate);
	}
}

#define COUNT (sizeof(scenarios) / sizeof(scenarios[0]))

int main(void)
{
	struct CMUnitTest tests[COUNT];

	for (size_t i = 0; i < COUNT; i++)
		tests[i] = (struct CMUnitTest){ .name = scenarios[i].name, .test_func = test_scenario, .initial_state = (void *)&scenarios[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
