/* SPDX-License-Identifier: Apache-2.0 */
/* IKE_SA_INIT: cookies, groups, errors that nobody vouches for, NAT detection, fragments, floods, malformed requests. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pair.h"
#include "proto/build.h"

/* ---- what passes on the wire ----------------------------------------------------------------------------------------------------- */

struct seen {
	unsigned int init_requests, init_responses, auth, replies_to_retransmits;
	uint8_t first[4096];	/* the first IKE_SA_INIT request */
	size_t first_len;
	struct endpoint src, dst;
	uint8_t response[4096]; /* the last IKE_SA_INIT response */
	size_t response_len;
	size_t longest;
	/* what to do */
	unsigned int drop_auth, drop_init_responses; /* so many of the first */
	bool twice, reverse;
	const char *forge;      /* see forge() */
};

static struct seen seen;

static void forge(struct world *w, const struct datagram *d, const char *what)
{
	struct ike_header header = { .spi_i = d->spi_i, .version = IKE_VERSION, .exchange = IKE_SA_INIT, .flags = IKE_FLAG_RESPONSE };
	uint8_t buffer[512];
	uint16_t type = IKE_N_NO_PROPOSAL_CHOSEN;
	struct ike_builder b;

	ike_build_fixed(&b, buffer, sizeof(buffer));
	if (!strcmp(what, "authentication"))
		type = IKE_N_AUTHENTICATION_FAILED;
	ike_build_header(&b, &header);
	if (!strcmp(what, "group"))
		ike_build_notify(&b, IKE_N_INVALID_KE_PAYLOAD, (const uint8_t[]){ 0, IKE_KE_MODP_1024 }, 2);
	else if (!strcmp(what, "cookie"))
		ike_build_notify(&b, IKE_N_COOKIE, "wrong cookie", 12);
	else if (!strcmp(what, "empty"))
		ike_build_nonce(&b, (const uint8_t *)"0123456789abcdef0123456789abcdef", 32);
	else
		ike_build_notify(&b, type, NULL, 0);
	assert_int_equal(ike_build_end(&b), 0);
	world_inject(w, &d->dst, &d->src, b.data, b.len);
}

static void watch(void *ctx, struct world *w, struct datagram *d)
{
	(void)ctx;
	(void)w;
	if (d->len > seen.longest)
		seen.longest = d->len;
	if (d->exchange == IKE_SA_INIT && !d->response) {
		if (!seen.init_requests++) {
			assert_true(d->len <= sizeof(seen.first));
			memcpy(seen.first, d->data, d->len);
			seen.first_len = d->len;
			seen.src = d->src;
			seen.dst = d->dst;
		}
	} else if (d->exchange == IKE_SA_INIT) {
		seen.init_responses++;
		seen.replies_to_retransmits += d->retransmit;
		memcpy(seen.response, d->data, d->len);
		seen.response_len = d->len;
		if (seen.drop_init_responses) {
			seen.drop_init_responses--;
			d->drop = true;
		}
	} else if (d->exchange == IKE_AUTH) {
		seen.auth++;
		if (seen.drop_auth) {
			seen.drop_auth--;
			d->drop = true;
		}
		if (seen.twice)
			d->copies = 1;
		if (seen.reverse)
			d->due_ms += 200 - 2 * (seen.auth % 100);
	}
}

static void open_with(struct pair *p, const struct agent_settings *settings, const char *more_a, const char *more_b)
{
	memset(&seen, 0, sizeof(seen));
	p->w = world_new(11);
	if (settings)
		p->w->settings = *settings;
	p->a = world_add(p->w, "a", "192.0.2.1 2001:db8::1");
	p->b = world_add(p->w, "b", "192.0.2.2 2001:db8::2");
	world_set_hook(p->w, watch, NULL);
	pair_configure(p, more_a, more_b);
}

static struct agent_settings defaults(void)
{
	struct agent_settings s;

	agent_default_settings(&s);
	return s;
}

static void up_and_close(struct pair *p)
{
	node_up(p->a, "net");
	world_run(p->w, 1000);
	world_consistent(p->w, 1, 1);
	assert_true(node_ping(p->a, "10.1.0.1", "10.2.0.1"));
	pair_close(p);
}

