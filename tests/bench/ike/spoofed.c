/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a stranger's IKE_SA_INIT request costs the agent, by configuration: processor time of one datagram, the least mean of some batches. "judged": none
 * has to bring a cookie, so each is compared with the configuration; "flood": settings as they are. Fails if a datagram costs more than three times as
 * much with thousands of connections as with one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "conf/conf.h"
#include "core/agent.h"
#include "mock_sink.h"
#include "proto/build.h"

#define BATCHES 100u
#define BATCH 200u
#define RATIO_MAX 3.0
#define LINES_MAX 400u /* bytes of a connection */

/* ---- a world without anybody in it ------------------------------------------------------------------------------------------------------- */

static uint64_t now_ms;

static uint64_t env_now(void *ctx)
{
	(void)ctx;
	return now_ms;
}

static int env_random(void *ctx, uint8_t *out, size_t len)
{
	static uint64_t state = 1;

	(void)ctx;
	for (size_t i = 0; i < len; i++) {
		state = state * 6364136223846793005u + 1442695040888963407u;
		out[i] = (uint8_t)(state >> 56);
	}
	return 0;
}

static void env_send(void *ctx, const struct endpoint *local, const struct endpoint *remote, const uint8_t *data, size_t len)
{
	(void)ctx;
	(void)local;
	(void)remote;
	(void)data;
	(void)len;
}

static void env_keepalive(void *ctx, const struct endpoint *local, const struct endpoint *remote)
{
	env_send(ctx, local, remote, NULL, 0);
}

static int env_source(void *ctx, const struct ip_addr *remote, struct ip_addr *local)
{
	(void)ctx;
	(void)remote;
	return ip_parse("192.0.2.2", local);
}

static void env_log(void *ctx, enum agent_log level, const char *sa, const char *text)
{
	(void)ctx;
	(void)level;
	(void)sa;
	(void)text;
}

/* ---- configurations ------------------------------------------------------------------------------------------------------------------------ */

enum kind { ANY, ADDRESSES, PREFIXES, WRITTEN_OTHERWISE };

static const char *const kind_names[] = {
	"%any, equal proposals", "an address each", "a prefix each, and %any", "%any, 24 orders of proposals",
};

/* The words of a proposal in the n-th of 24 orders: none of them is what the requests offer. */
static void words(char *text, size_t size, enum kind kind, unsigned int n)
{
	static const char *const groups[] = { "x25519", "ecp256", "ecp384", "ecp521" };
	unsigned int left[] = { 0, 1, 2, 3 };
	size_t at;

	if (kind != WRITTEN_OTHERWISE) {
		snprintf(text, size, "aes256gcm16-prfsha256-x25519");
		return;
	}
	at = (size_t)snprintf(text, size, "aes256gcm16-prfsha256");
	for (unsigned int i = 4; i; i--) {
		unsigned int chosen = n % i;

		n /= i;
		at += (size_t)snprintf(text + at, size - at, "-%s", groups[left[chosen]]);
		left[chosen] = left[i - 1];
	}
}

static void remote_addrs(char *text, size_t size, enum kind kind, unsigned int n)
{
	if (kind == ADDRESSES)
		snprintf(text, size, "198.%u.%u.%u", 18 + (n >> 16), n >> 8 & 0xff, n & 0xff);
	else if (kind == PREFIXES && n)
		snprintf(text, size, "10.%u.%u.0/24", n >> 8 & 0xff, n & 0xff);
	else
		snprintf(text, size, "%%any");
}

static struct conf *configuration(enum kind kind, unsigned int count)
{
	size_t size = (count + 1) * (size_t)LINES_MAX, at;
	char *text = malloc(size), error[CONF_ERROR_LEN];
	struct conf *conf;

	assert_non_null(text);
	at = (size_t)snprintf(text, size, "connections {\n");
	for (unsigned int i = 0; i < count; i++) {
		char remote[64], proposal[128];

		remote_addrs(remote, sizeof(remote), kind, i);
		words(proposal, sizeof(proposal), kind, i);
		at += (size_t)snprintf(text + at, size - at, "c%u { local_addrs = 192.0.2.2\nremote_addrs = %s\nproposals = %s\nlocal { auth = psk }\n"
				       "remote { auth = psk\nid = c%u.test }\nchildren { c%u { esp_proposals = aes256gcm16 } } }\n", i, remote, proposal, i, i);
	}
	snprintf(text + at, size - at, "}\nsecrets { ike { secret = \"spoofed\" } }\n");
	conf = conf_parse("spoofed", text, strlen(text), error);
	if (!conf)
		fail_msg("%s", error);
	free(text);
	return conf;
}

