/* SPDX-License-Identifier: Apache-2.0 */
#include "core/nonce.h"

#include <string.h>

int nonce_compare(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
	int order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order ? order : (a_len > b_len) - (a_len < b_len);
}
