/* SPDX-License-Identifier: Apache-2.0 */
/* The STATES parser: what ip's batch form allows, what the card cannot honour, and that no input whatever breaks it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/states.h"

#define KEY "0x000102030405060708090a0b0c0d0e0fa0a1a2a3"
#define ID "src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x1000 "
#define AEAD "aead 'rfc4106(gcm(aes))' " KEY " 128 "
#define GOOD "xfrm state add " ID "mode tunnel " AEAD

static char error[STATES_ERROR_LEN];

static int parse(const char *text, struct states *states)
{
	return states_parse("f", text, strlen(text), states, error);
}

static struct state parse_one(const char *text)
{
	struct states states;
	struct state state;

	if (parse(text, &states))
		fail_msg("%s: %s", text, error);
	assert_int_equal(states.count, 1);
	state = states.list[0];
	states_free(&states);
	return state;
}

static void test_plain(void **unused)
{
	static const uint8_t salt[4] = { 0xa0, 0xa1, 0xa2, 0xa3 };
	struct state s = parse_one(GOOD "replay-window 64\n");

	(void)unused;
	assert_int_equal(s.line, 1);
	assert_int_equal(s.config.spi, 0x1000);
	assert_int_equal(ip_to_number(&s.config.src), 0xc0000201);
	assert_int_equal(ip_to_number(&s.config.dst), 0xc0000202);
	assert_int_equal(s.config.key_len, 16);
	for (int i = 0; i < 16; i++)
		assert_int_equal(s.config.key[i], i);
	assert_memory_equal(s.config.salt, salt, 4);
	assert_int_equal(s.config.replay_window, 64);
	assert_false(s.config.esn);
	assert_int_equal(s.seq, 0);
	assert_int_equal(s.oseq, 0);
}

static void test_spellings(void **unused)
{
	static const char *const good[] = {
		"x s a " ID "mode tu " AEAD,
		"xfrm sa add dst 192.0.2.2 src 192.0.2.1/32 spi 4096 proto esp mode tunnel " AEAD,
		"xfrm state add " ID "mode tunnel aead \"rfc4106(gcm(aes))\" " KEY " 0x80",
		"xfrm state add " ID "mode tunnel aead rfc4106(gcm(aes)) '" KEY "' 128",
		"xfrm state add " ID "mode tunnel aead rfc4106(gcm(aes)) ABCDEFGHIJKLMNOPQRST 128",
		"xfrm state add " ID "mode tunnel aead rfc4106(gcm(aes)) 0x" "102030405060708090a0b0c0d0e0fa0a1a2a3ff 128", /* odd count */
		"\t xfrm state add " ID AEAD "\\\n\tmode tunnel\r\n",
		"# comment\n\n  \t\n" GOOD "# comment \" ' \\\n",
		GOOD "reqid 7 seq 1 flag af-unspec",
		GOOD "replay-window 32 flag esn af-unspec sel src any dst 10.0.0.0/8",
		GOOD "replay-window 32 flag 0x80",
		GOOD "sel src 10/8 dst 10.1/255.255.0.0 proto udp dport 53 reqid 0x5",
		GOOD "sel proto icmp type 8 code 0",
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct state s = parse_one(good[i]);

		assert_int_equal(s.config.spi, 0x1000);
		assert_int_equal(ip_to_number(&s.config.src), 0xc0000201);
		assert_int_equal(ip_to_number(&s.config.dst), 0xc0000202);
		assert_int_equal(s.config.key_len, 16);
	}
	assert_memory_equal(parse_one(good[4]).config.key, "ABCDEFGHIJKLMNOP", 16);
	assert_int_equal(parse_one(good[5]).config.key[0], 0x01);
	assert_int_equal(parse_one(good[5]).config.salt[3], 0xff);
	assert_int_equal(parse_one(good[7]).line, 4);
	assert_int_equal(parse_one(good[11]).selector.dst.ip.bytes[1], 1);
	assert_int_equal(parse_one(good[11]).selector.src.plen, 8);
	assert_int_equal(parse_one(good[11]).selector.src.ip.bytes[0], 10);
	assert_int_equal(parse_one(good[11]).selector.dst.plen, 16);
}

