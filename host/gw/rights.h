/* SPDX-License-Identifier: Apache-2.0 */
/* What the gateway may do, from its start on: docs/operations.md, rights. */
#ifndef GW_RIGHTS_H
#define GW_RIGHTS_H

#include "gw.h"

/* Become the gateway's user. What needs root whole is open; the card and what is global in the network can be opened still. */
int rights_start(struct gw *gw, char *error);
/*
 * All is open: give up what was for the start. The file for counters must be within the reach of who it is now; a card that is not is said.
 * 0 or negative errno and error (ESPALIER_ERROR_LEN bytes).
 */
int rights_serve(struct gw *gw, char *error);

#endif
