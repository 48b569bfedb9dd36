/* SPDX-License-Identifier: Apache-2.0 */
/* A CHILD SA's two SAs in the data plane. */
#include "core/child_sink.h"
#include "core/reqid.h"

#include <string.h>

#include <openssl/crypto.h>

static struct sink_sa_id sink_id(const struct child_sa *child, enum sink_direction direction)
{
	if (direction == SINK_IN)
		return (struct sink_sa_id){ .direction = SINK_IN, .spi = child->spi_in, .dst = child->local_end.ip };
	return (struct sink_sa_id){ .direction = SINK_OUT, .spi = child->spi_out, .dst = child->remote_end.ip };
}

int child_sink_add(struct child_sa *child, enum sink_direction direction, enum sink_aead aead, const uint8_t *key, uint8_t key_len)
{
	struct agent *agent = child->ike->agent;
	struct sink_sa sa = { .direction = direction, .reqid = child->reqid->id, .mode = child->mode, .udp_encap = child->udp_encap, .aead = aead,
		.key_len = key_len, .esn = child->esn, .copy_df = child->child->copy_df, .limits = child->limits };
	int err;

	if (direction == SINK_IN) {
		sa.spi = child->spi_in;
		sa.src = child->remote_end;
		sa.dst = child->local_end;
		sa.replay_window = child->child->replay_window < agent->caps.max_window ? child->child->replay_window : agent->caps.max_window;
	} else {
		sa.spi = child->spi_out;
		sa.src = child->local_end;
		sa.dst = child->remote_end;
	}
	memcpy(sa.key, key, key_len);
	err = sink_sa_add(agent->sink, &sa);
	if (!err && agent->env.keylog_esp)
		agent->env.keylog_esp(agent->env.ctx, &sa);
	OPENSSL_cleanse(&sa, sizeof(sa));
	if (err)
		ike_log(child->ike, AGENT_ERROR, "%s{%u}: the data plane refused SA 0x%08x: %s", child->child->name, child->id, sa.spi,
			sink_error(agent->sink));
	return err;
}

void child_sink_remove(struct child_sa *child, enum sink_direction direction)
{
	bool *has = direction == SINK_IN ? &child->has_in : &child->has_out;
	struct sink_sa_id id = sink_id(child, direction);

	if (*has)
		sink_sa_delete(child->ike->agent->sink, &id);
	*has = false;
}

void child_set_endpoints(struct child_sa *child)
{
	const struct ike_sa *sa = child->ike;

	child->udp_encap = ike_sa_udp_encap(sa);
	child->local_end = sa->local;
	child->remote_end = sa->remote;
	if (!child->udp_encap)
		child->local_end.port = child->remote_end.port = 0;
}

int child_stats(struct child_sa *child, struct sink_sa_stats *in, struct sink_sa_stats *out)
{
	struct sink *sink = child->ike->agent->sink;
	struct sink_sa_id in_id = sink_id(child, SINK_IN), out_id = sink_id(child, SINK_OUT);
	int err = 0;

	memset(in, 0, sizeof(*in));
	memset(out, 0, sizeof(*out));
	if (child->has_in)
		err = sink_sa_query(sink, &in_id, in);
	if (!err && child->has_out)
		err = sink_sa_query(sink, &out_id, out);
	return err;
}

uint64_t child_heard_ms(const struct child_sa *child)
{
	struct sink_sa_id id = sink_id(child, SINK_IN);
	struct sink_sa_stats in;

	return child->has_in && !sink_sa_query(child->ike->agent->sink, &id, &in) ? in.last_use_ms : 0;
}

int child_update_endpoints(struct child_sa *child)
{
	struct sink *sink = child->ike->agent->sink;
	struct sink_sa_id in_id = sink_id(child, SINK_IN), out_id = sink_id(child, SINK_OUT);
	int err = 0, err_out = 0;

	child_set_endpoints(child);
	if (child->has_in)
		err = sink_sa_update(sink, &in_id, &child->remote_end, &child->local_end, child->udp_encap);
	if (child->has_out)
		err_out = sink_sa_update(sink, &out_id, &child->local_end, &child->remote_end, child->udp_encap);
	if (err || err_out)
		ike_log(child->ike, AGENT_ERROR, "%s{%u}: new addresses were refused: %s", child->child->name, child->id, sink_error(sink));
	else if (child->reqid->user == child)
		err = reqid_apply(child->reqid);
	return err ? err : err_out;
}