/* All the words that say what an SA does, each member by its word. */
static void test_options(void **unused)
{
	struct state s = parse_one("xfrm state add src 2001:db8::1 dst 2001:db8::2 proto esp spi 9 mode tunnel aead rfc4543(gcm(aes)) " KEY " 128 replay-window 4096 "
				   "flag esn noecn decap-dscp nopmtudisc icmp align4 extra-flag dont-encap-dscp encap espinudp 4500 4501 0.0.0.0 tfcpad 700 "
				   "limit byte-soft 1 limit byte-hard 2 limit packet-soft 3 limit packet-hard 18446744073709551615 limit time-hard 9 "
				   "offload packet dev eth0 dir out nat-keepalive-interval 20 reqid 5");

	(void)unused;
	assert_int_equal(s.config.src.family, 6);
	assert_int_equal(s.config.src.bytes[15], 1);
	assert_int_equal(s.config.dst.bytes[15], 2);
	assert_int_equal(s.config.mode, ESPALIER_TUNNEL);
	assert_int_equal(s.config.algorithm, ESPALIER_AES_GMAC);
	assert_int_equal(s.config.icv_len, 16);
	assert_int_equal(s.config.replay_window, 4096);
	assert_true(s.config.esn && s.config.copy_dscp && s.config.set_dscp && !s.config.dscp && s.inbound && s.outbound);
	assert_int_equal(s.config.ecn, ESPALIER_ECN_NONE);
	assert_int_equal(s.config.df, ESPALIER_DF_CLEAR);
	assert_int_equal(s.config.udp_encap.sport, 4500);
	assert_int_equal(s.config.udp_encap.dport, 4501);
	assert_int_equal(s.config.tfc_pad, 700);
	assert_int_equal(s.config.limits.soft_bytes, 1);
	assert_int_equal(s.config.limits.hard_bytes, 2);
	assert_int_equal(s.config.limits.soft_packets, 3);
	assert_int_equal(s.config.limits.hard_packets, 0);
	s = parse_one("xfrm state add " ID "mode t aead rfc4106(gcm(aes)) " KEY " 64 dir in flag 0x80 replay-window 1");
	assert_int_equal(s.config.mode, ESPALIER_TRANSPORT);
	assert_int_equal(s.config.icv_len, 8);
	assert_true(s.inbound && !s.outbound);
	s = parse_one("xfrm state add " ID "mode tunnel aead rfc4106(gcm(aes)) " KEY " 96 dir out flag esn"); /* ip wants no window there */
	assert_int_equal(s.config.icv_len, 12);
	assert_true(!s.inbound && s.outbound);
}

static void test_sequence(void **unused)
{
	struct state s = parse_one(GOOD "replay-window 32 flag esn replay-seq 0x10 replay-seq-hi 2 replay-oseq 0xfffffff0 replay-oseq-hi 0x1");

	(void)unused;
	assert_true(s.config.esn);
	assert_int_equal(s.seq, 0x200000010);
	assert_int_equal(s.oseq, 0x1fffffff0);
}

