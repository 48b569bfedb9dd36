// SPDX-License-Identifier: Apache-2.0
#include "spd_rules.h"

#include <string.h>

#define PORT_MAX 65535u

static uint64_t state;

void spd_seed(unsigned int seed)
{
	state = 0x2545f4914f6cdd1dull ^ seed;
}

uint32_t spd_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 16);
}

uint32_t spd_below(uint32_t below)
{
	return spd_random() % below;
}

struct spd_act spd_random_act(void)
{
	return (struct spd_act){ (enum spd_action)spd_below(4), (uint16_t)spd_random() };
}

struct spd_rule spd_any_rule(void)
{
	return (struct spd_rule){ .directions = SPD_OUTBOUND | SPD_INBOUND, .families = SPD_IPV4 | SPD_IPV6,
				  .sport = { 0, PORT_MAX }, .dport = { 0, PORT_MAX } };
}

/* Few bases, so that prefixes of one table lie within each other. */
static struct spd_prefix random_prefix(unsigned int families)
{
	struct spd_prefix p = { .len = 0 };
	uint32_t base = spd_below(4);

	for (unsigned int i = 0; i < 16; i++)
		p.addr[i] = (uint8_t)(base * 0x55 + i * 0x1d);
	for (uint32_t i = spd_below(3); i > 0; i--)
		p.addr[spd_below(16)] = (uint8_t)spd_random();
	if (families == SPD_IPV4)
		p.len = (uint8_t)(spd_below(4) ? spd_below(33) : 0);
	if (families == SPD_IPV6)
		p.len = (uint8_t)(spd_below(4) ? spd_below(129) : 0);
	return p;
}

static struct spd_range random_range(void)
{
	uint16_t a = (uint16_t)spd_random(), b = (uint16_t)spd_random();
	uint16_t lo = a < b ? a : b, hi = a < b ? b : a, end = (uint16_t)(a | 0xff), further = (uint16_t)(a + spd_below(600));

	switch (spd_below(12)) {
	case 0: return (struct spd_range){ a, a };
	case 1: return (struct spd_range){ lo, hi };
	case 2: return (struct spd_range){ a, end }; /* within one upper half */
	case 3: return further > a ? (struct spd_range){ a, further } : (struct spd_range){ 0, a };
	case 4: return (struct spd_range){ 0, a };
	case 5: return (struct spd_range){ a, PORT_MAX };
	case 6: return (struct spd_range){ PORT_MAX, 0 };
	case 7: return (struct spd_range){ (uint16_t)spd_below(256), 255 }; /* ICMP types and codes */
	default: return (struct spd_range){ 0, PORT_MAX };
	}
}

struct spd_rule spd_random_rule(void)
{
	struct spd_rule r = { .proto = (uint8_t)(spd_below(4) ? (spd_below(2) ? 6 : 17) : spd_random()) };
	uint32_t families = spd_below(16);

	r.directions = (uint8_t)(spd_below(12) ? 1 + spd_below(3) : 0);
	r.families = families == 0 ? SPD_IPV4 | SPD_IPV6 : families < 8 ? SPD_IPV4 : SPD_IPV6;
	r.proto_kind = (enum spd_proto)(spd_below(8) ? spd_below(2) : 2);
	r.src = random_prefix(r.families);
	r.dst = random_prefix(r.families);
	r.sport = random_range();
	r.dport = random_range();
	r.act = spd_random_act();
	return r;
}

static void address_in(const struct spd_prefix *p, uint8_t addr[16])
{
	for (unsigned int bit = 0; bit < 128; bit++) {
		unsigned int mask = 0x80u >> bit % 8;
		unsigned int set = bit < p->len ? p->addr[bit / 8] & mask : spd_random() & mask;

		addr[bit / 8] = (uint8_t)((addr[bit / 8] & ~mask) | set);
	}
}

static uint16_t port_in(const struct spd_range *r)
{
	if (r->lo > r->hi)
		return (uint16_t)spd_random();
	switch (spd_below(3)) {
	case 0: return r->lo;
	case 1: return r->hi;
	default: return (uint16_t)(r->lo + spd_random() % (r->hi - r->lo + 1u));
	}
}

struct spd_key spd_key_in(const struct spd_rule *rule)
{
	struct spd_key k = { .proto = rule->proto_kind == SPD_PROTO_IS ? rule->proto : (uint8_t)spd_random() };
	bool opaque = rule->sport.lo > rule->sport.hi || rule->dport.lo > rule->dport.hi;

	k.inbound = rule->directions == 3 ? spd_below(2) : rule->directions == SPD_INBOUND;
	k.v6 = rule->families == 3 ? spd_below(2) : rule->families == SPD_IPV6;
	k.proto_known = rule->proto_kind != SPD_PROTO_OPAQUE && (rule->proto_kind == SPD_PROTO_IS || spd_below(8) != 0);
	k.ports_known = !opaque && spd_below(8) != 0;
	address_in(&rule->src, k.src);
	address_in(&rule->dst, k.dst);
	k.sport = port_in(&rule->sport);
	k.dport = port_in(&rule->dport);
	if (rule->sport.lo != 0 || rule->sport.hi != PORT_MAX || rule->dport.lo != 0 || rule->dport.hi != PORT_MAX)
		k.ports_known = !opaque;
	return k;
}

/* The last bit that counts turns, or the one behind it, or any. */
static void turn_bit(const struct spd_prefix *p, uint8_t addr[16])
{
	uint32_t kind = spd_below(3), bit = kind == 0 ? p->len : kind == 1 ? p->len - 1u : spd_below(128);

	if (bit < 128)
		addr[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
}

static uint16_t port_beside(const struct spd_range *r)
{
	switch (spd_below(5)) {
	case 0: return (uint16_t)(r->lo - 1);
	case 1: return (uint16_t)(r->hi + 1);
	case 2: return (uint16_t)((r->lo & 0xff00) | spd_below(256));
	case 3: return (uint16_t)((r->hi & 0xff00) | spd_below(256));
	default: return (uint16_t)spd_random();
	}
}

struct spd_key spd_key_near(const struct spd_rule *rule)
{
	struct spd_key k = spd_key_in(rule);

	for (uint32_t changes = spd_below(3); changes > 0; changes--) {
		switch (spd_below(10)) {
		case 0: case 1: turn_bit(&rule->src, k.src); break;
		case 2: case 3: turn_bit(&rule->dst, k.dst); break;
		case 4: k.sport = port_beside(&rule->sport); break;
		case 5: k.dport = port_beside(&rule->dport); break;
		case 6: k.proto ^= (uint8_t)(1u << spd_below(8)); break;
		case 7: k.ports_known = !k.ports_known; break;
		case 8: k.proto_known = !k.proto_known; break;
		default:
			if (spd_below(2))
				k.v6 = !k.v6;
			else
				k.inbound = !k.inbound;
		}
	}
	return k;
}
