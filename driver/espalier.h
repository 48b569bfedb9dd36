/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libespalier: the public interface to an Espalier card, real or simulated, and to every backend that behaves like one.
 *
 * Names and meanings follow DPDK's cryptodev (queues, bursts of operations) and rte_security (SAs), so that a PMD maps one to one.
 * Functions return 0 or a count, or a negative errno value; then espalier_error() (espalier_open and espalier_list: the caller's
 * buffer) holds one sentence for a person. The library never exits, prints or aborts.
 *
 * Threads: one device and all that hangs on it belong to one thread at a time.
 * Signals: opening a card bound to vfio-pci installs a handler for SIGBUS, which an access to a lost card's registers raises; others are passed on.
 * Memory: addresses in operations are device addresses (struct espalier_mem.iova plus an offset). A card touches only such memory.
 */
#ifndef ESPALIER_H
#define ESPALIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espalier_regs.h"
#include "espalier_sa.h"

#define ESPALIER_VENDOR_ID 0x10eeu
#define ESPALIER_DEVICE_ID 0xe5b0u

#define ESPALIER_ERROR_LEN 512	   /* bytes of an error text with its NUL */
#define ESPALIER_NAME_LEN 256	   /* bytes of a device name with its NUL */
#define ESPALIER_STATUS_COUNT 64   /* status counters; a card may have fewer, the others are then 0 */
#define ESPALIER_SA_NONE 0xffffu   /* struct espalier_op.result_sa: no SA served this operation */
#define ESPALIER_BURST_MAX 32768u  /* operations one burst call takes at most */
#define ESPALIER_DST_ALIGN 64u	   /* struct espalier_op.dst must be a multiple */

/* Status of an operation that the card never completed: the device was lost. Not a code of the card. */
#define ESPALIER_STATUS_DEVICE_LOST 0xffu

struct espalier_dev;
struct espalier_queue;

/* ---- devices ---------------------------------------------------------------------------------------------------------- */

struct espalier_open_options {
	unsigned int timeout_ms; /* bound of every wait for the device; 0: 30 seconds */
	/*
	 * A simulated card whose process neither answers nor does anything (it is stopped, say) is gone after about so long, while one that is slow has
	 * all of timeout_ms. 0: no difference is made.
	 */
	unsigned int idle_ms;
};

/*
 * Open a device by name:
 *   sim               starts an espalier-sim of its own and stops it at close. The program is $ESPALIER_SIM, or espalier-sim beside
 *                     the running executable; $ESPALIER_SIM_ARGS are further arguments, split at blanks.
 *   vfio-user:PATH    a card served on this UNIX socket
 *   0000:01:00.0      a card bound to vfio-pci
 *   NAME, NAME:ARG    a backend added with espalier_backend_register(), for example software
 * options may be NULL. On failure *dev is NULL and error (ESPALIER_ERROR_LEN bytes, may be NULL) says why.
 */
int espalier_open(const char *name, const struct espalier_open_options *options, struct espalier_dev **dev, char *error);

/* Destroy what is left of queues and memory, remove all SAs, close. dev may be NULL. */
void espalier_close(struct espalier_dev *dev);

/*
 * A descriptor that becomes readable or hangs up (EPOLLIN, EPOLLRDHUP) when the card may be gone: it left, it reported an error that cannot be
 * corrected, the kernel wants it back. espalier_queue_check says. -1: there is none. Owned by the device.
 */
int espalier_device_fd(const struct espalier_dev *dev);

/* Text of the last failed call on this device, "" if none failed. Valid until the next call. */
const char *espalier_error(const struct espalier_dev *dev);

#define ESPALIER_MAX_PACKET 9600u /* info.max_packet of the card as it is built, and of the software reference */

struct espalier_info {
	char name[ESPALIER_NAME_LEN];	   /* as given to espalier_open */
	char transport[16];		   /* "vfio-user", "vfio", "software" */
	char location[ESPALIER_NAME_LEN];  /* PCI address or socket, "" if there is none */
	bool simulated;
	uint32_t version;		   /* of the register map; 0: software */
	unsigned int lanes;		   /* AES lanes an engine has; 0: software */
	unsigned int queues;
	unsigned int algorithms;	   /* CAPS.algorithms */
	uint32_t sa_capacity;		   /* SAs a direction */
	uint32_t features;		   /* bits of enum espalier_feature */
	uint32_t max_packet;		   /* bytes, largest packet to encapsulate */
	uint32_t max_esp;		   /* bytes, largest packet to decapsulate */
	uint32_t max_window;		   /* packets, largest anti-replay window */
	uint32_t clock_khz;		   /* 0: software */
	unsigned int link_speed;	   /* PCIe generation 1 to 6, 0 unknown */
	unsigned int link_width;	   /* PCIe lanes, 0 unknown */
};

