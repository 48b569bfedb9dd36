/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SAs as the public interface (espalier.h, which includes this) describes them: what an SA does, what a device must have for it, what it has done.
 * Names and meanings follow DPDK's rte_security_ipsec_xform and Linux' xfrm. An SA that is all zero but for SPI, addresses and key is a tunnel with
 * AES-GCM, an ICV of 16 bytes and fields of the outer header as RFC 4301, 5.1.2.1 makes them.
 */
#ifndef ESPALIER_SA_H
#define ESPALIER_SA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ip_addr.h"

/* What a device can do beside IPv4 in IPv4 tunnels with AES-GCM: bits of struct espalier_info.features. */
enum espalier_feature {
	ESPALIER_FEATURE_TRANSPORT = 1u << 0,	  /* transport mode */
	ESPALIER_FEATURE_INNER_V6 = 1u << 1,	  /* IPv6 inside of tunnels */
	ESPALIER_FEATURE_OUTER_V6 = 1u << 2,	  /* SAs between IPv6 addresses */
	ESPALIER_FEATURE_UDP_ENCAP = 1u << 3,	  /* RFC 3948 */
	ESPALIER_FEATURE_GMAC = 1u << 4,	  /* RFC 4543 */
	ESPALIER_FEATURE_SHORT_ICV = 1u << 5,	  /* ICV of 8 and 12 bytes */
	ESPALIER_FEATURE_IMPLICIT_IV = 1u << 6,	  /* RFC 8750 */
	ESPALIER_FEATURE_HEADER_FIELDS = 1u << 7, /* df, set_dscp, copy_dscp, copy_ttl, decrement_ttl, zero_flow_label */
	ESPALIER_FEATURE_ECN = 1u << 8,		  /* all of enum espalier_ecn */
	ESPALIER_FEATURE_CHECK_OUTER = 1u << 9,
	ESPALIER_FEATURE_TFC = 1u << 10,
	ESPALIER_FEATURE_MTU = 1u << 11,
	ESPALIER_FEATURE_MSS = 1u << 12,
	ESPALIER_FEATURE_LIMITS = 1u << 13,
	ESPALIER_FEATURE_COUNTERS = 1u << 14, /* espalier_sa_counters */
	ESPALIER_FEATURE_EVENTS = 1u << 15,   /* espalier_dequeue_events */
	ESPALIER_FEATURE_CHACHA = 1u << 16,   /* RFC 7634 */
};
#define ESPALIER_FEATURES 17u

enum espalier_direction {
	ESPALIER_OUTBOUND = 0, /* encapsulation */
	ESPALIER_INBOUND = 1,  /* decapsulation */
};

enum espalier_mode {
	ESPALIER_TUNNEL = 0,
	ESPALIER_TRANSPORT = 1, /* RFC 4303, 3.1.1; the packet keeps its headers */
};

enum espalier_algorithm {
	ESPALIER_AES_GCM = 0,  /* RFC 4106 */
	ESPALIER_AES_GMAC = 1, /* RFC 4543: integrity alone, nothing is encrypted */
	ESPALIER_CHACHA20_POLY1305 = 2, /* RFC 7634; keys of 32 bytes */
};

/* Outer DF; outer IPv4, tunnel. An inner IPv6 packet counts as one with DF. */
enum espalier_df {
	ESPALIER_DF_COPY = 0,
	ESPALIER_DF_SET = 1,
	ESPALIER_DF_CLEAR = 2,
};

/* Congestion marks in tunnel mode (RFC 6040). */
enum espalier_ecn {
	ESPALIER_ECN_CE = 0,	     /* out: copied. In: CE goes to the inner header, any other mark is ignored, as Linux does */
	ESPALIER_ECN_NORMAL = 1,     /* out: copied. In: the whole of figure 4, an outer ECT(1) on an inner ECT(0) too */
	ESPALIER_ECN_COMPATIBLE = 2, /* out: Not-ECT. In: figure 4 */
	ESPALIER_ECN_NONE = 3,	     /* out: Not-ECT. In: outer marks are ignored */
};

/*
 * Lifetime of an SA (RFC 4301, 4.4.2.1); 0: no limit. Bytes are those that the algorithm is applied to: payload, padding and trailer. Inbound,
 * packets count whose ICV is right. The first packet with which a soft limit is reached raises an event, once. The first that would go above a hard
 * limit ends the SA: it and all behind it end in SA_EXPIRED.
 */
struct espalier_limits {
	uint64_t soft_packets, hard_packets;
	uint64_t soft_bytes, hard_bytes;
};

