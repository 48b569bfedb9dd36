/* SPDX-License-Identifier: Apache-2.0 */
/* What an SA may be, and what a device must have for it. */
#include <errno.h>
#include <string.h>

#include "backend.h"

#define LIMIT_BYTES_MAX (UINT64_MAX - UINT16_MAX) /* so that no sum with a packet wraps */

const char *espalier_feature_name(enum espalier_feature feature)
{
	static const char *const names[ESPALIER_FEATURES] = {
		"transport mode", "IPv6 inside of tunnels", "outer IPv6 addresses", "UDP encapsulation", "AES-GMAC", "an ICV of 8 or 12 bytes",
		"an implicit IV", "options for header fields", "this treatment of congestion marks", "a check of outer addresses", "TFC padding",
		"a path MTU", "an MSS clamp", "limits of packets and bytes", "counters by SA", "events", "ChaCha20-Poly1305",
	};

	for (unsigned int i = 0; i < ESPALIER_FEATURES; i++)
		if ((unsigned int)feature == 1u << i)
			return names[i];
	return "unknown";
}

uint32_t espalier_sa_features(const struct espalier_sa_config *config)
{
	const struct espalier_limits *limits = &config->limits;
	bool fields = config->df != ESPALIER_DF_COPY || config->set_dscp || config->copy_dscp || config->copy_ttl || config->decrement_ttl ||
		      config->zero_flow_label;
	const struct {
		bool needed;
		enum espalier_feature feature;
	} needs[] = {
		{ config->mode == ESPALIER_TRANSPORT, ESPALIER_FEATURE_TRANSPORT },
		{ config->src.family == 6 || config->dst.family == 6, ESPALIER_FEATURE_OUTER_V6 },
		{ config->udp_encap.sport || config->udp_encap.dport, ESPALIER_FEATURE_UDP_ENCAP },
		{ config->algorithm == ESPALIER_AES_GMAC, ESPALIER_FEATURE_GMAC },
		{ config->algorithm == ESPALIER_CHACHA20_POLY1305, ESPALIER_FEATURE_CHACHA },
		{ config->icv_len && config->icv_len != 16, ESPALIER_FEATURE_SHORT_ICV },
		{ config->implicit_iv, ESPALIER_FEATURE_IMPLICIT_IV },
		{ fields, ESPALIER_FEATURE_HEADER_FIELDS },
		{ config->ecn != ESPALIER_ECN_CE, ESPALIER_FEATURE_ECN },
		{ config->check_outer, ESPALIER_FEATURE_CHECK_OUTER },
		{ config->tfc_pad, ESPALIER_FEATURE_TFC },
		{ config->mtu, ESPALIER_FEATURE_MTU },
		{ config->mss, ESPALIER_FEATURE_MSS },
		{ limits->soft_packets || limits->hard_packets || limits->soft_bytes || limits->hard_bytes, ESPALIER_FEATURE_LIMITS },
	};
	uint32_t features = 0;

	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++)
		if (needs[i].needed)
			features |= needs[i].feature;
	return features;
}

static const char *wrong_addresses(const struct espalier_sa_config *config)
{
	uint8_t src = config->src.family, dst = config->dst.family;

	if (dst != 4 && dst != 6)
		return "there is no destination address";
	if (src != dst && (config->direction == ESPALIER_OUTBOUND || src))
		return "its outer addresses are not of one family";
	if (config->check_outer && !src)
		return "to check outer addresses it needs a source address";
	if (!config->udp_encap.sport != !config->udp_encap.dport)
		return "UDP encapsulation needs two ports";
	return NULL;
}

static const char *wrong_algorithm(const struct espalier_sa_config *config)
{
	bool whole = config->icv_len == 0 || config->icv_len == 16;

	if ((unsigned int)config->algorithm > ESPALIER_CHACHA20_POLY1305)
		return "there is no such algorithm";
	if (config->algorithm == ESPALIER_CHACHA20_POLY1305 && (config->key_len != 32 || !whole))
		return "ChaCha20-Poly1305 has a key of 32 bytes and an ICV of 16 (RFC 7634, 2)";
	if (!whole && config->icv_len != 8 && config->icv_len != 12)
		return "an ICV has 8, 12 or 16 bytes";
	if (config->algorithm == ESPALIER_AES_GMAC && !whole)
		return "the ICV of AES-GMAC has 16 bytes (RFC 4543, 3.4)";
	if (config->implicit_iv && (config->algorithm == ESPALIER_AES_GMAC || !whole))
		return "an implicit IV goes with encryption and an ICV of 16 bytes (RFC 8750, 4)";
	return NULL;
}