int espalier_info(struct espalier_dev *dev, struct espalier_info *info);

/* One device that espalier_list found. */
struct espalier_listed {
	char name[ESPALIER_NAME_LEN];	   /* for espalier_open */
	char address[32];		   /* PCI address in its tree */
	char driver[32];		   /* kernel driver bound to it, "" if none */
	uint16_t vendor, device;
	bool simulated;
	unsigned int link_speed, link_width;
};

/*
 * Find cards with libpci: those of this machine, and simulated ones in run directories (subdirectories with vfio-user.sock and sysfs):
 * $ESPALIER_RUN_DIR, $XDG_RUNTIME_DIR/espalier, /run/espalier. What a killed simulator left there is no card. Fills at most max entries; returns how many there are.
 */
int espalier_list(struct espalier_listed *list, size_t max, char *error);

struct espalier_stats {
	uint64_t status[ESPALIER_STATUS_COUNT]; /* operations by status, since the card's reset */
	uint64_t cycles;			/* clock cycles since reset; software: 0 */
	uint32_t register_errors;
	uint32_t unexpected_completions;
};

int espalier_stats(struct espalier_dev *dev, struct espalier_stats *stats);

/* The member cycles alone: two register reads where espalier_stats takes some seventy. For measuring. */
int espalier_cycles(struct espalier_dev *dev, uint64_t *cycles);

/* Name of a status ("ok", "no_sa", ..., "device_lost", "unknown") and of the reason behind. Static text. */
const char *espalier_status_name(unsigned int status);

/* ---- memory ----------------------------------------------------------------------------------------------------------- */

/* Memory that host and device share. Zeroed, page aligned on both sides. */
struct espalier_mem {
	void *va;
	uint64_t iova;
	size_t size;
};

/* size is rounded up to whole pages. -ENOMEM, -ENODEV. */
int espalier_dma_alloc(struct espalier_dev *dev, size_t size, struct espalier_mem *mem);

/* mem as espalier_dma_alloc filled it; no operation may use it any more. Idempotent. */
void espalier_dma_free(struct espalier_dev *dev, struct espalier_mem *mem);

/* ---- SAs -------------------------------------------------------------------------------------------------------------- */

/* struct espalier_sa_config and what belongs to it: espalier_sa.h. */

/*
 * Install an SA. *sa is its index, which encapsulation operations name. The caller wipes config->key when it is done with it.
 * -EINVAL (what is wrong is in the text), -ENOTSUP (the device has not what the SA needs: info.features), -EEXIST (inbound: SPI and destination are
 * installed already), -ENOSPC, -ENODEV: the card is gone, or did not end the command, which is the same.
 */
int espalier_sa_add(struct espalier_dev *dev, const struct espalier_sa_config *config, uint16_t *sa);

/*
 * Remove an SA; its key is zeroed in the device. Packets under way end as they would have, or with NO_SA: the device waits for none that the
 * host holds up. -ENOENT.
 */
int espalier_sa_delete(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa);

/*
 * The same, and *last is the final state, in the meaning of espalier_sa_query: outbound, no packet has a later number, sent or not.
 * To move an SA to another device or index: this, then espalier_sa_add with seq = *last, and in no other order; so no number, and with it no
 * nonce, is used twice (RFC 4106, 3.1). -EBADMSG: the SA is removed, but its number is not known: do not install this key again. -ENOENT, -ENODEV.
 */
int espalier_sa_delete_last(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa, uint64_t *last);

/* *seq: outbound the last number sent, inbound the highest received. It never falls: a card that says so is lost. -ENOENT, -ENODEV; -EBADMSG: what the
 * card has stored of it fails its parity, the SA is stopped. */
int espalier_sa_query(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa, uint64_t *seq);

/* What it has done. -ENOTSUP: the device does not count by SA. -ENOENT, -ENODEV. */
int espalier_sa_counters(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa, struct espalier_sa_counters *counters);

