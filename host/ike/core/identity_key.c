/* SPDX-License-Identifier: Apache-2.0 */
#include "core/identity_key.h"
#include "core/hash.h"
#include "proto/registry.h"

#include <ctype.h>

/*
 * Identities that are equal have equal keys: case does not count, nor, for the strings of a DN, what is no letter or digit. (A DN that says
 * the same with other lengths is missed: nobody sends it in two ways.)
 */
uint64_t ike_peer_key(const struct identity *id)
{
	uint64_t key = hash_bytes(&id->type, 1, HASH_BASIS);

	for (size_t i = 0; i < id->len; i++) {
		uint8_t c = (uint8_t)tolower(id->data[i]);

		if (id->type != IKE_ID_DER_ASN1_DN || isalnum(c))
			key = hash_bytes(&c, 1, key);
	}
	return key;
}
