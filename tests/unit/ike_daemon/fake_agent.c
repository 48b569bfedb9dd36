/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_agent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/agent.h"
#include "daemon/watched_sink.h"
#include "sink/sink_client.h"

struct fake *fake;

void fake_open(void)
{
	fake = mmap(NULL, sizeof(*fake), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset(fake, 0, sizeof(*fake));
}

void fake_close(void)
{
	munmap(fake, sizeof(*fake));
}

/* ---- the gateway --------------------------------------------------------------------------------------------------------- */

static unsigned int ups_seen;

static int no_fd(struct sink *sink)
{
	(void)sink;
	return -1;
}

static int next_event(struct sink *sink, struct sink_event *event)
{
	(void)sink;
	if (ups_seen == fake->gateway_ups)
		return 0;
	ups_seen++;
	*event = (struct sink_event){ .kind = SINK_EVENT_UP };
	return 1;
}

static int flush(struct sink *sink)
{
	(void)sink;
	fake->flushes++;
	return 0;
}

static void sink_closed(struct sink *sink)
{
	(void)sink;
}

static const struct sink_ops ops = { .flush = flush, .fd = no_fd, .next_event = next_event, .close = sink_closed };
static struct sink gateway = { .ops = &ops };

int sink_connect(const char *path, struct sink **sink, char *error)
{
	if (fake->no_gateway) {
		snprintf(error, SINK_ERROR_LEN, "%s: not for you", path);
		return -EACCES;
	}
	*sink = &gateway;
	return 0;
}

int sink_give_esp_socket(struct sink *sink, int fd, const struct endpoint *local)
{
	struct stat st;

	if (sink == &gateway && !fstat(fd, &st) && S_ISSOCK(st.st_mode) && local->port)
		fake->esp_sockets++;
	return 0;
}

/* ---- the agent ----------------------------------------------------------------------------------------------------------- */

struct agent {
	const struct agent_env *env;
	struct sink *sink;
	uint64_t next_tick;
	bool stopping;
	agent_done done; /* of a request "later" */
	void *done_ctx;
};

void agent_default_settings(struct agent_settings *settings)
{
	*settings = (struct agent_settings){ .retransmit_ms = 4000 };
}

int agent_create(const struct agent_env *env, const struct agent_settings *settings, struct sink *sink, struct agent **agent, char *error)
{
	(void)settings;
	(void)error;
	*agent = calloc(1, sizeof(**agent));
	**agent = (struct agent){ .env = env, .sink = sink };
	fake->keylog = env->keylog_ike || env->keylog_esp;
	return 0;
}

void agent_destroy(struct agent *agent)
{
	if (agent)
		fake->destroyed++;
	free(agent);
}

int agent_configure(struct agent *agent, struct conf *conf, char *error)
{
	(void)agent;
	(void)conf;
	(void)error;
	fake->configured++;
	return 0;
}

bool agent_configuring(const struct agent *agent)
{
	(void)agent;
	return fake->slow;
}

/* Back to whoever sent it; and what was asked for later is done now. */
void agent_receive(struct agent *agent, const struct endpoint *local, const struct endpoint *remote, const uint8_t *data, size_t len)
{
	agent_done done = agent->done;

	fake->received++;
	agent->env->send(agent->env->ctx, local, remote, data, len);
	agent->done = NULL;
	if (done)
		done(agent->done_ctx, 0, "came later");
}

int64_t agent_run(struct agent *agent)
{
	uint64_t now = agent->env->now_ms(agent->env->ctx);
	struct sink_event event;

	while (sink_next_event(agent->sink, &event) > 0)
		;
	if (fake->slow) {
		usleep(1000);
		return --fake->slow ? 0 : -1; /* nothing else is due: who waits is answered all the same */
	}
	if (now < agent->next_tick)
		return (int64_t)(agent->next_tick - now);
	fake->ticks++;
	agent->next_tick = now + FAKE_TICK_MS;
	return FAKE_TICK_MS;
}

void agent_stop(struct agent *agent)
{
	fake->stops++;
	agent->stopping = true;
}

bool agent_stopped(const struct agent *agent)
{
	return agent->stopping && fake->stops_at_once;
}

void agent_up(struct agent *agent, const char *name, unsigned int timeout_ms, agent_done done, void *ctx)
{
	char text[64];

	if (!strcmp(name, "later")) {
		agent->done = done;
		agent->done_ctx = ctx;
		return;
	}
	snprintf(text, sizeof(text), "%s within %u ms", name, timeout_ms);
	done(ctx, strcmp(name, "bad") ? 0 : -ENOENT, text);
}

void agent_down(struct agent *agent, const char *name, agent_done done, void *ctx)
{
	(void)agent;
	done(ctx, 0, name);
}

void agent_rekey(struct agent *agent, const char *name, bool ike, bool reauth, agent_done done, void *ctx)
{
	char text[64];

	(void)agent;
	snprintf(text, sizeof(text), "%s ike %d reauth %d", name, ike, reauth);
	done(ctx, 0, text);
}

void agent_forget(struct agent *agent, void *ctx)
{
	if (agent->done && agent->done_ctx == ctx) {
		agent->done = NULL;
		fake->forgotten++;
	}
}

uint32_t agent_list(struct agent *agent, const struct agent_visitor *visitor, uint32_t below)
{
	struct ip_addr ip = { 4, { 192, 0, 2, 1 } };
	struct ts ts = ts_from_prefix(&ip, 24);
	struct agent_ike_info ike = { .name = "conn", .state = "ESTABLISHED", .proposal = "AES_GCM_16_256", .local_id = "a", .remote_id = "b", .id = 3,
				      .initiator = true, .nat_remote = true, .local = { ip, 4500 }, .remote = { ip, 1234 }, .spi_i = 0x123,
				      .spi_r = UINT64_MAX, .age_s = 7 };
	struct agent_child_info child = { .name = "net", .state = "INSTALLED", .proposal = "AES_GCM_16_128", .id = 5, .reqid = 6, .spi_in = 0xabc,
					  .spi_out = 0xffffffff, .esn = true, .local_ts = &ts, .remote_ts = &ts, .local_ts_count = 1,
					  .remote_ts_count = 1, .in = { .packets = 10, .bytes = 1000, .replay = 2 },
					  .out = { .packets = 1ull << 40, .bytes = 1ull << 50 }, .age_s = 4 };

	(void)agent;
	visitor->ike(visitor->ctx, &ike);
	(void)below;
	visitor->child(visitor->ctx, &child);
	return 0;
}

void agent_get_stats(const struct agent *agent, struct agent_stats *stats)
{
	(void)agent;
	*stats = (struct agent_stats){ .received = fake->received, .ike_sas = 1 };
}
