/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cookie = generation of the secret | HMAC-SHA2-256(secret, Ni | address | SPIi), RFC 7296, 2.6. Nothing is kept for a request without one.
 * The secret changes each minute; the one before counts as well.
 */
#include "core/cookie.h"
#include "crypto/prf.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#define SECRET_LEN 32u
#define SECRET_MS 60000u
#define COOKIE_LEN (1u + 32u)

struct cookie_secrets {
	uint64_t generation;
	uint8_t secret[2][SECRET_LEN]; /* of even and odd generations */
	bool there[2];
};

static struct cookie_secrets *secrets_now(struct agent *agent)
{
	uint64_t generation = agent_now(agent) / SECRET_MS;
	struct cookie_secrets *s = agent->cookies;

	if (!s) {
		s = agent->cookies = calloc(1, sizeof(*s));
		if (!s)
			return NULL;
	}
	if (s->there[generation & 1] && s->generation == generation)
		return s;
	/* What was not made in the minute before is no longer good. */
	if (generation != s->generation + 1)
		s->there[0] = s->there[1] = false;
	s->generation = generation;
	s->there[generation & 1] = !agent_random(agent, s->secret[generation & 1], SECRET_LEN);
	return s->there[generation & 1] ? s : NULL;
}

static size_t make(const struct cookie_secrets *s, uint8_t generation, const struct ike_header *header, const struct ip_addr *ip, const uint8_t *nonce,
		   size_t nonce_len, uint8_t *cookie)
{
	uint64_t spi = header->spi_i;
	struct part parts[] = { { nonce, nonce_len }, { ip->bytes, ip_len(ip) }, { &spi, sizeof(spi) } };

	cookie[0] = generation;
	return prf_calc(IKE_PRF_HMAC_SHA2_256, s->secret[generation & 1], SECRET_LEN, parts, 3, cookie + 1) ? 0 : COOKIE_LEN;
}

size_t cookie_make(struct agent *agent, const struct ike_header *header, const struct ip_addr *ip, const uint8_t *nonce, size_t nonce_len,
		   uint8_t cookie[COOKIE_MAX])
{
	const struct cookie_secrets *s = secrets_now(agent);

	return s ? make(s, (uint8_t)s->generation, header, ip, nonce, nonce_len, cookie) : 0;
}

bool cookie_right(struct agent *agent, const struct ike_header *header, const struct ip_addr *ip, const uint8_t *nonce, size_t nonce_len,
		  const uint8_t *cookie, size_t len)
{
	const struct cookie_secrets *s = secrets_now(agent);
	uint8_t right[COOKIE_MAX];
	uint8_t age;

	if (!s || len != COOKIE_LEN)
		return false;
	age = (uint8_t)((uint8_t)s->generation - cookie[0]);
	if (age > 1 || !s->there[cookie[0] & 1])
		return false;
	return make(s, cookie[0], header, ip, nonce, nonce_len, right) && !CRYPTO_memcmp(right, cookie, len);
}

void cookies_free(struct agent *agent)
{
	if (agent->cookies)
		OPENSSL_cleanse(agent->cookies, sizeof(*agent->cookies));
	free(agent->cookies);
	agent->cookies = NULL;
}

