/* SPDX-License-Identifier: Apache-2.0 */
/* A card behind a mock transport: registers, SA commands and queues as docs/registers.md has them, with faults to be switched on. */
#ifndef ESPALIER_TESTS_MOCK_CARD_H
#define ESPALIER_TESTS_MOCK_CARD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "card.h"
#include "ring.h"

#define MOCK_SA_CAPACITY 8u

struct mock_card {
	struct transport base;
	uint8_t config[256];
	uint32_t regs[0x10000 / 4];
	struct transport_mem *memory[16];
	int eventfd[4];
	uint16_t sq_head[4], cq_tail[4];
	bool sa[2][MOCK_SA_CAPACITY];
	uint64_t sa_seq[2][MOCK_SA_CAPACITY];

	/* counts of what the driver did */
	unsigned int doorbells, cq_writes, resets, unmaps, deletes, tail_reads;
	unsigned int resets_at_unmap; /* how many there had been when memory was last unmapped */
	uint32_t last_key[8];	 /* staged when the last ADD came */
	uint32_t staged_options; /* of the last command */

	/* behaviour */
	bool hold;	     /* leave descriptors unfetched until mock_process */
	bool cannot_reset;
	bool never_ready;
	bool sa_hangs;	     /* commands stay busy */
	uint32_t sa_result;  /* of the next commands, if not 0 */
	bool swap_pairs;     /* complete two descriptors in swapped order */
	bool keep_next;	     /* leave the next descriptor uncompleted until mock_complete_kept */
	struct ring_submission kept;
	uint64_t cookie_xor; /* damage cookies */
	uint16_t out_len_add, sa_xor;
	uint8_t status;	     /* of completions */
	bool other_way;	     /* completions name the other direction */
	uint16_t behind;     /* CQ_TAIL counts so many completions less: they are late */
	bool never_idle;     /* queues stay active */
	uint32_t clock_step; /* cycles that pass from one read of the clock to the next */
	void (*on_tail_read)(struct mock_card *mock);
	bool dead;	     /* accesses fail with -ENODEV */
	bool all_ones;	     /* reads return all ones: fell off the bus */
	bool refuse_enable;
};

/* A new mock; it is freed by its transport's close, so read counts before that. */
struct mock_card *mock_new(void);

/* Bytes that the mock says it made of a packet, without out_len_add. */
uint16_t mock_out_len(uint8_t opcode, uint16_t src_len);

/* Fetch and complete up to count descriptors of queue q. */
void mock_process(struct mock_card *mock, unsigned int q, unsigned int count);

/* Complete on queue q what keep_next left. */
void mock_complete_kept(struct mock_card *mock, unsigned int q);

/* Stop queue q with an error status. */
void mock_queue_error(struct mock_card *mock, unsigned int q, uint8_t status);

#endif
