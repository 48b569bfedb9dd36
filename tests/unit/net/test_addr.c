/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses, endpoints and traffic selectors: text both ways, prefixes, what one selector holds of another, packets against selectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "net/addr.h"

static struct ip_addr ip(const char *text)
{
	struct ip_addr result;

	if (ip_parse(text, &result))
		fail_msg("address %s", text);
	return result;
}

static struct ts ts(const char *text)
{
	struct ts result;

	if (ts_parse(text, &result))
		fail_msg("selector %s", text);
	return result;
}

static void test_ip_text(void **unused)
{
	static const char *const good[] = { "0.0.0.0", "192.0.2.1", "255.255.255.255", "::", "2001:db8::1", "::ffff:192.0.2.1", "fe80::1:2:3:4" };
	static const char *const bad[] = { "", "192.0.2", "192.0.2.256", "192.0.2.1 ", "example.org", "2001:db8::1%eth0", "1:2:3", "[::1]" };
	char text[IP_TEXT_LEN];
	struct ip_addr none = { 0 }, result;
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(good) / sizeof(*good); i++) {
		result = ip(good[i]);
		assert_string_equal(ip_print(&result, text), good[i]);
		assert_int_equal(ip_len(&result), strchr(good[i], ':') ? 16 : 4);
	}
	for (i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(ip_parse(bad[i], &result), -EINVAL);
	assert_string_equal(ip_print(&none, text), "%any");
	assert_int_equal(ip_len(&none), 0);
}

static void test_ip_order(void **unused)
{
	struct ip_addr a = ip("10.0.0.255"), b = ip("10.0.1.0"), c = ip("2001:db8::"), none = { 0 }, any = ip("0.0.0.0"), any6 = ip("::");

	(void)unused;
	assert_true(ip_compare(&a, &b) < 0 && ip_compare(&b, &a) > 0 && ip_compare(&a, &a) == 0);
	assert_true(ip_compare(&b, &c) < 0);
	assert_false(ip_equal(&a, &b) || ip_equal(&any, &any6));
	assert_true(ip_equal(&c, &c) && ip_equal(&none, &none));
	assert_true(ip_is_any(&none) && ip_is_any(&any) && ip_is_any(&any6));
	assert_false(ip_is_any(&a) || ip_is_any(&c));
}

static void test_endpoint(void **unused)
{
	static const char *const texts[] = { "192.0.2.1:500", "[2001:db8::1]:4500" };
	struct endpoint e[] = { { ip("192.0.2.1"), 500 }, { ip("2001:db8::1"), 4500 } }, back, none = { 0 };
	struct sockaddr_storage storage;
	char text[ENDPOINT_TEXT_LEN];
	int i;

	(void)unused;
	for (i = 0; i < 2; i++) {
		assert_string_equal(endpoint_print(&e[i], text), texts[i]);
		assert_int_equal(endpoint_to_sockaddr(&e[i], &storage), i ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
		assert_int_equal(storage.ss_family, i ? AF_INET6 : AF_INET);
		assert_int_equal(endpoint_from_sockaddr((struct sockaddr *)&storage, &back), 0);
		assert_true(endpoint_equal(&e[i], &back));
	}
	assert_int_equal(((struct sockaddr_in6 *)&storage)->sin6_port, htons(4500));
	assert_false(endpoint_equal(&e[0], &e[1]));
	assert_int_equal(endpoint_to_sockaddr(&none, &storage), 0);
	storage.ss_family = AF_UNIX;
	assert_int_equal(endpoint_from_sockaddr((struct sockaddr *)&storage, &back), -EAFNOSUPPORT);
	/* v4-mapped becomes IPv4 */
	e[1].ip = ip("::ffff:192.0.2.1");
	endpoint_to_sockaddr(&e[1], &storage);
	assert_int_equal(endpoint_from_sockaddr((struct sockaddr *)&storage, &back), 0);
	assert_string_equal(endpoint_print(&back, text), "192.0.2.1:4500");
}

static void test_ts_round_trip(void **unused)
{
	static const char *const texts[] = {
		"10.1.0.0/16", "0.0.0.0/0", "192.0.2.1/32", "10.1.0.1-10.1.0.9", "::/0", "2001:db8::/33", "2001:db8::1-2001:db8::3",
		"10.1.0.0/16[tcp]", "10.1.0.0/16[tcp/80]", "10.1.0.0/16[udp/1024-2048]", "10.1.0.0/16[icmp/8]", "10.1.0.0/16[icmp/8(0)]",
		"10.1.0.0/16[icmp/3-5]", "10.1.0.0/16[icmp/3(1)-3(4)]", "2001:db8::/32[ipv6-icmp/128]", "10.1.0.0/16[udp/opaque]",
		"10.1.0.0/16[/53]", "10.1.0.0/16[132]", "10.1.0.0/16[99]", "10.1.0.0/16[/opaque]", "10.1.0.1-10.1.0.9[udp/0]",
		"2001:db8:ffff:ffff:ffff:ffff:ffff:fff0-2001:db8:ffff:ffff:ffff:ffff:ffff:fffe[ipv6-icmp/128(255)-129(254)]",
	};
	char text[TS_TEXT_LEN];
	struct ts parsed, again;
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		parsed = ts(texts[i]);
		if (i == 17) /* the one that has a name */
			assert_string_equal(ts_print(&parsed, text), "10.1.0.0/16[sctp]");
		else
			assert_string_equal(ts_print(&parsed, text), texts[i]);
		again = ts(text);
		assert_true(ts_equal(&parsed, &again));
	}
}