/*
 * Take at most count events. Returns how many; 0: there are none, as always on a device without. None is lost: of a kind an SA has one at a time, the newest. Those of
 * an SA that is removed go with it.
 */
int espalier_dequeue_events(struct espalier_dev *dev, struct espalier_event *events, unsigned int count);

/* ---- queues ----------------------------------------------------------------------------------------------------------- */

/*
 * One operation: one packet in, one packet out. Owned by the queue from enqueue to dequeue. dst is written only if the status is OK: a packet that the
 * device does not serve (a fragment, a keepalive, headers that it does not parse) is at src whole and untouched, for the host.
 */
struct espalier_op {
	uint64_t src;		/* device address of the packet (an IP header), any alignment */
	uint64_t dst;		/* device address of the result, 64-byte aligned; bytes up to dst_capacity may be written */
	uint16_t src_len;	/* bytes, 1 to info.max_packet; decapsulation: to info.max_esp */
	uint16_t dst_capacity;	/* bytes. Encapsulation: at least espalier_encap_len of the SA and src_len; decapsulation: at least src_len */
	uint8_t opcode;		/* enum esp_opcode */
	uint8_t status;		/* result: enum esp_status or ESPALIER_STATUS_DEVICE_LOST */
	uint16_t sa;		/* encapsulation: SA index; decapsulation: 0 */
	uint16_t out_len;	/* result: bytes at dst; PACKET_TOO_BIG: the MTU to advertise; else 0 */
	uint16_t result_sa;	/* result: the SA that served, or ESPALIER_SA_NONE */
	uint64_t cookie;	/* the caller's, untouched */
};

/* The largest source of an operation. */
static inline uint32_t espalier_max_source(const struct espalier_info *info, enum espalier_direction direction)
{
	return direction == ESPALIER_INBOUND ? info->max_esp : info->max_packet;
}

/*
 * Create a queue with room for depth operations in flight (rounded up to a power of two, 16 to 32768).
 * -ENOSPC: the device has no queue left.
 */
int espalier_queue_create(struct espalier_dev *dev, unsigned int depth, struct espalier_queue **queue);

/* Stop the queue and free it. Operations still in flight are forgotten; the device does not touch their memory any more: it is idle, or was
 * reset because it did not become so, and is lost. */
void espalier_queue_destroy(struct espalier_queue *queue);

/*
 * Hand operations to the device. Returns how many were taken, from the front of ops, or -ENODEV, -EIO. 0: the queue is full, or the other
 * direction's oldest operation is so far behind that it must come back first.
 * Every operation taken comes back exactly once from espalier_dequeue_burst.
 */
int espalier_enqueue_burst(struct espalier_queue *queue, struct espalier_op *const *ops, unsigned int count);

/*
 * Take back finished operations: at most count, those of one direction in the order in which they were enqueued. Never waits.
 * After the device was lost, all operations in flight come back with ESPALIER_STATUS_DEVICE_LOST; then -ENODEV, or -EIO when the card
 * stopped the queue with an error.
 */
int espalier_dequeue_burst(struct espalier_queue *queue, struct espalier_op **ops, unsigned int count);

/* Operations enqueued and not yet dequeued. */
unsigned int espalier_queue_in_flight(const struct espalier_queue *queue);

/* An eventfd that becomes readable once after espalier_queue_arm, when a finished operation is there. Owned by the queue. */
int espalier_queue_fd(const struct espalier_queue *queue);

/*
 * Is the device there, and does it get on with its operations? For who neither waits nor polls all the time: called at least every 250 ms it
 * finds within a second that a card answers and completes nothing. 0, -ENODEV, -EIO; the operations then come back from espalier_dequeue_burst.
 */
int espalier_queue_check(struct espalier_queue *queue);

/* Ask for one event. If finished operations are there already, the event comes at once. */
int espalier_queue_arm(struct espalier_queue *queue);

/*
 * Interrupt moderation: after espalier_queue_arm the event waits for count finished operations (0, 1: the first; at most 255), but not longer
 * than usec microseconds after the first (0: not at all; at most 16000). At first both are 0. -EINVAL; a device without interrupts: 0.
 */
int espalier_queue_moderate(struct espalier_queue *queue, unsigned int count, unsigned int usec);

/* Arm and wait until a finished operation is there: 0, -ETIMEDOUT, -ENODEV, -EIO. timeout_ms < 0: the device's bound. */
int espalier_queue_wait(struct espalier_queue *queue, int timeout_ms);

#endif
