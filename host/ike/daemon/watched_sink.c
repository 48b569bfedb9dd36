/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/watched_sink.h"

#include <stdio.h>

static struct sink *behind(struct sink *sink)
{
	return ((struct watched_sink *)sink)->behind;
}

/* The result of a call, its sentence with it. */
static int result(struct sink *sink, int ret)
{
	snprintf(sink->error, sizeof(sink->error), "%s", ret < 0 ? sink_error(behind(sink)) : "");
	return ret;
}

static int get_caps(struct sink *sink, struct sink_caps *caps)
{
	return result(sink, sink_caps(behind(sink), caps));
}

static int get_spi(struct sink *sink, const struct ip_addr *dst, uint32_t *spi)
{
	return result(sink, sink_get_spi(behind(sink), dst, spi));
}

static int sa_add(struct sink *sink, const struct sink_sa *sa)
{
	return result(sink, sink_sa_add(behind(sink), sa));
}

static int sa_update(struct sink *sink, const struct sink_sa_id *id, const struct endpoint *src, const struct endpoint *dst, bool udp_encap)
{
	return result(sink, sink_sa_update(behind(sink), id, src, dst, udp_encap));
}

static int sa_query(struct sink *sink, const struct sink_sa_id *id, struct sink_sa_stats *stats)
{
	return result(sink, sink_sa_query(behind(sink), id, stats));
}

static int sa_delete(struct sink *sink, const struct sink_sa_id *id, struct sink_sa_stats *last)
{
	return result(sink, last ? sink_sa_delete_last(behind(sink), id, last) : sink_sa_delete(behind(sink), id));
}

static int policy_set(struct sink *sink, const struct sink_policy *policy)
{
	return result(sink, sink_policy_set(behind(sink), policy));
}

static int policy_delete(struct sink *sink, uint32_t reqid)
{
	return result(sink, sink_policy_delete(behind(sink), reqid));
}

static int flush(struct sink *sink)
{
	return result(sink, sink_flush(behind(sink)));
}

static int sweep(struct sink *sink)
{
	return result(sink, sink_sweep(behind(sink)));
}

static int fd(struct sink *sink)
{
	return sink_fd(behind(sink));
}

static int next_event(struct sink *sink, struct sink_event *event)
{
	struct watched_sink *watched = (struct watched_sink *)sink;
	int ret = sink_next_event(watched->behind, event);

	if (ret > 0)
		watched->seen(watched->ctx, event);
	return ret;
}

static void close_nothing(struct sink *sink)
{
	(void)sink;
}

static const struct sink_ops ops = {
	.caps = get_caps,
	.get_spi = get_spi,
	.sa_add = sa_add,
	.sa_update = sa_update,
	.sa_query = sa_query,
	.sa_delete = sa_delete,
	.policy_set = policy_set,
	.policy_delete = policy_delete,
	.flush = flush,
	.sweep = sweep,
	.fd = fd,
	.next_event = next_event,
	.close = close_nothing,
};

void watched_sink_init(struct watched_sink *watched, struct sink *sink, void (*seen)(void *ctx, const struct sink_event *event), void *ctx)
{
	*watched = (struct watched_sink){ .sink = { .ops = &ops }, .behind = sink, .seen = seen, .ctx = ctx };
}
