/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of the SA sink: header, requests and replies. Values inside a message and events are in sink_values.c. */
#include "sink_proto.h"

#include <errno.h>
#include <openssl/crypto.h>

#include "sink_values.h"

static void put_header(uint8_t *out, uint16_t kind, uint32_t id, int32_t status, size_t body_len)
{
	uint8_t *at = out;

	wire_put(&at, SINK_VERSION, 2);
	wire_put(&at, kind, 2);
	wire_put(&at, id, 4);
	wire_put(&at, (uint32_t)status, 4);
	wire_put(&at, body_len, 4);
}

/* The header in front of the body that ends at end; the message's length. */
static size_t finish(uint8_t *out, const uint8_t *end, uint16_t kind, uint32_t id, int32_t status)
{
	put_header(out, kind, id, status, (size_t)(end - out) - SINK_HEADER_LEN);
	return (size_t)(end - out);
}

int sink_decode_header(const uint8_t *message, size_t len, struct sink_header *header)
{
	struct wire_reader r = { message, message + len, false };

	header->version = (uint16_t)wire_get(&r, 2);
	header->kind = (uint16_t)wire_get(&r, 2);
	header->id = (uint32_t)wire_get(&r, 4);
	header->status = (int32_t)(uint32_t)wire_get(&r, 4);
	header->body_len = (uint32_t)wire_get(&r, 4);
	if (r.bad)
		return -EBADMSG;
	if (header->version != SINK_VERSION)
		return -EPROTO;
	return header->body_len == len - SINK_HEADER_LEN && header->body_len <= SINK_BODY_MAX && header->status <= 0 ? 0 : -EBADMSG;
}

static void put_sa(uint8_t **at, const struct sink_sa *sa)
{
	wire_put(at, sa->direction, 1);
	wire_put(at, sa->mode, 1);
	wire_put(at, sa->aead, 1);
	wire_put(at, sa->key_len, 1);
	wire_put(at, sa->udp_encap, 1);
	wire_put(at, sa->esn, 1);
	wire_put(at, sa->copy_df, 1);
	wire_put(at, 0, 1);
	wire_put(at, sa->spi, 4);
	wire_put(at, sa->reqid, 4);
	wire_put(at, sa->replay_window, 4);
	put_endpoint(at, &sa->src);
	put_endpoint(at, &sa->dst);
	wire_put(at, sa->limits.soft_packets, 8);
	wire_put(at, sa->limits.hard_packets, 8);
	wire_put(at, sa->limits.soft_bytes, 8);
	wire_put(at, sa->limits.hard_bytes, 8);
	wire_put_bytes(at, sa->key, SINK_KEY_MAX);
	if (sa->seq)
		wire_put(at, sa->seq, 8);
}

static void get_sa(struct wire_reader *r, struct sink_sa *sa)
{
	sa->direction = wire_get_enum(r, 2);
	sa->mode = wire_get_enum(r, 2);
	sa->aead = wire_get_enum(r, SINK_AEAD_COUNT);
	sa->key_len = (uint8_t)wire_get_enum(r, SINK_KEY_MAX + 1);
	sa->udp_encap = wire_get_flag(r);
	sa->esn = wire_get_flag(r);
	sa->copy_df = wire_get_flag(r);
	wire_get_zero(r, 1);
	sa->spi = (uint32_t)wire_get(r, 4);
	sa->reqid = (uint32_t)wire_get(r, 4);
	sa->replay_window = (uint32_t)wire_get(r, 4);
	get_endpoint(r, &sa->src);
	get_endpoint(r, &sa->dst);
	sa->limits.soft_packets = wire_get(r, 8);
	sa->limits.hard_packets = wire_get(r, 8);
	sa->limits.soft_bytes = wire_get(r, 8);
	sa->limits.hard_bytes = wire_get(r, 8);
	wire_get_bytes(r, sa->key, SINK_KEY_MAX);
	if (r->at != r->end)
		sa->seq = wire_get(r, 8);
}

static void put_policy(uint8_t **at, const struct sink_policy *policy)
{
	wire_put(at, policy->reqid, 4);
	wire_put(at, policy->action, 1);
	wire_put(at, 0, 3);
	wire_put(at, policy->spi, 4);
	wire_put(at, policy->priority, 4);
	put_ip(at, &policy->peer);
	wire_put(at, policy->local_count, 4);
	wire_put(at, policy->remote_count, 4);
	for (unsigned int i = 0; i < policy->local_count; i++)
		put_ts(at, &policy->local[i]);
	for (unsigned int i = 0; i < policy->remote_count; i++)
		put_ts(at, &policy->remote[i]);
}

static unsigned int get_count(struct wire_reader *r)
{
	uint64_t count = wire_get(r, 4);

	if (count < 1 || count > SINK_TS_MAX)
		r->bad = true;
	return r->bad ? 0 : (unsigned int)count;
}

static void get_policy(struct wire_reader *r, struct sink_policy *policy)
{
	policy->reqid = (uint32_t)wire_get(r, 4);
	policy->action = wire_get_enum(r, 3);
	wire_get_zero(r, 3);
	policy->spi = (uint32_t)wire_get(r, 4);
	policy->priority = (uint32_t)wire_get(r, 4);
	get_ip(r, &policy->peer);
	policy->local_count = get_count(r);
	policy->remote_count = get_count(r);
	for (unsigned int i = 0; i < policy->local_count; i++)
		get_ts(r, &policy->local[i]);
	for (unsigned int i = 0; i < policy->remote_count; i++)
		get_ts(r, &policy->remote[i]);
}

