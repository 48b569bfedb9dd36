/* SPDX-License-Identifier: Apache-2.0 */
/* Peers that keep to the protection and not to the rules, and strangers: what they send is made with a's keys or with none, b has to bear it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/handshake.h"
#include "core/seal.h"
#include "core/window.h"
#include "actions.h"
#include "pair.h"

#define SECOND 1000u
#define WITHOUT_PFS "esp_proposals = aes256gcm16"

static const struct endpoint a_end = { { 4, { 192, 0, 2, 1 } }, 500 }, b_end = { { 4, { 192, 0, 2, 2 } }, 500 };

/* ---- messages of a ----------------------------------------------------------------------------------------------------------------- */

/* What a's agent would not say itself, as its next request. */
static void send_as(struct node *n, struct ike_sa *sa, uint8_t exchange, struct ike_builder *payloads)
{
	struct packets packets;

	assert_int_equal(seal_message(sa, exchange, false, sa->send_id, payloads, &packets), 0);
	sa->send_id++;
	ike_build_free(payloads);
	for (unsigned int i = 0; i < packets.count; i++)
		world_inject(n->world, &sa->local, &sa->remote, packets.list[i].data, packets.list[i].len);
	packets_free(&packets);
}

static void put_child(struct ike_builder *b, uint32_t spi)
{
	static const struct ts local = { .port_hi = 65535, .lo = { 4, { 10, 1, 0, 0 } }, .hi = { 4, { 10, 1, 255, 255 } } };
	static const struct ts remote = { .port_hi = 65535, .lo = { 4, { 10, 2, 0, 0 } }, .hi = { 4, { 10, 2, 255, 255 } } };
	static const uint8_t nonce[32] = { 1 };
	struct suite suite = { .number = 1, .protocol = IKE_PROTO_ESP, .encr = IKE_ENCR_AES_GCM_16, .encr_bits = 256 };
	struct proposal proposal;

	proposal_from_suite(&suite, 4, spi, &proposal);
	ike_build_sa_answer(b, &proposal);
	ike_build_nonce(b, nonce, sizeof(nonce));
	ike_build_ts(b, IKE_PL_TSI, &local, 1);
	ike_build_ts(b, IKE_PL_TSR, &remote, 1);
}

/* A CHILD SA with this SPI of a's, in place of old or, 0, a new one. */
static void ask_for_child(struct pair *p, uint32_t spi, uint32_t old)
{
	struct ike_builder b;

	ike_build_growing(&b, IKE_MESSAGE_MAX);
	if (old)
		ike_build_notify_spi(&b, IKE_N_REKEY_SA, IKE_PROTO_ESP, old, NULL, 0);
	put_child(&b, spi);
	send_as(p->a, p->a->agent->sas, IKE_CREATE_CHILD_SA, &b);
}

static struct agent_stats stats_of(struct node *n)
{
	struct agent_stats stats;

	agent_get_stats(n->agent, &stats);
	return stats;
}

/* ---- an IKE SA that is not authenticated by IKE_AUTH --------------------------------------------------------------------------------- */

static void no_child_requests_of_b(void *ctx, struct world *w, struct datagram *d)
{
	(void)w;
	d->drop = d->from == ctx && d->exchange == IKE_CREATE_CHILD_SA && !d->response;
}

static void ignore(void *ctx, int error, const char *text)
{
	(void)ctx;
	(void)error;
	(void)text;
}

/* Both rekey the IKE SA; before b has the response to its own request, IKE_AUTH comes on the SA that a's rekeying made. */
static void test_auth_on_successor(void **state)
{
	static const uint8_t proof[32];
	struct ike_builder b;
	struct pair p;

	(void)state;
	pair_open(&p, 1, "", "");
	node_up(p.a, "net");
	world_set_hook(p.w, no_child_requests_of_b, p.b);
	agent_rekey(p.b->agent, "gw", true, false, ignore, NULL);
	node_poke(p.b);
	node_rekey(p.a, "gw", true, false);
	assert_true(p.a->agent->sas->state == IKE_ESTABLISHED && p.b->agent->sas->state == IKE_CONNECTING);
	ike_build_growing(&b, IKE_MESSAGE_MAX);
	ike_build_id(&b, IKE_PL_IDI, IKE_ID_FQDN, (const uint8_t *)"a.example.org", 13);
	ike_build_certreq(&b, IKE_CERT_X509_SIGNATURE, proof, 20);
	ike_build_auth(&b, IKE_AUTH_SHARED_KEY, proof, sizeof(proof));
	put_child(&b, 0x1000);
	send_as(p.a, p.a->agent->sas, IKE_AUTH, &b);
	p.a->agent->sas->send_id--;
	world_set_hook(p.w, NULL, NULL);
	world_run(p.w, 300 * SECOND);
	world_consistent(p.w, 1, 1);
	pair_close(&p);
}

