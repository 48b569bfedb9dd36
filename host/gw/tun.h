/* SPDX-License-Identifier: Apache-2.0 */
/* The TUN device: where the host's cleartext enters and leaves. */
#ifndef GW_TUN_H
#define GW_TUN_H

#include <net/if.h>
#include <stdint.h>

struct gw_tun {
	int fd; /* -1: none; not blocking; a read or write is one IP packet */
	char name[IF_NAMESIZE];
	int index;
	uint16_t mtu;
};

/* Create and bring up, IPv6 off. 0 or negative errno, error (256 bytes). The device goes with the process, however that ends. */
int tun_open(struct gw_tun *tun, const char *name, uint16_t mtu, char *error);
/* Bring it up (again), with its MTU. 0 or negative errno: -ENODEV: somebody has deleted it. */
int tun_set_up(struct gw_tun *tun);
void tun_close(struct gw_tun *tun);

#endif
