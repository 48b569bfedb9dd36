/* SPDX-License-Identifier: Apache-2.0 */
#include "soft_mss.h"

#include "soft_bytes.h"
#include "soft_checksum.h"

#define TCP_HDR 20u
#define SYN 0x02u
#define CHECKSUM_AT 16u
enum { OPTION_END = 0, OPTION_NOP = 1, OPTION_MSS = 2, MSS_LEN = 4 };

static uint32_t swapped(uint32_t v)
{
	return (v & 0xff) << 8 | v >> 8;
}

static void lower(uint8_t *tcp, uint32_t at, uint32_t mss)
{
	uint32_t old = get16(tcp + at);

	if (old <= mss)
		return;
	put16(tcp + at, mss);
	/* Across two words of the checksum its bytes count the other way round. */
	soft_checksum_change(tcp + CHECKSUM_AT, at & 1 ? swapped(old) : old, at & 1 ? swapped(mss) : mss);
}

void soft_clamp_mss(uint8_t *tcp, uint32_t len, uint32_t mss)
{
	uint32_t header = len < TCP_HDR ? 0 : (tcp[12] >> 4) * 4u;

	if (header < TCP_HDR || header > len || !(tcp[13] & SYN))
		return;
	for (uint32_t at = TCP_HDR; at + 1 < header && tcp[at] != OPTION_END; at += tcp[at] == OPTION_NOP ? 1 : tcp[at + 1]) {
		if (tcp[at] == OPTION_NOP)
			continue;
		if (tcp[at + 1] < 2 || at + tcp[at + 1] > header)
			return;
		if (tcp[at] == OPTION_MSS && tcp[at + 1] == MSS_LEN)
			lower(tcp, at + 2, mss);
	}
}
