/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SAs of the gateway (RFC 4301, 4.4.2). The card holds keys and sequence numbers; this table holds outer addresses, limits and counters.
 * Inbound SAs are found by SPI alone, which is unique here (RFC 4301, 4.1); outbound ones by SPI and destination, as peers choose their SPIs.
 * An inbound SPI may be reserved before its SA exists.
 */
#ifndef GW_SAD_H
#define GW_SAD_H

#include "espalier.h"
#include "sink/sink.h"

#define SAD_BUCKETS 16384u

struct gw_sa {
	struct sink_sa_id id;
	uint32_t reqid;
	struct endpoint src, dst; /* outer */
	bool udp_encap, esn, copy_df;
	bool reserved;		  /* an SPI and nothing more */
	bool dying;		  /* deleted; the card is not rid of it yet */
	uint16_t index;		  /* in the card */
	unsigned int in_flight;	  /* slots of the card that name it */
	struct sink_limits limits;
	uint64_t admitted_packets, admitted_bytes; /* outbound: handed to the card; what the hard limit is held against */
	uint64_t packets, bytes, seq, replay, integrity, other, last_use_ms;
	bool soft_said, hard_said;
	bool stopped;		  /* a hard limit: no packet more */
	uint16_t path_mtu;	  /* outbound: of the way to dst, outer header included */
	uint64_t path_mtu_ms;	  /* when it was lowered; 0: never */
	struct endpoint mapping;  /* inbound: the address last reported with SINK_EVENT_MAPPING */
	uint64_t mapping_ms;
	struct gw_sa *chain;	  /* in its bucket */
	struct gw_sa *next, **link; /* in the list of all, or of the dying */
};

struct gw_sad {
	struct gw_sa *buckets[SAD_BUCKETS];
	struct gw_sa *all, *dying;
	unsigned int count[2]; /* by direction, reserved and dying ones too */
};

/* id.dst counts for outbound SAs only. NULL: none. A reserved SPI is found too, a dying SA is not. */
struct gw_sa *sad_find(const struct gw_sad *sad, const struct sink_sa_id *id);
/* Of a packet: an inbound SA that is no reserved SPI. */
struct gw_sa *sad_find_spi(const struct gw_sad *sad, uint32_t spi);
/* A new entry, zero but for its id. NULL: no memory. */
struct gw_sa *sad_add(struct gw_sad *sad, const struct sink_sa_id *id);
void sad_remove(struct gw_sad *sad, struct gw_sa *sa);
/* What was counted of it. */
struct sink_sa_stats sad_stats(const struct gw_sa *sa);
/* From the list of all to that of the dying. */
void sad_retire(struct gw_sad *sad, struct gw_sa *sa);
/* A random SPI, not below SINK_SPI_MIN, that no inbound entry has, dying or not; 0 if chance finds none. */
uint32_t sad_random_spi(const struct gw_sad *sad);

/*
 * Limits (RFC 4301, 4.4.2.1; RFC 7296, 2.8). sad_admit: may an outbound packet of len bytes still go? sad_expiry: after packets were counted, is an
 * event due, soft or hard? Each is due once.
 */
enum sad_expiry { SAD_FINE, SAD_SOFT, SAD_HARD };
bool sad_admit(struct gw_sa *sa, uint32_t len);
enum sad_expiry sad_expiry(struct gw_sa *sa);

/* The 64-bit number whose low half is low, nearest to the highest so far (RFC 4303, A2.2, for a packet that is authenticated). */
uint64_t sad_infer_seq(const struct gw_sa *sa, uint32_t low);

#endif
