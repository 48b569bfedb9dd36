/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inside the agent: certificates that peers authenticated with lately, as libcrypto has read them, by all of their bytes. It saves the reading,
 * which takes longer than a signature, when a peer comes again or an intermediate CA is that of many. Nothing is said about trust: path,
 * times, revocation and identity are checked anew each time. Bounded; only who has authenticated puts certificates in.
 */
#ifndef ESPALIER_IKE_CERT_CACHE_H
#define ESPALIER_IKE_CERT_CACHE_H

#include "crypto/cert.h"

#define CERT_CACHE_PLACES 256u

struct cert_cache {
	struct cert *places[CERT_CACHE_PLACES]; /* by a hash of their bytes; the newest stays */
};

/* The certificate of these bytes, borrowed; NULL: not here. */
struct cert *cert_cache_find(const struct cert_cache *cache, const uint8_t *der, size_t len);
void cert_cache_put(struct cert_cache *cache, const struct cert_chain *chain);
void cert_cache_clear(struct cert_cache *cache);

#endif
