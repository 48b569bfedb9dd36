/* SPDX-License-Identifier: Apache-2.0 */
/* What this library can do. */
#include "crypto/suite.h"

#include "crypto/cipher.h"
#include "crypto/dh.h"
#include "crypto/prf.h"

bool ike_suite_supported(const struct ike_suite *suite)
{
	struct cipher_sizes sizes;

	return cipher_sizes(suite->encr, suite->key_bits, suite->integ, &sizes) == 0 && prf_len(suite->prf) && dh_supported(suite->group);
}
