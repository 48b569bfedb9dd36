/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of the SA sink: bytes as docs/sa-sink.md lays them out, and what is not so. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sink/sink_proto.h"

static const struct sink_request example_sa = {
	.kind = SINK_REQ_SA_ADD,
	.u.sa = {
		.direction = SINK_IN, .spi = 0xc0ffee01, .reqid = 7, .mode = SINK_TUNNEL,
		.src = { { 4, { 192, 0, 2, 1 } }, 4500 }, .dst = { { 6, { 0x20, 0x01, 0x0d, 0xb8, [15] = 2 } }, 500 },
		.udp_encap = true, .aead = SINK_AES_GCM_16_256, .key = { 1, 2, 3, [35] = 36 }, .key_len = 36, .esn = true,
		.replay_window = 128, .copy_df = false, .limits = { 1, 2, 3, 1ull << 40 },
	},
};

/* The table of SA_ADD in the document, written out by hand. */
static const uint8_t example_sa_bytes[] = {
	0, 1, 0, 3, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 136,		/* header */
	1, 0, 2, 36, 1, 1, 0, 0,					/* direction, mode, aead, key length, UDP, ESN, copy DF, 0 */
	0xc0, 0xff, 0xee, 0x01, 0, 0, 0, 7, 0, 0, 0, 128,		/* SPI, reqid, window */
	4, 0, 0, 0, 192, 0, 2, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x11, 0x94, 0, 0,
	6, 0, 0, 0, 0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0x01, 0xf4, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 1, 0, 0, 0, 0, 0,
	1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 36,
};

static void sa_bytes(void **state)
{
	uint8_t out[SINK_MESSAGE_MAX];

	(void)state;
	assert_int_equal(sink_encode_request(9, &example_sa, out), sizeof(example_sa_bytes));
	assert_memory_equal(out, example_sa_bytes, sizeof(example_sa_bytes));
}

/* The number is there if the SA goes on from one; 0 may be written, and means the same as nothing. */
static void sa_number(void **state)
{
	static const uint8_t number[] = { 0, 0, 0, 1, 0x23, 0x45, 0x67, 0x89 }, zero[8];
	struct sink_request moved = example_sa, back;
	uint8_t out[SINK_MESSAGE_MAX];
	const size_t plain = sizeof(example_sa_bytes);
	const char *what;

	(void)state;
	moved.u.sa.seq = 0x123456789;
	assert_int_equal(sink_encode_request(9, &moved, out), plain + 8);
	assert_memory_equal(out + plain, number, 8);
	assert_int_equal(sink_decode_request(SINK_REQ_SA_ADD, out + SINK_HEADER_LEN, 144, &back, &what), 0);
	assert_int_equal(back.u.sa.seq, moved.u.sa.seq);
	memcpy(out + plain, zero, 8);
	assert_int_equal(sink_decode_request(SINK_REQ_SA_ADD, out + SINK_HEADER_LEN, 144, &back, &what), 0);
	assert_int_equal(back.u.sa.seq, 0);
	assert_int_equal(sink_decode_request(SINK_REQ_SA_ADD, out + SINK_HEADER_LEN, 136, &back, &what), 0);
	assert_int_equal(back.u.sa.seq, 0);
	for (size_t len = 137; len < 152; len++)
		assert_int_equal(sink_decode_request(SINK_REQ_SA_ADD, out + SINK_HEADER_LEN, len, &back, &what), len == 144 ? 0 : -EBADMSG);
}

static struct sink_policy example_policy(void)
{
	struct sink_policy policy = { .reqid = 5, .action = SINK_PROTECT, .spi = 0x1000, .peer = { 4, { 192, 0, 2, 2 } }, .priority = 10,
				      .local_count = SINK_TS_MAX, .remote_count = 1 };

	for (unsigned int i = 0; i < SINK_TS_MAX; i++)
		policy.local[i] = (struct ts){ 17, 53, 65535, { 4, { 10, 1, (uint8_t)i, 0 } }, { 4, { 10, 1, (uint8_t)i, 255 } } };
	policy.remote[0] = (struct ts){ 0, 0, 65535, { 4, { 10, 2, 0, 0 } }, { 4, { 10, 2, 255, 255 } } };
	return policy;
}

/* One request of each kind. */
static struct sink_request example(uint16_t kind)
{
	struct sink_request request = { .kind = kind };

