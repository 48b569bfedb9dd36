/* SPDX-License-Identifier: Apache-2.0 */
/* Requests of key management that cannot be met. */
#ifndef GW_REFUSE_H
#define GW_REFUSE_H

#include "gw.h"

/* Note why a request is refused (sink_error) and return code. */
__attribute__((format(printf, 3, 4))) int gw_refuse(struct gw *gw, int code, const char *format, ...);
/* -ENODEV if there is no card, else 0. */
int gw_need_card(struct gw *gw);
/* What the card said. */
int gw_refuse_as_card(struct gw *gw, int code);

#endif
