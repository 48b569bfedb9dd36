/* SPDX-License-Identifier: Apache-2.0 */
/* The counters of a run as JSON. */
#ifndef SIM_STATS_H
#define SIM_STATS_H

#include <stdio.h>

#include "device.h"

/* Writes and closes file. 0, or a negative errno. */
int stats_write(FILE *file, const struct device *dev);

#endif
