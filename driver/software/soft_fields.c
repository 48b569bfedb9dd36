/* SPDX-License-Identifier: Apache-2.0 */
#include "soft_fields.h"

#include <string.h>

#include "espalier_regs.h"
#include "soft_bytes.h"
#include "soft_checksum.h"

#define DF 0x4000u

enum { NOT_ECT = 0, ECT_1 = 1, ECT_0 = 2, CE = 3, ECN_MASK = 3 };

static uint8_t outer_tos(const struct espalier_sa_config *config, const struct soft_ip *inner)
{
	uint8_t dscp = config->set_dscp ? (uint8_t)(config->dscp << 2) : inner->tos & ~ECN_MASK;
	bool marks = config->ecn == ESPALIER_ECN_CE || config->ecn == ESPALIER_ECN_NORMAL; /* RFC 6040, 4.1 */

	return marks ? dscp | (inner->tos & ECN_MASK) : dscp;
}

/*
 * A packet that may be fragmented needs an ID of its own, taken from the sequence number; an atomic one has none (RFC 6864, 4.1). The checksum is of numbers: the
 * header was just written in other pieces than it would be read.
 */
static void put_v4(uint8_t *out, const struct espalier_sa_config *config, const struct soft_ip *inner, uint32_t total, uint8_t proto, uint64_t seq)
{
	bool df = config->df == ESPALIER_DF_COPY ? inner->df : config->df == ESPALIER_DF_SET;
	uint32_t length = 0x45u << 24 | (uint32_t)outer_tos(config, inner) << 16 | total, fragment = df ? DF : (uint32_t)seq << 16;
	uint32_t ttl = (uint32_t)(config->copy_ttl ? inner->ttl : config->ttl) << 24 | (uint32_t)proto << 16;
	uint32_t src = get32(config->src.bytes), dst = get32(config->dst.bytes);

	put32(out, length);
	put32(out + 4, fragment);
	put32(out + 8, ttl | soft_checksum_fold((uint64_t)length + fragment + ttl + src + dst));
	put32(out + 12, src);
	put32(out + 16, dst);
}

void soft_put_outer(uint8_t *out, const struct espalier_sa_config *config, const struct soft_ip *inner, uint32_t total, uint8_t proto, uint64_t seq)
{
	if (config->dst.family == 4) {
		put_v4(out, config, inner, total, proto, seq);
		return;
	}
	put32(out, 6u << 28 | (uint32_t)outer_tos(config, inner) << 20 | (config->zero_flow_label ? 0 : inner->flow));
	put16(out + 4, total - IPV6_HDR);
	out[6] = proto;
	out[7] = config->copy_ttl ? inner->ttl : config->ttl;
	memcpy(out + 8, config->src.bytes, 16);
	memcpy(out + 24, config->dst.bytes, 16);
}

void soft_patch_headers(uint8_t *out, const struct soft_ip *ip, uint8_t proto, uint32_t total)
{
	out[ip->next_at] = proto;
	if (ip->version == 6) {
		put16(out + 4, total - IPV6_HDR);
		return;
	}
	put16(out + 2, total);
	put16(out + 10, 0);
	put16(out + 10, soft_ipv4_checksum(out, ip->headers));
}

void soft_decrement_ttl(uint8_t *p, const struct soft_ip *ip)
{
	uint32_t before = get16(p + 8);

	if (ip->version == 6) {
		p[7]--;
		return;
	}
	p[8]--;
	soft_checksum_change(p + 10, before, get16(p + 8));
}

static void set_tos(uint8_t *p, const struct soft_ip *ip, uint8_t tos)
{
	uint32_t before = get16(p);

	if (tos == ip->tos)
		return;
	if (ip->version == 6) {
		put16(p, (before & 0xf00fu) | (uint32_t)tos << 4);
		return;
	}
	p[1] = tos;
	soft_checksum_change(p + 10, before, get16(p));
}

/* RFC 6040, figure 4. False: the packet is to be dropped. */
static bool merge_marks(enum espalier_ecn mode, uint8_t outer, uint8_t *mark)
{
	if (mode == ESPALIER_ECN_NONE || (mode == ESPALIER_ECN_CE && outer != CE))
		return true;
	if (outer == CE && *mark == NOT_ECT)
		return false;
	if (outer == CE || (outer == ECT_1 && *mark == ECT_0))
		*mark = outer;
	return true;
}

uint8_t soft_merge_tos(uint8_t *p, const struct soft_ip *inner, const struct espalier_sa_config *config, uint8_t outer)
{
	uint8_t mark = inner->tos & ECN_MASK, dscp = (config->copy_dscp ? outer : inner->tos) & ~ECN_MASK;

	if (!merge_marks(config->ecn, outer & ECN_MASK, &mark))
		return ESP_STATUS_ECN_INVALID;
	set_tos(p, inner, dscp | mark);
	return ESP_STATUS_OK;
}
