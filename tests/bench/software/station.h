/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A device at work: a workload's packets in its memory, SAs, one queue. The same workload has the same packets, keys and numbers on every
 * station, so that results can be compared. A failure ends the program with a sentence.
 */
#ifndef ESPALIER_BENCH_STATION_H
#define ESPALIER_BENCH_STATION_H

#include <stdbool.h>
#include <stdint.h>

#include "espalier.h"

#define WORKLOADS 9u
#define PACKETS_MAX 1024u

struct workload {
	const char *name;
	bool mix;
	unsigned int sizes;  /* taken in turn */
	uint16_t size[12];   /* bytes of an inner packet */
};

extern const struct workload workloads[WORKLOADS];

/* Packets of a workload that take up to so many bytes as inner packets, in whole turns of its sizes, PACKETS_MAX at most. */
unsigned int workload_packets(const struct workload *w, uint32_t bytes);
uint64_t workload_bytes(const struct workload *w, unsigned int packets);

struct station {
	const char *device;
	struct espalier_dev *dev;
	struct espalier_info info;
	struct espalier_queue *queue;
	struct espalier_mem inner, outer, back; /* packets to seal, sealed, opened again */
	const struct workload *workload;
	unsigned int packets, sas;
	uint8_t key_len;
	uint16_t sa[2][64];			      /* by enum espalier_direction */
	struct espalier_op op[2][PACKETS_MAX];	      /* encapsulation, decapsulation */
	struct espalier_op *ops[2][PACKETS_MAX];
};

void station_open(struct station *s, const char *device);
void station_close(struct station *s);

/* Lay out the packets; the SA changes with every packet, among sas of them (64 at most), which are installed in both directions. */
void station_load(struct station *s, const struct workload *w, unsigned int packets, uint8_t key_len, unsigned int sas);

/* Remove the SAs of a direction, or of both, and install them as they were at first. */
void station_renew(struct station *s, enum espalier_direction direction);

/* All packets once, in bursts: outbound makes outer of inner, inbound makes back of outer. Returns TSC cycles. All must end well. */
uint64_t station_run(struct station *s, enum espalier_direction direction, unsigned int burst);

/* Result of packet i. */
const uint8_t *station_result(const struct station *s, enum espalier_direction direction, unsigned int i);

void die(const char *what, const char *why) __attribute__((noreturn));

#endif
