/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway from its start to its end. */
#ifndef GW_RUN_H
#define GW_RUN_H

#include "gw.h"

/* Of a gateway that is all zeros but for its options: nothing is open, and who hears of what happens is known. */
void gw_init(struct gw *gw);
/* gw_init, and run until SIGTERM or SIGINT. 0, or negative errno and error (ESPALIER_ERROR_LEN bytes). */
int gw_run(struct gw *gw, char *error);

#endif
