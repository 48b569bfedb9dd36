/* SPDX-License-Identifier: Apache-2.0 */
/* What the event loop waits for: the epoll set. */
#ifndef GW_POLL_H
#define GW_POLL_H

#include <sys/epoll.h>

#include "gw.h"

/* What an event belongs to: upper half of its data; lower half is which one. */
enum poll_source { SOURCE_TUN, SOURCE_WIRE, SOURCE_QUEUE, SOURCE_DEVICE, SOURCE_KEEPER, SOURCE_SERVER, SOURCE_SIGNAL, SOURCE_TIMER, SOURCE_ROUTES, SOURCE_NFT };

/* Its input; 0 or negative errno. */
int poll_add(const struct gw *gw, int fd, enum poll_source source);
int poll_add_tun(struct gw *gw);
void poll_remove_tun(struct gw *gw);
void poll_add_wire(struct gw *gw, const struct wire_socket *socket);
/* wire.h's closing; context is the gateway. */
void poll_remove_wire(void *context, const struct wire_socket *socket);
void poll_watch_device(struct gw *gw, bool on);
void poll_add_keeper(struct gw *gw);
/* While the card has no room, packets wait in the kernel. */
void poll_set_interest(struct gw *gw);

#endif
