/* SPDX-License-Identifier: Apache-2.0 */
/* Padding, its length and the next header behind the payload (RFC 4303, 2.4 to 2.6). */
#ifndef ESPALIER_SOFT_TRAILER_H
#define ESPALIER_SOFT_TRAILER_H

#include <stdint.h>
#include <string.h>

#include "espalier_regs.h"
#include "soft_parse.h"

#define SOFT_TRAILER 2u /* bytes without padding */

/* Behind a payload of len bytes at text: padding to a multiple of 4, its length, next. Up to two bytes behind, where the ICV goes, are written as well. */
static inline void soft_put_trailer(uint8_t *text, uint32_t len, uint8_t next)
{
	uint32_t pad = -(len + SOFT_TRAILER) & 3u;

	memcpy(text + len, "\1\2\3", 4);
	text[len + pad] = (uint8_t)pad;
	text[len + pad + 1] = next;
}

/* Of body bytes at text: *payload in front of the padding, *next. ESP_STATUS_OK, BAD_PADDING or DUMMY. */
static inline uint8_t soft_check_trailer(const uint8_t *text, uint32_t body, uint32_t *payload, uint8_t *next)
{
	uint32_t pad = text[body - 2];

	if (pad + SOFT_TRAILER > body)
		return ESP_STATUS_BAD_PADDING;
	*payload = body - SOFT_TRAILER - pad;
	*next = text[body - 1];
	for (uint32_t i = 0; i < pad; i++)
		if (text[*payload + i] != i + 1)
			return ESP_STATUS_BAD_PADDING;
	return *next == PROTO_NONE ? ESP_STATUS_DUMMY : ESP_STATUS_OK;
}

#endif