size_t sink_encode_request(uint32_t id, const struct sink_request *request, uint8_t *out)
{
	uint8_t *at = out + SINK_HEADER_LEN;

	switch (request->kind) {
	case SINK_REQ_GET_SPI:
		put_ip(&at, &request->u.dst);
		break;
	case SINK_REQ_SA_ADD:
		put_sa(&at, &request->u.sa);
		break;
	case SINK_REQ_SA_UPDATE:
		put_sa_id(&at, &request->u.update.id);
		put_endpoint(&at, &request->u.update.src);
		put_endpoint(&at, &request->u.update.dst);
		wire_put(&at, request->u.update.udp_encap, 1);
		wire_put(&at, 0, 3);
		break;
	case SINK_REQ_SA_QUERY:
	case SINK_REQ_SA_DELETE:
	case SINK_REQ_SA_DELETE_LAST:
		put_sa_id(&at, &request->u.id);
		break;
	case SINK_REQ_POLICY_SET:
		put_policy(&at, &request->u.policy);
		break;
	case SINK_REQ_POLICY_DELETE:
		wire_put(&at, request->u.reqid, 4);
		break;
	case SINK_REQ_GIVE_ESP_SOCKET:
		put_endpoint(&at, &request->u.local);
		break;
	}
	return finish(out, at, request->kind, id, 0);
}

static void get_request(struct wire_reader *r, struct sink_request *request)
{
	switch (request->kind) {
	case SINK_REQ_GET_SPI:
		get_ip(r, &request->u.dst);
		break;
	case SINK_REQ_SA_ADD:
		get_sa(r, &request->u.sa);
		break;
	case SINK_REQ_SA_UPDATE:
		get_sa_id(r, &request->u.update.id);
		get_endpoint(r, &request->u.update.src);
		get_endpoint(r, &request->u.update.dst);
		request->u.update.udp_encap = wire_get_flag(r);
		wire_get_zero(r, 3);
		break;
	case SINK_REQ_SA_QUERY:
	case SINK_REQ_SA_DELETE:
	case SINK_REQ_SA_DELETE_LAST:
		get_sa_id(r, &request->u.id);
		break;
	case SINK_REQ_POLICY_SET:
		get_policy(r, &request->u.policy);
		break;
	case SINK_REQ_POLICY_DELETE:
		request->u.reqid = (uint32_t)wire_get(r, 4);
		break;
	case SINK_REQ_GIVE_ESP_SOCKET:
		get_endpoint(r, &request->u.local);
		break;
	}
}

int sink_decode_request(uint16_t kind, const uint8_t *body, size_t len, struct sink_request *request, const char **what)
{
	struct wire_reader r = { body, body + len, false };

	memset(request, 0, sizeof(*request));
	request->kind = kind;
	*what = "";
	if (kind < SINK_REQ_CAPS || kind >= SINK_REQ_END) {
		*what = "unknown kind of request";
		return -EBADMSG;
	}
	get_request(&r, request);
	if (!r.bad && r.at == r.end)
		return 0;
	*what = r.bad ? "a field is cut off, out of range, or reserved and not zero" : "bytes behind the end of the request";
	OPENSSL_cleanse(request, sizeof(*request));
	return -EBADMSG;
}

static void put_reply(uint8_t **at, uint16_t kind, const struct sink_reply *reply)
{
	if (kind == SINK_REQ_CAPS) {
		put_caps(at, &reply->u.caps);
	} else if (kind == SINK_REQ_GET_SPI) {
		wire_put(at, reply->u.spi, 4);
	} else if (kind == SINK_REQ_SA_QUERY || kind == SINK_REQ_SA_DELETE_LAST) {
		put_stats(at, &reply->u.stats);
	}
}

size_t sink_encode_reply(uint32_t id, uint16_t request_kind, const struct sink_reply *reply, uint8_t *out)
{
	uint8_t *at = out + SINK_HEADER_LEN;

	put_reply(&at, request_kind, reply);
	return finish(out, at, SINK_REPLY + request_kind, id, 0);
}

int sink_decode_reply(uint16_t request_kind, const uint8_t *body, size_t len, struct sink_reply *reply)
{
	struct wire_reader r = { body, body + len, false };

	memset(reply, 0, sizeof(*reply));
	if (request_kind == SINK_REQ_CAPS)
		get_caps(&r, &reply->u.caps);
	else if (request_kind == SINK_REQ_GET_SPI)
		reply->u.spi = (uint32_t)wire_get(&r, 4);
	else if (request_kind == SINK_REQ_SA_QUERY || request_kind == SINK_REQ_SA_DELETE_LAST)
		get_stats(&r, &reply->u.stats);
	return r.bad || r.at != r.end ? -EBADMSG : 0;
}

size_t sink_encode_status(uint32_t id, uint16_t kind, int status, const char *text, uint8_t *out)
{
	uint8_t *at = out + SINK_HEADER_LEN;

	wire_put_bytes(&at, text, strnlen(text, SINK_ERROR_LEN - 1));
	return finish(out, at, kind, id, status);
}

size_t sink_encode_event(const struct sink_event *event, uint8_t *out)
{
	uint8_t *at = out + SINK_HEADER_LEN;

	put_event(&at, event);
	return finish(out, at, (uint16_t)(SINK_EVENT + event->kind), 0, 0);
}

int sink_decode_event(uint16_t kind, const uint8_t *body, size_t len, struct sink_event *event)
{
	struct wire_reader r = { body, body + len, false };

	memset(event, 0, sizeof(*event));
	if (kind < SINK_EVENT || kind > SINK_EVENT + SINK_EVENT_UP)
		return -EBADMSG;
	event->kind = (enum sink_event_kind)(kind - SINK_EVENT);
	get_event(&r, event);
	return r.bad || r.at != r.end ? -EBADMSG : 0;
}
