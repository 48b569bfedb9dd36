/* SPDX-License-Identifier: Apache-2.0 */
/* Packets in memory: what is in them, fragments, ICMP answers. The byte strings are scapy's: IP()/UDP(), fragment(packet, 24), ICMP(type=3, code=4). */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gw/packet.h"

static const uint8_t datagram[] = {
	0x45, 0x2e, 0x00, 0x44, 0x12, 0x34, 0x40, 0x00, 0x3f, 0x11, 0x15, 0x43, 0x0a, 0x01, 0x00, 0x01, 0x0a, 0x02, 0x00, 0x01,
	0x03, 0xe8, 0x07, 0xd0, 0x00, 0x30, 0x62, 0x40, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b,
	0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f,
	0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27,
};
static const uint8_t too_big[] = {
	0x45, 0xc0, 0x00, 0x60, 0x00, 0x00, 0x00, 0x00, 0x40, 0x01, 0x65, 0xd9, 0x0a, 0x02, 0x00, 0x01, 0x0a, 0x01, 0x00, 0x01,
	0x03, 0x04, 0x0f, 0x02, 0x00, 0x00, 0x02, 0x40, 0x45, 0x2e, 0x00, 0x44, 0x12, 0x34, 0x40, 0x00, 0x3f, 0x11, 0x15, 0x43,
	0x0a, 0x01, 0x00, 0x01, 0x0a, 0x02, 0x00, 0x01, 0x03, 0xe8, 0x07, 0xd0, 0x00, 0x30, 0x62, 0x40, 0x00, 0x01, 0x02, 0x03,
	0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17,
	0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27,
};
static const uint8_t whole[] = {
	0x45, 0x00, 0x00, 0x58, 0x12, 0x34, 0x00, 0x00, 0x3f, 0x11, 0x55, 0x5d, 0x0a, 0x01, 0x00, 0x01, 0x0a, 0x02, 0x00, 0x01,
	0x03, 0xe8, 0x07, 0xd0, 0x00, 0x44, 0x76, 0x22, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b,
	0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f,
	0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f, 0x30, 0x31, 0x32, 0x33,
	0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b,
};
static const uint8_t piece0[] = {
	0x45, 0x00, 0x00, 0x2c, 0x12, 0x34, 0x20, 0x00, 0x3f, 0x11, 0x35, 0x89, 0x0a, 0x01, 0x00, 0x01, 0x0a, 0x02, 0x00, 0x01,
	0x03, 0xe8, 0x07, 0xd0, 0x00, 0x44, 0x76, 0x22, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b,
	0x0c, 0x0d, 0x0e, 0x0f,
};
static const uint8_t piece1[] = {
	0x45, 0x00, 0x00, 0x2c, 0x12, 0x34, 0x20, 0x03, 0x3f, 0x11, 0x35, 0x86, 0x0a, 0x01, 0x00, 0x01, 0x0a, 0x02, 0x00, 0x01,
	0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x21, 0x22, 0x23,
	0x24, 0x25, 0x26, 0x27,
};
static const uint8_t piece2[] = {
	0x45, 0x00, 0x00, 0x28, 0x12, 0x34, 0x00, 0x06, 0x3f, 0x11, 0x55, 0x87, 0x0a, 0x01, 0x00, 0x01, 0x0a, 0x02, 0x00, 0x01,
	0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f, 0x30, 0x31, 0x32, 0x33, 0x34, 0x35, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b,
};

static struct packet parsed(const uint8_t *ip, size_t len)
{
	struct packet packet;

	assert_true(packet_parse(ip, len, &packet));
	return packet;
}

static void parse(void **state)
{
	struct packet p = parsed(datagram, sizeof(datagram));

	(void)state;
	assert_int_equal(p.len, 68);
	assert_int_equal(p.header_len, 20);
	assert_int_equal(p.tos, 0x2e);
	assert_int_equal(p.proto, IPPROTO_UDP);
	assert_true(p.df && p.has_port);
	assert_int_equal(p.src_port, 1000);
	assert_int_equal(p.dst_port, 2000);
	assert_memory_equal(p.src.bytes, "\x0a\1\0\1", 4);
	assert_memory_equal(p.dst.bytes, "\x0a\2\0\1", 4);
	p = parsed(piece1, sizeof(piece1));
	assert_false(p.has_port); /* ports are in the first fragment only */
	p = parsed(piece0, sizeof(piece0));
	assert_true(p.has_port);
	p = parsed(too_big, sizeof(too_big));
	assert_int_equal(p.src_port, 3 << 8 | 4); /* ICMP: type and code */
	assert_int_equal(p.dst_port, 3 << 8 | 4);
}