	if (kind == SINK_REQ_SA_ADD)
		return example_sa;
	if (kind == SINK_REQ_GET_SPI)
		request.u.dst = (struct ip_addr){ 4, { 192, 0, 2, 9 } };
	if (kind == SINK_REQ_SA_QUERY || kind == SINK_REQ_SA_DELETE || kind == SINK_REQ_SA_DELETE_LAST)
		request.u.id = (struct sink_sa_id){ SINK_IN, 0x12345678, { 6, { 1, [15] = 9 } } };
	if (kind == SINK_REQ_SA_UPDATE) {
		request.u.update.id = (struct sink_sa_id){ SINK_OUT, 0x12345678, { 4, { 1, 2, 3, 4 } } };
		request.u.update.src = (struct endpoint){ { 4, { 1, 1, 1, 1 } }, 4500 };
		request.u.update.dst = (struct endpoint){ { 4, { 2, 2, 2, 2 } }, 1025 };
		request.u.update.udp_encap = true;
	}
	if (kind == SINK_REQ_POLICY_SET)
		request.u.policy = example_policy();
	if (kind == SINK_REQ_POLICY_DELETE)
		request.u.reqid = 0xfffffffe;
	if (kind == SINK_REQ_GIVE_ESP_SOCKET)
		request.u.local = (struct endpoint){ { 4, { 192, 0, 2, 1 } }, 4500 };
	return request;
}

/* Everything that is written is read as it was, cut at no length, with nothing behind it. */
static void request_round_trip(void **state)
{
	struct sink_request back;
	uint8_t out[SINK_MESSAGE_MAX + 1], again[SINK_MESSAGE_MAX];
	struct sink_header header;
	const char *what;

	(void)state;
	for (uint16_t kind = SINK_REQ_CAPS; kind < SINK_REQ_END; kind++) {
		struct sink_request request = example(kind);
		size_t len = sink_encode_request(kind + 100u, &request, out);
		uint8_t *body = malloc(len - SINK_HEADER_LEN + 1);

		assert_true(len <= SINK_MESSAGE_MAX);
		assert_int_equal(sink_decode_header(out, len, &header), 0);
		assert_int_equal(header.id, kind + 100u);
		assert_int_equal(header.kind, kind);
		memcpy(body, out + SINK_HEADER_LEN, len - SINK_HEADER_LEN);
		assert_int_equal(sink_decode_request(kind, body, header.body_len, &back, &what), 0);
		assert_int_equal(sink_encode_request(kind + 100u, &back, again), len);
		assert_memory_equal(again, out, len);
		free(body);
		for (size_t cut = 0; cut < header.body_len; cut++) {
			body = malloc(cut + 1);
			memcpy(body, out + SINK_HEADER_LEN, cut);
			assert_int_equal(sink_decode_request(kind, body, cut, &back, &what), -EBADMSG);
			assert_true(what[0]);
			free(body);
		}
		out[len] = 0;
		assert_int_equal(sink_decode_request(kind, out + SINK_HEADER_LEN, header.body_len + 1, &back, &what), -EBADMSG);
	}
	assert_int_equal(sink_decode_request(0, out, 0, &back, &what), -EBADMSG);
	assert_int_equal(sink_decode_request(SINK_REQ_END, out, 0, &back, &what), -EBADMSG);
}

/* Offset in the body of example_sa, a byte that is out of range there. */
static void bad_fields(void **state)
{
	static const struct {
		unsigned int at;
		uint8_t value;
	} faults[] = { { 0, 2 }, { 1, 2 }, { 2, SINK_AEAD_COUNT }, { 3, SINK_KEY_MAX + 1 }, { 4, 2 }, { 5, 255 }, { 6, 2 }, { 7, 1 },
		       { 20, 5 }, { 21, 1 }, { 28, 1 }, { 42, 1 }, { 44, 1 }, { 67, 1 } };
	struct sink_request back;
	const char *what;

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		uint8_t body[136];

		memcpy(body, example_sa_bytes + SINK_HEADER_LEN, sizeof(body));
		body[faults[i].at] = faults[i].value;
		assert_int_equal(sink_decode_request(SINK_REQ_SA_ADD, body, sizeof(body), &back, &what), -EBADMSG);
	}
}

static void bad_policies(void **state)
{
	static const struct {
		unsigned int at;
		uint8_t value;
	} faults[] = { { 4, 3 }, { 39, 0 }, { 39, 17 }, { 36, 0xff }, { 43, 0 }, { 43, 2 }, { 40, 0x80 }, { 44 + 28, 6 }, { 44 + 1, 1 } };
	struct sink_request request = example(SINK_REQ_POLICY_SET), back;
	uint8_t out[SINK_MESSAGE_MAX];
	size_t len = sink_encode_request(1, &request, out) - SINK_HEADER_LEN;
	const char *what;

	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		uint8_t body[SINK_BODY_MAX];

		memcpy(body, out + SINK_HEADER_LEN, len);
		body[faults[i].at] = faults[i].value;
		assert_int_equal(sink_decode_request(SINK_REQ_POLICY_SET, body, len, &back, &what), -EBADMSG);
	}
}

