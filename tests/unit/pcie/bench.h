/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The card's side of the pcie_dma tests: offers reads and writes, raises interrupts, and checks what comes of them. Each read's answer, byte
 * for byte, and its status; each write's bytes at the root, in order; messages behind the writes that came before their interrupts.
 */
#ifndef ESPALIER_TESTS_PCIE_BENCH_H
#define ESPALIER_TESTS_PCIE_BENCH_H
#include "root.h"

#define MSI_BASE 0xFEE00000u /* message address of vector v: + 16 v, and above 4 GiB for v = 3; data 0x4000 + v */
#define MAX_READS 8192
#define MAX_WRITES 8192

extern struct read {
	uint64_t addr;
	unsigned len, got;
	enum fault fault; /* of one of its requests */
	int injected, done;
	unsigned status;
	uint8_t *seen;	  /* a flag a byte */
} reads[MAX_READS];
extern unsigned n_reads, n_done, done_status[32];

extern struct write {
	uint64_t addr;
	unsigned len;
} writes[MAX_WRITES];
extern unsigned n_writes, seen_write; /* to offer, arrived whole */
extern unsigned irq_percent, irqs, messages;

/* cmocka's setup and teardown: a new card after reset, bus master on, default link; frees what reads hold. */
int setup(void **state);
int teardown(void **state);
void cycle(void);

/* Bits 0 to 19 of its address; the rest names the read. */
void add_read(unsigned offset, unsigned len, enum fault fault);
/* A random one. */
void add_write(void);
/* root.fault of a bench with reads that have faults. */
enum fault on_fault(uint64_t addr, unsigned len);
/* Whether all writes were taken; those that have not arrived never will. */
int all_written(void);
void forget_writes(void);
/* Runs until everything that was added is done, at most limit cycles, and checks what must hold then. */
void finish(unsigned limit);

/* One access of the MSI-X registers; want: the data expected, -1 an error. */
void msix_access(unsigned addr, uint32_t data, int write, int64_t want);
/* Programs and unmasks all vectors, and turns MSI-X on. */
void msix_setup(void);
/* Notes an interrupt of vector v that the test raises itself. */
void interrupt(unsigned v);

#endif