static void parse_malformed(void **state)
{
	uint8_t ip[sizeof(datagram)];
	struct packet p;

	(void)state;
	for (size_t len = 0; len < sizeof(datagram); len++) {
		uint8_t *cut = malloc(len + 1);

		memcpy(cut, datagram, len);
		assert_false(packet_parse(cut, len, &p));
		free(cut);
	}
	memcpy(ip, datagram, sizeof(ip));
	ip[0] = 0x65;
	assert_false(packet_parse(ip, sizeof(ip), &p));
	ip[0] = 0x44;
	assert_false(packet_parse(ip, sizeof(ip), &p));
	ip[0] = 0x45;
	put_be16(ip + 2, 19);
	assert_false(packet_parse(ip, sizeof(ip), &p));
	put_be16(ip + 2, 23); /* a UDP header that ends in its ports */
	assert_true(packet_parse(ip, sizeof(ip), &p));
	assert_false(p.has_port);
}

static void fragments(void **state)
{
	static const struct {
		const uint8_t *data;
		size_t len;
	} pieces[] = { { piece0, sizeof(piece0) }, { piece1, sizeof(piece1) }, { piece2, sizeof(piece2) } };
	struct packet p = parsed(whole, sizeof(whole));
	uint8_t out[100];
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(packet_fragment(whole, &p, 44 + 7, &at, out), pieces[i].len); /* 24 bytes of payload: the 7 are no use */
		assert_memory_equal(out, pieces[i].data, pieces[i].len);
	}
	assert_int_equal(packet_fragment(whole, &p, 44, &at, out), 0);
}

/* At every MTU: pieces that fit, with good checksums, that make up the packet again. */
static void fragment_sizes(void **state)
{
	uint8_t ip[1400], out[1400], back[1400];
	struct packet p;

	(void)state;
	memcpy(ip, whole, 28);
	for (size_t i = 28; i < sizeof(ip); i++)
		ip[i] = (uint8_t)(i * 7);
	put_be16(ip + 2, sizeof(ip));
	p = parsed(ip, sizeof(ip));
	for (uint16_t mtu = 0; mtu < sizeof(ip); mtu++) {
		size_t at = 0, len, total = 0;
		bool more = true;

		while ((len = packet_fragment(ip, &p, mtu, &at, out))) {
			assert_true(len <= mtu && len == get_be16(out + 2) && more);
			assert_int_equal(packet_checksum(out, 20), 0);
			memcpy(back + (get_be16(out + 6) & IPV4_OFFSET) * 8, out + 20, len - 20);
			total += len - 20;
			more = get_be16(out + 6) & IPV4_MF;
		}
		if (mtu < 28) {
			assert_int_equal(total, 0);
			continue;
		}
		assert_false(more);
		assert_int_equal(total, sizeof(ip) - 20);
		assert_memory_equal(back, ip + 20, total);
	}
}