/* Each with a piece of the reason. */
static void test_refused(void **unused)
{
	static const char *const cases[][2] = {
		{ "xfrm policy flush", "xfrm policy add" },
		{ "xfrm policy add dir out", "in clear" },
		{ "xfrm policy add src 10.0.0.0/8 tmpl src 192.0.2.1 proto esp", "dir is missing" },
		{ "xfrm policy add dir out tmpl proto ah", "tmpl proto ah" },
		{ "xfrm policy add dir out tmpl proto esp mode beet", "tmpl mode beet" },
		{ "xfrm policy add dir out tmpl proto esp level use", "tmpl level use" },
		{ "xfrm policy add dir out tmpl proto esp tmpl proto esp", "more than one" },
		{ "xfrm policy add dir out action maybe", "action maybe" },
		{ "xfrm policy add dir out action block ptype sub", "ptype sub" },
		{ "xfrm policy add dir out action block mark 1", "mark is refused" },
		{ "xfrm policy add dir up action block", "dir up" },
		{ "xfrm policy add dir out action block priority x", "priority x" },
		{ "xfrm state flush", "xfrm state add" },
		{ "link set lo up", "xfrm state add" },
		{ "xfrm", "xfrm state add" },
		{ "xfrm state add", "address is missing" },
		{ "xfrm state add " ID AEAD, "mode transport is missing" },
		{ "xfrm state add " ID "mode beet " AEAD, "mode beet" },
		{ "xfrm state add " ID "mode", "value of mode" },
		{ "xfrm state add " ID "mode tunnel", "aead" },
		{ "xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp mode tunnel " AEAD, "spi" },
		{ "xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0 mode tunnel " AEAD, "spi" },
		{ "xfrm state add src 192.0.2.1 dst 192.0.2.2 proto ah spi 1 mode tunnel " AEAD, "proto ah" },
		{ "xfrm state add src 192.0.2.1 dst 2001:db8::1 proto esp spi 1 mode tunnel " AEAD, "one family" },
		{ "xfrm state add src 192.0.2.1 dst 192.0.2.0/24 proto esp spi 1 mode tunnel " AEAD, "one address" },
		{ "xfrm state add src 192.0.2.256 dst 192.0.2.2 proto esp spi 1 mode tunnel " AEAD, "not an IP address" },
		{ "xfrm state add src 192.0.2.1 mode tunnel dst 192.0.2.2 proto esp spi 1 " AEAD, "dst is not supported here" },
		{ "xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 0x100000000 mode tunnel " AEAD, "spi 0x100000000" },
		{ "xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi -1 mode tunnel " AEAD, "spi -1" },
		{ "xfrm state add " ID "mode tunnel aead rfc4106(gcm(aes)) " KEY " 32", "ICV of 32" },
		{ "xfrm state add " ID "mode tunnel aead rfc4543(gcm(aes)) " KEY " 96", "only 128" },
		{ "xfrm state add " ID "mode tunnel aead rfc4106(gcm(aes)) " KEY, "ICV length" },
		{ "xfrm state add " ID "mode tunnel aead rfc4106(gcm(aes)) 0x00 128", "not 1" },
		{ "xfrm state add " ID "mode tunnel aead rfc4106(gcm(aes)) " KEY "00112233445566778899aabbccddeeff00 128", "too long" },
		{ "xfrm state add " ID "mode tunnel aead rfc4106(gcm(aes)) 0xzz0102030405060708090a0b0c0d0e0fa0a1a2a3 128", "hexadecimal" },
		{ "xfrm state add " ID "mode tunnel aead rfc4309(ccm(aes)) " KEY " 128", "rfc4309" },
		{ "xfrm state add " ID "mode tunnel enc cbc(aes) 0x00", "enc" },
		{ GOOD AEAD, "twice" },
		{ GOOD "auth-trunc hmac(sha256) 0x00 128", "auth-trunc" },
		{ GOOD "flag wildrecv", "wildrecv" },
		{ GOOD "flag noecn wildrecv", "wildrecv" },
		{ "xfrm state add " ID "mode transport " AEAD "flag noecn", "tunnel mode" },
		{ GOOD "flag esn", "replay-window" },
		{ "xfrm state add " ID "mode transport " AEAD "flag nopmtudisc", "tunnel mode" },
		{ GOOD "flag 0x08", "wildrecv" },
		{ GOOD "flag 0x100", "flag 0x100" },
		{ GOOD "flag nonsense", "nonsense" },
		{ GOOD "extra-flag oseq-may-wrap", "nonce" },
		{ GOOD "extra-flag 0x2", "nonce" },
		{ GOOD "extra-flag 0x4", "0x4 is unknown" },
		{ GOOD "extra-flag", "extra-flag" },
		{ GOOD "mark 1", "packets of a capture" },
		{ GOOD "output-mark 5", "routing" },
		{ GOOD "if_id 1", "xfrm interfaces" },
		{ GOOD "encap espintcp 4500 4500 0.0.0.0", "espintcp" },
		{ GOOD "encap espinudp 4500 0 0.0.0.0", "two ports" },
		{ GOOD "encap espinudp 4500 65536 0.0.0.0", "65535" },
		{ GOOD "encap espinudp 4500 4500", "value of encap" },
		{ GOOD "offload dev", "value of offload" },
		{ GOOD "limit packet-hard", "value of packet-hard" },
		{ GOOD "limit packet-hard 0", "nothing" },
		{ GOOD "limit packets 5", "limit packets" },
		{ GOOD "tfcpad 9601", "tfcpad" },
		{ "xfrm state add " ID "mode transport " AEAD "tfcpad 100", "tfcpad" },
		{ GOOD "dir fwd", "dir fwd" },
		{ GOOD "replay-window 4097", "replay-window" },
		{ GOOD "replay-window x", "replay-window x" },
		{ GOOD "replay-window", "replay-window" },
		{ GOOD "replay-oseq-hi 1", "flag esn" },
		{ GOOD "sel", "sel" },
		{ GOOD "sel dev eth0", "sel dev" },
		{ GOOD "sel proto gre key 5", "sel key" },
		{ GOOD "sel src 10.0.0.0/33", "10.0.0.0/33" },
		{ GOOD "sel src 10.0.0.0/255.0.255.0", "255.0.255.0" },
		{ GOOD "sel src 2001:db8::/129", "2001:db8::/129" },
		{ GOOD "sel src 2001:db8:::/32", "not an IP address" },
		{ GOOD "sel src 2001:db8::/255.0.0.0", "not an IP address" },
		{ GOOD "sel proto nosuch", "nosuch" },
		{ GOOD "sel sport 5", "sport" },
		{ GOOD "sel proto tcp type 5", "type" },
		{ GOOD "'", "quote" },
		{ GOOD "\\\n", "missing" },
	};
	struct states states;

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse(cases[i][0], &states), -EINVAL);
		if (strncmp(error, "f:1: ", 5) || !strstr(error, cases[i][1]))
			fail_msg("%s: %s", cases[i][0], error);
		assert_null(strstr(error, "0102030405"));
		assert_int_equal(states.count, 0);
	}
	assert_int_equal(parse(GOOD "\n\n" GOOD "\n", &states), -EINVAL);
	assert_string_equal(error, "f:3: SPI 0x00001000 for this destination is already in line 1");
	assert_int_equal(states_load("/nonexistent/states", &states, error), -ENOENT);
	assert_non_null(strstr(error, "/nonexistent/states"));
}

