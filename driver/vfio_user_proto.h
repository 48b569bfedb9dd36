/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The vfio-user protocol on the wire: commands, flags and message bodies, for the client (driver/) and the server (sim/).
 * Everything is little endian and packed. A message is struct vfio_user_header, then the body of its command.
 * A reply echoes id and command, has VFIO_USER_F_REPLY set and, on an error, VFIO_USER_F_ERROR and an errno value and no body.
 * Source: vfio-user Protocol Specification (QEMU, docs/interop/vfio-user.rst), version 0.9.3; protocol version 0.1.
 * Region, interrupt and device flags are those of <linux/vfio.h>, repeated here so that the server needs no kernel header.
 */
#ifndef VFIO_USER_PROTO_H
#define VFIO_USER_PROTO_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define VFIO_USER_MAJOR 0
#define VFIO_USER_MINOR 1

#define VFIO_USER_DEFAULT_MAX_MSG_FDS 1
#define VFIO_USER_DEFAULT_MAX_DATA_XFER 1048576u /* bytes of one region or DMA access */

enum vfio_user_command {
	VFIO_USER_VERSION = 1,
	VFIO_USER_DMA_MAP = 2,
	VFIO_USER_DMA_UNMAP = 3,
	VFIO_USER_DEVICE_GET_INFO = 4,
	VFIO_USER_DEVICE_GET_REGION_INFO = 5,
	VFIO_USER_DEVICE_GET_REGION_IO_FDS = 6,
	VFIO_USER_DEVICE_GET_IRQ_INFO = 7,
	VFIO_USER_DEVICE_SET_IRQS = 8,
	VFIO_USER_REGION_READ = 9,
	VFIO_USER_REGION_WRITE = 10,
	VFIO_USER_DMA_READ = 11,  /* server to client */
	VFIO_USER_DMA_WRITE = 12, /* server to client */
	VFIO_USER_DEVICE_RESET = 13,
	VFIO_USER_REGION_WRITE_MULTI = 15,
	VFIO_USER_DEVICE_FEATURE = 16,
	VFIO_USER_MIG_DATA_READ = 17,
	VFIO_USER_MIG_DATA_WRITE = 18,
};

/* struct vfio_user_header.flags */
#define VFIO_USER_F_TYPE_MASK 0x0fu
#define VFIO_USER_F_COMMAND 0x00u
#define VFIO_USER_F_REPLY 0x01u
#define VFIO_USER_F_NO_REPLY 0x10u /* in a command: no reply is wanted */
#define VFIO_USER_F_ERROR 0x20u    /* in a reply: error is valid */

/* PCI region indices (struct vfio_user_region_info.index, vfio_user_region_access.region) */
enum vfio_user_region {
	VFIO_USER_REGION_BAR0 = 0,
	VFIO_USER_REGION_BAR1 = 1,
	VFIO_USER_REGION_BAR2 = 2,
	VFIO_USER_REGION_BAR3 = 3,
	VFIO_USER_REGION_BAR4 = 4,
	VFIO_USER_REGION_BAR5 = 5,
	VFIO_USER_REGION_ROM = 6,
	VFIO_USER_REGION_CONFIG = 7,
	VFIO_USER_REGION_VGA = 8,
	VFIO_USER_REGION_COUNT = 9,
};

/* PCI interrupt indices */
enum vfio_user_irq {
	VFIO_USER_IRQ_INTX = 0,
	VFIO_USER_IRQ_MSI = 1,
	VFIO_USER_IRQ_MSIX = 2,
	VFIO_USER_IRQ_ERR = 3,
	VFIO_USER_IRQ_REQ = 4,
	VFIO_USER_IRQ_COUNT = 5,
};

#define VFIO_USER_DEVICE_F_RESET 0x1u
#define VFIO_USER_DEVICE_F_PCI 0x2u

#define VFIO_USER_REGION_F_READ 0x1u
#define VFIO_USER_REGION_F_WRITE 0x2u
#define VFIO_USER_REGION_F_MMAP 0x4u
#define VFIO_USER_REGION_F_CAPS 0x8u

#define VFIO_USER_IRQ_F_EVENTFD 0x1u
#define VFIO_USER_IRQ_F_MASKABLE 0x2u
#define VFIO_USER_IRQ_F_AUTOMASKED 0x4u
#define VFIO_USER_IRQ_F_NORESIZE 0x8u

#define VFIO_USER_IRQ_SET_DATA_NONE 0x01u
#define VFIO_USER_IRQ_SET_DATA_BOOL 0x02u
#define VFIO_USER_IRQ_SET_DATA_EVENTFD 0x04u
#define VFIO_USER_IRQ_SET_ACTION_MASK 0x08u
#define VFIO_USER_IRQ_SET_ACTION_UNMASK 0x10u
#define VFIO_USER_IRQ_SET_ACTION_TRIGGER 0x20u