static void test_ts_values(void **unused)
{
	static const struct {
		const char *text, *lo, *hi;
		uint8_t proto;
		uint16_t port_lo, port_hi;
	} cases[] = {
		{ "10.1.2.3/16", "10.1.0.0", "10.1.255.255", 0, 0, 65535 },
		{ "10.1.2.3/23[tcp/http]", "10.1.2.0", "10.1.3.255", 6, 80, 80 },
		{ "10.1.2.3", "10.1.2.3", "10.1.2.3", 0, 0, 65535 },
		{ "2001:db8::1/127[17/any]", "2001:db8::", "2001:db8::1", 17, 0, 65535 },
		{ "10.0.0.0/8[icmp/8]", "10.0.0.0", "10.255.255.255", 1, 0x0800, 0x08ff },
		{ "10.0.0.0/8[icmp/2048]", "10.0.0.0", "10.255.255.255", 1, 0x0800, 0x0800 },
		{ "10.0.0.0/8[any/opaque]", "10.0.0.0", "10.255.255.255", 0, 65535, 0 },
		{ "10.0.0.0/8[gre]", "10.0.0.0", "10.255.255.255", 47, 0, 65535 },
	};
	struct ip_addr lo, hi;
	struct ts parsed;
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		parsed = ts(cases[i].text);
		lo = ip(cases[i].lo);
		hi = ip(cases[i].hi);
		assert_true(ip_equal(&parsed.lo, &lo) && ip_equal(&parsed.hi, &hi));
		assert_int_equal(parsed.proto, cases[i].proto);
		assert_int_equal(parsed.port_lo, cases[i].port_lo);
		assert_int_equal(parsed.port_hi, cases[i].port_hi);
	}
}

