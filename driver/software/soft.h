/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the software reference: the device, its SAs, and the two directions of ESP (soft_encap.c, soft_decap.c). */
#ifndef ESPALIER_SOFT_H
#define ESPALIER_SOFT_H

#include <openssl/evp.h>

#include "backend.h"

#define SOFT_SA_CAPACITY 4096u /* SAs a direction, if the device's name does not say */
#define SOFT_SA_CAPACITY_MAX 65535u /* an index has 16 bits, and ESPALIER_SA_NONE is none */
#define SOFT_MAX_PACKET ESPALIER_MAX_PACKET
#define SOFT_MAX_WINDOW 128u  /* packets, as LIMITS.max_window of the card */
#define SOFT_HASH_SIZE 8192u
#define SOFT_NONE 0xffffu

#define IPV4_HDR 20u
#define ESP_HDR 8u
#define ESP_IV 8u
#define ESP_ICV 16u
#define SOFT_MAX_OUT (IPV4_HDR + ESP_HDR + ESP_IV + SOFT_MAX_PACKET + 5u + ESP_ICV)

/* Anti-replay state of an inbound SA (RFC 4303, 3.4.3). Bit i of seen stands for the number top - i. */
struct soft_replay {
	uint64_t top; /* highest number received */
	bool esn;
	uint32_t window;
	unsigned __int128 seen; /* SOFT_MAX_WINDOW bits */
};

struct soft_sa {
	bool used;
	uint16_t index;
	uint16_t next; /* inbound: in its hash chain */
	struct espalier_sa_config config; /* the key in it is wiped */
	EVP_CIPHER_CTX *cipher;
	uint64_t last_seq; /* outbound: last number sent */
	struct soft_replay replay; /* inbound */
};

struct soft_region {
	struct espalier_mem mem;
	struct soft_region *next;
};

struct soft_dev {
	struct espalier_dev base;
	struct soft_region *regions;
	uint64_t next_iova;
	EVP_CIPHER *ciphers[3]; /* AES-128, 192 and 256 in GCM, fetched once */
	unsigned int free_hint[2]; /* by direction: no place below is free */
	uint8_t lost[SOFT_MAX_OUT]; /* where results go that no memory takes */
	struct espalier_stats stats;
	uint16_t chains[SOFT_HASH_SIZE]; /* inbound SAs by SPI and destination */
	unsigned int capacity; /* SAs a direction */
	struct soft_sa *sa[2]; /* by enum espalier_direction */
};

/* ---- soft_sa.c ---- */
int soft_sa_add(struct espalier_dev *dev, const struct espalier_sa_config *config, uint16_t *sa);
int soft_sa_delete(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa, uint64_t *last);
int soft_sa_query(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa, uint64_t *seq);
void soft_sa_delete_all(struct soft_dev *soft);
struct soft_sa *soft_sa_find(struct soft_dev *soft, uint32_t spi, uint32_t dst); /* inbound; NULL: none */

/* ---- soft_replay.c ---- */
void soft_replay_init(struct soft_replay *replay, bool esn, uint32_t window, uint64_t top);
/* The full number behind the low 32 bits on the wire; false: it would lie before number 0. */
bool soft_replay_infer(const struct soft_replay *replay, uint32_t low, uint64_t *seq);
/* ESP_STATUS_OK, ESP_STATUS_REPLAY_OLD or ESP_STATUS_REPLAY_DUPLICATE; changes nothing. */
uint8_t soft_replay_check(const struct soft_replay *replay, uint64_t seq);
/* Note a number that passed the check and the ICV. */
void soft_replay_update(struct soft_replay *replay, uint64_t seq);

/* ---- soft_encap.c, soft_decap.c: packet in, packet out, status back. out has the room that check_op asks for and may overlap in;
 * it is written only if the status is ESP_STATUS_OK. ---- */
uint8_t soft_encap(struct soft_sa *sa, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t *out_len);
/* *sa: the SA found, or NULL. */
uint8_t soft_decap(struct soft_dev *soft, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t *out_len, struct soft_sa **sa);

/* Internet checksum of an IPv4 header (RFC 791, RFC 1071): what belongs into the field, or 0 over a header that has it right. */
uint16_t soft_ipv4_checksum(const uint8_t *header, uint32_t len);

static inline uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t get32(const uint8_t *p)
{
	return get16(p) << 16 | get16(p + 2);
}

static inline void put16(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static inline void put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v);
}

#endif
