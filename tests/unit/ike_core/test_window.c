/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The window by itself (window.c), and who handles what it lets in (dispatch.c, exchanges.c): behind them a seal that only copies, and handlers
 * that count. What it must do is RFC 7296, 2.1 to 2.3 and 2.21; the times of retransmission are those strongSwan documents (4, 7.2, 12.96 ...
 * seconds, given up after 165).
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/auth_exchange.h"
#include "core/create_child.h"
#include "core/dispatch.h"
#include "core/handshake.h"
#include "core/ike_rekey.h"
#include "core/ike_sa.h"
#include "core/informational.h"
#include "core/seal.h"
#include "core/window.h"

#define SENT_MAX 32u

/* ---- what they stand on, in small ------------------------------------------------------------------------------------------- */

static struct agent agent;
static struct ike_sa sa;
static uint64_t now;
static struct conf_connection conn = { .name = "c" };
static struct sent {
	uint64_t when;
	size_t len;
	uint8_t data[256];
} sent[SENT_MAX];
static unsigned int sent_count, handled, closed, rekeys, moved;
static enum close_cause cause;
static bool icv_ok;

static uint64_t env_now(void *ctx)
{
	(void)ctx;
	return now;
}

static void env_send(void *ctx, const struct endpoint *local, const struct endpoint *remote, const uint8_t *data, size_t len)
{
	(void)ctx;
	(void)local;
	(void)remote;
	assert_true(sent_count < SENT_MAX && len <= sizeof(sent[0].data));
	sent[sent_count].when = now;
	sent[sent_count].len = len;
	memcpy(sent[sent_count++].data, data, len);
}

void ike_log(const struct ike_sa *s, enum agent_log level, const char *format, ...)
{
	(void)s;
	(void)level;
	(void)format;
}

uint64_t ike_now(const struct ike_sa *s)
{
	(void)s;
	return now;
}

void ike_sa_close(struct ike_sa *s, enum close_cause c, const char *why)
{
	(void)why;
	closed++;
	cause = c;
	window_abandon(s);
}

void ike_sa_peer_moved(struct ike_sa *s, const struct endpoint *remote)
{
	moved++;
	s->remote = *remote;
}

int ike_rekey_initiate(struct ike_sa *s)
{
	(void)s;
	rekeys++;
	return 0;
}

static void unanswered(struct agent *a, const struct event *event)
{
	(void)a;
	ike_sa_close(event->ike, event->cause, event->text);
}

static const event_table listeners = { [EVENT_IKE_UNANSWERED] = { unanswered } };

int blob_set(struct blob *blob, const void *data, size_t len)
{
	(void)blob;
	(void)data;
	(void)len;
	return 0;
}

/* The fake protection: a header, the type of the first payload, the payloads. */
int packets_one(struct packets *packets, const void *data, size_t len)
{
	packets->list = malloc(sizeof(*packets->list) + len);
	packets->list[0].data = (uint8_t *)(packets->list + 1);
	packets->list[0].len = len;
	packets->count = 1;
	memcpy(packets->list[0].data, data, len);
	return 0;
}

void packets_free(struct packets *packets)
{
	free(packets->list);
	*packets = (struct packets){ 0 };
}

int seal_message(struct ike_sa *s, uint8_t exchange, bool response, uint32_t id, struct ike_builder *payloads, struct packets *out)
{
	uint8_t data[256] = { exchange, response, (uint8_t)id };

	(void)s;
	assert_int_equal(ike_build_end(payloads), 0);
	data[3] = payloads->first;
	assert_true(payloads->len <= sizeof(data) - 4);
	if (payloads->len)
		memcpy(data + 4, payloads->data, payloads->len);
	return packets_one(out, data, 4 + payloads->len);
}

enum seal_verdict seal_open(struct ike_sa *s, const struct ike_message *m, bool keep, struct opened *opened)
{
	(void)s;
	(void)keep;
	*opened = (struct opened){ .first = m->header.next_payload };
	if (!icv_ok)
		return SEAL_BAD_ICV;
	opened->data = malloc(m->len + 1);
	opened->len = m->len;
	memcpy(opened->data, m->data, m->len);
	return SEAL_WHOLE;
}

void seal_opened_free(struct opened *opened)
{
	free(opened->data);
	*opened = (struct opened){ 0 };
}

static struct exchange *queue_within;