static struct agent_stats stats_of(const struct node *n)
{
	struct agent_stats stats;

	agent_get_stats(n->agent, &stats);
	return stats;
}

/* ---- cookies and groups ------------------------------------------------------------------------------------------------------------ */

static void test_cookie(void **state)
{
	struct agent_settings s = defaults();
	struct pair p;

	(void)state;
	s.cookie_threshold = 0;
	open_with(&p, &s, "", "");
	node_up(p.a, "net");
	assert_int_equal(seen.init_requests, 2);
	assert_int_equal(stats_of(p.b).cookies_sent, 1);
	assert_int_equal(stats_of(p.b).cookies_bad, 0);
	up_and_close(&p);
}

static void test_group(void **state)
{
	struct pair p;

	(void)state;
	open_with(&p, NULL, "conn:proposals = aes256gcm16-prfsha256-x25519-ecp256-modp2048", "conn:proposals = aes256gcm16-prfsha256-ecp256");
	node_up(p.a, "net");
	assert_int_equal(seen.init_requests, 2);
	assert_non_null(strstr(node_only_ike(p.a).proposal, "ECP_256"));
	up_and_close(&p);
}

static void test_cookie_and_group(void **state)
{
	struct agent_settings s = defaults();
	struct pair p;

	(void)state;
	s.cookie_threshold = 0;
	open_with(&p, &s, "conn:proposals = aes256gcm16-prfsha256-x25519-ecp384", "conn:proposals = aes256gcm16-prfsha256-ecp384");
	node_up(p.a, "net");
	/* Without, with the cookie, with cookie and group: the nonce stays, and with it the cookie. */
	assert_int_equal(seen.init_requests, 3);
	assert_int_equal(stats_of(p.b).cookies_sent, 1);
	up_and_close(&p);
}

/* The group of the KE payload is taken if it will do, though another is ours first. */
static void test_group_of_peer(void **state)
{
	struct pair p;

	(void)state;
	open_with(&p, NULL, "conn:proposals = aes256gcm16-prfsha256-ecp256-x25519", "conn:proposals = aes256gcm16-prfsha256-x25519-ecp256");
	node_up(p.a, "net");
	assert_int_equal(seen.init_requests, 1);
	up_and_close(&p);
}

/* A cookie is good for its address, SPI and nonce only, and for a minute or two. */
static void test_cookie_bound(void **state)
{
	struct agent_settings s = defaults();
	struct endpoint other;
	struct pair p;

	(void)state;
	s.cookie_threshold = 0;
	open_with(&p, &s, "", "");
	node_up(p.a, "net");
	node_down(p.a, "gw");
	world_run(p.w, 40000);
	/* Replay of the request with the cookie: first is without; make one with a wrong cookie, from it. */
	other = seen.src;
	other.ip.bytes[3] = 77;
	{
		uint8_t with[4200];
		const uint8_t notify[] = { seen.first[16], 0, 0, 8 + 33, 0, 0, IKE_N_COOKIE >> 8, IKE_N_COOKIE & 0xff };
		uint64_t bad = stats_of(p.b).cookies_bad;
		size_t len = seen.first_len + 41;

		memcpy(with, seen.first, 28);
		memcpy(with + 28, notify, 8);
		memset(with + 36, 0x5a, 33);
		memcpy(with + 69, seen.first + 28, seen.first_len - 28);
		with[16] = IKE_PL_NOTIFY;
		with[26] = (uint8_t)(len >> 8);
		with[27] = (uint8_t)len;
		for (unsigned int generation = 0; generation < 256; generation++) {
			with[36] = (uint8_t)generation;
			world_inject(p.w, &other, &seen.dst, with, len);
		}
		assert_int_equal(stats_of(p.b).cookies_bad, bad + 256);
		assert_int_equal(stats_of(p.b).half_open, 0);
	}
	pair_close(&p);
}

/* ---- errors that nobody vouches for (2.21.1) ----------------------------------------------------------------------------------------- */

static void forging(void *ctx, struct world *w, struct datagram *d)
{
	watch(ctx, w, d);
	if (d->exchange == IKE_SA_INIT && !d->response)
		forge(w, d, seen.forge);
}