static void bad_headers(void **state)
{
	uint8_t message[sizeof(example_sa_bytes)];
	struct sink_header header;

	(void)state;
	memcpy(message, example_sa_bytes, sizeof(message));
	for (size_t len = 0; len < SINK_HEADER_LEN; len++)
		assert_int_equal(sink_decode_header(message, len, &header), -EBADMSG);
	assert_int_equal(sink_decode_header(message, sizeof(message) - 1, &header), -EBADMSG);
	message[1] = 2;
	assert_int_equal(sink_decode_header(message, sizeof(message), &header), -EPROTO);
	message[1] = 1;
	message[11] = 5; /* a status above 0 */
	assert_int_equal(sink_decode_header(message, sizeof(message), &header), -EBADMSG);
}

static void reply_round_trip(void **state)
{
	struct sink_reply caps = { .u.caps = { .aeads = 7, .esn = true, .tunnel = true, .inner_v4 = true, .outer_v6 = true, .events = true,
					       .max_window = 128, .sa_capacity = 4096, .device = "software" } };
	struct sink_reply stats = { .u.stats = { 1, 2, 1ull << 33, 4, 5, 6, UINT64_MAX } };
	struct sink_reply spi = { .u.spi = 0x89abcdef }, back;
	uint8_t out[SINK_MESSAGE_MAX];
	size_t len;

	(void)state;
	len = sink_encode_reply(3, SINK_REQ_CAPS, &caps, out);
	assert_int_equal(sink_decode_reply(SINK_REQ_CAPS, out + 16, len - 16, &back), 0);
	assert_memory_equal(&back.u.caps, &caps.u.caps, sizeof(caps.u.caps));
	assert_int_equal(sink_decode_reply(SINK_REQ_CAPS, out + 16, len - 17, &back), -EBADMSG);
	len = sink_encode_reply(3, SINK_REQ_SA_QUERY, &stats, out);
	assert_int_equal(sink_decode_reply(SINK_REQ_SA_QUERY, out + 16, len - 16, &back), 0);
	assert_memory_equal(&back.u.stats, &stats.u.stats, sizeof(stats.u.stats));
	len = sink_encode_reply(3, SINK_REQ_GET_SPI, &spi, out);
	assert_int_equal(len, 20);
	assert_int_equal(sink_decode_reply(SINK_REQ_GET_SPI, out + 16, 4, &back), 0);
	assert_int_equal(back.u.spi, 0x89abcdef);
	assert_int_equal(sink_decode_reply(SINK_REQ_FLUSH, out + 16, 4, &back), -EBADMSG);
}

static void event_round_trip(void **state)
{
	struct sink_event event = { .kind = SINK_EVENT_ACQUIRE, .reqid = 3, .hard = true, .endpoint = { { 4, { 9, 9, 9, 9 } }, 1 },
				    .id = { SINK_IN, 77, { 4, { 8, 8, 8, 8 } } } }, back;
	struct sink_policy policy = example_policy();
	uint8_t out[SINK_MESSAGE_MAX], again[SINK_MESSAGE_MAX];
	size_t len;

	(void)state;
	event.packet_local = policy.local[3];
	event.packet_remote = policy.remote[0];
	for (unsigned int kind = 0; kind <= SINK_EVENT_UP; kind++) {
		event.kind = (enum sink_event_kind)kind;
		strcpy(event.text, kind & 1 ? "why" : "");
		len = sink_encode_event(&event, out);
		assert_int_equal(sink_decode_event((uint16_t)(SINK_EVENT + kind), out + 16, len - 16, &back), 0);
		assert_int_equal(back.kind, kind);
		assert_string_equal(back.text, event.text);
		assert_int_equal(sink_encode_event(&back, again), len);
		assert_memory_equal(again, out, len);
		assert_int_equal(sink_decode_event((uint16_t)(SINK_EVENT + kind), out + 16, 155, &back), -EBADMSG);
	}
	assert_int_equal(sink_decode_event(SINK_EVENT + SINK_EVENT_UP + 1, out + 16, len - 16, &back), -EBADMSG);
	memset(event.text, 'x', sizeof(event.text)); /* the text that is too long by its NUL */
	len = sink_encode_event(&event, out);
	assert_int_equal(len, 16 + 156 + SINK_ERROR_LEN - 1);
	assert_int_equal(sink_decode_event(SINK_EVENT, out + 16, len - 16 + 1, &back), -EBADMSG);
}

static void texts(void **state)
{
	char text[SINK_ERROR_LEN];
	uint8_t long_text[400];

	(void)state;
	sink_decode_text((const uint8_t *)"a\nb\x1b[31m\xff", 9, text);
	assert_string_equal(text, "a?b?[31m?");
	memset(long_text, 'y', sizeof(long_text));
	sink_decode_text(long_text, sizeof(long_text), text);
	assert_int_equal(strlen(text), SINK_ERROR_LEN - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sa_bytes), cmocka_unit_test(sa_number), cmocka_unit_test(request_round_trip), cmocka_unit_test(bad_fields), cmocka_unit_test(bad_policies),
		cmocka_unit_test(bad_headers), cmocka_unit_test(reply_round_trip), cmocka_unit_test(event_round_trip), cmocka_unit_test(texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