struct espalier_sa_config {
	enum espalier_direction direction;
	enum espalier_mode mode;
	uint32_t spi; /* 256 or more (RFC 4303, 2.1) */
	/*
	 * Outer addresses, of one family. Inbound: dst finds the SA, src is for check_outer and udp_encap and may be none. Outbound in transport mode:
	 * only their family counts, which the packets must have.
	 */
	struct ip_addr src, dst;
	struct {
		uint16_t sport, dport;
	} udp_encap; /* RFC 3948, ports of the UDP header; both 0: none. Inbound: as packets bear them that come */
	enum espalier_algorithm algorithm;
	uint8_t key_len;	/* 16, 24 or 32 bytes */
	uint8_t salt[4];	/* RFC 4106, 4; RFC 7634, 2 */
	uint8_t icv_len;	/* AES-GCM: 8, 12 or 16 bytes, with implicit_iv 16; others: 16. 0: 16 */
	bool implicit_iv;	/* RFC 8750, not with AES-GMAC */
	bool esn;		/* 64-bit sequence numbers */
	uint16_t replay_window; /* inbound: packets, 0 (no check) to info.max_window */
	uint64_t seq;		/* outbound: last number sent; inbound: highest received. 32 bits without esn */

	/* Fields of headers, tunnel mode. */
	enum espalier_df df;  /* outbound */
	enum espalier_ecn ecn;
	bool set_dscp;	      /* outbound: dscp; otherwise the inner one is copied */
	uint8_t dscp;	      /* 0 to 63 */
	bool copy_dscp;	      /* inbound: the outer DSCP goes to the inner header (RFC 2983, uniform model) */
	bool copy_ttl;	      /* outbound: the outer TTL or hop limit is the inner one's; otherwise ttl */
	uint8_t ttl;	      /* outbound: 0: 64 */
	bool decrement_ttl;   /* outbound: the inner TTL or hop limit is one less; a packet that has none left ends in TTL_EXPIRED */
	bool zero_flow_label; /* outbound, outer IPv6: otherwise an inner IPv6 packet's label is copied */
	bool check_outer;     /* inbound: a packet from another address than src ends in OUTER_ADDRESS */

	/* Sizes. */
	uint16_t tfc_pad; /* outbound, tunnel: shorter inner packets are padded to this many bytes (RFC 4303, 2.7), as far as mtu allows. UINT16_MAX: to mtu */
	uint16_t mtu;	  /* outbound: an ESP packet of more bytes is not made, PACKET_TOO_BIG; 0: no limit */
	uint16_t mss;	  /* the MSS option of TCP SYNs is lowered to this; 0: left as it is */

	struct espalier_limits limits;
	uint8_t key[32]; /* key_len bytes, without salt */
};

/* Bits of enum espalier_feature that a device must have for this SA. */
uint32_t espalier_sa_features(const struct espalier_sa_config *config);

/* Static text, "transport mode" for example; "unknown" for anything but one of the bits. */
const char *espalier_feature_name(enum espalier_feature feature);

/*
 * Bytes of the packet that this outbound SA makes of one of len bytes: outer headers or, in transport mode, the packet's own with ESP (and UDP) between;
 * ESP header, IV, padding to 4, trailer, ICV.
 */
uint32_t espalier_encap_len(const struct espalier_sa_config *config, uint32_t len);

/* The largest packet of which this SA makes at most mtu bytes, TFC padding aside: the MTU to advertise. 0: none. */
uint32_t espalier_inner_mtu(const struct espalier_sa_config *config, uint32_t mtu);

/* The same for an SA of today's format: IPv4 in IPv4, AES-GCM, ICV of 16 bytes, without UDP and options. */
static inline uint32_t espalier_plain_len(uint32_t len)
{
	return 20 + 8 + 8 + ((len + 2 + 3) & ~3u) + 16;
}

/* Room for what any SA makes of len bytes, TFC padding aside: outer IPv6 and UDP. */
static inline uint32_t espalier_encap_room(uint32_t len)
{
	return espalier_plain_len(len) + 20 + 8;
}

/* What an SA has done since it was installed. */
struct espalier_sa_counters {
	uint64_t packets, bytes; /* as struct espalier_limits counts: sent; inbound, with a right ICV */
	/* What did not pass, each packet once, by its status: */
	uint64_t replay;	 /* REPLAY_OLD, REPLAY_DUPLICATE */
	uint64_t integrity;	 /* ICV_MISMATCH */
	uint64_t malformed;	 /* bad packets, inner and outer: ESP_TRUNCATED, BAD_PADDING, BAD_NEXT_HEADER, INNER_MALFORMED, ECN_INVALID ... */
	uint64_t dummy;		 /* DUMMY */
	uint64_t expired;	 /* SA_EXPIRED, SEQ_EXHAUSTED */
	uint64_t too_big;	 /* PACKET_TOO_BIG */
	uint64_t other;		 /* OUTER_ADDRESS, TTL_EXPIRED, and what is no packet for this SA */
	uint64_t idle_ms;	 /* since the last packet of those counted in packets; UINT64_MAX: there was none */
};

enum espalier_event_kind {
	ESPALIER_EVENT_SOFT_LIMIT = 0, /* of packets or bytes, once an SA */
	ESPALIER_EVENT_HARD_LIMIT = 1, /* the SA has ended */
	ESPALIER_EVENT_PEER_MOVED = 2, /* inbound with udp_encap: an authentic packet came from another address or port than the last; nothing else changes */
};

struct espalier_event {
	enum espalier_event_kind kind;
	enum espalier_direction direction;
	uint16_t sa;
	uint32_t spi;
	struct ip_addr peer; /* PEER_MOVED: where the packet came from */
	uint16_t port;
};

#endif