/* Later fragments have the options with the copied flag and no others (RFC 791, 3.1); nonsense among them is cut off. */
static void fragment_options(void **state)
{
	static const struct {
		uint8_t options[12], later[12];
		size_t later_len;
	} cases[] = {
		{ { 7, 7, 4, 0, 0, 0, 0, 0x83, 3, 4, 1, 0 }, { 0x83, 3, 4, 0 }, 4 }, /* record route goes, source route stays */
		{ { 0x94, 4, 0, 0, 7, 3, 4, 0x94, 4, 1, 1, 1 }, { 0x94, 4, 0, 0, 0x94, 4, 1, 1 }, 8 },
		{ { 0x83, 200, 4, 0, 1, 1, 1, 1, 1, 1, 1, 1 }, { 0 }, 0 },
		{ { 1, 1, 0x83, 0, 4, 0, 1, 1, 1, 1, 1, 1 }, { 0 }, 0 },
	};
	uint8_t ip[132], out[132];
	struct packet p;

	(void)state;
	memset(ip, 0x55, sizeof(ip));
	memcpy(ip, whole, 20);
	ip[0] = 0x48;
	put_be16(ip + 2, sizeof(ip));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t at = 0;

		memcpy(ip + 20, cases[i].options, 12);
		p = parsed(ip, sizeof(ip));
		assert_int_equal(packet_fragment(ip, &p, 80, &at, out), 80);
		assert_memory_equal(out + 20, cases[i].options, 12);
		assert_int_equal(packet_fragment(ip, &p, 80, &at, out), 20 + cases[i].later_len + 52);
		assert_int_equal(out[0], 0x45 + cases[i].later_len / 4);
		assert_memory_equal(out + 20, cases[i].later, cases[i].later_len);
		assert_int_equal(packet_checksum(out, 20 + cases[i].later_len), 0);
	}
}

/* A fragment is cut again: its offset and its MF go on. */
static void fragment_of_fragment(void **state)
{
	struct packet p = parsed(piece1, sizeof(piece1));
	uint8_t out[100];
	size_t at = 0;

	(void)state;
	assert_int_equal(packet_fragment(piece1, &p, 36, &at, out), 36);
	assert_int_equal(get_be16(out + 6), IPV4_MF | 3);
	assert_int_equal(packet_fragment(piece1, &p, 36, &at, out), 28);
	assert_int_equal(get_be16(out + 6), IPV4_MF | 5);
}

static void answer(void **state)
{
	struct packet p = parsed(datagram, sizeof(datagram));
	uint8_t out[ICMP_ANSWER_MAX];

	(void)state;
	assert_int_equal(packet_too_big(datagram, &p, 576, out), sizeof(too_big));
	assert_memory_equal(out, too_big, sizeof(too_big));
}

static void answer_is_bounded(void **state)
{
	uint8_t ip[2000] = { 0 }, out[ICMP_ANSWER_MAX];
	struct packet p;

	(void)state;
	memcpy(ip, datagram, sizeof(datagram));
	put_be16(ip + 2, sizeof(ip));
	p = parsed(ip, sizeof(ip));
	assert_int_equal(packet_too_big(ip, &p, 1400, out), 576);
	assert_int_equal(get_be16(out + 2), 576);
	assert_int_equal(packet_checksum(out, 20), 0);
	assert_int_equal(packet_checksum(out + 20, 556), 0);
}

/* RFC 1812, 4.3.2.7: no error about an error, a later fragment, or to an address that is nobody's. */
static void no_answer(void **state)
{
	uint8_t ip[sizeof(datagram)], out[ICMP_ANSWER_MAX];
	struct packet p = parsed(too_big, sizeof(too_big));

	(void)state;
	assert_int_equal(packet_too_big(too_big, &p, 576, out), 0);
	p = parsed(piece1, sizeof(piece1));
	assert_int_equal(packet_too_big(piece1, &p, 576, out), 0);
	for (int i = 0; i < 4; i++) {
		static const uint8_t first[] = { 0, 127, 224, 255 };

		memcpy(ip, datagram, sizeof(ip));
		ip[12] = first[i];
		p = parsed(ip, sizeof(ip));
		assert_int_equal(packet_too_big(ip, &p, 576, out), 0);
	}
	memcpy(ip, datagram, sizeof(ip));
	ip[9] = IPPROTO_ICMP;
	ip[20] = 8; /* an echo request is answered */
	p = parsed(ip, sizeof(ip));
	assert_true(packet_too_big(ip, &p, 576, out) > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse), cmocka_unit_test(parse_malformed), cmocka_unit_test(fragments), cmocka_unit_test(fragment_sizes),
		cmocka_unit_test(fragment_options), cmocka_unit_test(fragment_of_fragment), cmocka_unit_test(answer),
		cmocka_unit_test(answer_is_bounded), cmocka_unit_test(no_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
