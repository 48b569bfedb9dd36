/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two directions of ESP (RFC 4303): packet in, packet out, status back. out has the room that software.c's check_op asks for and may overlap in; it is
 * written only if the status is ESP_STATUS_OK.
 */
#ifndef ESPALIER_SOFT_ESP_H
#define ESPALIER_SOFT_ESP_H

#include "soft.h"

/* Bytes that the SA makes of a packet of len bytes: espalier_encap_len, computed ahead. */
static inline uint32_t soft_encap_len(const struct soft_sa *sa, uint32_t len)
{
	return sa->around + (((len < sa->text_min ? sa->text_min : len) + 2 + 3) & ~3u);
}

/* total: soft_encap_len. *out_len: bytes at out; with ESP_STATUS_PACKET_TOO_BIG the largest packet that fits; else untouched. */
uint8_t soft_encap(struct soft_dev *soft, struct soft_sa *sa, const uint8_t *in, uint32_t len, uint32_t total, uint8_t *out, uint32_t *out_len);

/* *sa: the SA found, or NULL. */
uint8_t soft_decap(struct soft_dev *soft, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t *out_len, struct soft_sa **sa);

#endif
