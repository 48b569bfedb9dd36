/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>

static enum gw_level shown = GW_INFO;

void gw_set_level(enum gw_level level)
{
	shown = level;
}

void gw_log(enum gw_level level, const char *format, ...)
{
	char line[1024];
	va_list arguments;

	if (level > shown)
		return;
	va_start(arguments, format);
	vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	fprintf(stderr, "espalier-gw: %s\n", line);
}
