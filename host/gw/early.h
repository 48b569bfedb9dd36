/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ESP that comes on an SPI which is handed out but has no SA yet: a peer may send as soon as it knows its half of a new SA, which can be before key
 * management here has installed the other (RFC 7296, 1.3.3). Held for a moment. The bounds are those of a peer that is
 * 5 ms early at 100,000 packets a second, and of two such at once.
 * Cost: a list that is walked. To hold one or to take one is at most EARLY_PACKETS steps, with no packet held none; to take r that are ready from among the
 * others is r * (EARLY_PACKETS - r + 1) at most, some 260,000 for half of a full list, however many SAs there are.
 */
#ifndef GW_EARLY_H
#define GW_EARLY_H

#include "wire.h"

#define EARLY_MS 2000u
#define EARLY_PACKETS 1024u
#define EARLY_PER_SPI 512u

struct gw_early_packet {
	struct gw_early_packet *next;
	uint64_t since_ms;
	uint32_t spi;
	bool udp;
	uint8_t tos;
	struct endpoint from;
	size_t len; /* of the ESP packet */
	uint8_t data[];
};

struct gw_early {
	struct gw_early_packet *first, **last; /* in the order in which they came; zero is empty */
	unsigned int count;
};

/* Keep a copy; false if there is no room or memory. */
bool early_hold(struct gw_early *early, const struct wire_message *message, bool udp, uint32_t spi, uint64_t now_ms);
/* Take out the oldest for which take says true; the caller's to free. NULL: none. */
struct gw_early_packet *early_take(struct gw_early *early, bool (*take)(void *ctx, const struct gw_early_packet *packet), void *ctx);
void early_free(struct gw_early *early);

#endif