#define VFIO_USER_DMA_F_READ 0x1u  /* the device may read this memory */
#define VFIO_USER_DMA_F_WRITE 0x2u /* the device may write it */

struct vfio_user_header {
	uint16_t id; /* the sender's; echoed in the reply */
	uint16_t command;
	uint32_t size; /* bytes of the whole message with this header */
	uint32_t flags;
	uint32_t error; /* errno value, valid with VFIO_USER_F_ERROR */
} __attribute__((packed));
static_assert(sizeof(struct vfio_user_header) == 16, "vfio-user header");

/* VFIO_USER_VERSION, both ways; a NUL-terminated JSON text of capabilities may follow. */
struct vfio_user_version {
	uint16_t major;
	uint16_t minor;
} __attribute__((packed));
static_assert(sizeof(struct vfio_user_version) == 4, "vfio-user version");

/* VFIO_USER_DMA_MAP: the descriptor of the memory comes as SCM_RIGHTS; no descriptor: only by DMA_READ and DMA_WRITE. Reply: empty. */
struct vfio_user_dma_map {
	uint32_t argsz; /* sizeof this */
	uint32_t flags; /* VFIO_USER_DMA_F_* */
	uint64_t offset; /* in the file descriptor */
	uint64_t address; /* as the device sees it */
	uint64_t size;
} __attribute__((packed));
static_assert(sizeof(struct vfio_user_dma_map) == 32, "vfio-user DMA_MAP");
static_assert(offsetof(struct vfio_user_dma_map, address) == 16, "vfio-user DMA_MAP");

/* VFIO_USER_DMA_UNMAP, both ways: address and size of one earlier mapping. */
struct vfio_user_dma_unmap {
	uint32_t argsz;
	uint32_t flags;
	uint64_t address;
	uint64_t size;
} __attribute__((packed));
static_assert(sizeof(struct vfio_user_dma_unmap) == 24, "vfio-user DMA_UNMAP");

/* VFIO_USER_DEVICE_GET_INFO, both ways */
struct vfio_user_device_info {
	uint32_t argsz; /* request: room for the reply's body; reply: its size */
	uint32_t flags; /* VFIO_USER_DEVICE_F_* */
	uint32_t num_regions;
	uint32_t num_irqs;
} __attribute__((packed));
static_assert(sizeof(struct vfio_user_device_info) == 16, "vfio-user DEVICE_GET_INFO");

/* VFIO_USER_DEVICE_GET_REGION_INFO, both ways */
struct vfio_user_region_info {
	uint32_t argsz;
	uint32_t flags; /* VFIO_USER_REGION_F_* */
	uint32_t index;
	uint32_t cap_offset;
	uint64_t size;
	uint64_t offset;
} __attribute__((packed));
static_assert(sizeof(struct vfio_user_region_info) == 32, "vfio-user DEVICE_GET_REGION_INFO");

/* VFIO_USER_DEVICE_GET_IRQ_INFO, both ways */
struct vfio_user_irq_info {
	uint32_t argsz;
	uint32_t flags; /* VFIO_USER_IRQ_F_* */
	uint32_t index;
	uint32_t count;
} __attribute__((packed));
static_assert(sizeof(struct vfio_user_irq_info) == 16, "vfio-user DEVICE_GET_IRQ_INFO");

/* VFIO_USER_DEVICE_SET_IRQS: count eventfds as SCM_RIGHTS with DATA_EVENTFD (none: de-assign). Reply: empty. */
struct vfio_user_irq_set {
	uint32_t argsz; /* sizeof this, and the booleans that follow with DATA_BOOL */
	uint32_t flags; /* VFIO_USER_IRQ_SET_* */
	uint32_t index;
	uint32_t start;
	uint32_t count;
} __attribute__((packed));
static_assert(sizeof(struct vfio_user_irq_set) == 20, "vfio-user DEVICE_SET_IRQS");

/* VFIO_USER_REGION_READ and _WRITE, both ways; data follows in a write's request and in a read's reply. */
struct vfio_user_region_access {
	uint64_t offset;
	uint32_t region;
	uint32_t count; /* bytes */
} __attribute__((packed));
static_assert(sizeof(struct vfio_user_region_access) == 16, "vfio-user REGION_READ, REGION_WRITE");

/* VFIO_USER_DMA_READ and _WRITE, server to client; data follows in a write's request and in a read's reply. */
struct vfio_user_dma_access {
	uint64_t address;
	uint64_t count; /* bytes */
} __attribute__((packed));
static_assert(sizeof(struct vfio_user_dma_access) == 16, "vfio-user DMA_READ, DMA_WRITE");

#endif
