/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_gateway.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct sink_server *server;
static pthread_t thread;
static int orders[2]; /* a packet socket pair for struct order; its end ends the thread */

struct order {
	bool resume;
	int ret;
	struct sink_event event; /* to be sent, if it is not to resume */
};

static int note(struct sink *sink, const char *name)
{
	struct fake_gateway *gateway = (struct fake_gateway *)sink;

	gateway->calls++;
	gateway->name = name;
	if (gateway->ret && gateway->ret != SINK_SERVER_LATER)
		snprintf(sink->error, sizeof(sink->error), "%s", gateway->error);
	if (gateway->stall)
		usleep(300000);
	return gateway->ret;
}

static int fake_caps(struct sink *sink, struct sink_caps *caps)
{
	*caps = ((struct fake_gateway *)sink)->caps;
	return note(sink, "caps");
}

static int fake_get_spi(struct sink *sink, const struct ip_addr *dst, uint32_t *spi)
{
	((struct fake_gateway *)sink)->ip = *dst;
	*spi = ((struct fake_gateway *)sink)->spi;
	return note(sink, "get_spi");
}

static int fake_sa_add(struct sink *sink, const struct sink_sa *sa)
{
	((struct fake_gateway *)sink)->sa = *sa;
	return note(sink, "sa_add");
}

static int fake_sa_update(struct sink *sink, const struct sink_sa_id *id, const struct endpoint *src, const struct endpoint *dst, bool udp_encap)
{
	struct fake_gateway *gateway = (struct fake_gateway *)sink;

	gateway->id = *id;
	gateway->src = *src;
	gateway->dst = *dst;
	gateway->udp_encap = udp_encap;
	return note(sink, "sa_update");
}

static int fake_sa_query(struct sink *sink, const struct sink_sa_id *id, struct sink_sa_stats *stats)
{
	((struct fake_gateway *)sink)->id = *id;
	*stats = ((struct fake_gateway *)sink)->stats;
	return note(sink, "sa_query");
}

static int fake_sa_delete(struct sink *sink, const struct sink_sa_id *id, struct sink_sa_stats *last)
{
	((struct fake_gateway *)sink)->id = *id;
	if (last)
		*last = ((struct fake_gateway *)sink)->stats;
	return note(sink, last ? "sa_delete_last" : "sa_delete");
}

static int fake_policy_set(struct sink *sink, const struct sink_policy *policy)
{
	((struct fake_gateway *)sink)->policy = *policy;
	return note(sink, "policy_set");
}

static int fake_policy_delete(struct sink *sink, uint32_t reqid)
{
	((struct fake_gateway *)sink)->reqid = reqid;
	return note(sink, "policy_delete");
}

static int fake_flush(struct sink *sink)
{
	return note(sink, "flush");
}

static int fake_sweep(struct sink *sink)
{
	return note(sink, "sweep");
}

static const struct sink_ops fake_ops = {
	.caps = fake_caps, .get_spi = fake_get_spi, .sa_add = fake_sa_add, .sa_update = fake_sa_update, .sa_query = fake_sa_query,
	.sa_delete = fake_sa_delete, .policy_set = fake_policy_set, .policy_delete = fake_policy_delete, .flush = fake_flush, .sweep = fake_sweep,
};

static int fake_esp_socket(struct sink *sink, int fd, const struct endpoint *local)
{
	struct fake_gateway *gateway = (struct fake_gateway *)sink;

	if (gateway->esp_fd >= 0)
		close(gateway->esp_fd);
	gateway->esp_fd = fd;
	gateway->src = *local;
	return note(sink, "esp_socket");
}

static void fake_client(struct sink *sink, bool present)
{
	struct fake_gateway *gateway = (struct fake_gateway *)sink;

	if (present && gateway->hold)
		sink_server_hold(server);
	__atomic_fetch_add(&gateway->clients, present ? 1 : -1, __ATOMIC_SEQ_CST);
}

static void fake_control(struct sink *sink)
{
	struct fake_gateway *gateway = (struct fake_gateway *)sink;

	if (gateway->hold_control)
		sink_server_hold(server);
	__atomic_fetch_add(&gateway->controls, 1, __ATOMIC_SEQ_CST);
}

static void *run(void *argument)
{
	struct pollfd fds[2] = { { .fd = sink_server_fd(server), .events = POLLIN }, { .fd = orders[0], .events = POLLIN } };
	struct fake_gateway *gateway = argument;
	struct order order;

	while (poll(fds, 2, -1) > 0) {
		if (fds[1].revents) {
			if (read(orders[0], &order, sizeof(order)) != sizeof(order))
				break;
			if (order.resume)
				sink_server_resume(server, order.ret, gateway->error, &gateway->stats);
			else
				sink_server_event(server, &order.event);
		}
		if (fds[0].revents)
			sink_server_step(server);
	}
	return NULL;
}

void fake_start(struct fake_gateway *gateway, const char *path)
{
	struct sink_server_config config = { .path = path, .user = (uid_t)-1, .backend = &gateway->sink, .esp_socket = fake_esp_socket,
					     .client = fake_client, .control = fake_control };
	char error[SINK_ERROR_LEN];

	gateway->sink.ops = &fake_ops;
	fake_reset(gateway);
	assert_int_equal(sink_server_open(&config, &server, error), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, orders), 0);
	assert_int_equal(pthread_create(&thread, NULL, run, gateway), 0);
}

void fake_stop(void)
{
	close(orders[1]);
	pthread_join(thread, NULL);
	close(orders[0]);
	sink_server_close(server);
}

void fake_event(const struct sink_event *event)
{
	struct order order = { .event = *event };

	assert_int_equal(write(orders[1], &order, sizeof(order)), sizeof(order));
}

void fake_resume(int ret)
{
	struct order order = { .resume = true, .ret = ret };

	assert_int_equal(write(orders[1], &order, sizeof(order)), sizeof(order));
}

void fake_reset(struct fake_gateway *gateway)
{
	*gateway = (struct fake_gateway){ .sink.ops = gateway->sink.ops, .esp_fd = -1, .error = "", .clients = gateway->clients };
}
