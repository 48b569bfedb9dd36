/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the software reference: the device and its SAs. Each part has a header of its own. */
#ifndef ESPALIER_SOFT_H
#define ESPALIER_SOFT_H

#include <openssl/evp.h>

#include "backend.h"
#include "soft_bytes.h"
#include "soft_checksum.h"
#include "soft_parse.h"
#include "soft_replay.h"

#define SOFT_SA_CAPACITY 4096u /* SAs a direction, if the device's name does not say */
#define SOFT_SA_CAPACITY_MAX 65535u /* an index has 16 bits, and ESPALIER_SA_NONE is none */
#define SOFT_MAX_PACKET ESPALIER_MAX_PACKET
#define SOFT_FEATURES ((1u << ESPALIER_FEATURES) - 1) /* all there are */
#define SOFT_CIPHERS 4u
#define SOFT_HASH_SIZE 8192u
#define SOFT_NONE 0xffffu

#define ESP_HDR 8u
#define ESP_IV 8u
#define ESP_ICV 16u
#define SOFT_MAX_OUT (IPV6_HDR + UDP_HDR + ESP_HDR + ESP_IV + SOFT_MAX_PACKET + 5u + ESP_ICV)

/* Lifetime of an SA (soft_life.c). */
struct soft_life {
	uint64_t packets, bytes; /* used up, as struct espalier_limits counts */
	uint64_t last_ms;	 /* of the last packet; 0: none */
	bool limited;		 /* there are limits */
	bool ended, told;	 /* no packet passes any more; the soft limit was told */
};

/* What every packet needs stands together. */
struct soft_sa {
	bool used;
	uint16_t index;
	uint16_t next; /* inbound: in its hash chain */
	uint8_t iv_len, icv_len;
	uint32_t around;    /* outbound: bytes around the payload with its trailer, in transport mode without the packet's own headers */
	uint32_t inner_mtu; /* outbound, with a path MTU: the largest packet */
	uint32_t text_min;  /* outbound: payloads are padded to so many bytes (TFC) */
	bool edits;	    /* outbound: payloads are changed or padded */
	EVP_CIPHER_CTX *cipher;
	uint64_t last_seq; /* outbound: last number sent */
	struct soft_life life;
	struct espalier_sa_config config; /* the key in it is wiped, ttl and icv_len are set */
	struct soft_replay replay; /* inbound */
	struct espalier_sa_counters drops; /* the members that are drops */
	struct ip_addr peer; /* inbound, UDP: where the last packet came from */
	uint16_t peer_port;
	unsigned int events; /* bits of 1 << enum espalier_event_kind: to be told */
	struct soft_sa *next_event;
};

struct soft_region {
	struct espalier_mem mem;
	struct soft_region *next;
};

struct soft_dev {
	struct espalier_dev base;
	struct soft_region *regions;
	uint64_t next_iova;
	uint64_t now_ms; /* at the beginning of the burst */
	EVP_CIPHER *ciphers[SOFT_CIPHERS]; /* AES-128, 192 and 256 in GCM, ChaCha20-Poly1305; fetched once */
	unsigned int free_hint[2]; /* by direction: no place below is free */
	uint8_t lost[SOFT_MAX_OUT]; /* where results go that no memory takes */
	struct espalier_stats stats;
	struct soft_sa *first_event, **last_event; /* SAs with events, in a row */
	uint16_t chains[SOFT_HASH_SIZE]; /* inbound SAs by SPI and destination */
	uint16_t udp_ports[UINT16_MAX + 1]; /* inbound SAs with this destination port */
	unsigned int capacity; /* SAs a direction */
	struct soft_sa *sa[2]; /* by enum espalier_direction */
};

#endif