static int handle(struct ike_sa *s, const struct ike_message *m, struct ike_builder *reply)
{
	(void)m;
	handled++;
	if (queue_within) {
		ike_queue(s, queue_within);
		queue_within = NULL;
		/* Nothing leaves before the response. */
		assert_int_equal(sent_count, 0);
	}
	ike_build_notify(reply, IKE_N_ADDITIONAL_TS_POSSIBLE, &handled, sizeof(handled));
	return 0;
}

int auth_request(struct ike_sa *s, const struct ike_message *m, struct ike_builder *reply)
{
	return handle(s, m, reply);
}

int create_child_request(struct ike_sa *s, const struct ike_message *m, struct ike_builder *reply)
{
	return handle(s, m, reply);
}

int ike_rekey_request(struct ike_sa *s, const struct ike_message *m, struct ike_builder *reply)
{
	return handle(s, m, reply);
}

int informational_request(struct ike_sa *s, const struct ike_message *m, struct ike_builder *reply)
{
	return handle(s, m, reply);
}

/* ---- exchanges of ours -------------------------------------------------------------------------------------------------------------- */

struct probe {
	struct exchange x;
	int build_error, response_error;
	unsigned int built, responded, abandoned;
};

static int probe_build(struct ike_sa *s, struct exchange *x, struct ike_builder *b)
{
	struct probe *p = (struct probe *)x;

	(void)s;
	p->built++;
	if (!p->build_error)
		ike_build_notify(b, IKE_N_SET_WINDOW_SIZE, NULL, 0);
	return p->build_error;
}

static int probe_response(struct ike_sa *s, struct exchange *x, const struct ike_message *m)
{
	struct probe *p = (struct probe *)x;

	(void)s;
	(void)m;
	p->responded++;
	return p->response_error;
}

static void probe_abandon(struct ike_sa *s, struct exchange *x)
{
	(void)s;
	((struct probe *)x)->abandoned++;
}

static unsigned int freed;

static void probe_free(struct exchange *x)
{
	(void)x;
	freed++;
}

static const struct exchange_ops info_ops = {
	.name = "INFORMATIONAL", .type = IKE_INFORMATIONAL, .build = probe_build, .response = probe_response, .abandon = probe_abandon, .free = probe_free,
};
static const struct exchange_ops auth_ops = {
	.name = "IKE_AUTH", .type = IKE_AUTH, .build = probe_build, .response = probe_response, .abandon = probe_abandon, .free = probe_free,
};

/* They outlive the test, for its teardown. */
static struct probe probes[8];
static unsigned int probe_count;

static struct probe *probe(const struct exchange_ops *ops)
{
	struct probe *p = &probes[probe_count++];

	*p = (struct probe){ .x.ops = ops };
	return p;
}

static const struct endpoint local = { .ip = { 4, { 192, 0, 2, 1 } }, .port = 500 }, remote = { .ip = { 4, { 192, 0, 2, 2 } }, .port = 500 };

static int setup(void **state)
{
	(void)state;
	memset(&agent, 0, sizeof(agent));
	memset(&sa, 0, sizeof(sa));
	agent.listeners = &listeners;
	agent.env.now_ms = env_now;
	agent.env.send = env_send;
	agent.settings = (struct agent_settings){ .retransmit_ms = 4000, .retransmit_percent = 180, .retransmit_tries = 5 };
	sa.agent = &agent;
	sa.conn = &conn;
	sa.state = IKE_ESTABLISHED;
	sa.open = (struct cipher *)&sa; /* never looked at: the seal is ours */
	sa.local = local;
	sa.remote = remote;
	sa.cause = CLOSE_FAILED;
	now = 1000;
	sent_count = handled = closed = rekeys = moved = freed = 0;
	probe_count = 0;
	icv_ok = true;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	window_abandon(&sa);
	timers_free(&agent.timers);
	return 0;
}

static void receive(uint8_t exchange, uint8_t flags, uint32_t id, uint8_t first, const void *payloads, size_t len)
{
	struct ike_message m = { .header = { .exchange = exchange, .flags = flags, .message_id = id, .next_payload = first }, .data = payloads, .len = len };

	dispatch_message(&sa, &m, &local, &remote);
}

static void request(uint8_t exchange, uint32_t id)
{
	receive(exchange, 0, id, IKE_PL_NONE, "", 0);
}

static void respond(uint8_t exchange, uint32_t id)
{
	receive(exchange, IKE_FLAG_RESPONSE, id, IKE_PL_NONE, "", 0);
}

/* ---- our requests ---------------------------------------------------------------------------------------------------------------------- */