/* ---- storms of an authenticated peer ---------------------------------------------------------------------------------------------------- */

static void small_open(struct pair *p, unsigned int children_max)
{
	p->w = world_new(2);
	p->w->settings.children_max = children_max;
	p->a = world_add(p->w, "a", "192.0.2.1");
	p->b = world_add(p->w, "b", "192.0.2.2");
	pair_configure(p, WITHOUT_PFS, WITHOUT_PFS);
	node_up(p->a, "net");
}

/* CHILD SAs rekeyed again and again, the old ones never deleted. */
static void test_child_rekey_storm(void **state)
{
	struct pair p;

	(void)state;
	small_open(&p, 8);
	ask_for_child(&p, 0x1000, node_only_child(p.a).spi_in);
	assert_int_equal(stats_of(p.b).child_sas, 2);
	for (uint32_t spi = 0x1001; spi < 0x1100; spi++)
		ask_for_child(&p, spi, spi - 1);
	assert_true(stats_of(p.b).child_sas <= 2 * 8);
	pair_close(&p);
}

static void no_deletes_of_a(void *ctx, struct world *w, struct datagram *d)
{
	(void)w;
	d->drop = d->from == ctx && d->exchange == IKE_INFORMATIONAL && !d->response;
}

/* The IKE SA rekeyed again and again, the old ones never deleted. */
static void test_ike_rekey_storm(void **state)
{
	struct pair p;

	(void)state;
	pair_open(&p, 3, "", "");
	node_up(p.a, "net");
	world_set_hook(p.w, no_deletes_of_a, p.a);
	for (int i = 0; i < 60; i++) {
		agent_rekey(p.a->agent, "gw", true, false, ignore, NULL);
		node_poke(p.a);
		world_run(p.w, SECOND);
	}
	assert_true(stats_of(p.b).ike_sas > 2 && stats_of(p.b).ike_sas <= 20);
	world_set_hook(p.w, NULL, NULL);
	world_run(p.w, 600 * SECOND);
	world_consistent(p.w, 1, 1);
	pair_close(&p);
}

/* All CHILD SAs deleted in one message. */
static void test_many_deletes(void **state)
{
	uint32_t spis[201];
	struct ike_builder b;
	struct pair p;

	(void)state;
	small_open(&p, 256);
	spis[0] = node_only_child(p.a).spi_in;
	for (uint32_t i = 1; i <= 200; i++) {
		spis[i] = 0x1000 + i;
		ask_for_child(&p, spis[i], 0);
	}
	assert_int_equal(stats_of(p.b).child_sas, 201);
	ike_build_growing(&b, IKE_MESSAGE_MAX);
	ike_build_delete(&b, IKE_PROTO_ESP, spis, 201);
	send_as(p.a, p.a->agent->sas, IKE_INFORMATIONAL, &b);
	assert_int_equal(stats_of(p.b).child_sas, 0);
	pair_close(&p);
}

/* The same SPI for two CHILD SAs: the second is refused, the first stays as it was. */
static void test_same_spi_twice(void **state)
{
	struct pair p;

	(void)state;
	small_open(&p, 256);
	ask_for_child(&p, node_only_child(p.a).spi_in, 0);
	ask_for_child(&p, node_only_child(p.a).spi_in, node_only_child(p.a).spi_in);
	assert_int_equal(stats_of(p.b).child_sas, 1);
	assert_true(node_ping(p.b, "10.2.0.1", "10.1.0.1"));
	pair_close(&p);
}

/* Deletes of SPIs that a may have asked for, some twice, some never. */
static void delete_some(struct pair *p)
{
	uint32_t spis[8];
	unsigned int count = 1 + (unsigned int)world_random(p->w, 8);
	struct ike_builder b;

	for (unsigned int i = 0; i < count; i++)
		spis[i] = 0x1000 + (uint32_t)world_random(p->w, 12);
	ike_build_growing(&b, IKE_MESSAGE_MAX);
	ike_build_delete(&b, IKE_PROTO_ESP, spis, count);
	send_as(p->a, p->a->agent->sas, IKE_INFORMATIONAL, &b);
}

