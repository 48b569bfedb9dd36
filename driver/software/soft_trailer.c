/* SPDX-License-Identifier: Apache-2.0 */
#include "soft_trailer.h"

#include "espalier_regs.h"
#include "soft_parse.h"

uint8_t soft_check_trailer(const uint8_t *text, uint32_t body, uint32_t *payload, uint8_t *next)
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
