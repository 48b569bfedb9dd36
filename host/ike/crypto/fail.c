/* SPDX-License-Identifier: Apache-2.0 */
/* One sentence for the person. */
#include "crypto/fail.h"

#include <stdarg.h>
#include <stdio.h>

int crypto_fail(char *error, int code, const char *format, ...)
{
	va_list args;

	if (!error)
		return code;
	va_start(args, format);
	vsnprintf(error, CRYPTO_ERROR_LEN, format, args);
	va_end(args);
	return code;
}
