/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the arithmetic of PCI Express allows: the cycles a packet takes at least on each of the four ways that it shares with others.
 *
 *   up    link bytes, card to host:   packet written, read requests, its share of a descriptor fetch and of a completion write
 *   down  link bytes, host to card:   packet read, its share of the descriptors and of the doorbells
 *   rq    beats on the hard block's requester request stream, rc on its requester completion stream: 64 bytes a cycle each, both straddled:
 *         a TLP begins at a multiple of 32 (RQ) or 16 bytes (RC)
 *
 * A TLP costs its header (completion 12 bytes, request 16 with a 64-bit address), its data in whole dwords, and 8 bytes of framing, sequence
 * number and LCRC (PCI Express Base 4.0, 2.2.4.1, 2.2.9, 4.2.2); a lane carries 128/130 of 8 or 16 Gbit/s (4.2.2). The streams carry
 * a descriptor of 16 (RQ) or 12 bytes (RC) before the data (AMD PG213).
 */
#ifndef ESPALIER_BENCH_PCIE_BOUND_H
#define ESPALIER_BENCH_PCIE_BOUND_H

#include <stdint.h>

struct pcie_link {
	const char *name;
	double bytes_per_cycle; /* each way */
	unsigned int mps, mrrs; /* bytes */
	unsigned int doorbell_burst; /* operations a doorbell */
};

/* Of one packet or the sum of several: link bytes, stream beats. */
struct pcie_load {
	double up, down, rq, rc;
};

/* Adds a packet of in bytes that becomes one of out bytes; both begin on a 4 KiB boundary. */
void pcie_load_packet(struct pcie_load *load, const struct pcie_link *link, uint32_t in, uint32_t out);

/* Cycles that the load takes at least, and which way says so ("up", "down", "rq", "rc"). */
double pcie_bound(const struct pcie_load *load, const struct pcie_link *link, const char **way);
/* The same by the link alone. */
double pcie_link_bound(const struct pcie_load *load, const struct pcie_link *link);

#endif
