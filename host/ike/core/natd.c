/* SPDX-License-Identifier: Apache-2.0 */
/* NAT_DETECTION_*_IP: SHA-1(SPIi | SPIr | address | port), RFC 7296, 2.23. */
#include "core/natd.h"
#include "crypto/alg.h"

#include <errno.h>
#include <string.h>

#define NATD_LEN 20u

static int natd_hash(uint64_t spi_i, uint64_t spi_r, const struct endpoint *e, uint8_t out[NATD_LEN])
{
	uint8_t text[8 + 8 + 16 + 2];
	size_t at = 0, n = ip_len(&e->ip);

	for (int i = 56; i >= 0; i -= 8)
		text[at++] = (uint8_t)(spi_i >> i);
	for (int i = 56; i >= 0; i -= 8)
		text[at++] = (uint8_t)(spi_r >> i);
	memcpy(text + at, e->ip.bytes, n);
	at += n;
	text[at++] = (uint8_t)(e->port >> 8);
	text[at++] = (uint8_t)e->port;
	return EVP_Digest(text, at, out, NULL, alg_md(ALG_SHA1), NULL) == 1 ? 0 : -EIO;
}

int natd_put(struct ike_sa *sa, struct ike_builder *b)
{
	uint8_t source[NATD_LEN], destination[NATD_LEN];
	int err = natd_hash(sa->spi_i, sa->spi_r, &sa->local, source);

	if (!err)
		err = natd_hash(sa->spi_i, sa->spi_r, &sa->remote, destination);
	/* A source that is not ours looks as if a NAT had changed it: the peer then uses UDP. */
	if (!err && sa->nat_fake)
		err = agent_random(sa->agent, source, sizeof(source));
	if (err)
		return err;
	ike_build_notify(b, IKE_N_NAT_DETECTION_SOURCE_IP, source, sizeof(source));
	ike_build_notify(b, IKE_N_NAT_DETECTION_DESTINATION_IP, destination, sizeof(destination));
	return 0;
}

/* A peer with several addresses sends several source hashes: one is enough. */
static void compare(const struct ike_chain *m, uint16_t type, const uint8_t hash[NATD_LEN], bool *seen, bool *same)
{
	const char *why;

	*seen = *same = false;
	for (const struct ike_payload *p = ike_chain_find(m, IKE_PL_NOTIFY); p; p = ike_chain_next(m, IKE_PL_NOTIFY, p)) {
		struct ike_notify notify;

		if (ike_decode_notify(p, &notify, &why) || notify.type != type)
			continue;
		*seen = true;
		if (notify.len == NATD_LEN && !memcmp(notify.data, hash, NATD_LEN))
			*same = true;
	}
}

void natd_check(struct ike_sa *sa, const struct ike_message *m)
{
	uint8_t source[NATD_LEN], destination[NATD_LEN];
	bool source_seen, source_same, destination_seen, destination_same;

	if (natd_hash(m->header.spi_i, m->header.spi_r, &sa->remote, source) || natd_hash(m->header.spi_i, m->header.spi_r, &sa->local, destination))
		return;
	compare(&m->chain, IKE_N_NAT_DETECTION_SOURCE_IP, source, &source_seen, &source_same);
	compare(&m->chain, IKE_N_NAT_DETECTION_DESTINATION_IP, destination, &destination_seen, &destination_same);
	sa->nat_remote = source_seen && destination_seen && !source_same;
	sa->nat_local = source_seen && destination_seen && !destination_same;
}
