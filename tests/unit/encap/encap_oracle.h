/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What encapsulation must give, written from the RFCs and on OpenSSL, apart from the RTL: RFC 4303 tunnel mode, RFC 4106, RFC 6040, RFC 6864.
 */
#ifndef ESPALIER_TESTS_ENCAP_ORACLE_H
#define ESPALIER_TESTS_ENCAP_ORACLE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ORACLE_MAX 9728 /* bytes of a packet buffer: the largest inner packet and 54 + 5 bytes, in whole beats */

struct oracle_sa {
	uint8_t key[32];
	unsigned int key_len; /* 16, 24, 32 */
	uint8_t salt[4];
	bool esn;
	uint32_t spi, src, dst; /* numbers */
	uint8_t ttl;
	uint64_t seq; /* last number sent */
};

/* The packet that carries inner under number seq; out holds ORACLE_MAX bytes. Returns its length. */
size_t oracle_encap(const struct oracle_sa *sa, uint64_t seq, const uint8_t *inner, size_t len, uint8_t *out);

/*
 * All of the rules: the status the engine must give for this packet (sa NULL: none at the index), and with STATUS_OK the packet.
 * Draws the sequence number from sa.
 */
uint8_t oracle_packet(struct oracle_sa *sa, uint8_t status_in, const uint8_t *inner, size_t len, uint8_t *out, size_t *out_len);

#endif
