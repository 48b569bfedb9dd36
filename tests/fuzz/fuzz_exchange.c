/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages behind decryption: two agents (tests/unit/ike_core/world.h, time and random numbers fixed) talk, and the payloads of one message
 * are the input's, sealed with the right keys. Input: which message (below), type of its first payload, payloads. Whatever it is, nothing may crash
 * or leak, and no SA, policy or SPI may be left in the data planes when both agents have given up on each other.
 *
 * With ESPALIER_FUZZ_SEEDS=DIR the agents' true messages are written there as seeds.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../unit/ike_core/pair.h"
#include "cheap_dh.h"
#include "conf/conf.h"
#include "core/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INIT_REQUEST, INIT_RESPONSE, AUTH_REQUEST, AUTH_RESPONSE, CHILD_REQUEST, CHILD_RESPONSE, INFO_REQUEST, INFO_RESPONSE, IKE_REKEY, MESSAGES };

static const uint8_t *input;
static size_t input_len;
static int target;
static bool done;
static const char *seeds;

static int kind_of(uint8_t exchange, bool response)
{
	return 2 * (exchange - IKE_SA_INIT) + response;
}

static void write_seed(int kind, uint8_t first, const uint8_t *payloads, size_t len)
{
	static unsigned int number;
	char path[256];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%d-%u", seeds, kind, number++);
	file = fopen(path, "wb");
	if (!file)
		return;
	fputc(kind, file);
	fputc(first, file);
	fwrite(payloads, 1, len, file);
	fclose(file);
}

/* The first message of its kind, and no other. */
static bool is_target(int kind)
{
	if (done || (kind != target && !(target == IKE_REKEY && kind == CHILD_REQUEST)))
		return false;
	done = true;
	return true;
}

int __real_seal_message(struct ike_sa *sa, uint8_t exchange, bool response, uint32_t id, struct ike_builder *payloads, struct packets *out);
int __wrap_seal_message(struct ike_sa *sa, uint8_t exchange, bool response, uint32_t id, struct ike_builder *payloads, struct packets *out);

int __wrap_seal_message(struct ike_sa *sa, uint8_t exchange, bool response, uint32_t id, struct ike_builder *payloads, struct packets *out)
{
	int kind = kind_of(exchange, response);

	if (seeds && !ike_build_end(payloads))
		write_seed(kind, payloads->first, payloads->data, payloads->len);
	if (!seeds && is_target(kind)) {
		ike_build_free(payloads);
		ike_build_growing(payloads, IKE_MESSAGE_MAX);
		/* As bytes of one payload, whose header is then cut off: the chain is the input's, well formed or not. */
		ike_build_payload(payloads, IKE_PL_VENDOR, false);
		ike_build_bytes(payloads, input, input_len);
		if (ike_build_end(payloads))
			return -EMSGSIZE;
		memmove(payloads->data, payloads->data + IKE_PAYLOAD_HEADER_LEN, input_len);
		payloads->len = input_len;
		payloads->first = input[-1];
	}
	return __real_seal_message(sa, exchange, response, id, payloads, out);
}

/* IKE_SA_INIT is not sealed: its payloads are changed on the wire. */
static void on_wire(void *ctx, struct world *w, struct datagram *d)
{
	size_t len = IKE_HEADER_LEN + input_len;

	(void)ctx;
	(void)w;
	if (d->exchange != IKE_SA_INIT)
		return;
	if (seeds)
		write_seed(kind_of(d->exchange, d->response), d->data[16], d->data + IKE_HEADER_LEN, d->len - IKE_HEADER_LEN);
	if (seeds || len > AGENT_DATAGRAM_MAX || !is_target(kind_of(d->exchange, d->response)))
		return;
	d->data = realloc(d->data, len);
	memcpy(d->data + IKE_HEADER_LEN, input, input_len);
	d->data[16] = input[-1];
	for (int i = 0; i < 4; i++)
		d->data[24 + i] = (uint8_t)(len >> (24 - 8 * i));
	d->len = len;
}

static void ended(void *ctx, int error, const char *text)
{
	(void)ctx;
	(void)error;
	(void)text;
}

static void talk(struct pair *p)
{
	agent_up(p->a->agent, "net", 0, ended, NULL);
	node_poke(p->a);
	world_run(p->w, 1000);
	agent_rekey(p->a->agent, "gw", target == IKE_REKEY || seeds, false, ended, NULL);
	node_poke(p->a);
	world_run(p->w, 1000);
	if (seeds)
		agent_rekey(p->a->agent, "net", false, false, ended, NULL);
	node_poke(p->a);
	world_run(p->w, 1000);
	agent_down(p->a->agent, "gw", ended, NULL);
	node_poke(p->a);
	world_run(p->w, 1000);
}

/* Read once, as reading takes longer than all messages: of agent a, of agent b. */
static struct conf *conf_of(bool is_a)
{
	static struct conf *confs[2];
	char text[8192], error[AGENT_ERROR_LEN];

	if (!confs[is_a]) {
		pair_text(text, sizeof(text), is_a, "\n\n");
		confs[is_a] = conf_parse(is_a ? "a" : "b", text, strlen(text), error);
		if (!confs[is_a])
			abort();
	}
	return confs[is_a];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pair p;

	seeds = getenv("ESPALIER_FUZZ_SEEDS");
	if (size < 2)
		return 0;
	target = data[0] % MESSAGES;
	input = data + 2;
	input_len = size - 2;
	done = false;
	cheap_dh_restart();
	pair_create(&p, 1);
	world_set_hook(p.w, on_wire, NULL);
	node_set_conf(p.a, conf_of(true));
	node_set_conf(p.b, conf_of(false));
	talk(&p);
	/* Dead peers are noticed, half-open SAs and last responses run out: what is still there then should be. */
	p.a->cut = true;
	agent_stop(p.a->agent);
	agent_stop(p.b->agent);
	node_poke(p.a);
	node_poke(p.b);
	world_run(p.w, 400 * 1000);
	if (!agent_stopped(p.a->agent) || !agent_stopped(p.b->agent))
		abort();
	world_consistent(p.w, 0, 0);
	pair_close(&p);
	return 0;
}
