/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests as no agent of ours makes them, correctly protected: a queues an exchange of its own making, b has to answer as RFC 7296 says. What is
 * an honest difference costs the request; what breaks the format costs the IKE SA (2.21.3); nothing costs more.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/window.h"
#include "pair.h"

#define SECOND 1000u
#define MINUTE (60u * SECOND)

/* What b answered. */
struct answer {
	bool got;
	uint16_t notify;	 /* the first one, 0: none */
	uint32_t notify_spi;
	unsigned int deletes;	 /* payloads */
	unsigned int deleted;	 /* SPIs in them */
	bool sa;
};

struct probe {
	struct exchange x;
	void (*put)(struct ike_sa *sa, struct ike_builder *b);
	struct answer *answer;
};

static int build(struct ike_sa *sa, struct exchange *x, struct ike_builder *b)
{
	((struct probe *)x)->put(sa, b);
	return 0;
}

static int response(struct ike_sa *sa, struct exchange *x, const struct ike_message *message)
{
	const struct ike_chain *m = &message->chain;
	struct answer *answer = ((struct probe *)x)->answer;
	const struct ike_payload *notify = ike_chain_find(m, IKE_PL_NOTIFY);
	struct ike_notify n;
	struct ike_delete del;
	const char *why;

	(void)sa;
	answer->got = true;
	if (notify) {
		assert_int_equal(ike_decode_notify(notify, &n, &why), 0);
		answer->notify = n.type;
		answer->notify_spi = n.spi;
	}
	for (const struct ike_payload *p = ike_chain_find(m, IKE_PL_DELETE); p; p = ike_chain_next(m, IKE_PL_DELETE, p)) {
		assert_int_equal(ike_decode_delete(p, &del, &why), 0);
		answer->deletes++;
		answer->deleted += del.count;
	}
	answer->sa = ike_chain_find(m, IKE_PL_SA) != NULL;
	return answer->notify == IKE_N_INVALID_SYNTAX ? -EBADMSG : 0;
}

static const struct exchange_ops create_child_ops = { .name = "probe", .type = IKE_CREATE_CHILD_SA, .build = build, .response = response,
	.free = (void (*)(struct exchange *))free };
static const struct exchange_ops informational_ops = { .name = "probe", .type = IKE_INFORMATIONAL, .build = build, .response = response,
	.free = (void (*)(struct exchange *))free };

/* What we never negotiated, or do not know. */
#define UNKNOWN_OPS(number) { .name = "probe", .type = (number), .build = build, .response = response, .free = (void (*)(struct exchange *))free }
static const struct exchange_ops unknown_ops[] = {
	UNKNOWN_OPS(IKE_INTERMEDIATE), UNKNOWN_OPS(IKE_FOLLOWUP_KE), UNKNOWN_OPS(IKE_SESSION_RESUME), UNKNOWN_OPS(33), UNKNOWN_OPS(0), UNKNOWN_OPS(250),
};

static struct answer ask(struct pair *p, const struct exchange_ops *ops, void (*put)(struct ike_sa *sa, struct ike_builder *b))
{
	struct answer answer = { 0 };
	struct probe *probe = calloc(1, sizeof(*probe));

	assert_non_null(probe);
	probe->x.ops = ops;
	probe->put = put;
	probe->answer = &answer;
	assert_non_null(p->a->agent->sas);
	ike_queue(p->a->agent->sas, &probe->x);
	node_poke(p->a);
	world_run(p->w, SECOND);
	assert_true(answer.got);
	return answer;
}

/* ---- pieces --------------------------------------------------------------------------------------------------------------------- */

static void put_sa(struct ike_builder *b, const char *text, uint8_t protocol, uint64_t spi)
{
	struct proposals *list = calloc(1, sizeof(*list));
	char error[PROPOSAL_ERROR_LEN];

	assert_non_null(list);
	assert_int_equal(proposals_parse(protocol, text, list, error), 0);
	list->list[0].spi_len = protocol == IKE_PROTO_IKE ? 8 : 4;
	list->list[0].spi = spi;
	ike_build_sa(b, list, 0);
	free(list);
}

static void put_nonce(struct ike_builder *b, size_t len)
{
	uint8_t nonce[IKE_NONCE_MAX + 1];

	memset(nonce, 0x5a, sizeof(nonce));
	ike_build_payload(b, IKE_PL_NONCE, false);
	ike_build_bytes(b, nonce, len);
}

