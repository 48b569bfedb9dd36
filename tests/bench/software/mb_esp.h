/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the ipsec-mb backend: its SAs, and bursts of ESP over them (mb_esp.c). The device around it is mb_backend.c. */
#ifndef ESPALIER_BENCH_MB_ESP_H
#define ESPALIER_BENCH_MB_ESP_H

#include <intel-ipsec-mb.h>

#include "software/soft.h"

#define MB_SAS 256u
#define MB_CHUNK 32u /* operations framed before they are sealed or opened */

struct mb_sa {
	_Alignas(64) struct gcm_key_data key; /* read by vector instructions; so the size of the struct is a multiple, too */
	aes_gcm_enc_dec_t crypt; /* one call for a packet */
	aes_gcm_init_t init;	 /* three for a long one that is sealed */
	aes_gcm_enc_dec_update_t update;
	aes_gcm_enc_dec_finalize_t finalize;
	bool used;
	bool esn;
	uint8_t ttl;
	uint8_t salt[4];
	uint32_t spi, src, dst;
	uint64_t last_seq;	   /* outbound */
	struct soft_replay replay; /* inbound */
};

struct mb_dev {
	struct espalier_dev base;
	IMB_MGR *mgr;
	struct mb_sa *sa[2]; /* by enum espalier_direction */
	uint16_t by_spi[4 * MB_SAS]; /* inbound: index + 1 by the low bits of the SPI, then in the next places; 0: none */
	struct gcm_context_data context;
};

/* Enter all inbound SAs in by_spi. */
void mb_index(struct mb_dev *mb);

/* Do count (up to MB_CHUNK) operations; device addresses are addresses here. Fills their results. */
void mb_run(struct mb_dev *mb, struct espalier_op *const *ops, unsigned int count);

#endif
