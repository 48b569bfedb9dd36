// SPDX-License-Identifier: Apache-2.0
/*
 * The policy classifier against a list that is walked (spd_dut.h), which Python's ipaddress has judged: one lookup a cycle, near the borders of the rules, in
 * every test and while tables and rules change. What an event or a fault is: spd_faults.c.
 */
#include "spd_dut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "seed.h"
#include "spd_rules.h"
#include "spd_tests.h"

#define PORT_MAX 65535u
#define TCP 6u
#define ICMP 1u

static struct spd_act protect(uint16_t sa)
{
	return (struct spd_act){ SPD_PROTECT, sa };
}

static void write_ok(unsigned int index, const struct spd_rule *rule)
{
	assert_int_equal(spd_write(index, rule), RESULT_OK);
}

static void commit_ok(void)
{
	assert_int_equal(spd_commit(), RESULT_OK);
	assert_memory_equal(spd_live, spd_staged, sizeof(spd_live));
}

/* The rule that this key meets, by the list, whose answer the ticks hold against the card's. */
static int looked_up(const struct spd_key *key)
{
	spd_tick_key(key);
	return spd_lookup(spd_live, spd_rules, spd_live_default, key).rule;
}

/* ---- the list itself ------------------------------------------------------------------------------------------------------- */
static bool get_addr(FILE *file, uint8_t addr[16])
{
	for (int i = 0; i < 16; i++)
		if (fscanf(file, i ? "%2hhx" : " %2hhx", &addr[i]) != 1)
			return false;
	return true;
}

static bool get_case(FILE *file, struct spd_rule *r, struct spd_key *k, bool *fits)
{
	unsigned int kind, flags[5];

	if (fscanf(file, "%hhu %hhu %u %hhu", &r->directions, &r->families, &kind, &r->proto) != 4)
		return false;
	r->proto_kind = (enum spd_proto)kind;
	if (!get_addr(file, r->src.addr) || fscanf(file, "%hhu", &r->src.len) != 1 || !get_addr(file, r->dst.addr) || fscanf(file, "%hhu", &r->dst.len) != 1 ||
	    fscanf(file, "%hu %hu %hu %hu", &r->sport.lo, &r->sport.hi, &r->dport.lo, &r->dport.hi) != 4 ||
	    fscanf(file, "%u %u %u %u %hhu", &flags[0], &flags[1], &flags[2], &flags[3], &k->proto) != 5 || !get_addr(file, k->src) || !get_addr(file, k->dst) ||
	    fscanf(file, "%hu %hu %u", &k->sport, &k->dport, &flags[4]) != 3)
		return false;
	k->inbound = flags[0];
	k->v6 = flags[1];
	k->proto_known = flags[2];
	k->ports_known = flags[3];
	*fits = flags[4];
	return true;
}

/* spd_rule_matches says what ipaddress says. */
static void by_ipaddress(void **state)
{
	unsigned int cases = 5000 * test_scale(), n = 0, fit = 0;
	char command[80];
	FILE *file;
	struct spd_rule rule = { 0 };
	struct spd_key key;
	bool fits;

	(void)state;
	snprintf(command, sizeof(command), "/usr/bin/python3 tests/unit/spd/rule_vectors.py %u %u", cases, test_seed());
	file = popen(command, "r");
	assert_non_null(file);
	while (get_case(file, &rule, &key, &fits)) {
		assert_int_equal(spd_rule_check(&rule), 0);
		if (spd_rule_matches(&rule, &key) != fits)
			fail_msg("case %u of: %s", n + 1, command);
		n++;
		fit += fits;
	}
	assert_int_equal(pclose(file), 0);
	assert_int_equal(n, cases);
	assert_true(fit > cases / 20);
}

/* ---- what a rule says ------------------------------------------------------------------------------------------------------ */
/* Rules from place `first` on, the longest prefix first, so that the first bit in which a key differs from all of them says which rule it meets. Lengths are
 * `step` apart. Returns the place behind them. */