static void put_ts(struct ike_builder *b, uint8_t type, const char *text)
{
	struct ts ts;

	assert_int_equal(ts_parse(text, &ts), 0);
	ike_build_ts(b, type, &ts, 1);
}

static void put_both_ts(struct ike_builder *b)
{
	put_ts(b, IKE_PL_TSI, "10.1.0.0/16");
	put_ts(b, IKE_PL_TSR, "10.2.0.0/16");
}

static uint32_t spi_of_a(const struct ike_sa *sa)
{
	return sa->children->spi_in;
}

/* ---- CREATE_CHILD_SA -------------------------------------------------------------------------------------------------------------- */

static void nothing(struct ike_sa *sa, struct ike_builder *b)
{
	(void)sa;
	(void)b;
}

static void no_nonce(struct ike_sa *sa, struct ike_builder *b)
{
	(void)sa;
	put_sa(b, "aes256gcm16", IKE_PROTO_ESP, 0x12345678);
	put_both_ts(b);
}

static void short_nonce(struct ike_sa *sa, struct ike_builder *b)
{
	(void)sa;
	put_sa(b, "aes256gcm16", IKE_PROTO_ESP, 0x12345678);
	put_nonce(b, IKE_NONCE_MIN - 1);
	put_both_ts(b);
}

static void long_nonce(struct ike_sa *sa, struct ike_builder *b)
{
	(void)sa;
	put_sa(b, "aes256gcm16", IKE_PROTO_ESP, 0x12345678);
	put_nonce(b, IKE_NONCE_MAX + 1);
	put_both_ts(b);
}

static void no_selectors(struct ike_sa *sa, struct ike_builder *b)
{
	(void)sa;
	put_sa(b, "aes256gcm16", IKE_PROTO_ESP, 0x12345678);
	put_nonce(b, 32);
	put_ts(b, IKE_PL_TSI, "10.1.0.0/16");
}

static void other_selectors(struct ike_sa *sa, struct ike_builder *b)
{
	(void)sa;
	put_sa(b, "aes256gcm16", IKE_PROTO_ESP, 0x12345678);
	put_nonce(b, 32);
	put_ts(b, IKE_PL_TSI, "10.1.0.0/16");
	put_ts(b, IKE_PL_TSR, "10.77.0.0/16");
}

static void reserved_spi(struct ike_sa *sa, struct ike_builder *b)
{
	(void)sa;
	put_sa(b, "aes256gcm16", IKE_PROTO_ESP, 255);
	put_nonce(b, 32);
	put_both_ts(b);
}

static void other_algorithm(struct ike_sa *sa, struct ike_builder *b)
{
	(void)sa;
	put_sa(b, "aes128gcm16", IKE_PROTO_ESP, 0x12345678);
	put_nonce(b, 32);
	put_both_ts(b);
}

/* PFS was agreed to, and no KE comes. */
static void no_ke(struct ike_sa *sa, struct ike_builder *b)
{
	(void)sa;
	put_sa(b, "aes256gcm16-x25519", IKE_PROTO_ESP, 0x12345678);
	put_nonce(b, 32);
	put_both_ts(b);
}

static void zero_ke(struct ike_sa *sa, struct ike_builder *b)
{
	uint8_t zero[32] = { 0 };

	(void)sa;
	put_sa(b, "aes256gcm16-x25519", IKE_PROTO_ESP, 0x12345678);
	put_nonce(b, 32);
	ike_build_ke(b, IKE_KE_CURVE_25519, zero, sizeof(zero));
	put_both_ts(b);
}

static void short_ke(struct ike_sa *sa, struct ike_builder *b)
{
	uint8_t nine[31];

	(void)sa;
	memset(nine, 9, sizeof(nine));
	put_sa(b, "aes256gcm16-x25519", IKE_PROTO_ESP, 0x12345678);
	put_nonce(b, 32);
	ike_build_ke(b, IKE_KE_CURVE_25519, nine, sizeof(nine));
	put_both_ts(b);
}

static void unknown_old(struct ike_sa *sa, struct ike_builder *b)
{
	(void)sa;
	ike_build_notify_spi(b, IKE_N_REKEY_SA, IKE_PROTO_ESP, 0xdeadbeef, NULL, 0);
	put_sa(b, "aes256gcm16", IKE_PROTO_ESP, 0x12345678);
	put_nonce(b, 32);
	put_both_ts(b);
}