static void test_retransmission(void **state)
{
	static const uint64_t when[] = { 0, 4000, 11200, 24160, 47488, 89478 };
	struct probe *p = probe(&info_ops);

	(void)state;
	ike_queue(&sa, &p->x);
	while (!closed) {
		assert_true(timers_next(&agent.timers) != UINT64_MAX);
		now = timers_next(&agent.timers);
		timers_run(&agent.timers, now);
	}
	assert_int_equal(sent_count, 6);
	for (unsigned int i = 0; i < 6; i++) {
		assert_true(sent[i].when - 1000 >= when[i] && sent[i].when - 1000 <= when[i] + 2);
		assert_int_equal(sent[i].len, sent[0].len);
		assert_memory_equal(sent[i].data, sent[0].data, sent[0].len);
	}
	assert_true(now - 1000 > 165000 && now - 1000 < 165200);
	assert_int_equal(cause, CLOSE_DEAD);
	assert_int_equal(p->built, 1);
	assert_int_equal(p->abandoned, 1);
	assert_int_equal(p->responded, 0);
	assert_int_equal(freed, 1);
	assert_int_equal(agent.stats.retransmitted, 5);
}

static void test_response(void **state)
{
	struct probe *p = probe(&info_ops);

	(void)state;
	sa.send_id = 7;
	ike_queue(&sa, &p->x);
	respond(IKE_INFORMATIONAL, 6);
	respond(IKE_INFORMATIONAL, 8);
	respond(IKE_CREATE_CHILD_SA, 7);
	assert_int_equal(agent.stats.out_of_window, 3);
	icv_ok = false;
	respond(IKE_INFORMATIONAL, 7);
	assert_int_equal(agent.stats.bad_icv, 1);
	assert_int_equal(p->responded, 0);
	assert_int_equal(sa.last_heard_ms, 0);
	icv_ok = true;
	respond(IKE_INFORMATIONAL, 7);
	assert_int_equal(p->responded, 1);
	assert_int_equal(p->abandoned, 0);
	assert_int_equal(freed, 1);
	assert_int_equal(sa.send_id, 8);
	assert_true(timers_next(&agent.timers) == UINT64_MAX);
	/* Once more, and for a request that does not exist yet. */
	respond(IKE_INFORMATIONAL, 7);
	respond(IKE_INFORMATIONAL, 8);
	assert_int_equal(p->responded, 1);
	assert_int_equal(sa.send_id, 8);
	assert_int_equal(closed, 0);
}

static void test_queue(void **state)
{
	struct probe *a = probe(&info_ops), *b = probe(&info_ops), *c = probe(&info_ops), *none = probe(&info_ops);

	(void)state;
	none->build_error = -ECANCELED;
	ike_queue(&sa, &a->x);
	ike_queue(&sa, &b->x);
	ike_queue(&sa, &none->x);
	ike_queue_first(&sa, &c->x);
	assert_true(ike_sa_busy(&sa));
	assert_int_equal(sent_count, 1);
	assert_int_equal(b->built + c->built, 0);
	respond(IKE_INFORMATIONAL, 0);
	assert_int_equal(c->built, 1);
	assert_int_equal(b->built, 0);
	respond(IKE_INFORMATIONAL, 1);
	assert_int_equal(b->built, 1);
	respond(IKE_INFORMATIONAL, 2);
	assert_int_equal(none->built, 1);
	assert_int_equal(none->responded + none->abandoned, 0);
	assert_int_equal(freed, 4);
	assert_int_equal(sent_count, 3);
	assert_false(ike_sa_busy(&sa));
}

/* The caller of ike_queue may go on to use the SA: it ends later. */
static void test_build_fails(void **state)
{
	struct probe *p = probe(&info_ops);

	(void)state;
	p->build_error = -ENOMEM;
	ike_queue(&sa, &p->x);
	assert_int_equal(closed, 0);
	timers_run(&agent.timers, now);
	assert_int_equal(closed, 1);
	assert_int_equal(freed, 1);
	assert_int_equal(sent_count, 0);
}

static void test_response_fails(void **state)
{
	struct probe *a = probe(&info_ops), *b = probe(&info_ops);

	(void)state;
	a->response_error = -EACCES;
	ike_queue(&sa, &a->x);
	ike_queue(&sa, &b->x);
	respond(IKE_INFORMATIONAL, 0);
	assert_int_equal(closed, 1);
	assert_int_equal(cause, CLOSE_FAILED);
	assert_int_equal(a->responded, 1);
	assert_int_equal(a->abandoned, 0);
	assert_int_equal(b->abandoned, 1);
	assert_int_equal(b->built, 0);
	assert_int_equal(freed, 2);
}