static unsigned int write_nested(unsigned int first, bool source, const struct spd_rule *base, unsigned int longest, unsigned int step)
{
	struct spd_rule rule = *base;

	for (int len = (int)longest; len >= 0; len -= (int)step) {
		*(source ? &rule.src.len : &rule.dst.len) = (uint8_t)len;
		rule.act = protect((uint16_t)len);
		write_ok(first++, &rule);
	}
	return first;
}

static void meet_nested(unsigned int first, bool source, const struct spd_rule *base, unsigned int longest, unsigned int step)
{
	for (unsigned int bit = 0; bit <= longest; bit++) {
		struct spd_key key = spd_key_in(base);

		memcpy(key.src, base->src.addr, 16);
		memcpy(key.dst, base->dst.addr, 16);
		if (bit < 128)
			(source ? key.src : key.dst)[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
		assert_int_equal(looked_up(&key), (int)(first + (longest - bit + step - 1) / step));
	}
}

/* Every length of both families, of the destination, then of the source (with 64 rules every second or fourth). */
static void prefixes(void **state)
{
	unsigned int step4 = spd_rules < 162 ? 2 : 1, step6 = spd_rules < 162 ? 4 : 1;
	struct spd_rule v4 = spd_any_rule(), v6;

	(void)state;
	for (unsigned int i = 0; i < 16; i++)
		v4.src.addr[i] = v4.dst.addr[i] = (uint8_t)spd_random();
	v6 = v4;
	v4.families = SPD_IPV4;
	v6.families = SPD_IPV6;
	for (int source = 0; source < 2; source++) {
		unsigned int behind = write_nested(0, source, &v4, 32, step4);

		write_nested(behind, source, &v6, 128, step6);
		commit_ok();
		meet_nested(0, source, &v4, 32, step4);
		meet_nested(behind, source, &v6, 128, step6);
	}
	spd_drain();
}

/* Ports at the ends, at the borders of a range and of upper halves, and some between; every one with more time. */
static unsigned int next_port(unsigned int port, const struct spd_range *range)
{
	const unsigned int ends[] = { range->lo, range->hi };
	unsigned int next = port + 1 + spd_below(64);

	if (test_scale() > 1 || port % 256 > 253 || port < 512 || port > 65000)
		return port + 1;
	for (int i = 0; i < 2; i++)
		if (port < ends[i] + 2 && next + 2 > ends[i])
			return port + 1;
	return next;
}

/* Ports against ranges of all shapes; the rules lie one behind the other, each for its own destination. */
static void ranges(void **state)
{
	static const struct spd_range shapes[] = { { 0, 0 }, { 65535, 65535 }, { 0x1234, 0x1234 }, { 0x1200, 0x12ff }, { 0x1210, 0x12f0 }, { 0x1280, 0x1380 },
						   { 0x12ff, 0x1300 }, { 0x1234, 0x5678 }, { 0x0001, 0xfffe }, { 0x00ff, 0xff00 }, { 1024, 65535 }, { 0, 1023 },
						   { 65535, 0 }, { 0, 65535 } };
	unsigned int count = sizeof(shapes) / sizeof(shapes[0]);

	(void)state;
	for (unsigned int i = 0; i < 2 * count; i++) {
		struct spd_rule rule = spd_any_rule();

		rule.families = SPD_IPV4;
		rule.dst = (struct spd_prefix){ { 192, 0, 2, (uint8_t)i }, 32 };
		*(i < count ? &rule.sport : &rule.dport) = shapes[i % count];
		rule.act = protect((uint16_t)i);
		write_ok(i, &rule);
	}
	commit_ok();
	for (unsigned int i = 0; i < 2 * count; i++) {
		struct spd_key key = { .ports_known = true, .proto = TCP, .dst = { 192, 0, 2, (uint8_t)i } };
		const struct spd_range *range = &shapes[i % count];
		unsigned int hits = 0;

		for (unsigned int port = 0; port <= PORT_MAX; port = next_port(port, range)) {
			key.sport = (uint16_t)(i < count ? port : spd_random());
			key.dport = (uint16_t)(i < count ? spd_random() : port);
			hits += looked_up(&key) == (int)i;
		}
		assert_true(range->lo > range->hi ? hits == 0 : hits > 0);
	}
}

/* ICMP: the type in the place of the source port, the code in that of the destination port. */
static void icmp(void **state)
{
	struct spd_rule echo = spd_any_rule(), unreachable = spd_any_rule();
	struct spd_key key = { .proto = ICMP, .proto_known = true, .ports_known = true };

	(void)state;
	echo.proto_kind = unreachable.proto_kind = SPD_PROTO_IS;
	echo.proto = unreachable.proto = ICMP;
	echo.sport = (struct spd_range){ 8, 8 };
	echo.act = protect(8);
	unreachable.sport = (struct spd_range){ 3, 3 };
	unreachable.dport = (struct spd_range){ 2, 4 };
	unreachable.act = (struct spd_act){ SPD_BYPASS, 0 };
	write_ok(0, &echo);
	write_ok(1, &unreachable);
	commit_ok();
	for (unsigned int type = 0; type < 256; type++) {
		for (unsigned int code = 0; code < 16; code++) {
			key.sport = (uint16_t)type;
			key.dport = (uint16_t)code;
			assert_int_equal(looked_up(&key), type == 8 ? 0 : type == 3 && code >= 2 && code <= 4 ? 1 : -1);
		}
	}
	spd_drain();
}

/* RFC 4301, 4.4.1.1 and 7: without ports only ANY and OPAQUE match, an unknown protocol matches ANY and OPAQUE. */
static void fragments(void **state)
{
	struct spd_rule web = spd_any_rule(), rest = spd_any_rule(), cut = spd_any_rule(), all = spd_any_rule();
	struct spd_key key = { .proto = TCP, .proto_known = true, .ports_known = true, .dport = 443 };

	(void)state;
	web.proto_kind = SPD_PROTO_IS;
	web.proto = TCP;
	web.dport = (struct spd_range){ 443, 443 };
	web.act = protect(1);
	rest = web;
	rest.dport = (struct spd_range){ PORT_MAX, 0 };
	rest.act = protect(2);
	cut.proto_kind = SPD_PROTO_OPAQUE;
	cut.act = (struct spd_act){ SPD_TO_HOST, 0 };
	all.act = (struct spd_act){ SPD_BYPASS, 0 };
	write_ok(0, &web);
	write_ok(1, &rest);
	write_ok(2, &cut);
	write_ok(3, &all);
	commit_ok();
	assert_int_equal(looked_up(&key), 0);
	key.dport = 80;
	assert_int_equal(looked_up(&key), 3);
	key.dport = 443; /* what stands in the place of ports does not count */
	key.ports_known = false;
	assert_int_equal(looked_up(&key), 1);
	key.proto_known = false;
	assert_int_equal(looked_up(&key), 2);
	key.ports_known = true;
	assert_int_equal(looked_up(&key), 2);
	key.proto_known = true;
	key.proto = 17;
	key.ports_known = false;
	assert_int_equal(looked_up(&key), 3);
	spd_drain();
}

/* ---- the table ------------------------------------------------------------------------------------------------------------- */
/* After reset every packet meets the default DISCARD, whatever was there; the first lookups come before the memories are zero. */
static void reset(void **state)
{
	struct spd_rule rule = spd_any_rule();

	(void)state;
	for (unsigned int round = 0; round < 3; round++) {
		for (unsigned int i = 0; i < 500; i++)
			spd_tick();
		assert_int_equal(spd_hits, 0);
		rule.act = (struct spd_act){ SPD_BYPASS, 0 };
		write_ok(spd_below(spd_rules), &rule);
		write_ok(spd_rules, &rule);
		commit_ok();
		for (unsigned int i = 0; i < 500; i++)
			spd_tick();
		assert_true(spd_hits > 400);
		spd_reset();
		spd_drain();
		spd_hits = 0;
	}
}

static void defaults(void **state)
{
	struct spd_rule rule = { .act = { SPD_BYPASS, 0 } };
	struct spd_key key = { .proto = TCP };

	(void)state;
	write_ok(spd_rules, &rule);
	rule.act = protect(77);
	write_ok(spd_rules + 1, &rule);
	commit_ok();
	assert_int_equal(spd_live_default[0].action, SPD_BYPASS);
	assert_int_equal(spd_live_default[1].sa, 77);
	for (unsigned int i = 0; i < 100; i++) {
		key.inbound = i & 1;
		assert_int_equal(looked_up(&key), -1);
	}
	spd_drain();
}

/* Whole tables, one after the other: each packet meets one of them (the ticks compare), whatever is staged meanwhile. */
static void random_tables(void **state)
{
	unsigned int rounds = (spd_rules > 64 ? 2 : 6) * test_scale();

	(void)state;
	for (unsigned int round = 0; round < rounds; round++) {
		unsigned int full = spd_below(4) ? spd_rules : spd_below(spd_rules) + 1;

		assert_int_equal(spd_command(OP_CLEAR, 0, NULL), RESULT_OK);
		memset(spd_staged, 0, sizeof(spd_staged));
		for (unsigned int i = 0; i < full; i++) {
			struct spd_rule rule = spd_random_rule();

			write_ok(i, &rule);
		}
		commit_ok();
		for (unsigned int i = 0; i < 5000; i++)
			spd_tick();
	}
	assert_true(spd_hits > spd_lookups / 20 && spd_hits < spd_lookups);
}

/* Rules one at a time, or a few, which may lie in one column or in several. */
static void single_rules(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < 12 * test_scale(); round++) {
		for (uint32_t n = 1 + spd_below(3); n > 0; n--) {
			struct spd_rule rule = spd_below(6) ? spd_random_rule() : (struct spd_rule){ 0 };

			write_ok(spd_below(4) ? spd_below(16) : spd_below(spd_rules), &rule);
		}
		for (unsigned int i = 0; i < 200; i++) /* staged is not yet in force */
			spd_tick();
		commit_ok();
	}
	assert_true(spd_hits > 0);
}

