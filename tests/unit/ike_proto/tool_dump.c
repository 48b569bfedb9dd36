/* SPDX-License-Identifier: Apache-2.0 */
/* What our decoders read, by tshark's field names: "NAME VALUE" a line, numbers in decimal, bytes in hex. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/fragment.h"
#include "tool.h"
#include "vectors.h"

static void number(const char *name, uint64_t value)
{
	printf("%s %" PRIu64 "\n", name, value);
}

static void bytes(const char *name, const uint8_t *data, size_t len)
{
	printf("%s ", name);
	for (; len; len--)
		printf("%02x", *data++);
	printf("\n");
}

static void check(int ret, const char *why)
{
	if (!ret)
		return;
	fprintf(stderr, "%s\n", why);
	exit(1);
}

static void dump_sa(const struct ike_payload *payload)
{
	static const char *const ids[] = { "", "encr", "prf", "integ", "dh", "esn" };
	static struct proposals list;
	const struct proposal *proposal;
	const struct transform *t;
	char name[64];
	const char *why = "";

	check(ike_decode_sa(payload, &list, &why), why);
	for (proposal = list.list; proposal < list.list + list.count; proposal++) {
		number("isakmp.prop.number", proposal->number);
		number("isakmp.prop.protoid", proposal->protocol);
		number("isakmp.spisize", proposal->spi_len);
		number("isakmp.prop.transforms", proposal->count);
		if (proposal->spi_len)
			printf("isakmp.spi %0*" PRIx64 "\n", 2 * proposal->spi_len, proposal->spi);
		for (t = proposal->transforms; t < proposal->transforms + proposal->count; t++) {
			number("isakmp.tf.type", t->type);
			snprintf(name, sizeof(name), "isakmp.tf.id.%s", ids[t->type]);
			number(name, t->id);
			if (t->key_bits)
				number("isakmp.ike2.attr.key_length", t->key_bits);
		}
	}
}

static void dump_auth(const struct ike_payload *payload)
{
	struct ike_auth auth;
	const char *why = "";

	check(ike_decode_auth(payload, &auth, &why), why);
	number("isakmp.auth.method", auth.method);
	if (auth.algorithm_len) {
		bytes("isakmp.auth.data.sig.asn1.data", auth.algorithm, auth.algorithm_len);
		bytes("isakmp.auth.data.sig.value", auth.data, auth.len);
	} else {
		bytes("isakmp.auth.data", auth.data, auth.len);
	}
}

static void dump_notify(const struct ike_payload *payload)
{
	struct ike_notify notify;
	const char *why = "";

	check(ike_decode_notify(payload, &notify, &why), why);
	number("isakmp.spisize", notify.has_spi ? 4 : 0);
	number("isakmp.notify.msgtype", notify.type);
	if (notify.has_spi)
		printf("isakmp.spi %08" PRIx32 "\n", notify.spi);
	bytes("isakmp.notify.data", notify.data, notify.len);
}

static void dump_delete(const struct ike_payload *payload)
{
	struct ike_delete del;
	const char *why = "";
	unsigned int i;

	check(ike_decode_delete(payload, &del, &why), why);
	number("isakmp.delete.protoid", del.protocol);
	number("isakmp.spisize", del.protocol == IKE_PROTO_IKE ? 0 : 4);
	number("isakmp.spinum", del.count);
	for (i = 0; i < del.count; i++)
		printf("isakmp.delete.spi %08" PRIx32 "\n", ike_delete_spi(&del, i));
}

static void dump_ts(const struct ike_payload *payload)
{
	struct ike_ts_list list;
	const char *why = "";
	const struct ts *ts;
	bool v4;

	check(ike_decode_ts(payload, &list, &why), why);
	number("isakmp.ts.number", list.count);
	for (ts = list.ts; ts < list.ts + list.count; ts++) {
		v4 = ts->lo.family == 4;
		number("isakmp.ts.type", v4 ? 7 : 8);
		number("isakmp.ts.protoid", ts->proto);
		number("isakmp.ts.start_port", ts->port_lo);
		number("isakmp.ts.end_port", ts->port_hi);
		bytes(v4 ? "isakmp.ts.start_ipv4" : "isakmp.ts.start_ipv6", ts->lo.bytes, ip_len(&ts->lo));
		bytes(v4 ? "isakmp.ts.end_ipv4" : "isakmp.ts.end_ipv6", ts->hi.bytes, ip_len(&ts->hi));
	}
}

static void dump_id(const struct ike_payload *payload)
{
	struct ike_id id;
	const char *why = "";

	check(ike_decode_id(payload, &id, &why), why);
	number("isakmp.id.type", id.type);
	bytes("isakmp.id.data", id.data, id.len);
}

static void dump_ke(const struct ike_payload *payload)
{
	struct ike_ke ke;
	const char *why = "";

	check(ike_decode_ke(payload, &ke, &why), why);
	number("isakmp.key_exchange.dh_group", ke.method);
	bytes("isakmp.key_exchange.data", ke.data, ke.len);
}

static void dump_cert(const struct ike_payload *payload)
{
	struct ike_cert cert;
	const char *why = "";

	if (payload->type == IKE_PL_CERT) {
		check(ike_decode_cert(payload, &cert, &why), why);
		number("isakmp.cert.encoding", cert.encoding);
		bytes("isakmp.cert.data", cert.data, cert.len);
		return;
	}
	check(ike_decode_certreq(payload, &cert, &why), why);
	number("isakmp.certreq.type", cert.encoding);
	for (; cert.len; cert.data += 20, cert.len -= 20)
		bytes("isakmp.ike.certreq.authority", cert.data, 20);
}

static void dump_nonce(const struct ike_payload *payload)
{
	const char *why = "";

	check(ike_decode_nonce(payload, &why), why);
	bytes("isakmp.nonce", payload->body, payload->len);
}

static void dump_vendor(const struct ike_payload *payload)
{
	bytes("isakmp.vid_bytes", payload->body, payload->len);
}

void dump_chain(const struct ike_chain *chain)
{
	static void (*const dumpers[256])(const struct ike_payload *payload) = {
		[IKE_PL_SA] = dump_sa,	       [IKE_PL_KE] = dump_ke,	      [IKE_PL_IDI] = dump_id,	      [IKE_PL_IDR] = dump_id,
		[IKE_PL_CERT] = dump_cert,     [IKE_PL_CERTREQ] = dump_cert,  [IKE_PL_AUTH] = dump_auth,      [IKE_PL_NONCE] = dump_nonce,
		[IKE_PL_NOTIFY] = dump_notify, [IKE_PL_DELETE] = dump_delete, [IKE_PL_VENDOR] = dump_vendor, [IKE_PL_TSI] = dump_ts,
		[IKE_PL_TSR] = dump_ts,
	};
	const struct ike_payload *payload;

	for (payload = chain->payloads; payload < chain->payloads + chain->count; payload++) {
		number("isakmp.typepayload", payload->type);
		number("isakmp.criticalpayload", payload->critical);
		if (dumpers[payload->type])
			dumpers[payload->type](payload);
	}
}

/* Payloads in clear: at once, or when the last fragment is here. */
static void dump_inner(const struct vector *vector, const struct ike_header *header, const struct ike_sealed *sealed, struct ike_reassembly *parts)
{
	struct ike_chain chain;
	uint8_t *joined, first;
	const char *why = "";
	size_t len;
	int ret;

	if (!sealed->total) {
		check(ike_chain_parse(vector->first, vector->inner, vector->inner_len, true, &chain, &why), why);
		dump_chain(&chain);
		return;
	}
	number("isakmp.frag.number", sealed->fragment);
	number("isakmp.frag.total", sealed->total);
	ret = ike_reassembly_add(parts, header->message_id, sealed, vector->inner, vector->inner_len, &why);
	if (ret == 0)
		return;
	check(ret < 0, why);
	check(ike_reassembly_join(parts, &joined, &len, &first), "join");
	check(ike_chain_parse(first, joined, len, true, &chain, &why), why);
	dump_chain(&chain);
	free(joined);
}

