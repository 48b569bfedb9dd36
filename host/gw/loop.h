/* SPDX-License-Identifier: Apache-2.0 */
/* The gateway's event loop: one thread, one epoll set. */
#ifndef GW_LOOP_H
#define GW_LOOP_H

#include "gw.h"

/* Until gw->stop; gw->failure, or what epoll said. */
int gw_loop(struct gw *gw);

#endif