/* ---- datagrams --------------------------------------------------------------------------------------------------------------------------------- */

static size_t request(const char *offered, uint8_t *data, size_t size)
{
	struct ike_header header = { .spi_i = 0x1111111111111111u, .version = IKE_VERSION, .exchange = IKE_SA_INIT, .flags = IKE_FLAG_INITIATOR };
	struct proposals *list = calloc(1, sizeof(*list));
	static const uint8_t nothing[64] = { 9 };
	char error[PROPOSAL_ERROR_LEN];
	struct ike_builder b;

	assert_non_null(list);
	if (proposals_parse(IKE_PROTO_IKE, offered, list, error))
		fail_msg("%s", error);
	ike_build_fixed(&b, data, size);
	ike_build_header(&b, &header);
	ike_build_sa(&b, list, 0);
	ike_build_ke(&b, IKE_KE_CURVE_25519, nothing, 32);
	ike_build_nonce(&b, nothing, 32);
	assert_int_equal(ike_build_end(&b), 0);
	free(list);
	return b.len;
}

static double processor_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Microseconds for one datagram. */
static double cost(enum kind kind, unsigned int count, bool judged, const char *offered)
{
	struct agent_env env = { .now_ms = env_now, .random = env_random, .send = env_send, .keepalive = env_keepalive, .source = env_source, .log = env_log,
				 .port = 500, .nat_port = 4500 };
	struct endpoint local = { .port = 500 }, remote = { .port = 500 };
	struct conf *conf = configuration(kind, count);
	struct agent_settings settings;
	struct key_registry keys = { 0 };
	char error[AGENT_ERROR_LEN];
	struct mock_sink sink;
	struct agent *agent;
	uint8_t data[4096];
	size_t len = request(offered, data, sizeof(data));
	double best = 1e9;

	agent_default_settings(&settings);
	if (judged)
		settings.cookie_threshold = 1000000;
	mock_sink_init(&sink, "sink", &keys, 0x1000);
	assert_int_equal(agent_create(&env, &settings, &sink.sink, &agent, error), 0);
	assert_int_equal(agent_configure(agent, conf, error), 0);
	ip_parse("192.0.2.2", &local.ip);
	ip_parse("198.18.0.1", &remote.ip);
	for (unsigned int i = 0; i < BATCHES; i++) {
		double begun = processor_us(), mean;

		for (unsigned int k = 0; k < BATCH; k++) {
			data[6] = (uint8_t)k;
			data[7] = remote.ip.bytes[3] = (uint8_t)(k + 1);
			agent_receive(agent, &local, &remote, data, len);
		}
		mean = (processor_us() - begun) / BATCH;
		best = mean < best ? mean : best;
		now_ms += 10;
	}
	agent_destroy(agent);
	mock_sink_clear(&sink);
	key_registry_free(&keys);
	conf_free(conf);
	return best;
}

static void compare(const char *what, bool judged, const char *offered)
{
	static const unsigned int counts[] = { 1000, 5000 };
	bool dear = false;

	printf("%s: one connection %.2f us\n", what, cost(ANY, 1, judged, offered));
	for (enum kind kind = ANY; kind <= WRITTEN_OTHERWISE; kind++) {
		double one = cost(kind, kind == WRITTEN_OTHERWISE ? 24 : 1, judged, offered);

		printf("  %-30s", kind_names[kind]);
		for (unsigned int i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
			double many = cost(kind, counts[i], judged, offered);

			printf("  %u: %.2f us, %.1f times", counts[i], many, many / one);
			dear = dear || many > RATIO_MAX * one;
		}
		printf("\n");
	}
	assert_false(dear);
}

static void test_refused(void **state)
{
	(void)state;
	compare("judged, no proposal in common", true, "aes128-sha256-modp2048");
}

static void test_refused_flood(void **state)
{
	(void)state;
	compare("flood, no proposal in common", false, "aes128-sha256-modp2048");
}

static void test_accepted_flood(void **state)
{
	(void)state;
	compare("flood, good proposals", false, "aes256gcm16-prfsha256-x25519");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused), cmocka_unit_test(test_refused_flood), cmocka_unit_test(test_accepted_flood),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