static void test_selectors(void **unused)
{
	static const uint8_t tcp[] = { 0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 1, 2, 3, 10, 2, 3, 4, 0x12, 0x34, 0, 80 };
	static const uint8_t ping[] = { 0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 1, 0, 0, 10, 1, 2, 3, 10, 2, 3, 4, 8, 0, 0, 0 };
	static const struct {
		const char *sel;
		bool tcp, ping;
	} cases[] = {
		{ "", true, true },
		{ "sel src 10.1.0.0/16 dst 10.2.0.0/16", true, true },
		{ "sel src 10.1.2.3 dst any", true, true },
		{ "sel src 10.1.2.2/31", true, true },
		{ "sel src 10.1.2.2", false, false },
		{ "sel dst 10.1.0.0/16", false, false },
		{ "sel src 0.0.0.0/0 dst 0.0.0.0/0", true, true },
		{ "sel proto tcp", true, false },
		{ "sel proto 6 dport 80", true, false },
		{ "sel proto tcp dport 81", false, false },
		{ "sel proto tcp sport 0x1234 dport 80", true, false },
		{ "sel proto icmp", false, true },
		{ "sel proto icmp type 8", false, true },
		{ "sel proto icmp type 8 code 1", false, false },
		{ "sel src 10.1.0.0/16 proto any", true, true },
	};
	uint8_t fragment[sizeof(tcp)];

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[1024];
		struct state s;

		snprintf(line, sizeof(line), "%s%s", GOOD, cases[i].sel);
		s = parse_one(line);
		assert_int_equal(selector_match(&s.selector, tcp, sizeof(tcp)), cases[i].tcp);
		assert_int_equal(selector_match(&s.selector, ping, sizeof(ping)), cases[i].ping);
		memcpy(fragment, tcp, sizeof(tcp));
		fragment[6] = 0x20;
		assert_int_equal(selector_match(&s.selector, fragment, sizeof(tcp)), cases[i].tcp && !strstr(cases[i].sel, "port"));
		for (size_t len = 0; len < 20; len++)
			assert_int_equal(selector_match(&s.selector, tcp, len), !*cases[i].sel);
	}
}

