/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ESP encapsulation (RFC 4303, 3.3):
 *   tunnel      outer IP | UDP | SPI (4) | sequence (4) | IV | packet, TFC padding, padding 1 2 3, pad length, next header | ICV
 *   transport   headers  | UDP | SPI (4) | sequence (4) | IV | what was behind them,    padding 1 2 3, pad length, next header | ICV
 * All that can be wrong is found before a number is drawn and before out is written.
 */
#include <openssl/crypto.h>
#include <string.h>

#include "soft_cipher.h"
#include "soft_esp.h"
#include "soft_fields.h"
#include "soft_life.h"
#include "soft_mss.h"
#include "soft_trailer.h"
#include "soft_udp.h"

/* All geometry of a packet. */
struct plan {
	struct soft_ip ip; /* the packet as it came; in transport mode up to where ESP belongs */
	uint32_t cut;	   /* bytes of its headers that stay in front */
	uint32_t payload;  /* bytes of it that are protected */
	uint32_t text;	   /* the same with TFC padding */
	uint32_t at;	   /* of ESP in the result */
	uint8_t next;
};

static uint8_t make_plan(const struct soft_sa *sa, const uint8_t *in, uint32_t len, uint32_t total, struct plan *plan)
{
	const struct espalier_sa_config *config = &sa->config;

	if (!soft_parse_inner(in, len, &plan->ip))
		return ESP_STATUS_INNER_MALFORMED;
	plan->cut = 0;
	plan->next = plan->ip.version == 4 ? PROTO_IPV4 : PROTO_IPV6;
	plan->at = config->dst.family == 4 ? IPV4_HDR : IPV6_HDR;
	if (config->mode == ESPALIER_TRANSPORT) {
		uint8_t status = plan->ip.version == config->dst.family ? soft_parse_place(in, &plan->ip) : ESP_STATUS_INNER_MALFORMED;

		if (status)
			return status;
		if (plan->ip.routed && config->udp_encap.dport) /* the UDP checksum is over an address that is not in the header yet */
			return ESP_STATUS_UNSUPPORTED;
		plan->at = plan->cut = plan->ip.headers;
		plan->next = plan->ip.proto;
	}
	plan->payload = len - plan->cut;
	plan->text = plan->payload < sa->text_min ? sa->text_min : plan->payload;
	if (config->udp_encap.dport)
		plan->at += UDP_HDR;
	if (config->mtu && total > config->mtu)
		return ESP_STATUS_PACKET_TOO_BIG;
	return config->decrement_ttl && plan->ip.ttl <= 1 ? ESP_STATUS_TTL_EXPIRED : ESP_STATUS_OK;
}

/* What stands in front of ESP. own: the headers that the packet keeps. */
static void put_headers(uint8_t *out, const struct soft_sa *sa, const struct plan *plan, const uint8_t *own, uint32_t total, uint64_t seq)
{
	const struct espalier_sa_config *config = &sa->config;
	uint8_t proto = config->udp_encap.dport ? PROTO_UDP : PROTO_ESP;

	if (config->mode == ESPALIER_TRANSPORT) {
		memcpy(out, own, plan->cut);
		soft_patch_headers(out, &plan->ip, proto, total);
	} else {
		soft_put_outer(out, config, &plan->ip, total, proto, seq);
	}
	if (config->udp_encap.dport)
		soft_put_udp(out + plan->at - UDP_HDR, config->udp_encap.sport, config->udp_encap.dport, total - plan->at);
}

/* The payload as it is to be protected. */
static void edit(const struct soft_sa *sa, const struct plan *plan, uint8_t *text)
{
	uint32_t headers = plan->ip.headers - plan->cut; /* of it in the payload */

	if (plan->text != plan->payload)
		memset(text + plan->payload, 0, plan->text - plan->payload);
	if (sa->config.decrement_ttl)
		soft_decrement_ttl(text, &plan->ip);
	if (sa->config.mss && plan->ip.proto == PROTO_TCP && !plan->ip.fragment)
		soft_clamp_mss(text + headers, plan->payload - headers, sa->config.mss);
}

uint8_t soft_encap(struct soft_dev *soft, struct soft_sa *sa, const uint8_t *in, uint32_t len, uint32_t total, uint8_t *out, uint32_t *out_len)
{
	uint8_t own[SOFT_HEADERS_MAX], *text;
	uint64_t seq = sa->last_seq + 1;
	struct plan plan;
	uint32_t body;
	uint8_t status = make_plan(sa, in, len, total, &plan);

	if (status == ESP_STATUS_PACKET_TOO_BIG)
		*out_len = sa->inner_mtu;
	if (status)
		return status;
	if (seq == (sa->config.esn ? 0 : 1ull << 32))
		return ESP_STATUS_SEQ_EXHAUSTED;
	body = (plan.text + SOFT_TRAILER + 3) & ~3u;
	if (!soft_life_take(soft, sa, body))
		return ESP_STATUS_SA_EXPIRED;

	if (plan.cut)
		memcpy(own, in, plan.cut);
	text = out + plan.at + ESP_HDR + sa->iv_len;
	memmove(text, in + plan.cut, plan.payload); /* from here on in is gone, if it overlaps */
	if (sa->edits)
		edit(sa, &plan, text);
	put_headers(out, sa, &plan, own, total, seq);
	soft_put_trailer(text, plan.text, plan.next);
	sa->last_seq = seq; /* spent, whatever follows */
	if (!soft_seal(sa, seq, out + plan.at, body)) {
		OPENSSL_cleanse(text, body); /* still in clear */
		return ESP_STATUS_NO_SA; /* as if its cipher was not there; ENGINE_FAULT would mean the whole device */
	}
	if (sa->config.udp_encap.dport)
		soft_finish_udp(out, plan.at - UDP_HDR, total);
	*out_len = total;
	return ESP_STATUS_OK;
}
