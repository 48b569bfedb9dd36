/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ESP decapsulation (RFC 4303, 3.4). The order of the checks is part of the interface: a packet with several faults gets the status of the first.
 * Plaintext stays in a buffer of its own until all have passed.
 */
#include <openssl/crypto.h>
#include <string.h>

#include "soft_cipher.h"
#include "soft_esp.h"
#include "soft_fields.h"
#include "soft_life.h"
#include "soft_mss.h"
#include "soft_sa.h"
#include "soft_trailer.h"
#include "soft_udp.h"

#define PLAIN_ESP_MIN (ESP_HDR + ESP_IV + 4u + ESP_ICV) /* of today's format */

/* A packet as it came. */
struct incoming {
	const uint8_t *packet;
	struct soft_ip ip;
	bool in_udp;
	struct soft_udp udp;
	const uint8_t *esp;
	uint32_t esp_len;
	uint64_t seq;
};

/* Up to the ESP header. */
static uint8_t parse(const struct soft_dev *soft, const uint8_t *in, uint32_t len, struct incoming *p)
{
	uint8_t status = soft_parse_outer(in, len, &p->ip);

	if (status)
		return status;
	p->packet = in;
	p->in_udp = p->ip.proto == PROTO_UDP;
	if (p->ip.fragment && (p->ip.version == 6 || p->in_udp || p->ip.proto == PROTO_ESP))
		return ESP_STATUS_FRAGMENT;
	if (!p->in_udp && p->ip.proto != PROTO_ESP)
		return ESP_STATUS_NOT_ESP;
	if (p->ip.routed)
		return ESP_STATUS_UNSUPPORTED;
	p->esp = in + p->ip.headers;
	p->esp_len = p->ip.total - p->ip.headers;
	if (p->in_udp) {
		if (!soft_udp_ports(in, &p->ip, &p->udp) || (p->udp.dport != SOFT_NAT_T_PORT && !(p->udp.dport && soft->udp_ports[p->udp.dport])))
			return ESP_STATUS_NOT_ESP;
		status = soft_check_udp(in, &p->ip, &p->udp);
		if (status)
			return status;
		p->esp += UDP_HDR;
		p->esp_len = p->udp.len;
	}
	return p->esp_len < ESP_HDR || p->esp_len % 4 ? ESP_STATUS_ESP_TRUNCATED : ESP_STATUS_OK;
}

/* A port is the SA's own, or 4500, on which ESP may always come (RFC 7296, 2.23). */
static struct soft_sa *find(struct soft_dev *soft, const struct incoming *p)
{
	struct soft_sa *sa = soft_sa_find(soft, get32(p->esp), p->ip.version, p->packet + (p->ip.version == 4 ? 16 : 24));

	if (!sa || (p->in_udp && p->udp.dport != SOFT_NAT_T_PORT && p->udp.dport != sa->config.udp_encap.dport))
		return NULL;
	return sa;
}

/* What an unknown SA's packet is called: as a device that parses no options says. */
static uint8_t name_unknown(const struct incoming *p)
{
	if (p->ip.version == 4 && p->ip.headers != IPV4_HDR)
		return ESP_STATUS_OUTER_MALFORMED;
	return p->esp_len < PLAIN_ESP_MIN ? ESP_STATUS_ESP_TRUNCATED : ESP_STATUS_NO_SA;
}

static bool is_from(const struct incoming *p, const struct ip_addr *ip)
{
	return ip->family == p->ip.version && !memcmp(ip->bytes, p->packet + (ip->family == 4 ? 12 : 8), ip->family == 4 ? 4 : 16);
}

/* With its SA, before the ICV. An IPv4 header with options is no outer header of a tunnel. */
static uint8_t admit(struct soft_sa *sa, struct incoming *p)
{
	if (p->ip.version == 4 && p->ip.headers != IPV4_HDR && sa->config.mode == ESPALIER_TUNNEL)
		return ESP_STATUS_OUTER_MALFORMED;
	if (p->esp_len < ESP_HDR + sa->iv_len + 4u + sa->icv_len)
		return ESP_STATUS_ESP_TRUNCATED;
	if (sa->config.check_outer && !is_from(p, &sa->config.src))
		return ESP_STATUS_OUTER_ADDRESS;
	if (sa->life.ended)
		return ESP_STATUS_SA_EXPIRED;
	if (!soft_replay_infer(&sa->replay, get32(p->esp + 4), &p->seq))
		return ESP_STATUS_REPLAY_OLD;
	return soft_replay_check(&sa->replay, p->seq);
}