/* Families: a selector of one takes none of the other; af-unspec widens a selector of all addresses. */
static void test_selectors_v6(void **unused)
{
	static const uint8_t v4[] = { 0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 17, 0, 0, 10, 1, 2, 3, 10, 2, 3, 4, 0x12, 0x34, 0, 53 };
	static const uint8_t v6[] = { 0x60, 0, 0, 0, 0, 16, 0, 64, 0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0x20, 0x01, 0x0d, 0xb8, 0, 2,
				      0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 17, 0, 1, 4, 0, 0, 0, 0, 0x12, 0x34, 0, 53, 0, 8, 0, 0 };
	static const struct {
		const char *words;
		bool v4, v6;
	} cases[] = {
		{ "", true, true }, { "sel src 0.0.0.0/0 dst 0.0.0.0/0", true, false }, { "sel src ::/0", false, true },
		{ "flag af-unspec sel src 0.0.0.0/0 dst 0.0.0.0/0", true, true }, { "sel src ::/0 dst ::/0 flag af-unspec", true, true },
		{ "flag af-unspec sel src 10.0.0.0/8", true, false }, { "sel src 2001:db8:1::/48", false, true }, { "sel src 2001:db8:1::/47 dst 2001:db8:2::1", false, true },
		{ "sel src 2001:db8:2::/48", false, false }, { "sel proto udp dport 53", true, true }, { "sel proto udp dport 54", false, false },
		{ "sel src 2001:db8:1::/48 proto udp sport 4660 dport 53", false, true }, { "sel proto ipv6-icmp type 128", false, false },
	};

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[1024];
		struct state s;

		snprintf(line, sizeof(line), "%s%s", GOOD, cases[i].words);
		s = parse_one(line);
		assert_int_equal(selector_match(&s.selector, v4, sizeof(v4)), cases[i].v4);
		assert_int_equal(selector_match(&s.selector, v6, sizeof(v6)), cases[i].v6);
		for (size_t len = 40; len < 52 && strstr(cases[i].words, "port"); len++)
			assert_false(selector_match(&s.selector, v6, len));
	}
}