static void one_step(struct pair *p)
{
	struct ike_sa *sa = p->a->agent->sas;
	uint32_t spi = 0x1000 + (uint32_t)world_random(p->w, 12), old = 0x1000 + (uint32_t)world_random(p->w, 12);
	unsigned int what = (unsigned int)world_random(p->w, 8);

	if (!sa) {
		node_up_try(p->a, "net", &(struct outcome){ 0 });
		return;
	}
	if (what == 0)
		act(p->b, (enum action)world_random(p->w, ACTION_COUNT));
	else if (sa->state != IKE_ESTABLISHED || ike_sa_busy(sa))
		world_run(p->w, 20);
	else if (what == 1)
		delete_some(p);
	else
		ask_for_child(p, spi, what < 5 ? 0 : old);
	world_run(p->w, world_random(p->w, 4) ? world_random(p->w, 40) : world_random(p->w, 20 * SECOND));
}

/* A peer without any order, while b does things of its own. What stays is bounded, and when the peer comes back to its senses all is well. */
static void test_disorder(void **state)
{
	const char *more = WITHOUT_PFS "\nchild two:esp_proposals = aes256gcm16\nchild two:local_ts = 10.3.0.0/16\nchild two:remote_ts = 10.3.0.0/16\n";
	char text[8192], with_newline[1024];
	struct pair p;

	(void)state;
	snprintf(with_newline, sizeof(with_newline), "\n%s", more);
	for (uint64_t seed = 100; seed < 120; seed++) {
		pair_open(&p, seed, more, more);
		for (int i = 0; i < 200; i++)
			one_step(&p);
		assert_true(stats_of(p.b).child_sas <= 64);
		node_restart(p.a);
		pair_text(text, sizeof(text), true, with_newline);
		node_configure(p.a, text);
		node_up(p.a, "net");
		world_run(p.w, 600 * SECOND);
		assert_true(node_ping(p.a, "10.1.0.1", "10.2.0.1"));
		assert_true(node_ping(p.b, "10.2.0.1", "10.1.0.1"));
		pair_close(&p);
	}
}

/* ---- strangers ------------------------------------------------------------------------------------------------------------------------- */

struct captured {
	struct node *from;
	size_t len;
	uint8_t data[2048];
};

/* Keep the first IKE_SA_INIT request, and lose it. */
static void capture_init(void *ctx, struct world *w, struct datagram *d)
{
	struct captured *c = ctx;

	(void)w;
	if (c->len || d->from != c->from || d->exchange != IKE_SA_INIT || d->response)
		return;
	assert_true(d->len <= sizeof(c->data));
	memcpy(c->data, d->data, d->len);
	c->len = d->len;
	d->drop = true;
}

static struct captured first_request(struct pair *p)
{
	struct captured c = { .from = p->a };

	world_set_hook(p->w, capture_init, &c);
	agent_up(p->a->agent, "net", 0, ignore, NULL);
	node_poke(p->a);
	world_run(p->w, 100);
	world_set_hook(p->w, NULL, NULL);
	assert_true(c.len);
	return c;
}

/* Requests in the name of a's address: a stranger who does not see the answers cannot keep a out. */
static void test_spoofed_half_open(void **state)
{
	struct captured c;
	struct pair p;

	(void)state;
	pair_open(&p, 4, "", "");
	c = first_request(&p);
	for (int i = 0; i < 100; i++) {
		c.data[7] = (uint8_t)i;
		c.data[0] ^= 1;
		world_inject(p.w, &a_end, &b_end, c.data, c.len);
	}
	world_run(p.w, 5 * SECOND);
	assert_int_equal(node_child_count(p.a), 1);
	assert_int_equal(node_child_count(p.b), 1);
	pair_close(&p);
}

/* Public values that must be refused cost a key pair each: after some of them cookies are asked for, and one address is blocked, as ever. */
static void test_bad_public_values(void **state)
{
	struct endpoint src = a_end;
	struct ike_header header;
	struct ike_chain chain;
	const struct ike_payload *ke;
	struct captured c;
	const char *why;
	struct pair p;

	(void)state;
	pair_open(&p, 8, "", "conn:remote_addrs = %any");
	c = first_request(&p);
	assert_int_equal(ike_message_parse(c.data, c.len, &header, &chain, &why), 0);
	ke = ike_chain_find(&chain, IKE_PL_KE);
	memset(c.data + (ke->body - c.data) + 4, 0, ke->len - 4);
	for (uint8_t i = 10; i < 20; i++) {
		c.data[7] = i;
		world_inject(p.w, &a_end, &b_end, c.data, c.len);
	}
	assert_int_equal(stats_of(p.b).half_open, (p.w->settings.block_threshold + 1) / 2);
	world_inject(p.w, &a_end, &b_end, c.data, c.len); /* the same once more */
	for (uint8_t i = 20; i < 220; i++) {
		c.data[7] = src.ip.bytes[3] = i;
		world_inject(p.w, &src, &b_end, c.data, c.len);
	}
	assert_int_equal(stats_of(p.b).half_open, p.w->settings.cookie_threshold);
	assert_true(stats_of(p.b).cookies_sent > 150);
	world_run(p.w, 40 * SECOND);
	assert_int_equal(stats_of(p.b).half_open, 0);
	assert_int_equal(node_child_count(p.a), 1);
	pair_close(&p);
}

