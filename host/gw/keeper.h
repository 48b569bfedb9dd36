/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A thread that closes a lost card and opens it again, so that neither stops the gateway: a reset through VFIO takes a tenth of a second and more, a
 * simulated card seconds to start. One thing after the other, in order; the card belongs to this thread until it is taken back.
 * The thread lives as long as the process: a simulated card ends with the thread that started it.
 */
#ifndef GW_KEEPER_H
#define GW_KEEPER_H

#include "device.h"

struct keeper;

/* name: of the device, for espalier_open; stays in use. *keeper NULL: 0 or negative errno. */
int keeper_start(const char *name, struct keeper **keeper);
/* Close what is open, finish. Waits until what is under way has ended. keeper may be NULL. */
void keeper_stop(struct keeper *keeper);

/* Readable when an open has ended. */
int keeper_fd(const struct keeper *keeper);
/* The device is closed soon; it must not be used any more. Only if nothing is under way that keeper_open began. */
void keeper_close(struct keeper *keeper, const struct gw_device *device);
/* Open the device, after what is to be closed. Nothing, if that is under way. */
void keeper_open(struct keeper *keeper);
/* Has an open ended? Then *ret and device, or error (ESPALIER_ERROR_LEN bytes), as device_open's. */
bool keeper_take(struct keeper *keeper, struct gw_device *device, int *ret, char *error);

#endif