/* Behind a right ICV, and still malformed: 2.21.3. */
static void test_malformed_response(void **state)
{
	static const uint8_t bad[] = { 0, 0, 0, 3 };
	struct probe *p = probe(&info_ops);

	(void)state;
	ike_queue(&sa, &p->x);
	receive(IKE_INFORMATIONAL, IKE_FLAG_RESPONSE, 0, IKE_PL_NOTIFY, bad, sizeof(bad));
	assert_int_equal(closed, 1);
	assert_int_equal(p->responded, 0);
	assert_int_equal(p->abandoned, 1);
	assert_int_equal(freed, 1);
}

/* ---- the peer's requests ---------------------------------------------------------------------------------------------------------------- */

static void test_request_repeated(void **state)
{
	(void)state;
	request(IKE_INFORMATIONAL, 0);
	request(IKE_INFORMATIONAL, 0);
	request(IKE_INFORMATIONAL, 0);
	assert_int_equal(handled, 1);
	assert_int_equal(sent_count, 3);
	assert_memory_equal(sent[1].data, sent[0].data, sent[0].len);
	assert_memory_equal(sent[2].data, sent[0].data, sent[0].len);
	request(IKE_INFORMATIONAL, 1);
	assert_int_equal(handled, 2);
	assert_int_equal(sent_count, 4);
	/* The response before the last is forgotten; what is ahead is refused. */
	request(IKE_INFORMATIONAL, 0);
	request(IKE_INFORMATIONAL, 3);
	request(IKE_INFORMATIONAL, UINT32_MAX);
	assert_int_equal(handled, 2);
	assert_int_equal(sent_count, 4);
	assert_int_equal(agent.stats.out_of_window, 3);
}

static void test_request_icv(void **state)
{
	(void)state;
	icv_ok = false;
	request(IKE_INFORMATIONAL, 0);
	assert_int_equal(handled + sent_count, 0);
	assert_int_equal(sa.receive_id, 0);
	assert_int_equal(agent.stats.bad_icv, 1);
	icv_ok = true;
	request(IKE_INFORMATIONAL, 0);
	assert_int_equal(handled, 1);
	/* Nor does a forgery get the cached response. */
	icv_ok = false;
	request(IKE_INFORMATIONAL, 0);
	assert_int_equal(sent_count, 1);
	assert_int_equal(closed, 0);
}

static void test_order_of_reply(void **state)
{
	struct probe *p = probe(&info_ops);

	(void)state;
	queue_within = &p->x;
	request(IKE_INFORMATIONAL, 0);
	assert_int_equal(sent_count, 2);
	assert_int_equal(sent[0].data[1], 1);
	assert_int_equal(sent[1].data[1], 0);
}

static void test_unknown_critical(void **state)
{
	static const uint8_t critical[] = { 0, 0x80, 0, 4 }, not_critical[] = { 0, 0, 0, 4 };

	(void)state;
	receive(IKE_INFORMATIONAL, 0, 0, 200, critical, sizeof(critical));
	assert_int_equal(handled, 0);
	assert_int_equal(sent_count, 1);
	assert_int_equal(sent[0].data[3], IKE_PL_NOTIFY);
	assert_int_equal(sent[0].data[4 + 7], IKE_N_UNSUPPORTED_CRITICAL_PAYLOAD);
	assert_int_equal(sent[0].data[4 + 8], 200);
	assert_int_equal(closed, 0);
	receive(IKE_INFORMATIONAL, 0, 1, 200, not_critical, sizeof(not_critical));
	assert_int_equal(handled, 1);
}

static void test_malformed_request(void **state)
{
	static const uint8_t bad[] = { 0, 0, 0, 3 };

	(void)state;
	receive(IKE_CREATE_CHILD_SA, 0, 0, IKE_PL_SA, bad, sizeof(bad));
	assert_int_equal(handled, 0);
	assert_int_equal(sent_count, 1);
	assert_int_equal(sent[0].data[4 + 7], IKE_N_INVALID_SYNTAX);
	assert_int_equal(closed, 1);
}

