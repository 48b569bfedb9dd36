/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The classifier under test, and beside it the list that is walked (driver/software/spd.h): staged rules, the table that packets must meet, and what is
 * owed for each lookup under way. Every tick is a lookup, unless a test asks for a gap; every verdict is compared.
 */
#ifndef SPD_DUT_H
#define SPD_DUT_H

#include <stdbool.h>
#include <stdint.h>
#include "software/spd.h"

#define SPD_MAX_RULES 256u
#define SPD_LATENCY 10u /* cycles, of rtl/spd/spd.sv */
#define SPD_GROUP 8u

enum spd_op { OP_WRITE, OP_CLEAR, OP_COMMIT, OP_REBUILD, OP_ACT };
enum spd_result { RESULT_OK, RESULT_INVALID, RESULT_FAULT };

/* Of the model under test: its rules, and what was staged and committed. */
extern unsigned int spd_rules;
extern struct spd_rule spd_staged[SPD_MAX_RULES], spd_live[SPD_MAX_RULES];
extern struct spd_act spd_staged_default[2], spd_live_default[2];

/* What the ticks saw. Faults are forbidden unless spd_faulty: then a verdict may be TO_HOST with fault, and is counted. */
extern uint64_t spd_cycles, spd_lookups, spd_hits, spd_faults;
extern bool spd_faulty;
/* Cycle of the last swap. */
extern uint64_t spd_swap_cycle;
/* Of the last command. */
extern uint16_t spd_fault_index;

/* cmocka setup and teardown: reset, wait until ready. */
int spd_start(void **state);
int spd_stop(void **state);
void spd_reset(void);

/* One cycle with this lookup, or without one (NULL). */
void spd_tick_key(const struct spd_key *key);
/* One cycle with a random lookup near the border of a rule. */
void spd_tick(void);
/* Lookups until nothing of before is under way. */
void spd_drain(void);

/* Commands; lookups go on meanwhile. WRITE and CLEAR change what is staged, as COMMIT and ACT what is live, in the model too. */
enum spd_result spd_write(unsigned int index, const struct spd_rule *rule);
enum spd_result spd_command(enum spd_op op, unsigned int index, const struct spd_rule *rule);
enum spd_result spd_commit(void);
enum spd_result spd_act(unsigned int index, struct spd_act act);

/* The bank that packets read, turned behind the back of the writer. */
void dut_flip_bank(void);

#endif
