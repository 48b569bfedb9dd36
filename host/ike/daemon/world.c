/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent gets from the world: clock, randomness, sockets, logs. */
#include "daemon/internal.h"

#include <errno.h>
#include <openssl/rand.h>
#include <string.h>
#include <time.h>

static uint64_t now_ms(void *ctx)
{
	struct timespec now;

	(void)ctx;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static int random_bytes(void *ctx, uint8_t *out, size_t len)
{
	(void)ctx;
	return len <= INT32_MAX && RAND_bytes(out, (int)len) == 1 ? 0 : -EIO;
}

static void lost(struct daemon *d, const struct endpoint *remote, int ret)
{
	char text[ENDPOINT_TEXT_LEN];

	if (ret)
		log_format(&d->log, AGENT_DEBUG, "not sent to %s: %s", endpoint_print(remote, text), strerror(-ret));
}

static void send_message(void *ctx, const struct endpoint *local, const struct endpoint *remote, const uint8_t *data, size_t len)
{
	struct daemon *d = ctx;

	lost(d, remote, udp_send(d->udp, local, remote, data, len));
}

static void keepalive(void *ctx, const struct endpoint *local, const struct endpoint *remote)
{
	struct daemon *d = ctx;

	lost(d, remote, udp_keepalive(d->udp, local, remote));
}

static int source(void *ctx, const struct ip_addr *remote, struct ip_addr *local)
{
	struct daemon *d = ctx;

	return udp_source(d->udp, remote, local);
}

static void log_sa(void *ctx, enum agent_log level, const char *sa, const char *text)
{
	struct daemon *d = ctx;

	log_line(&d->log, level, sa, text);
}

static void log_ike_keys(void *ctx, const struct agent_ike_secrets *secrets)
{
	struct daemon *d = ctx;
	int ret = keylog_ike(d->keylog, secrets);

	if (ret)
		log_format(&d->log, AGENT_ERROR, "key log: keys of an IKE SA not written: %s", strerror(-ret));
}

static void log_esp_keys(void *ctx, const struct sink_sa *sa)
{
	struct daemon *d = ctx;
	int ret = keylog_esp(d->keylog, sa);

	if (ret)
		log_format(&d->log, AGENT_ERROR, "key log: key of SA %08x not written: %s", sa->spi, strerror(-ret));
}

void daemon_fill_env(struct daemon *d)
{
	d->env = (struct agent_env){
		.ctx = d,
		.now_ms = now_ms,
		.random = random_bytes,
		.send = send_message,
		.keepalive = keepalive,
		.source = source,
		.log = log_sa,
		.keylog_ike = d->keylog ? log_ike_keys : NULL,
		.keylog_esp = d->keylog ? log_esp_keys : NULL,
		.port = d->options->port,
		.nat_port = d->options->nat_port,
	};
}