/* The request again with another SPI and the cookie that b would ask for. */
static void inject_with_cookie(struct pair *p, const struct captured *c, uint8_t number)
{
	uint8_t cookie[COOKIE_MAX], message[sizeof(c->data) + 256];
	struct ike_header header;
	struct ike_chain chain;
	struct ike_builder b;
	const struct ike_payload *nonce;
	const char *why;
	size_t len;

	assert_int_equal(ike_message_parse(c->data, c->len, &header, &chain, &why), 0);
	header.spi_i += number;
	nonce = ike_chain_find(&chain, IKE_PL_NONCE);
	len = cookie_make(p->b->agent, &header, &a_end.ip, nonce->body, nonce->len, cookie);
	ike_build_fixed(&b, message, sizeof(message));
	ike_build_header(&b, &header);
	ike_build_notify(&b, IKE_N_COOKIE, cookie, len);
	for (unsigned int i = 0; i < chain.count; i++) {
		ike_build_payload(&b, chain.payloads[i].type, false);
		ike_build_bytes(&b, chain.payloads[i].body, chain.payloads[i].len);
	}
	assert_int_equal(ike_build_end(&b), 0);
	world_inject(p->w, &a_end, &b_end, message, b.len);
}

/* Cookies or not, one address gets no more half-open SAs than it may have. */
static void test_blocked_with_cookies(void **state)
{
	struct captured c;
	struct pair p;

	(void)state;
	pair_open(&p, 7, "", "");
	c = first_request(&p);
	for (uint8_t i = 1; i <= 100; i++)
		inject_with_cookie(&p, &c, i);
	assert_int_equal(stats_of(p.b).half_open, p.w->settings.block_threshold);
	assert_int_equal(stats_of(p.b).cookies_bad, 0);
	pair_close(&p);
}

/* Messages for SAs that nobody has draw answers, not many; an initiator with another group has to get its own all the same. */
static void test_other_group_under_noise(void **state)
{
	static const uint8_t noise[28] = { 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0x20, IKE_INFORMATIONAL, IKE_FLAG_INITIATOR, [27] = 28 };
	struct pair p;

	(void)state;
	pair_open(&p, 5, "conn:proposals = aes256gcm16-prfsha256-x25519-ecp256", "conn:proposals = aes256gcm16-prfsha256-ecp256");
	agent_up(p.a->agent, "net", 0, ignore, NULL);
	node_poke(p.a);
	for (int i = 0; i < 500; i++) {
		world_inject(p.w, &a_end, &b_end, noise, sizeof(noise));
		world_run(p.w, 2);
	}
	assert_true(stats_of(p.b).sent < 30);
	assert_int_equal(node_child_count(p.a), 1);
	pair_close(&p);
}

/* ---- reqids ---------------------------------------------------------------------------------------------------------------------------- */

/* A reqid of the configuration is that CHILD SA's alone, whatever came up before. */
static void test_fixed_reqid(void **state)
{
	const char *more = "child two:reqid = 1\nchild two:local_ts = 10.3.0.0/16\nchild two:remote_ts = 10.3.0.0/16\n";
	struct snapshot s;
	struct pair p;

	(void)state;
	pair_open(&p, 6, more, more);
	node_up(p.a, "net");
	node_up(p.a, "two");
	node_snapshot(p.a, &s);
	assert_int_equal(s.child_count, 2);
	assert_int_not_equal(s.children[0].reqid, s.children[1].reqid);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(!strcmp(s.children[i].name, "two"), s.children[i].reqid == 1);
	snapshot_free(&s);
	world_consistent(p.w, 1, 2);
	pair_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_auth_on_successor), cmocka_unit_test(test_child_rekey_storm), cmocka_unit_test(test_ike_rekey_storm),
		cmocka_unit_test(test_many_deletes), cmocka_unit_test(test_same_spi_twice), cmocka_unit_test(test_disorder), cmocka_unit_test(test_spoofed_half_open),
		cmocka_unit_test(test_bad_public_values), cmocka_unit_test(test_blocked_with_cookies), cmocka_unit_test(test_other_group_under_noise), cmocka_unit_test(test_fixed_reqid),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
