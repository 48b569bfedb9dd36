/* SPDX-License-Identifier: Apache-2.0 */
#include "core/seal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

/* One block of memory: the list, and the datagrams behind it. */
static int packets_alloc(struct packets *packets, unsigned int count, size_t bytes)
{
	packets->count = 0;
	packets->list = malloc(count * sizeof(*packets->list) + bytes);
	if (!packets->list)
		return -ENOMEM;
	packets->list[0].data = (uint8_t *)(packets->list + count);
	return 0;
}

void packets_free(struct packets *packets)
{
	free(packets->list);
	*packets = (struct packets){ 0 };
}

int packets_one(struct packets *out, const void *data, size_t len)
{
	int err = packets_alloc(out, 1, len);

	if (err)
		return err;
	memcpy(out->list[0].data, data, len);
	out->list[0].len = len;
	out->count = 1;
	return 0;
}

static int sizes_of(const struct suite *suite, struct ike_seal_sizes *sizes)
{
	struct cipher_sizes c;
	int err = cipher_sizes(suite->encr, suite->encr_bits, suite->integ, &c);

	if (err)
		return err;
	*sizes = (struct ike_seal_sizes){ .iv_len = c.iv_len, .icv_len = c.icv_len, .block = c.block_len };
	return 0;
}

/* One datagram: number fragment of total, or the whole for 0 of 0. */
static int seal_one(struct ike_sa *sa, const struct ike_header *header, const struct ike_seal_sizes *sizes, uint8_t first, uint16_t fragment,
		    uint16_t total, const uint8_t *text, size_t len, uint8_t *buffer, size_t size, size_t *out_len)
{
	struct ike_builder b;
	struct ike_sealed where = { 0 };
	int err;

	ike_build_fixed(&b, buffer, size);
	ike_build_header(&b, header);
	ike_build_sealed(&b, first, fragment, total, len, sizes, &where);
	err = ike_build_end(&b);
	if (err)
		return err;
	*out_len = b.len;
	return cipher_seal(sa->seal, buffer, where.iv_at, text, len, buffer + where.iv_at);
}

static bool may_fragment(const struct ike_sa *sa)
{
	return sa->peer_fragments && (sa->conn->fragmentation == CONF_FRAGMENT_YES || sa->conn->fragmentation == CONF_FRAGMENT_FORCE);
}

/* Bytes of a datagram around so many bytes of payloads: header, SK or SKF, IV, padding, ICV. */
static size_t sealed_len(const struct ike_sa *sa, size_t len, bool fragment)
{
	return IKE_HEADER_LEN + IKE_PAYLOAD_HEADER_LEN + (fragment ? 4 : 0) + cipher_sealed_len(sa->seal, len);
}

int seal_message(struct ike_sa *sa, uint8_t exchange, bool response, uint32_t id, struct ike_builder *payloads, struct packets *out)
{
	struct ike_header header = {
		.spi_i = sa->spi_i, .spi_r = sa->spi_r, .version = IKE_VERSION, .exchange = exchange, .message_id = id,
		.flags = (uint8_t)((sa->initiator ? IKE_FLAG_INITIATOR : 0) | (response ? IKE_FLAG_RESPONSE : 0)),
	};
	struct ike_fragmentation plan = { .total = 1, .chunk = payloads->len };
	struct ike_seal_sizes sizes;
	const uint8_t *text = (const uint8_t *)"";
	const char *why = "";
	uint8_t *at;
	int err;

	*out = (struct packets){ 0 };
	err = ike_build_end(payloads);
	/* An empty message has no memory. */
	if (payloads->data)
		text = payloads->data;
	if (!err)
		err = sizes_of(&sa->suite, &sizes);
	if (err)
		return err;
	if (may_fragment(sa))
		err = ike_fragment_plan(payloads->len,
					ike_message_room(sa->agent->settings.fragment_size, sa->remote.ip.family == 6,
							 sa->local.port == sa->agent->env.nat_port),
					&sizes, &plan, &why);
	if (err || sealed_len(sa, payloads->len, false) > IKE_MESSAGE_MAX) {
		ike_log(sa, AGENT_ERROR, "message of %zu bytes cannot be sent: %s", payloads->len, err ? why : "too long");
		return -EMSGSIZE;
	}
	err = packets_alloc(out, plan.total, plan.total * sealed_len(sa, plan.chunk, plan.total > 1));
	if (err)
		return err;
	at = out->list[0].data;
	for (unsigned int i = 0; i < plan.total; i++) {
		size_t from = i * plan.chunk, len = i + 1u < plan.total ? plan.chunk : payloads->len - from;
		bool whole = plan.total == 1;

		out->list[i].data = at;
		err = seal_one(sa, &header, &sizes, payloads->first, whole ? 0 : (uint16_t)(i + 1), whole ? 0 : plan.total, text + from, len, at,
			       sealed_len(sa, len, !whole), &out->list[i].len);
		if (err) {
			packets_free(out);
			return err;
		}
		at += out->list[i].len;
	}
	out->count = plan.total;
	return 0;
}

