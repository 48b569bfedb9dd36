/* SPDX-License-Identifier: Apache-2.0 */
/* Which connection answers IKE_SA_INIT: the search for it against a walk over all of them, on random configurations. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/offers.h"

#define CONNECTIONS 60u
#define QUERIES 400u
#define ROUNDS 40u
#define TEXT_MAX (CONNECTIONS * 600u)

static uint64_t state_now = 1;

static unsigned int below(unsigned int limit)
{
	state_now = state_now * 6364136223846793005u + 1442695040888963407u;
	return (unsigned int)(state_now >> 33) % limit;
}

/* Few addresses, so that they meet. */
static void address(char *text, size_t size)
{
	if (below(5))
		snprintf(text, size, "10.0.%u.%u", below(3), below(6));
	else
		snprintf(text, size, "2001:db8::%x", below(6));
}

static void one_of_addrs(char *text, size_t size)
{
	switch (below(6)) {
	case 0:
		snprintf(text, size, "%s", below(2) ? "%any" : below(2) ? "%any4" : "%any6");
		break;
	case 1:
		snprintf(text, size, "10.0.%u.0/%u", below(3), 16 + below(15));
		break;
	case 2:
		snprintf(text, size, "10.0.%u.%u-10.0.2.%u", below(3), below(4), 4 + below(3));
		break;
	case 3:
		snprintf(text, size, "2001:db8::/%u", 100 + below(28));
		break;
	default:
		address(text, size);
	}
}

static void addrs(char *text, size_t size)
{
	size_t at = 0;

	for (unsigned int left = 1 + below(3); left; left--) {
		char item[64];

		one_of_addrs(item, sizeof(item));
		at += (size_t)snprintf(text + at, size - at, "%s%s", at ? "," : "", item);
	}
}

static const char *const words[] = {
	"aes128gcm16-prfsha256-x25519", "aes256gcm16-prfsha256-x25519-ecp256", "aes256gcm16-prfsha384-ecp384, aes128gcm16-prfsha256-x25519",
	"aes256-sha256-modp2048", "aes256gcm16-prfsha256-ecp256-x25519", "aes192gcm16-prfsha512-ecp521",
};
#define WORDS (sizeof(words) / sizeof(words[0]))

static struct conf *configuration(unsigned int count)
{
	char *text = malloc(TEXT_MAX), error[CONF_ERROR_LEN];
	size_t at = (size_t)snprintf(text, TEXT_MAX, "connections {\n");
	struct conf *conf;

	for (unsigned int i = 0; i < count; i++) {
		char local[160], remote[160];

		addrs(local, sizeof(local));
		addrs(remote, sizeof(remote));
		at += (size_t)snprintf(text + at, TEXT_MAX - at, "c%u { local_addrs = %s\nremote_addrs = %s\nproposals = %s\nlocal { auth = psk }\n"
				       "remote { auth = psk } }\n", i, below(3) ? "%any" : local, remote, words[below(WORDS)]);
	}
	snprintf(text + at, TEXT_MAX - at, "}\n");
	conf = conf_parse("offers", text, strlen(text), error);
	if (!conf)
		fail_msg("%s", error);
	free(text);
	return conf;
}

/* The same by a walk. */
static int walk(const struct conf *conf, const struct ip_addr *local, const struct ip_addr *remote, const struct proposals *offered, uint16_t ke,
		const struct conf_connection **conn, struct suite *suite)
{
	unsigned int best = 0;
	int err = -ENOENT;

	for (size_t i = 0; i < conf->connection_count; i++) {
		unsigned int rank = conn_rank(conf->connections[i], local, remote);
		struct suite found;

		if (rank && err)
			err = -ENOKEY;
		if (rank <= best || !proposal_select_for(conf->connections[i]->proposals, offered, ke, &found))
			continue;
		best = rank;
		err = 0;
		*conn = conf->connections[i];
		*suite = found;
	}
	return err;
}

static void query(const struct conf *conf, struct offers *offers, unsigned int *counts)
{
	static const uint16_t groups[] = { IKE_KE_CURVE_25519, IKE_KE_ECP_256, IKE_KE_MODP_2048, IKE_KE_ECP_521 };
	struct proposals *offered = calloc(1, sizeof(*offered));
	const struct conf_connection *conn = NULL, *right = NULL;
	struct suite suite = { 0 }, right_suite = { 0 };
	struct ip_addr local, remote;
	char text[64], error[PROPOSAL_ERROR_LEN];
	uint16_t ke = groups[below(4)];
	int err, right_err;

	address(text, sizeof(text));
	ip_parse(text, &local);
	do {
		address(text, sizeof(text));
		ip_parse(text, &remote);
	} while (remote.family != local.family);
	assert_int_equal(proposals_parse(IKE_PROTO_IKE, words[below(WORDS)], offered, error), 0);
	offered->list[0].number = 1;
	err = offers_choose(offers, &local, &remote, offered, ke, &conn, &suite);
	right_err = walk(conf, &local, &remote, offered, ke, &right, &right_suite);
	assert_int_equal(err, right_err);
	counts[err == 0 ? 0 : err == -ENOKEY ? 1 : 2]++;
	if (!err) {
		assert_ptr_equal(conn, right);
		assert_int_equal(suite.ke, right_suite.ke);
		assert_int_equal(suite.encr, right_suite.encr);
		assert_int_equal(suite.prf, right_suite.prf);
		assert_int_equal(suite.encr_bits, right_suite.encr_bits);
	}
	free(offered);
}

static void test_against_walk(void **state)
{
	unsigned int counts[3] = { 0 };

	(void)state;
	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct conf *conf = configuration(round % 2 ? CONNECTIONS : 1 + below(6));
		struct offers *offers;

		assert_int_equal(offers_build(conf, &offers), 0);
		for (unsigned int i = 0; i < QUERIES; i++)
			query(conf, offers, counts);
		offers_free(offers);
		conf_free(conf);
	}
	printf("%u chosen, %u without a proposal, %u without a connection\n", counts[0], counts[1], counts[2]);
	assert_true(counts[0] > 1000 && counts[1] > 50 && counts[2] > 5);
}

static void test_empty(void **state)
{
	struct proposals *offered = calloc(1, sizeof(*offered));
	const struct conf_connection *conn;
	char error[CONF_ERROR_LEN];
	struct conf *conf = conf_parse("empty", "", 0, error);
	struct ip_addr ip;
	struct offers *offers;
	struct suite suite;

	(void)state;
	assert_non_null(conf);
	ip_parse("192.0.2.1", &ip);
	assert_int_equal(offers_build(conf, &offers), 0);
	assert_int_equal(offers_choose(offers, &ip, &ip, offered, IKE_KE_ECP_256, &conn, &suite), -ENOENT);
	offers_free(offers);
	offers_free(NULL);
	conf_free(conf);
	free(offered);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_against_walk), cmocka_unit_test(test_empty) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