static void test_ts_bad(void **unused)
{
	static const char *const texts[] = {
		"", "dynamic", "10.1.0.0/33", "10.1.0.0/", "10.1.0.0/-1", "10.1.0.0/16x", "10.1.0.9-10.1.0.1", "10.1.0.1-2001:db8::1", "2001:db8::/129",
		"10.1.0.0/16[", "10.1.0.0/16[tcp", "10.1.0.0/16[tcp/]", "10.1.0.0/16[tcp/80-]", "10.1.0.0/16[tcp/90-80]", "10.1.0.0/16[tcp/65536]",
		"10.1.0.0/16[256]", "10.1.0.0/16[nosuchproto]", "10.1.0.0/16[tcp/nosuchservice]", "10.1.0.0/16[icmp/http]", "10.1.0.0/16[icmp/8(]",
		"10.1.0.0/16[icmp/8(256)]", "10.1.0.0/16[tcp/8(0)]", "10.1.0.0/16[tcp]x", "10.1.0.0/16[tcp/80/81]", "10.1.0.0 /16", "10.1.0.0/ 16",
		"10.1.0.0/99999999999999999999",
	};
	struct ts parsed;
	char longest[400];
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		if (ts_parse(texts[i], &parsed) != -EINVAL)
			fail_msg("%s is accepted", texts[i]);
	memset(longest, '1', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	assert_int_equal(ts_parse(longest, &parsed), -EINVAL);
}

static void test_prefix(void **unused)
{
	static const struct {
		const char *text, *base;
		unsigned int plen;
	} cases[] = {
		{ "10.1.0.0/16", "10.1.0.0", 16 },   { "10.1.0.1-10.1.0.9", "10.1.0.0", 28 }, { "10.1.0.8-10.1.0.9", "10.1.0.8", 31 },
		{ "0.0.0.0/0", "0.0.0.0", 0 },	     { "127.255.255.255-128.0.0.0", "0.0.0.0", 0 }, { "192.0.2.1/32", "192.0.2.1", 32 },
		{ "2001:db8::/33", "2001:db8::", 33 }, { "2001:db8::1-2001:db8::2", "2001:db8::", 126 }, { "::1/128", "::1", 128 },
	};
	struct ip_addr base, expected, v4 = ip("10.1.2.3");
	struct ts whole;
	size_t i;

	(void)unused;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		whole = ts(cases[i].text);
		expected = ip(cases[i].base);
		assert_int_equal(ts_to_prefix(&whole, &base), cases[i].plen);
		assert_true(ip_equal(&base, &expected));
	}
	whole = ts_from_prefix(&v4, 200); /* clipped */
	assert_true(ip_equal(&whole.lo, &v4) && ip_equal(&whole.hi, &v4));
}

static void test_intersect(void **unused)
{
	/* a, b, both; NULL: nothing */
	static const char *const cases[][3] = {
		{ "10.0.0.0/8", "10.1.0.0/16", "10.1.0.0/16" },
		{ "10.0.0.0/8", "0.0.0.0/0", "10.0.0.0/8" },
		{ "10.1.0.0/16", "10.2.0.0/16", NULL },
		{ "10.1.0.0-10.1.0.20", "10.1.0.10-10.1.0.30", "10.1.0.10-10.1.0.20" },
		{ "10.1.0.0-10.1.0.20", "10.1.0.20-10.1.0.30", "10.1.0.20" },
		{ "10.1.0.0-10.1.0.20", "10.1.0.21-10.1.0.30", NULL },
		{ "10.0.0.0/8", "::/0", NULL },
		{ "2001:db8::/32", "2001:db8:1::/48", "2001:db8:1::/48" },
		{ "10.0.0.0/8[tcp]", "10.0.0.0/8", "10.0.0.0/8[tcp]" },
		{ "10.0.0.0/8[tcp]", "10.0.0.0/8[udp]", NULL },
		{ "10.0.0.0/8[tcp/80]", "10.0.0.0/8[tcp]", "10.0.0.0/8[tcp/80]" },
		{ "10.0.0.0/8[tcp/80]", "10.0.0.0/8[/80-90]", "10.0.0.0/8[tcp/80]" },
		{ "10.0.0.0/8[tcp/80]", "10.0.0.0/8[tcp/81]", NULL },
		{ "10.0.0.0/8[tcp/80-90]", "10.0.0.0/8[tcp/85-95]", "10.0.0.0/8[tcp/85-90]" },
		{ "10.0.0.0/8[udp/opaque]", "10.0.0.0/8", "10.0.0.0/8[udp/opaque]" },
		{ "10.0.0.0/8[udp/opaque]", "10.0.0.0/8[udp/opaque]", "10.0.0.0/8[udp/opaque]" },
		{ "10.0.0.0/8[udp/opaque]", "10.0.0.0/8[udp/1-65535]", NULL },
	};
	struct ts a, b, both, expected;
	size_t i;
	int turn;

	(void)unused;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		for (turn = 0; turn < 2; turn++) {
			a = ts(cases[i][turn]);
			b = ts(cases[i][1 - turn]);
			assert_int_equal(ts_intersect(&a, &b, &both), cases[i][2] != NULL);
			if (!cases[i][2])
				continue;
			expected = ts(cases[i][2]);
			assert_true(ts_equal(&both, &expected));
			assert_true(ts_contains(&a, &both) && ts_contains(&b, &both));
			assert_int_equal(ts_contains(&a, &b), ts_equal(&b, &expected));
		}
}