/* ---- the other way --------------------------------------------------------------------------------------------------------- */

static struct ike_reassembly **reassembly_of(struct ike_sa *sa, const struct ike_header *header)
{
	return header->flags & IKE_FLAG_RESPONSE ? &sa->response_fragments : &sa->request_fragments;
}

static int take_fragment(struct ike_sa *sa, const struct ike_header *header, const struct ike_sealed *sealed, struct opened *opened, const char **why)
{
	struct ike_reassembly **place = reassembly_of(sa, header), *r = *place;
	int err;

	if (!r) {
		r = *place = calloc(1, sizeof(*r));
		if (!r)
			return -ENOMEM;
	}
	err = ike_reassembly_add(r, header->message_id, sealed, opened->data, opened->len, why);
	seal_opened_free(opened);
	if (err == 1) {
		err = ike_reassembly_join(r, &opened->data, &opened->len, &opened->first);
		if (!err)
			err = 1;
	}
	if (err && err != -EALREADY) {
		ike_reassembly_reset(r);
		free(r);
		*place = NULL;
	}
	return err == -EALREADY ? 0 : err;
}

/* Is this fragment worth the decryption? */
static int check_fragment(struct ike_sa *sa, const struct ike_header *header, const struct ike_sealed *sealed, const char **why)
{
	const struct ike_reassembly *r = *reassembly_of(sa, header);

	if (!sa->peer_fragments) {
		*why = "fragment, and fragmentation was not agreed on";
		return -EBADMSG;
	}
	return r ? ike_reassembly_check(r, header->message_id, sealed, why) : 0;
}

static int open_datagram(struct ike_sa *sa, const struct ike_message *m, const struct ike_sealed *sealed, struct opened *opened)
{
	opened->data = malloc(m->len - sealed->iv_at);
	if (!opened->data)
		return -ENOMEM;
	opened->first = sealed->first_inner;
	opened->fragment = sealed->fragment;
	if (!cipher_open(sa->open, m->data, sealed->iv_at, m->data + sealed->iv_at, m->len - sealed->iv_at, opened->data, &opened->len))
		return 0;
	opened->why = "wrong ICV";
	return -EACCES;
}

static enum seal_verdict verdict_of(int err)
{
	switch (err) {
	case 0:
		return SEAL_PART;
	case 1:
		return SEAL_WHOLE;
	case -EACCES:
		return SEAL_BAD_ICV;
	case -ENOMEM:
		return SEAL_NO_MEMORY;
	default:
		return SEAL_MALFORMED;
	}
}

enum seal_verdict seal_open(struct ike_sa *sa, const struct ike_message *m, bool keep, struct opened *opened)
{
	struct ike_sealed sealed;
	struct ike_seal_sizes sizes;
	int err;

	*opened = (struct opened){ .why = "malformed" };
	err = sizes_of(&sa->suite, &sizes);
	if (!err)
		err = ike_sealed_find(m->data, m->len, &m->chain, &sizes, &sealed, &opened->why);
	if (!err && sealed.total && keep)
		err = check_fragment(sa, &m->header, &sealed, &opened->why);
	if (err == -EALREADY)
		return SEAL_PART;
	if (!err)
		err = open_datagram(sa, m, &sealed, opened);
	if (!err)
		err = sealed.total && keep ? take_fragment(sa, &m->header, &sealed, opened, &opened->why) : 1;
	if (err < 0)
		seal_opened_free(opened);
	return verdict_of(err);
}

void seal_opened_free(struct opened *opened)
{
	if (opened->data)
		OPENSSL_cleanse(opened->data, opened->len);
	free(opened->data);
	opened->data = NULL;
	opened->len = 0;
}
