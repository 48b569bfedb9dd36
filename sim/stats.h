/* SPDX-License-Identifier: Apache-2.0 */
/* The counters of a run as JSON. */
#ifndef SIM_STATS_H
#define SIM_STATS_H

#include "device.h"

/* 0 or -EIO. */
int stats_write(const char *path, const struct device *dev);

#endif
