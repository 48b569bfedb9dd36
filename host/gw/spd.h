/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies of the gateway (RFC 4301, 4.4.1), in the order in which they are asked: smaller priority first, then the narrower selectors, then the
 * smaller reqid; those that an earlier client left are behind all others. A cache of flows in front makes the usual answer one comparison (RFC 4301, 4.4.1).
 */
#ifndef GW_SPD_H
#define GW_SPD_H

#include "packet.h"
#include "routes.h"
#include "sad.h"
#include "spd_index.h"
#include "sink/sink.h"

#define SPD_BUCKETS 4096u
#define SPD_CACHE 4096u
#define HOLD_PACKETS 16u  /* a policy */
#define HOLD_MS 2000u
#define ACQUIRE_MS 2000u  /* between two SINK_EVENT_ACQUIRE of a policy that no answer came to */

struct gw_held {
	struct gw_held *next;
	uint64_t since_ms;
	uint16_t len;
	uint8_t data[];
};

struct gw_policy {
	struct {
		uint32_t reqid, priority;
		enum sink_action action;
		unsigned int local_count, remote_count;
	} p; /* of its struct sink_policy */
	struct ts *local, *remote;   /* one block of memory */
	struct gw_sa *sa;	     /* outbound SA in use, or NULL */
	uint32_t width;		     /* of its selectors: smaller is narrower */
	bool stale;		     /* of an earlier client: it blocks, behind all others, until it is set again or swept */
	bool routed;
	struct policy_routes routes; /* if routed */
	uint64_t acquire_ms;	     /* when SINK_EVENT_ACQUIRE was sent; 0: none is waiting for an answer */
	struct index_place place;
	struct gw_held *held, **held_last;
	unsigned int held_count;
	struct gw_policy *chain;     /* by reqid; stale ones: by selectors */
};

struct gw_flow {
	uint32_t generation;
	struct packet packet;
	struct gw_policy *policy;
};

struct gw_spd {
	struct gw_policy **order;
	unsigned int count, room;
	struct spd_index index;
	unsigned int bypass_count;
	struct gw_policy *buckets[SPD_BUCKETS], *stale[SPD_BUCKETS];
	uint32_t generation; /* changes with every change of a policy but that of its SA */
	struct gw_flow cache[SPD_CACHE];
};

void spd_init(struct gw_spd *spd);
void spd_free(struct gw_spd *spd);
struct gw_policy *spd_find(const struct gw_spd *spd, uint32_t reqid);
/* What was set, less its SA. */
void spd_get(const struct gw_policy *policy, struct sink_policy *out);
/* Add, or replace what has this reqid (sa and packets held then stay). NULL: no memory. The caller sets sa. */
struct gw_policy *spd_set(struct gw_spd *spd, const struct sink_policy *policy);
void spd_delete(struct gw_spd *spd, struct gw_policy *policy);
/* A new client: what is there has no reqid and no SA any more. */
void spd_make_stale(struct gw_spd *spd);
/* A stale policy of the same selectors and action gets this one's reqid, and is there again; NULL: there is none. */
struct gw_policy *spd_adopt(struct gw_spd *spd, const struct sink_policy *policy);

/* The policy of a packet that leaves: source local, destination remote. NULL: none, or a fragment without ports that may belong to several. */
struct gw_policy *spd_outbound(struct gw_spd *spd, const struct packet *packet);
/* May this packet have come in by an SA of this policy (RFC 4301, 5.2, step 4)? */
bool spd_inbound_fits(const struct gw_policy *policy, const struct packet *packet);

/* Hold a packet until an SA comes: false if there is no room or memory. */
bool spd_hold(struct gw_policy *policy, const uint8_t *data, uint16_t len, uint64_t now_ms);
/* The oldest packet held, the caller's to free; NULL: none. */
struct gw_held *spd_unhold(struct gw_policy *policy);

#endif
