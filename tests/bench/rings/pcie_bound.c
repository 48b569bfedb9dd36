// SPDX-License-Identifier: Apache-2.0
/* See pcie_bound.h. */
#include "pcie_bound.h"

#define FRAMING 8.0
#define REQUEST_HEADER 16.0
#define COMPLETION_HEADER 12.0
#define REGISTER_HEADER 12.0 /* BAR 0 lies below 4 GiB */
#define REGISTER_DATA 4.0
#define RQ_DESCRIPTOR 16u
#define RQ_LANE 32u /* where TLPs begin (straddling) */
#define RC_DESCRIPTOR 12u
#define RC_LANE 16u
#define BEAT 64.0

/* The card's rings (driver/ring.h, rtl/dma/dma_pkg.sv). */
#define DESCRIPTOR 32u
#define DESCRIPTOR_BATCH 8u
#define COMPLETION 16u
#define COMPLETION_BATCH 3u  /* a write at most, and none crosses a multiple of 128 bytes: 3, 3, 2 */
#define COMPLETION_BLOCK 8u

static double beats(uint32_t bytes, uint32_t lane)
{
	return (bytes + lane - 1) / lane * lane / BEAT;
}

static uint32_t dwords_up(uint32_t bytes)
{
	return (bytes + 3) & ~3u;
}

static void add_write(struct pcie_load *load, const struct pcie_link *link, uint32_t len, double share)
{
	for (uint32_t at = 0; at < len; at += link->mps) {
		uint32_t data = dwords_up(len - at < link->mps ? len - at : link->mps);

		load->up += share * (FRAMING + REQUEST_HEADER + data);
		load->rq += share * beats(RQ_DESCRIPTOR + data, RQ_LANE);
	}
}

static void add_read(struct pcie_load *load, const struct pcie_link *link, uint32_t len, double share)
{
	for (uint32_t at = 0; at < len; at += link->mrrs) {
		uint32_t request = len - at < link->mrrs ? len - at : link->mrrs;

		load->up += share * (FRAMING + REQUEST_HEADER);
		load->rq += share * beats(RQ_DESCRIPTOR, RQ_LANE);
		for (uint32_t done = 0; done < request; done += link->mps) {
			uint32_t data = dwords_up(request - done < link->mps ? request - done : link->mps);

			load->down += share * (FRAMING + COMPLETION_HEADER + data);
			load->rc += share * beats(RC_DESCRIPTOR + data, RC_LANE);
		}
	}
}

void pcie_load_packet(struct pcie_load *load, const struct pcie_link *link, uint32_t in, uint32_t out)
{
	add_read(load, link, DESCRIPTOR * DESCRIPTOR_BATCH, 1.0 / DESCRIPTOR_BATCH);
	add_read(load, link, in, 1);
	add_write(load, link, out, 1);
	add_write(load, link, COMPLETION * COMPLETION_BATCH, 2.0 / COMPLETION_BLOCK);
	add_write(load, link, COMPLETION * (COMPLETION_BLOCK - 2 * COMPLETION_BATCH), 1.0 / COMPLETION_BLOCK);
	load->down += (FRAMING + REGISTER_HEADER + REGISTER_DATA) / link->doorbell_burst;
}

double pcie_link_bound(const struct pcie_load *load, const struct pcie_link *link)
{
	return (load->up > load->down ? load->up : load->down) / link->bytes_per_cycle;
}

double pcie_bound(const struct pcie_load *load, const struct pcie_link *link, const char **way)
{
	const struct {
		const char *name;
		double cycles;
	} ways[] = {
		{ "up", load->up / link->bytes_per_cycle },
		{ "down", load->down / link->bytes_per_cycle },
		{ "rq", load->rq },
		{ "rc", load->rc },
	};
	unsigned int worst = 0;

	for (unsigned int i = 1; i < sizeof(ways) / sizeof(ways[0]); i++)
		if (ways[i].cycles > ways[worst].cycles)
			worst = i;
	*way = ways[worst].name;
	return ways[worst].cycles;
}
