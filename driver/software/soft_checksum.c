/* SPDX-License-Identifier: Apache-2.0 */
#include "soft_checksum.h"

#include "soft_bytes.h"

/* 64 bits hold the sum of any packet's words. */
static uint64_t add_words(uint64_t sum, const uint8_t *p, uint32_t len)
{
	uint8_t rest[4] = { 0 };
	uint32_t word;

	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		sum += word;
	}
	if (!len)
		return sum;
	memcpy(rest, p, len);
	memcpy(&word, rest, sizeof(word));
	return sum + word;
}

uint16_t soft_upper_checksum(const uint8_t *ip, uint8_t proto, const uint8_t *data, uint32_t len)
{
	uint64_t sum = ip[0] >> 4 == 4 ? add_words(0, ip + 12, 8) : add_words(0, ip + 8, 32);

	return ntohs(soft_checksum_fold(add_words(sum + htons(proto) + htonl(len), data, len)));
}

void soft_checksum_change(uint8_t *field, uint32_t old, uint32_t new)
{
	put16(field, soft_checksum_fold((uint64_t)(~get16(field) & 0xffff) + (~old & 0xffff) + new));
}
