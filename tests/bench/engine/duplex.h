/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives engine_tb in both directions at once. The sender of each direction offers a beat in every cycle for as long as the traffic goes
 * on, and each receiver takes every beat. Every packet that comes out is compared with what OpenSSL made of it (encap_oracle.h): its
 * bytes, the zeros behind them, length, status, SA and job. Sequence numbers are part of the bytes, so they are contiguous an SA.
 * What cannot be measured (nothing comes out, a packet of another length) ends the program with a sentence. Time is in clock cycles.
 */
#ifndef ESPALIER_TESTS_DUPLEX_H
#define ESPALIER_TESTS_DUPLEX_H
#include <stdbool.h>
#include "encap_oracle.h"

#define DUPLEX_SAS 4096 /* SA_ENTRIES of engine_tb */

enum direction { ENCAP, DECAP, DIRECTIONS };

/* Packet i has sizes[i % count] inner bytes, and belongs to another SA of the first `sas` than packet i - 1. */
struct traffic {
	const uint16_t *sizes;
	unsigned int count, sas;
};

/* Of the packets first to last - 1, counted from the traffic's start. */
struct measured {
	uint64_t begin, end; /* cycles of the last beat out of packet first - 1, and of packet last - 1 */
	uint64_t latency_min, latency_max, latency_sum; /* first beat in, the cycle in which the engine takes it, to first beat out */
	uint64_t beyond_max; /* the greatest latency less the beats of the ESP packet */
	uint64_t late;       /* packets that waited for longer than the aim, see duplex.c */
	uint64_t verified, wrong; /* all packets since the traffic's start, also those before first and behind last - 1 */
};

void duplex_open(void); /* resets, and waits for the wipe */
void duplex_close(void);
unsigned int duplex_lanes(void);
unsigned int duplex_beats(size_t inner_len); /* of the ESP packet: the bus limit */

/* A random SA in each direction, at an index that holds none; the key size follows from the index. */
void duplex_install(uint16_t index);

/* The packets of one round, each alone in its engine. */
void duplex_alone(const struct traffic *traffic, struct measured result[DIRECTIONS]);

/*
 * Both directions until both have sent packet last, then until both are empty. With control SAs are deleted, added and queried all along;
 * returns the commands carried out, each with the right answer.
 */
unsigned int duplex_flood(const struct traffic *traffic, uint64_t first, uint64_t last, bool control, struct measured result[DIRECTIONS]);

/* Asks the SA manager for every sequence number: as many as packets were sent. */
void duplex_check_numbers(void);

#endif