static void test_forged_answers(void **state)
{
	static const char *const kinds[] = { "proposal", "authentication", "group", "empty" };

	(void)state;
	for (unsigned int i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct pair p;

		open_with(&p, NULL, "", "");
		seen.forge = kinds[i];
		world_set_hook(p.w, forging, NULL);
		node_up(p.a, "net");
		assert_int_equal(seen.init_requests, 1);
		up_and_close(&p);
	}
}

/* Cookies for ever: followed a few times, and then the true answer is waited for. */
static void test_forged_cookies(void **state)
{
	struct pair p;

	(void)state;
	open_with(&p, NULL, "", "");
	seen.forge = "cookie";
	world_set_hook(p.w, forging, NULL);
	node_up(p.a, "net");
	assert_true(seen.init_requests <= 8);
	/* The responder waits a while for those who asked without going on. */
	world_run(p.w, 31000);
	up_and_close(&p);
}

static void test_no_proposal(void **state)
{
	struct outcome outcome;
	struct pair p;

	(void)state;
	open_with(&p, NULL, "conn:proposals = aes128gcm16-prfsha256-x25519", "conn:proposals = aes256gcm16-prfsha256-x25519");
	assert_int_not_equal(node_up_try(p.a, "net", &outcome), 0);
	assert_non_null(strstr(outcome.text, "NO_PROPOSAL_CHOSEN"));
	/* Not at once, as anybody may have said so; nor after minutes. */
	assert_true(p.w->now_ms - 1000000 >= 4000 && p.w->now_ms - 1000000 <= 20000);
	world_run(p.w, 60000);
	world_consistent(p.w, 0, 0);
	assert_int_equal(stats_of(p.b).half_open, 0);
	pair_close(&p);
}

static void test_no_answer(void **state)
{
	struct outcome outcome;
	struct pair p;

	(void)state;
	open_with(&p, NULL, "", "");
	p.b->cut = true;
	assert_int_equal(node_up_try(p.a, "net", &outcome), -ETIMEDOUT);
	assert_int_equal(seen.init_requests, 6);
	assert_int_equal(node_ike_count(p.a), 0);
	pair_close(&p);
}

static void test_keyingtries(void **state)
{
	struct pair p;
	struct outcome outcome = { 0 };

	(void)state;
	open_with(&p, NULL, "conn:keyingtries = 3", "");
	p.b->cut = true;
	agent_up(p.a->agent, "net", 0, world_outcome, &outcome);
	node_poke(p.a);
	world_run(p.w, 400 * 1000);
	assert_false(outcome.done);
	/* Two whole sequences of 165 s, and five of the third. */
	assert_int_equal(seen.init_requests, 17);
	p.b->cut = false;
	world_run(p.w, 100 * 1000);
	assert_true(outcome.done && !outcome.error);
	world_consistent(p.w, 1, 1);
	pair_close(&p);
}

/* ---- the responder's side -------------------------------------------------------------------------------------------------------------- */

/* A repeated request gets the same bytes, and no second SA. */
static void test_repeated_request(void **state)
{
	struct pair p;

	(void)state;
	open_with(&p, NULL, "", "");
	seen.drop_init_responses = 2;
	node_up(p.a, "net");
	assert_int_equal(seen.init_requests, 3);
	assert_int_equal(seen.replies_to_retransmits, 2);
	assert_int_equal(stats_of(p.b).established, 1);
	assert_int_equal(stats_of(p.b).ike_sas, 1);
	up_and_close(&p);
}

static void inject_spoofed(struct pair *p, uint32_t number)
{
	uint8_t data[4096];
	struct endpoint src = seen.src;

	memcpy(data, seen.first, seen.first_len);
	/* The SPI, and an address of 10.0.0.0/8. */
	memcpy(data, &number, sizeof(number));
	src.ip.bytes[0] = 10;
	src.ip.bytes[1] = (uint8_t)(number >> 16);
	src.ip.bytes[2] = (uint8_t)(number >> 8);
	src.ip.bytes[3] = (uint8_t)number;
	world_inject(p->w, &src, &seen.dst, data, seen.first_len);
}

