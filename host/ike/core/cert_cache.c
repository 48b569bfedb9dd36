/* SPDX-License-Identifier: Apache-2.0 */
#include "core/cert_cache.h"

#include <string.h>

/* FNV-1a. */
static unsigned int place_of(const uint8_t *der, size_t len)
{
	uint32_t hash = 0x811c9dc5u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ der[i]) * 0x01000193u;
	return (hash ^ hash >> 16) % CERT_CACHE_PLACES;
}

struct cert *cert_cache_find(const struct cert_cache *cache, const uint8_t *der, size_t len)
{
	struct cert *cert = cache->places[place_of(der, len)];
	const uint8_t *own;
	size_t own_len;

	if (!cert)
		return NULL;
	own = cert_der(cert, &own_len);
	return own_len == len && !memcmp(own, der, len) ? cert : NULL;
}

void cert_cache_put(struct cert_cache *cache, const struct cert_chain *chain)
{
	for (unsigned int i = 0; i < chain->count; i++) {
		size_t len;
		const uint8_t *der = cert_der(chain->certs[i], &len);
		struct cert **place = &cache->places[place_of(der, len)], *old = *place;

		*place = cert_ref(chain->certs[i]);
		cert_free(old);
	}
}

void cert_cache_clear(struct cert_cache *cache)
{
	for (unsigned int i = 0; i < CERT_CACHE_PLACES; i++) {
		cert_free(cache->places[i]);
		cache->places[i] = NULL;
	}
}
