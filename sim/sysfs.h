/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The card as libpci's Linux back end sees it: DIR/sysfs/devices/0000:01:00.0/{config,resource,vendor,device,...}, plain files.
 * Read it with: lspci -O sysfs.path=DIR/sysfs -vv. Source: libpci 3.9 (what it opens), Linux Documentation/ABI/testing/sysfs-bus-pci.
 */
#ifndef SIM_SYSFS_H
#define SIM_SYSFS_H

#include "config_space.h"
#include "sim.h"

struct sysfs {
	char root[300];	  /* DIR/sysfs */
	char device[360]; /* DIR/sysfs/devices/<slot> */
	int config_fd;
};

/* Creates the tree. 0 or a negative errno. */
int sysfs_publish(struct sysfs *fs, const char *dir, const struct config_space *cs, const struct sim_options *opt);
/* Configuration space changed. */
void sysfs_update(struct sysfs *fs, const struct config_space *cs);
/* Removes the tree. */
void sysfs_remove(struct sysfs *fs);

#endif
