/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The simulated machine's slot with the card in it, as a Linux host with VFIO shows it to a client: configuration space, BAR 0, interrupts,
 * memory, reset. It owns the clock: cycles run only while something is under way or was a moment ago.
 */
#ifndef SIM_DEVICE_H
#define SIM_DEVICE_H

#include "config_space.h"
#include "hard_block.h"
#include "host_memory.h"
#include "root_complex.h"
#include "sim.h"

struct device {
	struct sim_options *opt;
	struct sim_stats stats;
	struct violation violation;
	struct config_space config;
	struct host_memory memory;
	struct hard_block hb;
	struct root_complex rc;
	uint64_t now;	    /* cycles since start */
	uint64_t run_until; /* stay awake until then */
	int eventfd[SIM_VECTORS]; /* -1: none */
};

/* The card's model is open already (card_open). The card is reset; opt must outlive the device. */
void device_init(struct device *dev, struct sim_options *opt);
void device_close(struct device *dev);

/* Runs cycles; stops early when the card breaks a rule. */
void device_run(struct device *dev, unsigned int cycles);
/* More cycles are needed. */
bool device_busy(const struct device *dev);

/* BAR 0, inside its size. What cannot be read is all ones; the MSI-X table is out of reach, as under VFIO. */
void device_read(struct device *dev, uint32_t offset, void *data, uint32_t len);
void device_write(struct device *dev, uint32_t offset, const void *data, uint32_t len);
/* Configuration space. -EINVAL beyond its end. */
int device_config_read(struct device *dev, uint64_t off, void *data, uint32_t len);
int device_config_write(struct device *dev, uint64_t off, const void *data, uint32_t len);

/* Resets the card; configuration and interrupts are restored after it, as Linux does for VFIO_DEVICE_RESET. */
void device_reset(struct device *dev);
/* The client is gone: its memory and interrupts with it, the card is as after power-up. */
void device_release(struct device *dev);

/* Vectors first to first + count - 1 signal these descriptors (taken over; fds NULL: none). Programs the card's MSI-X table. */
void device_set_vectors(struct device *dev, unsigned int first, unsigned int count, int *fds);
/* Signals a vector without the card. */
void device_trigger(struct device *dev, unsigned int vector);

#endif