static void test_ids_run_out(void **state)
{
	struct probe *p = probe(&info_ops);

	(void)state;
	sa.receive_id = 0xffff0000u - 1;
	request(IKE_INFORMATIONAL, 0xffff0000u - 1);
	assert_int_equal(rekeys, 1);
	sa.receive_id = UINT32_MAX - 1;
	request(IKE_INFORMATIONAL, UINT32_MAX - 1);
	assert_int_equal(closed, 1);
	sa.send_id = UINT32_MAX - 1;
	sa.handling = false;
	ike_queue(&sa, &p->x);
	respond(IKE_INFORMATIONAL, UINT32_MAX - 1);
	assert_int_equal(closed, 2);
}

/* ---- states ------------------------------------------------------------------------------------------------------------------------------- */

static void test_before_auth(void **state)
{
	struct probe *p = probe(&info_ops), *auth = probe(&auth_ops);

	(void)state;
	sa.state = IKE_CONNECTING;
	sa.receive_id = 1;
	request(IKE_CREATE_CHILD_SA, 1);
	request(IKE_INFORMATIONAL, 1);
	request(IKE_SA_INIT, 1);
	assert_int_equal(handled + sent_count, 0);
	assert_int_equal(sa.receive_id, 1);
	/* As initiator not even IKE_AUTH. */
	sa.initiator = true;
	sa.receive_id = 0;
	request(IKE_AUTH, 0);
	assert_int_equal(handled, 0);
	/* Of ours only what leads to being established begins. */
	ike_queue(&sa, &p->x);
	assert_int_equal(sent_count, 0);
	ike_queue_first(&sa, &auth->x);
	assert_int_equal(sent_count, 1);
	sa.state = IKE_ESTABLISHED;
	respond(IKE_AUTH, 0);
	assert_int_equal(auth->responded, 1);
	assert_int_equal(p->built, 1);
}

static void test_auth_once(void **state)
{
	(void)state;
	sa.receive_id = 2;
	request(IKE_AUTH, 2);
	request(IKE_SA_INIT, 2);
	assert_int_equal(handled + sent_count, 0);
	assert_int_equal(sa.receive_id, 2);
	assert_int_equal(agent.stats.out_of_window, 2);
}

/* What is over answers its last request again, and nothing else. */
static void test_closed(void **state)
{
	(void)state;
	request(IKE_INFORMATIONAL, 0);
	sa.state = IKE_CLOSED;
	request(IKE_INFORMATIONAL, 0);
	assert_int_equal(sent_count, 2);
	request(IKE_INFORMATIONAL, 1);
	request(IKE_CREATE_CHILD_SA, 1);
	request(IKE_AUTH, 1);
	assert_int_equal(handled, 1);
	assert_int_equal(sent_count, 2);
}

static void test_without_keys(void **state)
{
	(void)state;
	sa.open = NULL;
	request(IKE_AUTH, 0);
	request(IKE_INFORMATIONAL, 0);
	respond(IKE_INFORMATIONAL, 0);
	assert_int_equal(handled + sent_count, 0);
	assert_int_equal(agent.stats.out_of_window, 3);
}

/* ---- where the peer is (2.23) ---------------------------------------------------------------------------------------------------------------- */

static void from(const struct endpoint *where, uint32_t id)
{
	struct ike_message m = { .header = { .exchange = IKE_INFORMATIONAL, .message_id = id }, .data = (const uint8_t *)"" };

	dispatch_message(&sa, &m, &local, where);
}

static void test_peer_moves(void **state)
{
	const struct endpoint elsewhere = { .ip = { 4, { 198, 51, 100, 1 } }, .port = 1024 };

	(void)state;
	from(&elsewhere, 0);
	assert_int_equal(moved, 0);
	sa.nat_remote = true;
	icv_ok = false;
	from(&elsewhere, 1);
	assert_int_equal(moved, 0);
	icv_ok = true;
	/* Nor by an old request, which anybody can repeat from anywhere. */
	from(&elsewhere, 0);
	assert_int_equal(moved, 0);
	sa.nat_local = true;
	from(&elsewhere, 1);
	assert_int_equal(moved, 0);
	sa.nat_local = false;
	from(&elsewhere, 2);
	assert_int_equal(moved, 1);
	assert_true(endpoint_equal(&sa.remote, &elsewhere));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_retransmission), TEST(test_response), TEST(test_queue), TEST(test_build_fails), TEST(test_response_fails),
		TEST(test_malformed_response), TEST(test_request_repeated), TEST(test_request_icv), TEST(test_order_of_reply), TEST(test_unknown_critical),
		TEST(test_malformed_request), TEST(test_ids_run_out), TEST(test_before_auth), TEST(test_without_keys), TEST(test_auth_once), TEST(test_closed),
		TEST(test_peer_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
