/* SPDX-License-Identifier: Apache-2.0 */
/* Values inside sink messages: addresses, selectors, capabilities, counters, events. */
#include "sink_values.h"

#include "sink_proto.h"

void put_ip(uint8_t **at, const struct ip_addr *ip)
{
	wire_put(at, ip->family, 1);
	wire_put(at, 0, 3);
	wire_put_bytes(at, ip->bytes, sizeof(ip->bytes));
}

void get_ip(struct wire_reader *r, struct ip_addr *ip)
{
	size_t len;

	ip->family = (uint8_t)wire_get(r, 1);
	wire_get_zero(r, 3);
	wire_get_bytes(r, ip->bytes, sizeof(ip->bytes));
	if (ip->family != 0 && ip->family != 4 && ip->family != 6)
		r->bad = true;
	len = ip->family == 6 ? 16 : ip->family == 4 ? 4 : 0;
	for (size_t i = len; i < sizeof(ip->bytes); i++)
		if (ip->bytes[i])
			r->bad = true;
}

void put_endpoint(uint8_t **at, const struct endpoint *e)
{
	put_ip(at, &e->ip);
	wire_put(at, e->port, 2);
	wire_put(at, 0, 2);
}

void get_endpoint(struct wire_reader *r, struct endpoint *e)
{
	get_ip(r, &e->ip);
	e->port = (uint16_t)wire_get(r, 2);
	wire_get_zero(r, 2);
}

void put_ts(uint8_t **at, const struct ts *ts)
{
	wire_put(at, ts->proto, 1);
	wire_put(at, 0, 3);
	wire_put(at, ts->port_lo, 2);
	wire_put(at, ts->port_hi, 2);
	put_ip(at, &ts->lo);
	put_ip(at, &ts->hi);
}

void get_ts(struct wire_reader *r, struct ts *ts)
{
	ts->proto = (uint8_t)wire_get(r, 1);
	wire_get_zero(r, 3);
	ts->port_lo = (uint16_t)wire_get(r, 2);
	ts->port_hi = (uint16_t)wire_get(r, 2);
	get_ip(r, &ts->lo);
	get_ip(r, &ts->hi);
	if (ts->lo.family != ts->hi.family)
		r->bad = true;
}

void put_sa_id(uint8_t **at, const struct sink_sa_id *id)
{
	wire_put(at, id->direction, 1);
	wire_put(at, 0, 3);
	wire_put(at, id->spi, 4);
	put_ip(at, &id->dst);
}

void get_sa_id(struct wire_reader *r, struct sink_sa_id *id)
{
	id->direction = wire_get_enum(r, 2);
	wire_get_zero(r, 3);
	id->spi = (uint32_t)wire_get(r, 4);
	get_ip(r, &id->dst);
}

/* The flags of sink_caps, from bit 0 up. */
#define CAP_FLAGS(caps) \
	{ &(caps)->esn, &(caps)->no_esn, &(caps)->tunnel, &(caps)->transport, &(caps)->inner_v4, &(caps)->inner_v6, &(caps)->outer_v4, \
	  &(caps)->outer_v6, &(caps)->udp_encap, &(caps)->raw_esp, &(caps)->tfc_padding, &(caps)->events }
#define CAP_COUNT 12u

void put_caps(uint8_t **at, const struct sink_caps *caps)
{
	const bool *const flags[CAP_COUNT] = CAP_FLAGS(caps);
	char device[sizeof(caps->device)] = "";
	uint32_t bits = 0;

	for (unsigned int i = 0; i < CAP_COUNT; i++)
		bits |= (uint32_t)*flags[i] << i;
	memcpy(device, caps->device, strnlen(caps->device, sizeof(device) - 1));
	wire_put(at, caps->aeads, 4);
	wire_put(at, bits, 4);
	wire_put(at, caps->max_window, 4);
	wire_put(at, caps->sa_capacity, 4);
	wire_put_bytes(at, device, sizeof(device));
}

/* Bits that this version does not know are abilities that nobody here asks for: ignored. */
void get_caps(struct wire_reader *r, struct sink_caps *caps)
{
	bool *const flags[CAP_COUNT] = CAP_FLAGS(caps);
	char device[sizeof(caps->device)], text[SINK_ERROR_LEN];
	uint32_t bits;

	caps->aeads = (uint32_t)wire_get(r, 4);
	bits = (uint32_t)wire_get(r, 4);
	for (unsigned int i = 0; i < CAP_COUNT; i++)
		*flags[i] = bits >> i & 1;
	caps->max_window = (uint32_t)wire_get(r, 4);
	caps->sa_capacity = (uint32_t)wire_get(r, 4);
	wire_get_bytes(r, device, sizeof(device));
	sink_decode_text((const uint8_t *)device, strnlen(device, sizeof(device) - 1), text);
	memcpy(caps->device, text, sizeof(caps->device));
}

void put_stats(uint8_t **at, const struct sink_sa_stats *stats)
{
	wire_put(at, stats->packets, 8);
	wire_put(at, stats->bytes, 8);
	wire_put(at, stats->seq, 8);
	wire_put(at, stats->replay, 8);
	wire_put(at, stats->integrity, 8);
	wire_put(at, stats->other, 8);
	wire_put(at, stats->last_use_ms, 8);
}

void get_stats(struct wire_reader *r, struct sink_sa_stats *stats)
{
	stats->packets = wire_get(r, 8);
	stats->bytes = wire_get(r, 8);
	stats->seq = wire_get(r, 8);
	stats->replay = wire_get(r, 8);
	stats->integrity = wire_get(r, 8);
	stats->other = wire_get(r, 8);
	stats->last_use_ms = wire_get(r, 8);
}

void put_event(uint8_t **at, const struct sink_event *event)
{
	wire_put(at, event->reqid, 4);
	wire_put(at, event->hard, 1);
	wire_put(at, 0, 3);
	put_ts(at, &event->packet_local);
	put_ts(at, &event->packet_remote);
	put_sa_id(at, &event->id);
	put_endpoint(at, &event->endpoint);
	wire_put_bytes(at, event->text, strnlen(event->text, SINK_ERROR_LEN - 1));
}

void get_event(struct wire_reader *r, struct sink_event *event)
{
	event->reqid = (uint32_t)wire_get(r, 4);
	event->hard = wire_get_flag(r);
	wire_get_zero(r, 3);
	get_ts(r, &event->packet_local);
	get_ts(r, &event->packet_remote);
	get_sa_id(r, &event->id);
	get_endpoint(r, &event->endpoint);
	if (r->bad || r->end - r->at >= SINK_ERROR_LEN) {
		r->bad = true;
		return;
	}
	sink_decode_text(r->at, (size_t)(r->end - r->at), event->text);
	r->at = r->end;
}

void sink_decode_text(const uint8_t *body, size_t len, char *text)
{
	if (len > SINK_ERROR_LEN - 1)
		len = SINK_ERROR_LEN - 1;
	memset(text, 0, SINK_ERROR_LEN);
	for (size_t i = 0; i < len; i++)
		text[i] = body[i] >= ' ' && body[i] <= '~' ? (char)body[i] : '?';
}
