/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the first packet of a flow costs the gateway's policy lookup, by the number of policies: by its index, and by a walk over all policies in order,
 * which gives the same answer. One policy a remote network of 24 bits; each packet is of a flow that the cache has not seen.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "gw/spd.h"

#define FLOWS 20000u
#define WALKED 2000u

static const unsigned int counts[] = { 100, 1000, 10000 };

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct ip_addr address(uint32_t value)
{
	uint8_t bytes[4];

	put_be32(bytes, value);
	return ip_from_v4(bytes);
}

static void add(struct gw_spd *spd, uint32_t i)
{
	struct sink_policy policy = { .reqid = i + 1, .priority = 1, .local_count = 1, .remote_count = 1 };
	struct ip_addr local = address(0xc0a80000u), remote = address(0x0a000000u + (i << 8));

	policy.local[0] = ts_from_prefix(&local, 16);
	policy.remote[0] = ts_from_prefix(&remote, 24);
	if (!spd_set(spd, &policy))
		exit(EXIT_FAILURE);
}

static struct packet flow(uint32_t i, unsigned int policies)
{
	struct packet packet = { .src = address(0xc0a80101u), .proto = 17, .has_port = true, .src_port = (uint16_t)i, .dst_port = (uint16_t)(i >> 16) };

	packet.dst = address(0x0a000001u + (i * 7919u % policies << 8));
	return packet;
}

static const struct gw_policy *walk(const struct gw_spd *spd, const struct packet *packet)
{
	for (unsigned int i = 0; i < spd->count; i++) {
		const struct gw_policy *p = spd->order[i];

		if (ts_match(&p->remote[0], &packet->dst, packet->proto, true, packet->dst_port) &&
		    ts_match(&p->local[0], &packet->src, packet->proto, true, packet->src_port))
			return p;
	}
	return NULL;
}

int main(void)
{
	struct gw_spd *spd = malloc(sizeof(*spd));

	if (!spd)
		return EXIT_FAILURE;
	printf("%10s %16s %16s\n", "policies", "index, ns", "walk, ns");
	for (unsigned int c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		double begin, by_index, by_walk;

		spd_init(spd);
		for (uint32_t i = 0; i < counts[c]; i++)
			add(spd, i);
		begin = now_ns();
		for (uint32_t i = 0; i < FLOWS; i++) {
			struct packet packet = flow(i, counts[c]);

			if (!spd_outbound(spd, &packet))
				return EXIT_FAILURE;
		}
		by_index = (now_ns() - begin) / FLOWS;
		begin = now_ns();
		for (uint32_t i = 0; i < WALKED; i++) {
			struct packet packet = flow(i, counts[c]);

			if (walk(spd, &packet) != spd_outbound(spd, &packet))
				return EXIT_FAILURE;
		}
		by_walk = (now_ns() - begin) / WALKED;
		printf("%10u %16.0f %16.0f\n", counts[c], by_index, by_walk);
		spd_free(spd);
	}
	free(spd);
	return EXIT_SUCCESS;
}