/* The switch of a rule to another SA, in one step: no packet meets the old one behind one that met the new, in both banks. */
static void rekey(void **state)
{
	struct spd_rule rule = spd_any_rule();

	(void)state;
	for (unsigned int i = 0; i < 8; i++) {
		rule.dst = (struct spd_prefix){ { 10, 0, 0, (uint8_t)i }, i < 7 ? 32 : 8 };
		rule.families = SPD_IPV4;
		rule.act = protect((uint16_t)i);
		write_ok(i, &rule);
	}
	commit_ok();
	for (unsigned int round = 0; round < 300; round++) {
		assert_int_equal(spd_act(spd_below(10) ? spd_below(8) : spd_rules + spd_below(2), spd_random_act()), RESULT_OK);
		for (uint32_t i = spd_below(20); i > 0; i--)
			spd_tick();
		if (round % 100 == 50) { /* the other bank has the new ones, too, and so has what is staged */
			write_ok(40, &(struct spd_rule){ 0 });
			commit_ok();
		}
	}
}

/* What is no rule, no number and no command changes nothing. */
static void refusals(void **state)
{
	static const uint8_t lens[][3] = { { SPD_IPV4, 33, 0 }, { SPD_IPV4, 0, 40 }, { SPD_IPV6, 129, 0 }, { SPD_IPV6, 0, 255 }, { 3, 1, 0 }, { 3, 0, 1 } };
	static const struct spd_range spans[] = { { 2, 1 }, { 65535, 1 }, { 65534, 0 } };
	struct spd_rule good = spd_any_rule(), bad;

	(void)state;
	good.act = protect(9);
	write_ok(3, &good);
	commit_ok();
	good.act.sa = 10;
	for (unsigned int i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		bad = good;
		bad.families = lens[i][0];
		bad.src.len = lens[i][1];
		bad.dst.len = lens[i][2];
		assert_int_not_equal(spd_rule_check(&bad), 0);
		assert_int_equal(spd_write(3, &bad), RESULT_INVALID);
	}
	for (unsigned int i = 0; i < 2 * sizeof(spans) / sizeof(spans[0]); i++) {
		bad = good;
		*(i & 1 ? &bad.sport : &bad.dport) = spans[i / 2];
		assert_int_not_equal(spd_rule_check(&bad), 0);
		assert_int_equal(spd_write(3, &bad), RESULT_INVALID);
	}
	bad = good;
	bad.proto_kind = (enum spd_proto)3;
	assert_int_not_equal(spd_rule_check(&bad), 0);
	assert_int_equal(spd_write(3, &bad), RESULT_INVALID);
	assert_int_equal(spd_write(spd_rules + 2, &good), RESULT_INVALID);
	assert_int_equal(spd_write(65535, &good), RESULT_INVALID);
	assert_int_equal(spd_act(spd_rules + 2, protect(1)), RESULT_INVALID);
	for (unsigned int op = OP_ACT + 1; op < 8; op++)
		assert_int_equal(spd_command((enum spd_op)op, 3, &good), RESULT_INVALID);
	commit_ok();
	for (unsigned int i = 0; i < 200; i++)
		spd_tick();
}