static void open_for_flood(struct pair *p, const struct agent_settings *settings)
{
	open_with(p, settings, "", "conn:remote_addrs = %any");
	node_up(p->a, "net");
	world_run(p->w, 1000);
}

static void test_flood(void **state)
{
	struct agent_stats stats;
	struct pair p;

	(void)state;
	open_for_flood(&p, NULL);
	for (uint32_t i = 1; i <= 10000; i++)
		inject_spoofed(&p, i);
	stats = stats_of(p.b);
	assert_int_equal(stats.half_open, 30);
	assert_int_equal(stats.ike_sas, 31);
	assert_int_equal(stats.cookies_sent, 10000 - 30);
	/* The tunnel goes on, and who answers with a cookie gets in. */
	assert_true(node_ping(p.a, "10.1.0.1", "10.2.0.1"));
	node_rekey(p.a, "net", false, false);
	node_rekey(p.a, "gw", true, false);
	assert_true(node_ping(p.b, "10.2.0.1", "10.1.0.1"));
	node_down(p.a, "gw");
	node_up(p.a, "net");
	/* Half a minute later nothing is left of it. */
	world_run(p.w, 31000);
	assert_int_equal(stats_of(p.b).half_open, 0);
	world_consistent(p.w, 1, 1);
	pair_close(&p);
}

/* Requests that are refused cost work as well, and nobody is half-open: after some of them in a second, cookies. */
static void test_refused_flood(void **state)
{
	struct outcome outcome = { 0 };
	struct pair p;
	unsigned int before;

	(void)state;
	open_with(&p, NULL, "conn:proposals = aes128gcm16-prfsha256-x25519", "conn:remote_addrs = %any\nconn:proposals = aes256gcm16-prfsha256-x25519");
	agent_up(p.a->agent, "net", 0, world_outcome, &outcome);
	node_poke(p.a);
	world_run(p.w, 100);
	assert_true(seen.first_len);
	before = 1; /* the true one */
	for (uint32_t i = 1; i <= 1000; i++)
		inject_spoofed(&p, i);
	assert_int_equal(stats_of(p.b).cookies_sent, 1000 + before - p.w->settings.cookie_threshold);
	assert_int_equal(stats_of(p.b).half_open, 0);
	/* A second later as before. */
	world_run(p.w, 1000);
	before = (unsigned int)stats_of(p.b).cookies_sent;
	inject_spoofed(&p, 2000);
	assert_int_equal(stats_of(p.b).cookies_sent, before);
	pair_close(&p);
}

/* Whoever has a true address gets few half-open SAs; and all of them together are bounded, the oldest goes. */
static void test_half_open_bounds(void **state)
{
	struct agent_settings s = defaults();
	struct pair p;

	(void)state;
	s.cookie_threshold = 100000;
	s.half_open_max = 50;
	open_for_flood(&p, &s);
	for (uint32_t i = 1; i <= 200; i++)
		inject_spoofed(&p, i);
	assert_int_equal(stats_of(p.b).half_open, 50);
	assert_int_equal(stats_of(p.b).half_open_dropped, 150);
	world_run(p.w, 31000);
	assert_int_equal(stats_of(p.b).half_open, 0);
	for (uint32_t i = 0; i < 100; i++) {
		seen.first[7] = (uint8_t)i;
		world_inject(p.w, &seen.src, &seen.dst, seen.first, seen.first_len);
	}
	/* Of one address half of those it may have; then it must show that it is there. */
	assert_int_equal(stats_of(p.b).half_open, (s.block_threshold + 1) / 2);
	assert_int_equal(stats_of(p.b).cookies_sent, 100 - (s.block_threshold + 1) / 2);
	assert_true(node_ping(p.a, "10.1.0.1", "10.2.0.1"));
	pair_close(&p);
}

