/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The surroundings of rtl/dma: host memory that answers reads (late, in pieces, out of order, with errors), stub engines, a host that posts
 * descriptors, and a checker that lets nothing pass but what a descriptor or a ring asked for. One dut, so the state is global: `bench`.
 *
 * Every write of the card must be either a packet (exactly the destination and length of one job that has no packet yet and expects one) or
 * the next completion of a queue, for the next job of its queue and direction, with all its fields right. Every read must be descriptors that
 * were posted or exactly the source of a job. Anything else fails the test at once, with the cycle.
 */
#ifndef ESPALIER_TESTS_DMA_BENCH_H
#define ESPALIER_TESTS_DMA_BENCH_H
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "espalier_regs.h"

#define QUEUES 4
#define BEAT 64
#define MAX_LEN 9600
#define MAX_ESP 9656 /* what it becomes */
#define MAX_OUT (MAX_LEN + 64)
#define SLOTS 512
#define HOST_BASE 0x7f4200000000ull /* bus address of host.mem[0] */
#define RING_SPACE (2u << 20)	    /* per queue: submission ring at 0, completion ring at half */
#define SLOT_SPACE (24u << 10)	    /* per job: source at 0, destination at half */
#define HOST_SIZE (QUEUES * RING_SPACE + SLOTS * SLOT_SPACE)

enum direction { ENCAP, DECAP };

/* How the surroundings behave. Percentages are of cycles. */
struct behaviour {
	unsigned latency_min, latency_max; /* cycles from a read to its first answer */
	unsigned max_reads;		   /* reads taken and not finished */
	bool pcie_shape;		   /* answers in order, cut like completions of 256 bytes behind a 12-byte header; else at random */
	unsigned rsp_idle, req_stall, wr_stall, irq_stall, engine_stall;
	unsigned engine_delay; /* cycles at most that a stub keeps a packet */
};

/* One descriptor as posted, and what must come of it. */
struct job {
	bool posted, written, completed;
	unsigned queue;
	enum direction dir;
	uint64_t src, dst;
	uint16_t len, capacity, sa;
	uint8_t opcode, flags;
	uint8_t read_fault; /* status with which the read of the packet ends */
	uint8_t status;	    /* expected */
	uint16_t out_len, out_sa;
	uint16_t index; /* in the submission ring, free running */
};

struct queue {
	unsigned sq_log2, cq_log2;
	uint16_t tail;		   /* descriptors posted */
	uint16_t rung;		   /* as told to the card */
	uint16_t sq_head;	   /* latest seen in a completion */
	uint16_t cq_tail, cq_head; /* completions written, consumed */
	int order[2][65536];	   /* job slots posted, by direction: what completes next */
	uint16_t first[2], last[2];
	unsigned irqs;
	int fetch_fault_at; /* descriptor index whose fetch fails, or -1 */
	uint8_t fetch_fault;
};

struct bench {
	struct behaviour how;
	uint64_t cycle;
	uint64_t completions;
	uint64_t completed_by[256]; /* by status, as counted by the card's strobe */
	bool stall_in[2], stall_out[2];
	bool oversize; /* the stubs make packets longer than any destination */
	struct queue q[QUEUES];
	struct job job[SLOTS];
	int free_slot[SLOTS];
	unsigned free_slots;
};
extern struct bench bench;

extern const struct behaviour rough, quick;

/* dma_bench.c: the dut, the engines, and the host's part of the rings */
void bench_open(const struct behaviour *how, unsigned seed); /* a dut after reset, nothing enabled */
void bench_close(void);
void bench_reset(void); /* a reset of the card; the host's state starts over too */
void bench_step(void);
void bench_run(unsigned cycles);
uint32_t reg_read(uint32_t addr);			  /* must not end in an error */
void reg_write(uint32_t addr, uint32_t value);		  /* must not end in an error */
bool reg_access(bool write, uint32_t addr, uint32_t value, unsigned strb, uint32_t *data); /* true: accepted */
uint32_t queue_reg(unsigned q, uint32_t reg);		  /* address of ESP_REG_QUEUE_* of queue q */
void queue_setup(unsigned q, unsigned sq_log2, unsigned cq_log2);
void queue_start(unsigned q, unsigned sq_log2, unsigned cq_log2);
bool queue_room(unsigned q);				  /* a descriptor can be posted */
struct job *job_new(unsigned q, enum direction dir, uint16_t len); /* valid, source filled; not yet posted; NULL: no slot */
void job_post(struct job *job);				  /* writes the descriptor; the doorbell is extra */
void job_abandon(struct job *job);			  /* it will never complete: its fetch failed */
void queue_ring(unsigned q);
void queue_consume(unsigned q, bool arm);		  /* all completions seen so far */
void bench_drain(unsigned timeout);			  /* until all that was posted has completed; fails after timeout cycles */
unsigned rnd(unsigned n);				  /* 0 to n - 1 */
bool chance(unsigned percent);
uint64_t host_addr_sq(unsigned q);
uint64_t host_addr_cq(unsigned q);
unsigned job_slot(const struct job *job);

/* What a stub engine makes of a packet; the checker uses it too. Returns the status; out holds *out_len bytes. */
uint8_t engine_result(enum direction dir, const uint8_t *in, uint16_t len, uint16_t sa, uint8_t *out, uint16_t *out_len, uint16_t *out_sa);

/* dma_host.c: memory, the read server and the checker of writes */
uint8_t *host_mem(uint64_t addr);
void host_reset(void);
void host_read_in(void);   /* before the edge: drives rd_req ready and rd_rsp */
void host_read_out(void);  /* notes what the coming edge hands over */
void host_write_in(void);
void host_write_out(void);

/* test_dma_faults.c: makes a job bad in one of JOB_SPOILS ways, with the status that must come of it */
#define JOB_SPOILS 26
void job_spoil(struct job *job, unsigned how);

/* The tests by file */
void test_registers(void **state);
void test_enable_refused(void **state);
void test_doorbell_nonsense(void **state);
void test_disable_busy(void **state);
void test_interrupts(void **state);
void test_moderation(void **state);
void test_index_wrap(void **state);
void test_bad_descriptors(void **state);
void test_read_faults(void **state);
void test_fetch_fault(void **state);
void test_stall_one_direction(void **state);
void test_oversize(void **state);
void test_reset_midway(void **state);
void test_stop(void **state);

#endif
