// SPDX-License-Identifier: Apache-2.0
#include "spd_dut.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "dut.h"
#include "seed.h"
#include "spd_rules.h"

DUT_PORT(rst);
DUT_PORT(rules);
DUT_PORT(s_valid);
DUT_PORT(s_inbound);
DUT_PORT(s_v6);
DUT_PORT(s_proto_known);
DUT_PORT(s_ports_known);
DUT_PORT(s_proto);
DUT_PORT(s_sport);
DUT_PORT(s_dport);
DUT_PORT(s_src);
DUT_PORT(s_dst);
DUT_PORT(m_valid);
DUT_PORT(m_hit);
DUT_PORT(m_rule);
DUT_PORT(m_action);
DUT_PORT(m_sa);
DUT_PORT(m_fault);
DUT_PORT(cmd_valid);
DUT_PORT(cmd_op);
DUT_PORT(cmd_index);
DUT_PORT(cmd_directions);
DUT_PORT(cmd_families);
DUT_PORT(cmd_proto_kind);
DUT_PORT(cmd_proto);
DUT_PORT(cmd_sport_lo);
DUT_PORT(cmd_sport_hi);
DUT_PORT(cmd_dport_lo);
DUT_PORT(cmd_dport_hi);
DUT_PORT(cmd_src);
DUT_PORT(cmd_src_len);
DUT_PORT(cmd_dst);
DUT_PORT(cmd_dst_len);
DUT_PORT(cmd_action);
DUT_PORT(cmd_sa);
DUT_PORT(rsp_valid);
DUT_PORT(rsp_result);
DUT_PORT(rsp_index);
DUT_PORT(ready);
DUT_PORT(swapped);

unsigned int spd_rules;
struct spd_rule spd_staged[SPD_MAX_RULES], spd_live[SPD_MAX_RULES];
struct spd_act spd_staged_default[2], spd_live_default[2];
uint64_t spd_cycles, spd_lookups, spd_hits, spd_faults, spd_swap_cycle;
bool spd_faulty;
uint16_t spd_fault_index;

/* What is owed for a lookup under way. */
struct owed {
	bool valid;
	bool tables; /* there was a table when it came */
	struct spd_key key;
	struct spd_verdict verdict;
};

static struct owed under_way[SPD_LATENCY];
/* An ACT that runs, or ran a moment ago: verdicts of this number may be old or new, and never old again behind a new one. */
static int act_number = -1;
static struct spd_act act_new;
static bool act_seen;

static bool act_is(const struct spd_act *act)
{
	return *P8(m_action) == act->action && *P16(m_sa) == act->sa;
}

static void check(const struct owed *owed)
{
	const struct spd_verdict *v = &owed->verdict;
	int number = v->rule >= 0 ? v->rule : (int)(spd_rules + owed->key.inbound);

	assert_int_equal(*P8(m_valid), owed->valid);
	if (!owed->valid)
		return;
	spd_lookups++;
	if (!owed->tables || *P8(m_fault)) {
		assert_int_equal(*P8(m_action), SPD_TO_HOST);
		assert_int_equal(*P8(m_hit), 0);
		assert_true(!*P8(m_fault) || spd_faulty);
		spd_faults += *P8(m_fault);
		return;
	}
	if (*P8(m_hit) != (v->rule >= 0) || *P16(m_rule) != (v->rule >= 0 ? v->rule : 0))
		fail_msg("cycle %llu: rule %d, expected %d", (unsigned long long)spd_cycles, *P8(m_hit) ? *P16(m_rule) : -1, v->rule);
	spd_hits += *P8(m_hit);
	if (number == act_number && act_is(&act_new)) {
		act_seen = true;
		return;
	}
	assert_false(number == act_number && act_seen);
	assert_int_equal(*P8(m_action), v->act.action);
	assert_int_equal(*P16(m_sa), v->act.sa);
}

/* Bytes in network order as a port of 128 bits. */
static void put_addr(uint32_t words[4], const uint8_t addr[16])
{
	for (int i = 0; i < 4; i++)
		words[3 - i] = (uint32_t)addr[4 * i] << 24 | (uint32_t)addr[4 * i + 1] << 16 | (uint32_t)addr[4 * i + 2] << 8 | addr[4 * i + 3];
}