/* Who has one IPv6 address has its /64: 18 quintillion more are no others. */
static void test_half_open_prefix(void **state)
{
	struct endpoint src, dst;
	struct pair p;

	(void)state;
	open_with(&p, NULL, "conn:local_addrs = 2001:db8::1\nconn:remote_addrs = 2001:db8::2", "conn:local_addrs = 2001:db8::2\nconn:remote_addrs = %any");
	node_up(p.a, "net");
	world_run(p.w, 1000);
	src = seen.src;
	dst = seen.dst;
	assert_int_equal(src.ip.family, 6);
	for (uint32_t i = 0; i < 100; i++) {
		seen.first[7] = (uint8_t)i;
		ip_parse("2001:db8:1:2::", &src.ip);
		src.ip.bytes[8] = (uint8_t)(i * 37);
		src.ip.bytes[15] = (uint8_t)i;
		world_inject(p.w, &src, &dst, seen.first, seen.first_len);
	}
	assert_int_equal(stats_of(p.b).half_open, (p.w->settings.block_threshold + 1) / 2);
	/* The next /64 is somebody else's. */
	for (uint32_t i = 0; i < 10; i++) {
		ip_parse("2001:db8:1::", &src.ip);
		src.ip.bytes[7] = (uint8_t)(3 + i);
		world_inject(p.w, &src, &dst, seen.first, seen.first_len);
	}
	assert_int_equal(stats_of(p.b).half_open, (p.w->settings.block_threshold + 1) / 2 + 10);
	world_run(p.w, 31000);
	assert_int_equal(stats_of(p.b).half_open, 0);
	pair_close(&p);
}

/* Each cut and each changed byte of a request: an answer at most, never more than an SA that goes by itself. */
static void test_malformed(void **state)
{
	struct agent_settings s = defaults();
	struct pair p;

	(void)state;
	s.cookie_threshold = 100000;
	s.block_threshold = 0;
	open_for_flood(&p, &s);
	for (size_t len = 0; len < seen.first_len; len++)
		world_inject(p.w, &seen.src, &seen.dst, seen.first, len);
	assert_int_equal(stats_of(p.b).half_open, 0);
	for (size_t at = 0; at < seen.first_len; at++) {
		for (unsigned int bit = 0; bit < 8; bit++) {
			seen.first[at] ^= (uint8_t)(1u << bit);
			world_inject(p.w, &seen.src, &seen.dst, seen.first, seen.first_len);
			seen.first[at] ^= (uint8_t)(1u << bit);
		}
	}
	world_run(p.w, 31000);
	assert_int_equal(stats_of(p.b).half_open, 0);
	assert_int_equal(stats_of(p.b).ike_sas, 1);
	assert_true(node_ping(p.a, "10.1.0.1", "10.2.0.1"));
	pair_close(&p);
}

/* The same of responses, to an initiator that waits. */
static void test_malformed_response(void **state)
{
	struct outcome outcome = { 0 };
	struct pair p;
	uint64_t spi;

	(void)state;
	open_with(&p, NULL, "", "");
	seen.drop_init_responses = 1;
	agent_up(p.a->agent, "net", 0, world_outcome, &outcome);
	node_poke(p.a);
	world_run(p.w, 1000);
	assert_int_equal(seen.init_responses, 1);
	spi = node_only_ike(p.a).spi_i;
	for (size_t len = 0; len < seen.response_len; len++)
		world_inject(p.w, &seen.dst, &seen.src, seen.response, len);
	/* Bits of the public value make another, right one: these are the forgeries that IKE_AUTH finds. Everything in front and the nonce's length. */
	for (size_t at = 0; at < 76; at++) {
		seen.response[at] ^= 0x80;
		world_inject(p.w, &seen.dst, &seen.src, seen.response, seen.response_len);
		seen.response[at] ^= 0x80;
	}
	assert_int_equal(node_only_ike(p.a).spi_i, spi);
	assert_false(outcome.done);
	pair_close(&p);
}

static void test_version(void **state)
{
	uint64_t sent;
	struct pair p;

	(void)state;
	open_for_flood(&p, NULL);
	sent = p.b->sent;
	seen.first[17] = 0x30;
	for (unsigned int i = 0; i < 100; i++)
		world_inject(p.w, &seen.src, &seen.dst, seen.first, seen.first_len);
	assert_int_equal(p.b->sent, sent + 1);
	/* IKEv1 gets no answer. */
	seen.first[17] = 0x10;
	world_run(p.w, 1000);
	world_inject(p.w, &seen.src, &seen.dst, seen.first, seen.first_len);
	assert_int_equal(p.b->sent, sent + 1);
	pair_close(&p);
}