static void old_of_ah(struct ike_sa *sa, struct ike_builder *b)
{
	ike_build_notify_spi(b, IKE_N_REKEY_SA, IKE_PROTO_AH, spi_of_a(sa), NULL, 0);
	put_sa(b, "aes256gcm16", IKE_PROTO_ESP, 0x12345678);
	put_nonce(b, 32);
	put_both_ts(b);
}

/* Of the IKE SA, without what it needs. */
static void ike_without_ke(struct ike_sa *sa, struct ike_builder *b)
{
	(void)sa;
	put_sa(b, "aes256gcm16-prfsha256-x25519", IKE_PROTO_IKE, 0x1122334455667788);
	put_nonce(b, 32);
}

static void ike_without_spi(struct ike_sa *sa, struct ike_builder *b)
{
	uint8_t nine[32] = { 9 };

	(void)sa;
	put_sa(b, "aes256gcm16-prfsha256-x25519", IKE_PROTO_IKE, 0);
	put_nonce(b, 32);
	ike_build_ke(b, IKE_KE_CURVE_25519, nine, sizeof(nine));
}

static void ike_other_algorithm(struct ike_sa *sa, struct ike_builder *b)
{
	uint8_t nine[32] = { 9 };

	(void)sa;
	put_sa(b, "aes128-sha256-x25519", IKE_PROTO_IKE, 0x1122334455667788);
	put_nonce(b, 32);
	ike_build_ke(b, IKE_KE_CURVE_25519, nine, sizeof(nine));
}

static void ike_zero_ke(struct ike_sa *sa, struct ike_builder *b)
{
	uint8_t zero[32] = { 0 };

	(void)sa;
	put_sa(b, "aes256gcm16-prfsha256-x25519", IKE_PROTO_IKE, 0x1122334455667788);
	put_nonce(b, 32);
	ike_build_ke(b, IKE_KE_CURVE_25519, zero, sizeof(zero));
}

static void critical(struct ike_sa *sa, struct ike_builder *b)
{
	no_ke(sa, b);
	ike_build_payload(b, 250, true);
}

static const struct {
	const char *name;
	void (*put)(struct ike_sa *sa, struct ike_builder *b);
	uint16_t notify;
	bool fatal; /* for the IKE SA */
} creations[] = {
	{ "nothing at all", nothing, IKE_N_INVALID_SYNTAX, true },
	{ "no nonce", no_nonce, IKE_N_INVALID_SYNTAX, true },
	{ "a nonce too short", short_nonce, IKE_N_INVALID_SYNTAX, true },
	{ "a nonce too long", long_nonce, IKE_N_INVALID_SYNTAX, true },
	{ "no TSr", no_selectors, IKE_N_INVALID_SYNTAX, true },
	{ "selectors that are not ours", other_selectors, IKE_N_TS_UNACCEPTABLE, false },
	{ "a reserved SPI", reserved_spi, IKE_N_NO_PROPOSAL_CHOSEN, false },
	{ "an algorithm that is not ours", other_algorithm, IKE_N_NO_PROPOSAL_CHOSEN, false },
	{ "no KE", no_ke, IKE_N_INVALID_KE_PAYLOAD, false },
	{ "a public value of zero", zero_ke, IKE_N_INVALID_SYNTAX, true },
	{ "a public value too short", short_ke, IKE_N_INVALID_SYNTAX, true },
	{ "rekeying of an unknown SA", unknown_old, IKE_N_CHILD_SA_NOT_FOUND, false },
	{ "rekeying of an SA of AH", old_of_ah, IKE_N_CHILD_SA_NOT_FOUND, false },
	{ "IKE: no KE", ike_without_ke, IKE_N_INVALID_SYNTAX, true },
	{ "IKE: no SPI", ike_without_spi, IKE_N_NO_PROPOSAL_CHOSEN, false },
	{ "IKE: an algorithm that is not ours", ike_other_algorithm, IKE_N_NO_PROPOSAL_CHOSEN, false },
	{ "IKE: a public value of zero", ike_zero_ke, IKE_N_INVALID_SYNTAX, true },
	{ "an unknown critical payload", critical, IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD, false },
};

static void test_creations(void **state)
{
	struct answer answer;
	struct pair p;

	(void)state;
	for (size_t i = 0; i < sizeof(creations) / sizeof(creations[0]); i++) {
		print_message("%s\n", creations[i].name);
		pair_open(&p, 30, "", "");
		node_up(p.a, "net");
		answer = ask(&p, &create_child_ops, creations[i].put);
		assert_int_equal(answer.notify, creations[i].notify);
		assert_false(answer.sa);
		if (answer.notify == IKE_N_CHILD_SA_NOT_FOUND)
			assert_int_not_equal(answer.notify_spi, 0);
		world_run(p.w, MINUTE);
		world_consistent(p.w, !creations[i].fatal, !creations[i].fatal);
		if (!creations[i].fatal) {
			assert_true(node_ping(p.a, "10.1.0.1", "10.2.0.1"));
			node_rekey(p.b, "net", false, false);
			world_run(p.w, MINUTE);
			world_consistent(p.w, 1, 1);
		}
		pair_close(&p);
	}
}