/* What `ip xfrm state` prints, pasted: with -s and without, between other lines; saved as words of `xfrm state add`. */
static void test_printed(void **unused)
{
	static const char text[] =
		"# pasted\n"
		"src 192.0.2.1 dst 192.0.2.2\n"
		"\tproto esp spi 0x00001000 reqid 7 mode tunnel\n"
		"\treplay-window 32 flag af-unspec\n"
		"\taead rfc4106(gcm(aes)) " KEY " 128\n"
		"\tanti-replay context: seq 0x5, oseq 0x9, bitmap 0x0000001f\n"
		"\tencap type espinudp sport 4500 dport 4501 addr 0.0.0.0\n"
		"\tsel src 0.0.0.0/0 dst 0.0.0.0/0 \n"
		"src 2001:db8::1 dst 2001:db8::2\r\n"
		"\tproto esp spi 0x00002000(8192) reqid 16385(0x00004001) mode transport\r\n"
		"\treplay-window 0 seq 0x00000000 flag esn extra_flag dont-encap-dscp (0x80)\r\n"
		"\taead rfc4106(gcm(aes)) " KEY " (160 bits) 96\r\n"
		"\tlastused 2026-01-01 10:00:00\r\n"
		"\tanti-replay esn context:\r\n"
		"\t seq-hi 0x1, seq 0x2, oseq-hi 0x3, oseq 0x4\r\n"
		"\t replay_window 128, bitmap-length 4\r\n"
		"\t 00000000 00000000 00000000 0000000f \r\n"
		"\tcrypto offload parameters: dev eth0 dir out mode packet\r\n"
		"\tsel src 2001:db8::1/128 dst 2001:db8::2/128 proto tcp sport 5 dport 6 \r\n"
		"\tlifetime config:\r\n"
		"\t  limit: soft (INF)(bytes), hard 1000(bytes)\r\n"
		"\t  limit: soft 3(packets), hard (INF)(packets)\r\n"
		"\t  expire add: soft 0(sec), hard 3600(sec)\r\n"
		"\tlifetime current:\r\n"
		"\t  84(bytes), 1(packets)\r\n"
		"\t  add 2026-01-01 10:00:00 use -\r\n"
		"\tstats:\r\n"
		"\t  replay-window 0 replay 0 failed 0\r\n"
		GOOD "spi 3\n";
	char *plain = strdup(text), *flag = strstr(plain, "spi 3"), *saved = NULL, *extra = strstr(plain, " extra_flag dont-encap-dscp");
	size_t size = 0;
	struct states states, again;
	FILE *file = open_memstream(&saved, &size);

	(void)unused;
	memset(flag, ' ', 5); /* a line of the other form behind it, of the first SPI: refused */
	assert_int_equal(parse(plain, &states), -EINVAL);
	assert_non_null(strstr(error, "f:9: noecn")); /* dont-encap-dscp is not for transport mode */
	memset(extra, ' ', strlen(" extra_flag dont-encap-dscp"));
	assert_int_equal(parse(plain, &states), -EINVAL);
	assert_string_equal(error, "f:29: SPI 0x00001000 for this destination is already in line 2");
	*strstr(plain, "xfrm") = '\0';
	assert_int_equal(parse(plain, &states), 0);
	assert_int_equal(states.count, 2);
	assert_int_equal(states.list[0].line, 2);
	assert_int_equal(states.list[0].config.replay_window, 32);
	assert_int_equal(states.list[0].seq, 5);
	assert_int_equal(states.list[0].oseq, 9);
	assert_int_equal(states.list[0].config.udp_encap.sport, 4500);
	assert_int_equal(states.list[0].config.udp_encap.dport, 4501);
	assert_int_equal(states.list[0].selector.src.ip.family, 0);
	assert_int_equal(states.list[1].config.mode, ESPALIER_TRANSPORT);
	assert_int_equal(states.list[1].config.icv_len, 12);
	assert_int_equal(states.list[1].config.replay_window, 128);
	assert_int_equal(states.list[1].seq, 0x100000002);
	assert_int_equal(states.list[1].oseq, 0x300000004);
	assert_int_equal(states.list[1].config.limits.hard_bytes, 1000);
	assert_int_equal(states.list[1].config.limits.soft_packets, 3);
	assert_int_equal(states.list[1].config.limits.soft_bytes, 0);
	assert_int_equal(states.list[1].selector.dport, 6);
	assert_non_null(file);
	assert_int_equal(states_write(file, &states), 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(parse(saved, &again), 0);
	for (size_t i = 0; i < 2; i++) {
		assert_memory_equal(&again.list[i].config, &states.list[i].config, sizeof(states.list[i].config));
		assert_int_equal(again.list[i].seq, states.list[i].seq);
		assert_int_equal(again.list[i].oseq, states.list[i].oseq);
	}
	states_free(&states);
	states_free(&again);
	free(saved);
	assert_int_equal(parse("src 192.0.2.1 dst 192.0.2.2\n\tproto esp spi 0x1000(4096) reqid 0(0x00000000) mode tunnel\n"
			       "\treplay-window 32 seq 0x00000000 flag  (0x00)\n\taead rfc4106(gcm(aes)) " KEY " (160 bits) 128\n", &states), 0);
	assert_int_equal(states.list[0].config.replay_window, 32);
	states_free(&states);
	assert_int_equal(parse("src 192.0.2.1 dst 192.0.2.2\n\tproto esp spi 0x1000 mode tunnel\n\taead rfc4106(gcm(aes)) <<Keys hidden>> 128\n", &states), -EINVAL);
	assert_non_null(strstr(error, "hidden"));
	assert_int_equal(parse("src 192.0.2.1 dst 192.0.2.2\n\tproto esp spi 0x1000 reqid 0 mode tunnel\n\toutput-mark 0x5/0xffffffff\n", &states), -EINVAL);
	assert_non_null(strstr(error, "routing"));
	assert_int_equal(parse("src 192.0.2.1 dst 192.0.2.2\n\tproto esp spi 0x1000 reqid 0 mode tunnel\n\tenc cbc(aes) 0x00\n", &states), -EINVAL);
	assert_non_null(strstr(error, "enc is not supported"));
	free(plain);
}

static void test_save(void **unused)
{
	static const char text[] = "# first\nxfrm state add " ID "mode tunnel aead \"rfc4106(gcm(aes))\" " KEY " 128 replay-oseq 5 sel src 10.0.0.0/8\n"
				   "xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi 2 mode tunnel " AEAD "flag esn replay-window 64 replay-seq 9\n";
	char *saved = NULL;
	size_t size = 0;
	struct states states, again;
	FILE *file = open_memstream(&saved, &size);

	(void)unused;
	assert_int_equal(parse(text, &states), 0);
	states.list[0].oseq = 77;
	states.list[1].seq = 0x500000001;
	states.list[1].oseq = 0x6fffffff0;
	assert_non_null(file);
	states_write(file, &states);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(parse(saved, &again), 0);
	assert_int_equal(again.count, 2);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(again.list[i].config.spi, states.list[i].config.spi);
		assert_memory_equal(again.list[i].config.key, states.list[i].config.key, 32);
		assert_memory_equal(again.list[i].config.salt, states.list[i].config.salt, 4);
		assert_int_equal(again.list[i].seq, states.list[i].seq);
		assert_int_equal(again.list[i].oseq, states.list[i].oseq);
		assert_int_equal(again.list[i].config.esn, states.list[i].config.esn);
		assert_int_equal(again.list[i].config.replay_window, states.list[i].config.replay_window);
		assert_int_equal(again.list[i].selector.src.plen, states.list[i].selector.src.plen);
	}
	states_free(&states);
	states_free(&again);
	free(saved);
}

