/* SPDX-License-Identifier: Apache-2.0 */
/* What the gateway does with a packet of the TUN device before the card sees it: parse, cut into fragments, answer. First two bytes: the MTU. */
#include <stdlib.h>
#include <string.h>

#include "gw/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(bool met)
{
	if (!met)
		abort();
}

static void fragments(const uint8_t *ip, const struct packet *packet, uint16_t mtu)
{
	size_t at = 0, before = 0, len;
	uint8_t *out = malloc(mtu + 1u);
	struct packet piece;

	while (at < packet->len && (len = packet_fragment(ip, packet, mtu, &at, out))) {
		demand(len <= mtu && at > before && packet_parse(out, len, &piece) && piece.len == len);
		before = at;
	}
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t answer[ICMP_ANSWER_MAX];
	struct packet packet;
	uint16_t mtu;
	size_t len;

	if (size < 2)
		return 0;
	mtu = (uint16_t)get_be16(data);
	if (!packet_parse(data + 2, size - 2, &packet))
		return 0;
	demand(packet.len <= size - 2 && packet.header_len <= packet.len);
	fragments(data + 2, &packet, mtu);
	len = packet_too_big(data + 2, &packet, mtu, answer);
	demand(!len || (packet_checksum(answer, 20) == 0 && packet_checksum(answer + 20, len - 20) == 0 && len == get_be16(answer + 2)));
	return 0;
}