void spd_tick_key(const struct spd_key *key)
{
	struct owed now = { .valid = key != NULL };
	bool turn;

	*P8(s_valid) = now.valid;
	if (key) {
		now.key = *key;
		*P8(s_inbound) = key->inbound;
		*P8(s_v6) = key->v6;
		*P8(s_proto_known) = key->proto_known;
		*P8(s_ports_known) = key->ports_known;
		*P8(s_proto) = key->proto;
		*P16(s_sport) = key->sport;
		*P16(s_dport) = key->dport;
		put_addr(PW(s_src), key->src);
		put_addr(PW(s_dst), key->dst);
		now.tables = *P8(ready) && !*P8(rst);
		now.verdict = spd_lookup(spd_live, spd_rules, spd_live_default, key);
	}
	turn = *P8(swapped);
	dut_edge();
	spd_cycles++;
	memmove(under_way + 1, under_way, sizeof(under_way) - sizeof(under_way[0]));
	under_way[0] = now;
	if (turn) {
		memcpy(spd_live, spd_staged, sizeof(spd_live));
		memcpy(spd_live_default, spd_staged_default, sizeof(spd_live_default));
		spd_swap_cycle = spd_cycles;
	}
	check(&under_way[SPD_LATENCY - 1]);
}

void spd_tick(void)
{
	const struct spd_rule *table = spd_below(2) ? spd_live : spd_staged;
	struct spd_key key = spd_key_near(&table[spd_below(spd_rules)]);

	spd_tick_key(spd_below(16) ? &key : NULL);
}

void spd_drain(void)
{
	for (unsigned int i = 0; i < SPD_LATENCY; i++)
		spd_tick();
}

enum spd_result spd_command(enum spd_op op, unsigned int index, const struct spd_rule *rule)
{
	*P8(cmd_op) = (uint8_t)op;
	*P16(cmd_index) = (uint16_t)index;
	if (rule) {
		*P8(cmd_directions) = rule->directions;
		*P8(cmd_families) = rule->families;
		*P8(cmd_proto_kind) = (uint8_t)rule->proto_kind;
		*P8(cmd_proto) = rule->proto;
		*P16(cmd_sport_lo) = rule->sport.lo;
		*P16(cmd_sport_hi) = rule->sport.hi;
		*P16(cmd_dport_lo) = rule->dport.lo;
		*P16(cmd_dport_hi) = rule->dport.hi;
		put_addr(PW(cmd_src), rule->src.addr);
		*P8(cmd_src_len) = rule->src.len;
		put_addr(PW(cmd_dst), rule->dst.addr);
		*P8(cmd_dst_len) = rule->dst.len;
		*P8(cmd_action) = (uint8_t)rule->act.action;
		*P16(cmd_sa) = rule->act.sa;
	}
	*P8(cmd_valid) = 1;
	do {
		spd_tick();
	} while (!*P8(rsp_valid));
	enum spd_result result = (enum spd_result)*P8(rsp_result);
	spd_fault_index = *P16(rsp_index);
	*P8(cmd_valid) = 0;
	spd_tick();
	return result;
}

enum spd_result spd_write(unsigned int index, const struct spd_rule *rule)
{
	enum spd_result result = spd_command(OP_WRITE, index, rule);

	if (result == RESULT_OK && index < spd_rules)
		spd_staged[index] = *rule;
	else if (result == RESULT_OK)
		spd_staged_default[index - spd_rules] = rule->act;
	return result;
}

enum spd_result spd_commit(void)
{
	return spd_command(OP_COMMIT, 0, NULL);
}

enum spd_result spd_act(unsigned int index, struct spd_act act)
{
	struct spd_rule rule = { .act = act };
	bool is_rule = index < spd_rules;
	enum spd_result result;

	act_number = (int)index;
	act_new = act;
	act_seen = false;
	result = spd_command(OP_ACT, index, &rule);
	if (result == RESULT_OK) {
		*(is_rule ? &spd_staged[index].act : &spd_staged_default[index - spd_rules]) = act;
		*(is_rule ? &spd_live[index].act : &spd_live_default[index - spd_rules]) = act;
	}
	spd_drain();
	act_number = -1;
	return result;
}

void spd_reset(void)
{
	*P8(rst) = 1;
	*P8(s_valid) = 0;
	for (unsigned int i = 0; i < 2; i++)
		dut_edge();
	memset(under_way, 0, sizeof(under_way));
	memset(spd_staged, 0, sizeof(spd_staged));
	memset(spd_live, 0, sizeof(spd_live));
	memset(spd_staged_default, 0, sizeof(spd_staged_default));
	memset(spd_live_default, 0, sizeof(spd_live_default));
	*P8(rst) = 0;
	while (!*P8(ready))
		spd_tick();
}

int spd_start(void **state)
{
	(void)state;
	spd_seed(test_seed());
	dut_open(getenv("ESPALIER_TRACE"));
	dut_settle();
	spd_rules = *P16(rules);
	spd_faulty = false;
	act_number = -1;
	spd_lookups = spd_hits = spd_faults = spd_cycles = spd_swap_cycle = 0;
	spd_reset();
	return 0;
}

int spd_stop(void **state)
{
	(void)state;
	dut_close();
	return 0;
}