/* ---- INFORMATIONAL ---------------------------------------------------------------------------------------------------------------- */

static void delete_unknown(struct ike_sa *sa, struct ike_builder *b)
{
	uint32_t spi = 0xdeadbeef;

	(void)sa;
	ike_build_delete(b, IKE_PROTO_ESP, &spi, 1);
}

static void delete_of_ah(struct ike_sa *sa, struct ike_builder *b)
{
	uint32_t spi = spi_of_a(sa);

	ike_build_delete(b, IKE_PROTO_AH, &spi, 1);
}

static void delete_twice(struct ike_sa *sa, struct ike_builder *b)
{
	uint32_t spis[3] = { spi_of_a(sa), spi_of_a(sa), 7 };

	ike_build_delete(b, IKE_PROTO_ESP, spis, 3);
	ike_build_delete(b, IKE_PROTO_ESP, spis, 1);
}

static void delete_malformed(struct ike_sa *sa, struct ike_builder *b)
{
	(void)sa;
	ike_build_payload(b, IKE_PL_DELETE, false);
	ike_build_u8(b, IKE_PROTO_ESP);
	ike_build_u8(b, 4);
	ike_build_u16(b, 9); /* SPIs that are not there */
	ike_build_u32(b, 1);
}

static void status_unknown(struct ike_sa *sa, struct ike_builder *b)
{
	(void)sa;
	ike_build_notify(b, 40123, "whatever", 8);
}

static void error_unknown(struct ike_sa *sa, struct ike_builder *b)
{
	(void)sa;
	ike_build_notify(b, 8191, NULL, 0);
}

static const struct {
	const char *name;
	void (*put)(struct ike_sa *sa, struct ike_builder *b);
	uint16_t notify;
	unsigned int deleted;
	bool fatal;
} informations[] = {
	{ "nothing at all", nothing, 0, 0, false },
	{ "delete of an unknown SA", delete_unknown, 0, 0, false },
	{ "delete of an SA of AH", delete_of_ah, 0, 0, false },
	{ "delete, twice and once more", delete_twice, 0, 1, false },
	{ "delete with a count that lies", delete_malformed, IKE_N_INVALID_SYNTAX, 0, true },
	{ "an unknown status", status_unknown, 0, 0, false },
	{ "an unknown error", error_unknown, 0, 0, false },
};

static void test_informations(void **state)
{
	struct answer answer;
	struct pair p;

	(void)state;
	for (size_t i = 0; i < sizeof(informations) / sizeof(informations[0]); i++) {
		print_message("%s\n", informations[i].name);
		pair_open(&p, 31, "", "");
		node_up(p.a, "net");
		answer = ask(&p, &informational_ops, informations[i].put);
		assert_int_equal(answer.notify, informations[i].notify);
		assert_int_equal(answer.deleted, informations[i].deleted);
		assert_int_equal(answer.deletes, informations[i].deleted);
		/* a knows nothing of what its probe deleted. */
		if (answer.deleted)
			node_down(p.a, "net");
		world_run(p.w, MINUTE);
		world_consistent(p.w, !informations[i].fatal, !informations[i].fatal && !answer.deleted);
		pair_close(&p);
	}
}

/* Padding behind the inner packet: said when the data plane cannot take it. */
static void test_tfc(void **state)
{
	struct pair p;

	(void)state;
	for (int tfc = 0; tfc < 2; tfc++) {
		pair_create(&p, 32);
		p.a->sink.caps.tfc_padding = tfc;
		node_restart(p.a);
		pair_configure(&p, "", "");
		node_up(p.a, "net");
		assert_int_equal(p.b->agent->sas->peer_no_tfc, !tfc);
		assert_false(p.a->agent->sas->peer_no_tfc);
		pair_close(&p);
	}
}

/* ---- unknown exchanges -------------------------------------------------------------------------------------------------------------- */