/* ---- public values that must be refused ---------------------------------------------------------------------------------------------------- */

struct bad_value {
	const char *group;
	uint16_t method;
	const char *what;
};

static void bad_public(const struct bad_value *bad, uint8_t *value, size_t len)
{
	memset(value, 0, len);
	if (!strcmp(bad->what, "one"))
		value[len - 1] = 1;
	else if (!strcmp(bad->what, "low order"))
		value[0] = 1;
	else if (!strcmp(bad->what, "all ones"))
		memset(value, 0xff, len);
	else if (!strcmp(bad->what, "off the curve"))
		value[len - 1] = value[0] = 5;
}

static const struct bad_value *bad_now;

/* Writes the bad value into the KE payload of requests, or of responses. */
static void spoil(void *ctx, struct world *w, struct datagram *d)
{
	const bool *responses = ctx;
	struct ike_header header;
	struct ike_chain chain;
	const struct ike_payload *p;
	const char *why;

	watch(NULL, w, d);
	if (d->exchange != IKE_SA_INIT || d->response != *responses || ike_message_parse(d->data, d->len, &header, &chain, &why))
		return;
	p = ike_chain_find(&chain, IKE_PL_KE);
	if (p)
		bad_public(bad_now, d->data + (p->body - d->data) + 4, p->len - 4);
}

static void test_public_values(void **state)
{
	static const struct bad_value bad[] = {
		{ "modp2048", 14, "zero" }, { "modp2048", 14, "one" }, { "modp2048", 14, "all ones" }, { "ecp256", 19, "zero" },
		{ "ecp256", 19, "off the curve" }, { "ecp384", 20, "all ones" }, { "ecp521", 21, "off the curve" }, { "x25519", 31, "zero" },
		{ "x25519", 31, "low order" },
	};

	(void)state;
	for (unsigned int i = 0; i < 2 * sizeof(bad) / sizeof(bad[0]); i++) {
		bool responses = i % 2;
		char more[80];
		struct outcome outcome;
		struct pair p;

		bad_now = &bad[i / 2];
		snprintf(more, sizeof(more), "conn:proposals = aes256gcm16-prfsha256-%s", bad_now->group);
		open_with(&p, NULL, more, more);
		world_set_hook(p.w, spoil, &responses);
		assert_int_not_equal(node_up_try(p.a, "net", &outcome), 0);
		assert_int_equal(seen.auth, 0);
		assert_true(responses || stats_of(p.b).malformed > 0);
		world_run(p.w, 60000);
		world_consistent(p.w, 0, 0);
		pair_close(&p);
	}
}

/* ---- NAT ----------------------------------------------------------------------------------------------------------------------------------- */

static void test_no_nat(void **state)
{
	struct pair p;

	(void)state;
	open_with(&p, NULL, "", "");
	node_up(p.a, "net");
	assert_int_equal(node_only_ike(p.a).local.port, 500);
	assert_false(node_only_child(p.a).udp_encap);
	assert_int_equal(p.a->keepalives, 0);
	up_and_close(&p);
}

static void test_nat(void **state)
{
	struct ike_copy a, b;
	struct pair p;

	(void)state;
	open_with(&p, NULL, "", "conn:remote_addrs = %any");
	world_nat(p.a, "198.51.100.7");
	node_up(p.a, "net");
	a = node_only_ike(p.a);
	b = node_only_ike(p.b);
	assert_true(a.nat_local && !a.nat_remote && b.nat_remote && !b.nat_local);
	assert_int_equal(a.local.port, 4500);
	assert_int_equal(b.local.port, 4500);
	assert_true(node_only_child(p.a).udp_encap && node_only_child(p.b).udp_encap);
	world_run(p.w, 65000);
	assert_int_equal(p.a->keepalives, 3);
	assert_int_equal(p.b->keepalives, 0);
	/* The NAT takes another port: the next authenticated message says so. */
	world_nat_rebind(p.a);
	node_rekey(p.a, "net", false, false);
	world_run(p.w, 1000);
	assert_int_not_equal(node_only_ike(p.b).remote.port, b.remote.port);
	assert_true(node_ping(p.b, "10.2.0.1", "10.1.0.1"));
	pair_close(&p);
}

