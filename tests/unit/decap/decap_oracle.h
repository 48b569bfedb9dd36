/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What decapsulation must give, written from the RFCs and on OpenSSL, apart from the RTL: RFC 4303 tunnel mode, RFC 4106, RFC 6040. And the
 * sender: builds ESP packets, right ones and wrong ones.
 */
#ifndef ESPALIER_TESTS_DECAP_ORACLE_H
#define ESPALIER_TESTS_DECAP_ORACLE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "replay_model.h"

#define ORACLE_MAX 9856 /* bytes of a packet buffer: MAX_PACKET in whole beats, and a beat */
#define OUTER_LEN 20
#define ESP_OVERHEAD 52 /* outer header, ESP header, IV, ICV */

struct decap_sa {
	uint8_t key[32];
	unsigned int key_len; /* 16, 24, 32; 0: not installed */
	uint8_t salt[4];
	bool esn;
	uint32_t spi, dst; /* numbers */
	unsigned int window;
	struct model_sa replay;
};

struct decap_result {
	uint8_t status;
	int sa;           /* index of the SA that was found, or -1 */
	bool verified;    /* the ICV is right for number seq */
	uint64_t seq;
	size_t len;
	uint8_t data[ORACLE_MAX];
};

/*
 * The rules, for one packet of len bytes. front: the replay state that the check in front of decryption sees; NULL: that of the SA. Changes
 * nothing; the caller receives r->seq with model_receive when r->verified.
 */
void oracle_decap(const struct decap_sa *sas, int count, const struct model_sa *front, const uint8_t *wire, size_t len, struct decap_result *r);

/* The SA with this SPI and destination, or -1. */
int oracle_find(const struct decap_sa *sas, int count, const uint8_t *wire, size_t len);

/* An ESP packet that carries body (payload with padding, pad length, next header; a multiple of 4 bytes) under number seq. Returns its length. */
size_t oracle_seal(const struct decap_sa *sa, uint64_t seq, uint8_t tos, const uint8_t *body, size_t body_len, uint8_t *wire);

/* Make body of inner: tfc zero bytes, pad bytes (at least; more to a multiple of 4), pad length, next header. Returns its length. */
size_t oracle_body(const uint8_t *inner, size_t len, size_t tfc, size_t pad, uint8_t next, uint8_t *body);

/* Compute the checksum of the 20-byte header again. */
void oracle_checksum(uint8_t *header);

#endif