/* What has no meaning for an SA of this direction or mode is refused and not ignored. */
static const char *wrong_options(const struct espalier_sa_config *config)
{
	bool outbound = config->df != ESPALIER_DF_COPY || config->set_dscp || config->copy_ttl || config->decrement_ttl || config->zero_flow_label ||
			config->tfc_pad || config->mtu;

	if (config->direction == ESPALIER_INBOUND && outbound)
		return "df, set_dscp, copy_ttl, decrement_ttl, zero_flow_label, tfc_pad and mtu are for outbound SAs";
	if (config->direction == ESPALIER_OUTBOUND && (config->copy_dscp || config->check_outer))
		return "copy_dscp and check_outer are for inbound SAs";
	if (config->mode == ESPALIER_TRANSPORT && (config->df != ESPALIER_DF_COPY || config->ecn != ESPALIER_ECN_CE || config->set_dscp ||
						   config->copy_dscp || config->copy_ttl || config->decrement_ttl || config->zero_flow_label))
		return "in transport mode a packet keeps its header fields";
	if (config->mode == ESPALIER_TRANSPORT && config->tfc_pad)
		return "TFC padding needs tunnel mode (RFC 4303, 2.7)";
	if (config->dscp > 63 || (unsigned int)config->ecn > ESPALIER_ECN_NONE || (unsigned int)config->df > ESPALIER_DF_CLEAR)
		return "dscp, ecn or df is out of range";
	if (config->tfc_pad == UINT16_MAX ? !config->mtu : config->tfc_pad > ESPALIER_MAX_PACKET)
		return "tfc_pad is above the largest packet, or means the path MTU and there is none";
	if (config->mtu && !espalier_inner_mtu(config, config->mtu))
		return "nothing fits into the path MTU";
	if (config->limits.hard_bytes > LIMIT_BYTES_MAX || config->limits.soft_bytes > LIMIT_BYTES_MAX)
		return "a limit of bytes is above 2^64 - 65536";
	return NULL;
}

int espalier_sa_check(struct espalier_dev *dev, const struct espalier_sa_config *config, uint32_t features, uint32_t max_window)
{
	uint32_t lacking = espalier_sa_features(config) & ~features;
	const char *wrong;

	if (config->direction != ESPALIER_OUTBOUND && config->direction != ESPALIER_INBOUND)
		return espalier_fail(dev->error, -EINVAL, "SA: the direction is neither outbound nor inbound.");
	if (config->mode != ESPALIER_TUNNEL && config->mode != ESPALIER_TRANSPORT)
		return espalier_fail(dev->error, -EINVAL, "SA 0x%08x: the mode is neither tunnel nor transport.", config->spi);
	if (config->key_len != 16 && config->key_len != 24 && config->key_len != 32)
		return espalier_fail(dev->error, -EINVAL, "SA 0x%08x: a key has 16, 24 or 32 bytes, not %u.", config->spi, config->key_len);
	if (config->spi < 256)
		return espalier_fail(dev->error, -EINVAL, "SA 0x%08x: SPIs 0 to 255 are reserved (RFC 4303, 2.1).", config->spi);
	if (!config->esn && config->seq > UINT32_MAX)
		return espalier_fail(dev->error, -EINVAL, "SA 0x%08x: a sequence number above 2^32-1 needs ESN.", config->spi);
	wrong = wrong_addresses(config);
	if (!wrong)
		wrong = wrong_algorithm(config);
	if (!wrong)
		wrong = wrong_options(config);
	if (wrong)
		return espalier_fail(dev->error, -EINVAL, "SA 0x%08x: %s.", config->spi, wrong);
	if (lacking)
		return espalier_fail(dev->error, -ENOTSUP, "SA 0x%08x: this device does not have %s.", config->spi,
				     espalier_feature_name((enum espalier_feature)(lacking & -lacking)));
	if (config->direction == ESPALIER_INBOUND && config->replay_window > max_window)
		return espalier_fail(dev->error, -EINVAL, "SA 0x%08x: a replay window of %u is more than the device's %u.", config->spi,
				     config->replay_window, max_window);
	return 0;
}
