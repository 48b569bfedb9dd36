/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "ike_rebuild.h"

static bool sa(const struct ike_payload *payload, struct ike_builder *b, const char **why)
{
	static struct proposals list;
	unsigned int i, j;

	if (ike_decode_sa(payload, &list, why))
		return false;
	for (i = 0; i < list.count; i++) {
		if (list.list[i].unusable || (list.count > 1 && list.list[i].number != i + 1))
			return false;
		for (j = 0; j < list.list[i].count; j++)
			if (list.list[i].transforms[j].unusable)
				return false;
	}
	if (list.count == 1)
		ike_build_sa_answer(b, &list.list[0]);
	else
		ike_build_sa(b, &list, 0);
	return true;
}

static bool ke(const struct ike_payload *payload, struct ike_builder *b, const char **why)
{
	struct ike_ke data;

	if (ike_decode_ke(payload, &data, why))
		return false;
	ike_build_ke(b, data.method, data.data, data.len);
	return true;
}

static bool id(const struct ike_payload *payload, struct ike_builder *b, const char **why)
{
	struct ike_id data;

	if (ike_decode_id(payload, &data, why))
		return false;
	ike_build_id(b, payload->type, data.type, data.data, data.len);
	return true;
}

static bool cert(const struct ike_payload *payload, struct ike_builder *b, const char **why)
{
	struct ike_cert data;

	if (ike_decode_cert(payload, &data, why))
		return false;
	ike_build_cert(b, data.encoding, data.data, data.len);
	return true;
}

static bool certreq(const struct ike_payload *payload, struct ike_builder *b, const char **why)
{
	struct ike_cert data;

	if (ike_decode_certreq(payload, &data, why))
		return false;
	ike_build_certreq(b, data.encoding, data.data, data.len);
	return true;
}

static bool auth(const struct ike_payload *payload, struct ike_builder *b, const char **why)
{
	struct ike_auth data;

	if (ike_decode_auth(payload, &data, why))
		return false;
	if (data.method == IKE_AUTH_DIGITAL_SIGNATURE)
		ike_build_signature(b, data.algorithm, data.algorithm_len, data.data, data.len);
	else
		ike_build_auth(b, data.method, data.data, data.len);
	return true;
}

static bool nonce(const struct ike_payload *payload, struct ike_builder *b, const char **why)
{
	if (ike_decode_nonce(payload, why))
		return false;
	ike_build_nonce(b, payload->body, payload->len);
	return true;
}

static bool notify(const struct ike_payload *payload, struct ike_builder *b, const char **why)
{
	struct ike_notify data;

	if (ike_decode_notify(payload, &data, why))
		return false;
	if (data.has_spi)
		ike_build_notify_spi(b, data.type, data.protocol, data.spi, data.data, data.len);
	else
		ike_build_notify(b, data.type, data.data, data.len);
	return true;
}

static bool delete(const struct ike_payload *payload, struct ike_builder *b, const char **why)
{
	static uint32_t spis[UINT16_MAX];
	struct ike_delete data;
	unsigned int i;

	if (ike_decode_delete(payload, &data, why))
		return false;
	for (i = 0; i < data.count; i++)
		spis[i] = ike_delete_spi(&data, i);
	if (data.protocol == IKE_PROTO_IKE)
		ike_build_delete_ike(b);
	else if (data.count)
		ike_build_delete(b, data.protocol, spis, data.count);
	return data.protocol == IKE_PROTO_IKE || data.count;
}

static bool vendor(const struct ike_payload *payload, struct ike_builder *b, const char **why)
{
	(void)why;
	ike_build_vendor(b, payload->body, payload->len);
	return true;
}

static bool ts(const struct ike_payload *payload, struct ike_builder *b, const char **why)
{
	struct ike_ts_list list;

	if (ike_decode_ts(payload, &list, why) || !list.count)
		return false;
	ike_build_ts(b, payload->type, list.ts, list.count);
	return true;
}

void ike_rebuild(const struct ike_chain *chain, struct ike_builder *b)
{
	static bool (*const kinds[256])(const struct ike_payload *payload, struct ike_builder *b, const char **why) = {
		[IKE_PL_SA] = sa,	    [IKE_PL_KE] = ke,	      [IKE_PL_IDI] = id,	[IKE_PL_IDR] = id,    [IKE_PL_CERT] = cert,
		[IKE_PL_CERTREQ] = certreq, [IKE_PL_AUTH] = auth,     [IKE_PL_NONCE] = nonce,	[IKE_PL_NOTIFY] = notify,
		[IKE_PL_DELETE] = delete,   [IKE_PL_VENDOR] = vendor, [IKE_PL_TSI] = ts,	[IKE_PL_TSR] = ts,
	};
	const struct ike_payload *payload;
	const char *why;

	for (payload = chain->payloads; payload < chain->payloads + chain->count; payload++) {
		why = "copied";
		if (!payload->critical && kinds[payload->type] && kinds[payload->type](payload, b, &why))
			continue;
		if (!why || !*why)
			abort();
		ike_build_payload(b, payload->type, payload->critical);
		ike_build_bytes(b, payload->body, payload->len);
	}
}
