/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In place of Diffie-Hellman where a fuzzer links it (-Wl,--wrap): numbers in a row as public values, and their sum as the shared secret. Costs
 * nothing, is the same in each run, and takes every value of the right length. For the true one: tests/unit/ike_crypto/test_dh.c.
 */
#include "cheap_dh.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/dh.h"

static uint8_t next = 1;

struct dh {
	uint16_t group;
	uint8_t public[DH_PUBLIC_MAX];
};

int __wrap_dh_new(uint16_t group, struct dh **dh);
void __wrap_dh_free(struct dh *dh);
uint16_t __wrap_dh_group(const struct dh *dh);
const uint8_t *__wrap_dh_public(const struct dh *dh);
int __wrap_dh_derive(struct dh *dh, const uint8_t *peer, size_t peer_len, uint8_t *shared);

void cheap_dh_restart(void)
{
	next = 1;
}

int __wrap_dh_new(uint16_t group, struct dh **dh)
{
	*dh = NULL;
	if (!dh_supported(group))
		return -ENOTSUP;
	*dh = malloc(sizeof(**dh));
	if (!*dh)
		return -EIO;
	(*dh)->group = group;
	memset((*dh)->public, next++, dh_public_len(group));
	return 0;
}

void __wrap_dh_free(struct dh *dh)
{
	free(dh);
}

uint16_t __wrap_dh_group(const struct dh *dh)
{
	return dh->group;
}

const uint8_t *__wrap_dh_public(const struct dh *dh)
{
	return dh->public;
}

int __wrap_dh_derive(struct dh *dh, const uint8_t *peer, size_t peer_len, uint8_t *shared)
{
	size_t len = dh_shared_len(dh->group);

	memset(shared, 0, len);
	if (peer_len != dh_public_len(dh->group))
		return -EBADMSG;
	for (size_t i = 0; i < len; i++)
		shared[i] = (uint8_t)(dh->public[i] + peer[i]);
	return 0;
}