/* Lines cut anywhere, with bytes changed anywhere: an error or not, but no harm (the sanitizers watch). */
static void test_fuzz(void **unused)
{
	static const char seed[] = GOOD "replay-window 64 flag esn replay-oseq 0xfffffff0 sel src 10.1.0.0/16 dst any proto tcp dport 80 # c\n\\\n'";
	static const char special[] = "\0\n\\'\"# \t/.:-x0f(";
	struct states states;
	char text[2 * sizeof(seed)];

	(void)unused;
	srandom(3);
	for (size_t len = 0; len < sizeof(seed); len++) {
		states_parse("f", seed, len, &states, error);
		states_free(&states);
	}
	for (int i = 0; i < 20000; i++) {
		size_t len = sizeof(seed) - 1;

		memcpy(text, seed, len);
		for (long n = random() % 6; n >= 0; n--)
			text[(size_t)random() % len] = random() % 4 ? special[(size_t)random() % (sizeof(special) - 1)] : (char)random();
		states_parse("f", text, (size_t)random() % (len + 1), &states, error);
		states_free(&states);
	}
}

static void test_many(void **unused)
{
	struct states states;
	size_t size = 5000 * 256, len = 0;
	char *text = malloc(size);

	(void)unused;
	for (int i = 1; i <= 5000; i++)
		len += (size_t)snprintf(text + len, size - len, "xfrm state add src 192.0.2.1 dst 192.0.2.2 proto esp spi %d mode tunnel " AEAD "\n", i);
	assert_int_equal(states_parse("f", text, len, &states, error), 0);
	assert_int_equal(states.count, 5000);
	assert_int_equal(states.list[4999].config.spi, 5000);
	assert_int_equal(states.list[4999].line, 5000);
	states_free(&states);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_plain),	  cmocka_unit_test(test_spellings), cmocka_unit_test(test_sequence), cmocka_unit_test(test_options),
		cmocka_unit_test(test_printed),	  cmocka_unit_test(test_selectors_v6),
		cmocka_unit_test(test_refused),	  cmocka_unit_test(test_selectors), cmocka_unit_test(test_save),
		cmocka_unit_test(test_fuzz),	  cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
