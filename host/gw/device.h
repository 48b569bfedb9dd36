/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The card as the gateway uses it: one queue a direction with a ring of slots, each a packet on its way through the card with its memory for
 * source and result. Slots are filled in order, handed over in bursts, and come back in order.
 */
#ifndef GW_DEVICE_H
#define GW_DEVICE_H

#include "espalier.h"
#include "packet.h"

#define PIPE_SLOTS 256u /* packets a direction under way in the card */
#define PIPE_ROOM_MIN 8u /* slots to take a packet from the TUN device: it may become some fragments */

struct gw_sa;

struct gw_slot {
	struct espalier_op op;
	struct gw_sa *sa;	/* counted in its in_flight */
	struct endpoint from;	/* inbound: who sent it */
	uint32_t offset;	/* of its source memory; slots swap theirs when a packet in the middle of a batch is dropped */
	uint16_t inner_len;	/* outbound */
};

struct gw_pipe {
	struct espalier_queue *queue;
	struct espalier_mem src, dst;
	struct gw_slot slots[PIPE_SLOTS];
	uint64_t filled, queued, done; /* packets put in, handed over, taken back; slot of packet n is n % PIPE_SLOTS */
	bool armed;
};

struct gw_device {
	struct espalier_dev *dev; /* NULL: down */
	struct espalier_info info;
	struct gw_pipe pipes[2]; /* by enum espalier_direction */
	uint32_t src_room; /* of a slot's source memory: the largest ESP packet behind an IPv4 header with options, which are taken off */
	uint32_t src_stride, dst_stride;
};

/* 0, or negative errno and a sentence in error (ESPALIER_ERROR_LEN bytes). */
int device_open(struct gw_device *device, const char *name, char *error);
void device_close(struct gw_device *device);

/* How many slots are free to be filled. */
unsigned int pipe_room(const struct gw_pipe *pipe);
unsigned int pipe_in_flight(const struct gw_pipe *pipe);
/* The free slot n behind the next one (n < pipe_room), its source memory (src_room bytes) and, when it is done, its result. */
struct gw_slot *pipe_free_slot(struct gw_pipe *pipe, unsigned int n);
uint8_t *pipe_src(const struct gw_pipe *pipe, const struct gw_slot *slot);
const uint8_t *pipe_dst(const struct gw_device *device, const struct gw_pipe *pipe, const struct gw_slot *slot);
/* The next free slot takes the source memory of slot, and slot its. */
struct gw_slot *pipe_take_memory(struct gw_pipe *pipe, struct gw_slot *slot);
/* The next free slot holds a packet of len bytes: ESP_OPCODE_ENCAP with the SA at index, or ESP_OPCODE_DECAP. */
void pipe_fill(struct gw_device *device, enum espalier_direction direction, uint16_t len, uint16_t index);

/* Hand over what is filled. 0 or negative errno: the card is lost. */
int pipe_push(struct gw_pipe *pipe);
/* Take back at most count packets, the oldest first; they are slots done to done + n - 1, to be given back with pipe_release. */
int pipe_pull(struct gw_pipe *pipe, unsigned int count);
struct gw_slot *pipe_done_slot(struct gw_pipe *pipe, unsigned int n);
void pipe_release(struct gw_pipe *pipe, unsigned int count);
/* Ask for an event of espalier_queue_fd if something is under way. 0 or negative errno. */
int pipe_arm(struct gw_pipe *pipe);
/* The event came. */
void pipe_disarm(struct gw_pipe *pipe);

#endif