static void test_encap(void **state)
{
	struct pair p;

	(void)state;
	open_with(&p, NULL, "conn:encap = yes", "");
	node_up(p.a, "net");
	assert_int_equal(node_only_ike(p.a).local.port, 4500);
	assert_int_equal(node_only_ike(p.b).remote.port, 4500);
	assert_true(node_only_child(p.a).udp_encap && node_only_child(p.b).udp_encap);
	up_and_close(&p);
}

static void test_no_raw_esp(void **state)
{
	struct pair p;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		memset(&seen, 0, sizeof(seen));
		pair_create(&p, 3);
		(i ? p.a : p.b)->sink.caps.raw_esp = false;
		node_restart(i ? p.a : p.b);
		pair_configure(&p, "", "");
		node_up(p.a, "net");
		assert_true(node_only_child(p.a).udp_encap && node_only_child(p.b).udp_encap);
		up_and_close(&p);
	}
}

static void test_v6(void **state)
{
	struct pair p;

	(void)state;
	open_with(&p, NULL, "conn:local_addrs = 2001:db8::1\nconn:remote_addrs = 2001:db8::2", "conn:local_addrs = %any\nconn:remote_addrs = %any");
	node_up(p.a, "net");
	assert_int_equal(node_only_ike(p.b).remote.ip.family, 6);
	up_and_close(&p);
}

/* ---- fragments (RFC 7383) ----------------------------------------------------------------------------------------------------------------- */

static void fragments(const char *proposal, bool twice, bool reverse, unsigned int drop)
{
	struct agent_settings s = defaults();
	char more[120];
	struct pair p;

	s.fragment_size = 160;
	snprintf(more, sizeof(more), "conn:proposals = %s", proposal);
	open_with(&p, &s, more, more);
	seen.twice = twice;
	seen.reverse = reverse;
	seen.drop_auth = drop;
	node_up(p.a, "net");
	assert_true(seen.auth > 4);
	up_and_close(&p);
}

static void test_fragments(void **state)
{
	(void)state;
	fragments("aes256gcm16-prfsha256-x25519", false, false, 0);
	fragments("aes128-sha256-x25519", false, false, 0);
	fragments("aes256gcm16-prfsha256-x25519", true, false, 0);
	fragments("aes256-sha512-x25519", false, true, 0);
	for (unsigned int drop = 1; drop < 6; drop++)
		fragments("aes256gcm16-prfsha256-x25519", drop % 2, true, drop);
}

static void test_fragmentation_off(void **state)
{
	struct agent_settings s = defaults();

	(void)state;
	s.fragment_size = 160;
	for (unsigned int i = 0; i < 2; i++) {
		struct pair p;

		/* If one side does not want it, or sends none itself. */
		open_with(&p, &s, i ? "conn:fragmentation = no" : "conn:fragmentation = accept", i ? "" : "conn:fragmentation = accept");
		node_up(p.a, "net");
		assert_int_equal(seen.auth, 2);
		up_and_close(&p);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cookie), cmocka_unit_test(test_group), cmocka_unit_test(test_cookie_and_group), cmocka_unit_test(test_group_of_peer),
		cmocka_unit_test(test_cookie_bound), cmocka_unit_test(test_forged_answers), cmocka_unit_test(test_forged_cookies),
		cmocka_unit_test(test_no_proposal), cmocka_unit_test(test_no_answer), cmocka_unit_test(test_keyingtries),
		cmocka_unit_test(test_repeated_request), cmocka_unit_test(test_flood), cmocka_unit_test(test_refused_flood), cmocka_unit_test(test_half_open_bounds), cmocka_unit_test(test_half_open_prefix),
		cmocka_unit_test(test_malformed), cmocka_unit_test(test_malformed_response), cmocka_unit_test(test_version),
		cmocka_unit_test(test_public_values), cmocka_unit_test(test_no_nat), cmocka_unit_test(test_nat), cmocka_unit_test(test_encap),
		cmocka_unit_test(test_no_raw_esp), cmocka_unit_test(test_v6), cmocka_unit_test(test_fragments), cmocka_unit_test(test_fragmentation_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