static void dump_message(const struct vector *vector, const struct ike_seal_sizes *sizes, struct ike_reassembly *parts)
{
	struct ike_header header;
	struct ike_sealed sealed;
	struct ike_chain chain;
	const char *why = "";

	check(ike_message_parse(vector->data, vector->len, &header, &chain, &why), why);
	printf("message\n");
	printf("isakmp.ispi %016" PRIx64 "\nisakmp.rspi %016" PRIx64 "\n", header.spi_i, header.spi_r);
	number("isakmp.exchangetype", header.exchange);
	number("isakmp.flag_i", !!(header.flags & IKE_FLAG_INITIATOR));
	number("isakmp.flag_v", !!(header.flags & IKE_FLAG_VERSION));
	number("isakmp.flag_r", !!(header.flags & IKE_FLAG_RESPONSE));
	number("isakmp.messageid", header.message_id);
	number("isakmp.length", header.length);
	dump_chain(&chain);
	if (!vector->sealed)
		return;
	check(ike_sealed_find(vector->data, vector->len, &chain, sizes, &sealed, &why), why);
	bytes("isakmp.enc.iv", vector->data + sealed.iv_at, sealed.text_at - sealed.iv_at);
	bytes("isakmp.enc.icd", vector->data + sealed.icv_at, sizes->icv_len);
	dump_inner(vector, &header, &sealed, parts);
}

void dump(const char *name, const struct ike_seal_sizes *sizes)
{
	struct ike_reassembly parts = { 0 };
	struct vectors vectors;
	unsigned int i;

	check(!vectors_load(name, &vectors), "no such recording");
	for (i = 0; i < vectors.count; i++)
		dump_message(&vectors.list[i], sizes, &parts);
	ike_reassembly_reset(&parts);
	vectors_free(&vectors);
}
