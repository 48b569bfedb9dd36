/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The seam between the device driver and the ways to reach a card: the vfio-user protocol (a simulated card) and Linux' VFIO (a real
 * one) with one meaning. Functions return 0 or a negative errno value with a sentence in transport->error.
 * -ENODEV: the card is gone; every later call fails the same way. No call waits longer than timeout_ms.
 */
#ifndef ESPALIER_TRANSPORT_H
#define ESPALIER_TRANSPORT_H

#include "espalier.h"

struct transport;

/* Memory shared with the card. handle is the transport's own. */
struct transport_mem {
	void *va;
	uint64_t iova;
	size_t size;
	intptr_t handle;
};

struct transport_ops {
	const char *name;
	int (*config_read)(struct transport *t, uint32_t offset, void *data, uint32_t len);
	int (*config_write)(struct transport *t, uint32_t offset, const void *data, uint32_t len);
	/* A 32-bit register of BAR 0. All earlier writes to shared memory are visible to the card before a write. */
	int (*reg_read)(struct transport *t, uint32_t offset, uint32_t *value);
	int (*reg_write)(struct transport *t, uint32_t offset, uint32_t value);
	/* mem->size and mem->iova (page aligned) are given; fills va and handle with zeroed memory that the card may read and write. */
	int (*dma_map)(struct transport *t, struct transport_mem *mem);
	void (*dma_unmap)(struct transport *t, struct transport_mem *mem);
	/* Signal eventfds[i] when MSI-X vector i is raised; replaces what was set. count 0: none. */
	int (*irq_set)(struct transport *t, const int *eventfds, unsigned int count);
	int (*reset)(struct transport *t); /* -ENOTSUP: the card cannot be reset this way */
	int (*alive)(struct transport *t); /* 0 or -ENODEV, without waiting */
	int (*hangup_fd)(const struct transport *t); /* a descriptor that is readable or hangs up when alive should be asked, or -1 */
	void (*close)(struct transport *t);
};

struct transport {
	const struct transport_ops *ops;
	unsigned int timeout_ms;
	char error[ESPALIER_ERROR_LEN];
	char location[ESPALIER_NAME_LEN];
	bool simulated;
};

/* Connect to a vfio-user server. *t is NULL on failure; error has ESPALIER_ERROR_LEN bytes or is NULL. */
int vfio_user_connect(const char *socket_path, const struct espalier_open_options *options, struct transport **t, char *error);

/* Open the PCI device at address (0000:01:00.0) that is bound to vfio-pci. */
int vfio_open(const char *address, unsigned int timeout_ms, struct transport **t, char *error);

#endif