/* Sets of packets: selectors in a small space, compared with the match of every packet there is. */
static void test_sets(void **unused)
{
	static const uint8_t protos[] = { 0, IPPROTO_UDP, IPPROTO_TCP };
	struct ts t[2], both;
	unsigned int i, lo, hi, address, port, proto, seed = 1;
	struct ip_addr packet = ip("10.0.0.0");
	bool some, in[2], subset, result;

	(void)unused;
	for (i = 0; i < 3000; i++) {
		for (lo = 0; lo < 2; lo++) {
			t[lo] = ts("10.0.0.0/30");
			t[lo].lo.bytes[3] = (uint8_t)(rand_r(&seed) % 4);
			t[lo].hi.bytes[3] = (uint8_t)(t[lo].lo.bytes[3] + rand_r(&seed) % (4 - t[lo].lo.bytes[3]));
			t[lo].proto = protos[rand_r(&seed) % 3];
			hi = (unsigned int)rand_r(&seed) % 4;
			t[lo].port_lo = (uint16_t)(hi == 0 ? 0 : hi == 1 ? 65535 : rand_r(&seed) % 3);
			t[lo].port_hi = (uint16_t)(hi == 0 ? 65535 : hi == 1 ? 0 : t[lo].port_lo + rand_r(&seed) % 2);
		}
		some = false;
		subset = true;
		memset(&both, 0, sizeof(both));
		result = ts_intersect(&t[0], &t[1], &both);
		for (address = 0; address < 4; address++)
			for (proto = 1; proto < 3; proto++)
				for (port = 0; port < 6; port++) { /* the last: no port to be seen */
					packet.bytes[3] = (uint8_t)address;
					for (lo = 0; lo < 2; lo++)
						in[lo] = ts_match(&t[lo], &packet, protos[proto], port < 5, (uint16_t)(port < 5 ? port : 0));
					some |= in[0] && in[1];
					subset &= !in[1] || in[0];
					if (result)
						assert_int_equal(ts_match(&both, &packet, protos[proto], port < 5, (uint16_t)(port < 5 ? port : 0)),
								 in[0] && in[1]);
				}
		assert_int_equal(result, some);
		if (ts_contains(&t[0], &t[1]))
			assert_true(subset);
	}
}

static void test_match(void **unused)
{
	struct ts web = ts("10.1.0.0/16[tcp/80-81]"), any = ts("10.1.0.0/16"), opaque = ts("10.1.0.0/16[udp/opaque]"), v6 = ts("2001:db8::/32");
	struct ip_addr in = ip("10.1.2.3"), out = ip("10.2.0.0"), in6 = ip("2001:db8::1");

	(void)unused;
	assert_true(ts_match(&web, &in, IPPROTO_TCP, true, 80) && ts_match(&web, &in, IPPROTO_TCP, true, 81));
	assert_false(ts_match(&web, &in, IPPROTO_TCP, true, 82) || ts_match(&web, &in, IPPROTO_UDP, true, 80));
	assert_false(ts_match(&web, &out, IPPROTO_TCP, true, 80) || ts_match(&web, &in, IPPROTO_TCP, false, 0));
	assert_true(ts_match(&any, &in, IPPROTO_ESP, false, 0) && ts_match(&any, &in, IPPROTO_TCP, true, 65535));
	assert_true(ts_match(&opaque, &in, IPPROTO_UDP, false, 0));
	assert_false(ts_match(&opaque, &in, IPPROTO_UDP, true, 65535) || ts_match(&opaque, &in, IPPROTO_UDP, true, 0));
	assert_true(ts_match(&v6, &in6, IPPROTO_TCP, true, 1));
	assert_false(ts_match(&v6, &in, IPPROTO_TCP, true, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ip_text),	   cmocka_unit_test(test_ip_order), cmocka_unit_test(test_endpoint), cmocka_unit_test(test_ts_round_trip),
		cmocka_unit_test(test_ts_values),  cmocka_unit_test(test_ts_bad),   cmocka_unit_test(test_prefix),   cmocka_unit_test(test_intersect),
		cmocka_unit_test(test_sets),	   cmocka_unit_test(test_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
