/* SPDX-License-Identifier: Apache-2.0 */
/* A card that was lost is opened again without root: may this process? */
#ifndef GW_DEVICE_ACCESS_H
#define GW_DEVICE_ACCESS_H

#include <stddef.h>

/*
 * The file behind a device as espalier_open takes it, PATH_MAX bytes: a VFIO group, a simulator's socket. 0: it can be opened, or there is
 * no such file; or negative errno.
 */
int device_access(const char *device, char *path);

#endif