/* The cycles that rtl/spd/spd_writer.sv states: until packets see a COMMIT, and until its answer. */
static void bounds(void **state)
{
	struct spd_rule rule = spd_any_rule();
	unsigned int columns = spd_rules / SPD_GROUP;

	(void)state;
	for (unsigned int touched = 0; touched <= columns; touched += touched < 2 ? 1 : columns - 2) {
		uint64_t begin, bound = touched * SPD_GROUP * 256 + columns + spd_rules;

		for (unsigned int i = 0; i < touched; i++)
			write_ok(i * SPD_GROUP + spd_below(SPD_GROUP), &rule);
		begin = spd_cycles;
		commit_ok();
		assert_in_range(spd_swap_cycle - begin, bound - 16, bound + 16);
		assert_in_range(spd_cycles - begin, 2 * bound - 48, 2 * bound + 48);
	}
	uint64_t begin = spd_cycles;

	assert_int_equal(spd_command(OP_CLEAR, 0, NULL), RESULT_OK);
	assert_in_range(spd_cycles - begin, spd_rules, spd_rules + 4);
	memset(spd_staged, 0, sizeof(spd_staged));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_ipaddress),
		cmocka_unit_test_setup_teardown(reset, spd_start, spd_stop),
		cmocka_unit_test_setup_teardown(defaults, spd_start, spd_stop),
		cmocka_unit_test_setup_teardown(prefixes, spd_start, spd_stop),
		cmocka_unit_test_setup_teardown(ranges, spd_start, spd_stop),
		cmocka_unit_test_setup_teardown(icmp, spd_start, spd_stop),
		cmocka_unit_test_setup_teardown(fragments, spd_start, spd_stop),
		cmocka_unit_test_setup_teardown(random_tables, spd_start, spd_stop),
		cmocka_unit_test_setup_teardown(single_rules, spd_start, spd_stop),
		cmocka_unit_test_setup_teardown(rekey, spd_start, spd_stop),
		cmocka_unit_test_setup_teardown(refusals, spd_start, spd_stop),
		cmocka_unit_test_setup_teardown(bounds, spd_start, spd_stop),
		cmocka_unit_test_setup_teardown(vector_turned, spd_start, spd_stop),
		cmocka_unit_test_setup_teardown(act_turned, spd_start, spd_stop),
		cmocka_unit_test_setup_teardown(staged_turned, spd_start, spd_stop),
		cmocka_unit_test_setup_teardown(bank_turned, spd_start, spd_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