/* Each has its answer and a line, so that the peer's next request is taken; nothing else happens. */
static void test_unknown_exchanges(void **state)
{
	struct answer answer;
	struct pair p;

	(void)state;
	pair_open(&p, 34, "", "");
	node_up(p.a, "net");
	p.b->log_awaited = "which was not negotiated";
	for (size_t i = 0; i < sizeof(unknown_ops) / sizeof(unknown_ops[0]); i++) {
		answer = ask(&p, &unknown_ops[i], nothing);
		assert_int_equal(answer.notify, IKE_N_STATE_NOT_FOUND);
		assert_int_equal(p.b->log_seen, i + 1);
		answer = ask(&p, &unknown_ops[i], critical);
		assert_int_equal(answer.notify, IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD);
		p.b->log_seen = (unsigned int)i + 1;
	}
	node_rekey(p.a, "net", false, false);
	node_rekey(p.a, "gw", true, false);
	world_run(p.w, MINUTE);
	world_consistent(p.w, 1, 1);
	pair_close(&p);
}

/* ---- limits -------------------------------------------------------------------------------------------------------------------------- */

static unsigned int proposals_before; /* the good one */

static void many_proposals(struct ike_sa *sa, struct ike_builder *b)
{
	(void)sa;
	ike_build_payload(b, IKE_PL_SA, false);
	for (unsigned int i = 0; i <= proposals_before; i++) {
		bool last = i == proposals_before;
		/* One proposal, ESP, an SPI, three transforms: an unknown algorithm, or AES-256-GCM; X25519; no ESN. */
		const uint8_t bytes[] = { last ? 0 : 2, 0, 0, 12 + 12 + 8 + 8, (uint8_t)(i + 1), IKE_PROTO_ESP, 4, 3, 0x12, 0x34, 0x56, (uint8_t)i,
			3, 0, 0, 12, IKE_TR_ENCR, 0, 0, last ? IKE_ENCR_AES_GCM_16 : 99, 0x80, 14, 1, 0,
			3, 0, 0, 8, IKE_TR_KE, 0, 0, IKE_KE_CURVE_25519, 0, 0, 0, 8, IKE_TR_ESN, 0, 0, IKE_ESN_NO };

		ike_build_bytes(b, bytes, sizeof(bytes));
	}
	put_nonce(b, 32);
	ike_build_ke(b, IKE_KE_CURVE_25519, (const uint8_t[32]){ 9 }, 32);
	put_both_ts(b);
}

/* As many as peers send are looked at; beyond what is, the log says so. */
static void test_limits(void **state)
{
	static const struct { unsigned int before; bool agreed; } cases[] = {
		{ 36, true }, { PROPOSALS_MAX - 1, true }, { PROPOSALS_MAX, false }, { 250, false },
	};
	struct answer answer;
	struct pair p;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		pair_open(&p, 35, "", "");
		node_up(p.a, "net");
		proposals_before = cases[i].before;
		p.b->log_awaited = "at most are looked at";
		answer = ask(&p, &create_child_ops, many_proposals);
		assert_int_equal(answer.sa, cases[i].agreed);
		assert_int_equal(answer.notify, cases[i].agreed ? 0 : IKE_N_NO_PROPOSAL_CHOSEN);
		assert_int_equal(p.b->log_seen, !cases[i].agreed);
		pair_close(&p);
	}
}

static void many_payloads(struct ike_sa *sa, struct ike_builder *b)
{
	(void)sa;
	for (unsigned int i = 0; i < IKE_PAYLOADS_MAX; i++)
		ike_build_notify(b, 50000, NULL, 0);
}

static void too_many_payloads(struct ike_sa *sa, struct ike_builder *b)
{
	many_payloads(sa, b);
	ike_build_notify(b, 50000, NULL, 0);
}

static void test_payloads(void **state)
{
	struct answer answer;
	struct pair p;

	(void)state;
	pair_open(&p, 36, "", "");
	node_up(p.a, "net");
	p.b->log_awaited = "more than 256 payloads";
	answer = ask(&p, &informational_ops, many_payloads);
	assert_int_equal(answer.notify, 0);
	assert_int_equal(p.b->log_seen, 0);
	answer = ask(&p, &informational_ops, too_many_payloads);
	assert_int_equal(answer.notify, IKE_N_INVALID_SYNTAX);
	assert_int_equal(p.b->log_seen, 1);
	pair_close(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_creations),
		cmocka_unit_test(test_informations),
		cmocka_unit_test(test_tfc), cmocka_unit_test(test_unknown_exchanges),
		cmocka_unit_test(test_limits), cmocka_unit_test(test_payloads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
