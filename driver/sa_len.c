/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes of ESP packets by SA (RFC 4303, 2; RFC 3948, 2.1). */
#include "espalier_sa.h"

#define UDP_HEADER 8u
#define ESP_HEADER 8u
#define IV 8u
#define TRAILER 2u
#define ICV 16u

/* What stands around the payload with its trailer; in transport mode the packet's own headers are part of the payload here. */
static uint32_t around(const struct espalier_sa_config *config)
{
	uint32_t outer = config->mode == ESPALIER_TRANSPORT ? 0 : config->dst.family == 6 ? 40 : 20;
	uint32_t udp = config->udp_encap.dport ? UDP_HEADER : 0;

	return outer + udp + ESP_HEADER + (config->implicit_iv ? 0 : IV) + (config->icv_len ? config->icv_len : ICV);
}

uint32_t espalier_inner_mtu(const struct espalier_sa_config *config, uint32_t mtu)
{
	uint32_t rest = mtu < around(config) ? 0 : (mtu - around(config)) & ~3u;

	return rest < TRAILER ? 0 : rest - TRAILER;
}

uint32_t espalier_encap_len(const struct espalier_sa_config *config, uint32_t len)
{
	uint32_t most = config->mtu ? espalier_inner_mtu(config, config->mtu) : UINT16_MAX;
	uint32_t padded = config->tfc_pad < most ? config->tfc_pad : most;

	if (config->tfc_pad && len < padded)
		len = padded;
	return around(config) + ((len + TRAILER + 3) & ~3u);
}
