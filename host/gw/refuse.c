/* SPDX-License-Identifier: Apache-2.0 */
#include "refuse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "log.h"

int gw_refuse(struct gw *gw, int code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(gw->sink.error, sizeof(gw->sink.error), format, arguments);
	va_end(arguments);
	gw_log(GW_DEBUG, "refused: %s", gw->sink.error);
	return code;
}

int gw_need_card(struct gw *gw)
{
	return gw->device.dev ? 0 : gw_refuse(gw, -ENODEV, "The card is gone.");
}

int gw_refuse_as_card(struct gw *gw, int code)
{
	return gw_refuse(gw, code, "%.250s", espalier_error(gw->device.dev));
}
