/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/seal.h"
#include "tamper.h"

static tamper_hook hook;
static void *hook_ctx;

void tamper_set(tamper_hook new_hook, void *ctx)
{
	hook = new_hook;
	hook_ctx = ctx;
}

void tamper_copy(struct ike_builder *out, const struct ike_payload *payload)
{
	ike_build_payload(out, payload->type, payload->critical);
	ike_build_bytes(out, payload->body, payload->len);
}

void tamper_without(struct ike_builder *out, const struct ike_chain *chain, uint8_t type)
{
	for (unsigned int i = 0; i < chain->count; i++)
		if (chain->payloads[i].type != type)
			tamper_copy(out, &chain->payloads[i]);
}

int __real_seal_message(struct ike_sa *sa, uint8_t exchange, bool response, uint32_t id, struct ike_builder *payloads, struct packets *out);
int __wrap_seal_message(struct ike_sa *sa, uint8_t exchange, bool response, uint32_t id, struct ike_builder *payloads, struct packets *out);

int __wrap_seal_message(struct ike_sa *sa, uint8_t exchange, bool response, uint32_t id, struct ike_builder *payloads, struct packets *out)
{
	const struct tampered t = { .sa = sa, .exchange = &exchange, .response = response, .id = &id };
	struct ike_builder changed;
	struct ike_chain chain;
	const char *why;
	int err;

	if (!hook)
		return __real_seal_message(sa, exchange, response, id, payloads, out);
	assert_int_equal(ike_build_end(payloads), 0);
	assert_int_equal(ike_chain_parse(payloads->first, payloads->data, payloads->len, true, &chain, &why), 0);
	ike_build_growing(&changed, IKE_MESSAGE_MAX);
	hook(hook_ctx, &t, &chain, &changed);
	err = __real_seal_message(sa, exchange, response, id, &changed, out);
	ike_build_free(&changed);
	return err;
}