/* An authentic packet says where the peer is (RFC 7296, 2.23). The first one does, too, if the SA does not. */
static void follow_peer(struct soft_dev *soft, struct soft_sa *sa, const struct incoming *p)
{
	bool known = sa->peer.family;

	if (!p->in_udp || !sa->config.udp_encap.dport || (is_from(p, &sa->peer) && sa->peer_port == p->udp.sport))
		return;
	sa->peer = (struct ip_addr){ .family = p->ip.version };
	memcpy(sa->peer.bytes, p->packet + (p->ip.version == 4 ? 12 : 8), p->ip.version == 4 ? 4 : 16);
	sa->peer_port = p->udp.sport;
	if (known)
		soft_event(soft, sa, ESPALIER_EVENT_PEER_MOVED);
}

static void clamp(const struct soft_sa *sa, const struct soft_ip *ip, uint8_t proto, uint8_t *upper, uint32_t len)
{
	if (proto == PROTO_TCP && !ip->fragment)
		soft_clamp_mss(upper, len, sa->config.mss);
}

/* The inner header says how long the packet is; what is behind it is traffic flow padding (RFC 4303, 2.7). */
static uint8_t finish_tunnel(const struct soft_sa *sa, const struct incoming *p, uint8_t *text, uint32_t payload, uint8_t next, uint32_t *len)
{
	struct soft_ip inner;
	uint8_t status;

	if (next != PROTO_IPV4 && (next != PROTO_IPV6 || !payload || text[0] >> 4 != 6))
		return ESP_STATUS_BAD_NEXT_HEADER;
	*len = payload < IPV4_HDR ? 0 : next == PROTO_IPV4 ? get16(text + 2) : IPV6_HDR + get16(text + 4);
	if (*len > payload || !soft_parse_inner(text, *len, &inner) || inner.version != (next == PROTO_IPV4 ? 4 : 6))
		return ESP_STATUS_INNER_MALFORMED;
	status = soft_merges_tos(&sa->config, p->ip.tos) ? soft_merge_tos(text, &inner, &sa->config, p->ip.tos) : ESP_STATUS_OK;
	if (!status && sa->config.mss)
		clamp(sa, &inner, inner.proto, text + inner.headers, *len - inner.headers);
	return status;
}

/* The packet's own headers, in front of text, around what it protected. */
static void finish_transport(const struct soft_sa *sa, const struct incoming *p, uint8_t *text, uint32_t payload, uint8_t next, uint32_t *len)
{
	uint8_t *packet = text - p->ip.headers;

	memcpy(packet, p->packet, p->ip.headers);
	*len = p->ip.headers + payload;
	soft_patch_headers(packet, &p->ip, next, *len);
	if (sa->config.mss)
		clamp(sa, &p->ip, next, text, payload);
	if (p->in_udp)
		soft_mend_upper(packet, &p->ip, next, payload);
}

uint8_t soft_decap(struct soft_dev *soft, const uint8_t *in, uint32_t len, uint8_t *out, uint32_t *out_len, struct soft_sa **found)
{
	uint8_t plain[SOFT_HEADERS_MAX + SOFT_MAX_OUT], *text = plain + SOFT_HEADERS_MAX, *result = text, next, status;
	uint32_t body, payload, result_len;
	struct incoming p;
	struct soft_sa *sa;

	*out_len = 0;
	*found = NULL;
	status = parse(soft, in, len, &p);
	if (status)
		return status;
	*found = sa = find(soft, &p);
	if (!sa)
		return name_unknown(&p);
	status = admit(sa, &p);
	if (status)
		return status;
	body = p.esp_len - ESP_HDR - sa->iv_len - sa->icv_len;
	if (!soft_open_sealed(sa, p.seq, p.esp, body, text)) {
		status = ESP_STATUS_ICV_MISMATCH;
		goto out;
	}
	if (!soft_life_take(soft, sa, body)) {
		status = ESP_STATUS_SA_EXPIRED;
		goto out;
	}
	soft_replay_update(&sa->replay, p.seq);
	follow_peer(soft, sa, &p);
	status = soft_check_trailer(text, body, &payload, &next);
	if (!status && sa->config.mode == ESPALIER_TUNNEL) {
		status = finish_tunnel(sa, &p, text, payload, next, &result_len);
	} else if (!status) {
		finish_transport(sa, &p, text, payload, next, &result_len);
		result = text - p.ip.headers;
	}
	if (status)
		goto out;
	memcpy(out, result, result_len);
	*out_len = result_len;
	return ESP_STATUS_OK; /* what plain holds was released: nothing to wipe */
out:
	OPENSSL_cleanse(text, body);
	return status;
}
