/* SPDX-License-Identifier: Apache-2.0 */
#include "device.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define ALIGN64(x) (((x) + 63u) & ~63u)
#define OPEN_TIMEOUT_MS 20000u
#define IDLE_MS 60u /* nobody is served while a register is waited for */
#define MODERATE_COUNT 16u /* of a card in silicon; a simulated one is slow enough for an interrupt each */
#define MODERATE_USEC 20u

static int fail(const struct gw_device *device, int code, char *error)
{
	snprintf(error, ESPALIER_ERROR_LEN, "%s", espalier_error(device->dev));
	return code;
}

static int open_pipe(struct gw_device *device, struct gw_pipe *pipe)
{
	int ret;

	memset(pipe, 0, sizeof(*pipe));
	ret = espalier_dma_alloc(device->dev, (size_t)PIPE_SLOTS * device->src_stride, &pipe->src);
	if (!ret)
		ret = espalier_dma_alloc(device->dev, (size_t)PIPE_SLOTS * device->dst_stride, &pipe->dst);
	if (!ret)
		ret = espalier_queue_create(device->dev, PIPE_SLOTS, &pipe->queue);
	if (!ret && !device->info.simulated)
		ret = espalier_queue_moderate(pipe->queue, MODERATE_COUNT, MODERATE_USEC);
	for (unsigned int i = 0; i < PIPE_SLOTS; i++)
		pipe->slots[i].offset = i * device->src_stride;
	return ret;
}

int device_open(struct gw_device *device, const char *name, char *error)
{
	struct espalier_open_options options = { .timeout_ms = OPEN_TIMEOUT_MS, .idle_ms = IDLE_MS };
	int ret = espalier_open(name, &options, &device->dev, error);

	if (ret)
		return ret;
	ret = espalier_info(device->dev, &device->info);
	/* Its SAs are all of one format, IPv4 in IPv4, whatever is around them outside. */
	device->src_room = espalier_plain_len(device->info.max_packet) + IPV4_HEADER_MAX - IPV4_HEADER;
	device->src_stride = ALIGN64(device->src_room);
	device->dst_stride = ALIGN64(espalier_plain_len(device->info.max_packet));
	for (unsigned int i = 0; !ret && i < 2; i++)
		ret = open_pipe(device, &device->pipes[i]);
	if (!ret)
		return 0;
	fail(device, ret, error);
	device_close(device);
	return ret;
}

void device_close(struct gw_device *device)
{
	for (unsigned int i = 0; i < 2; i++) {
		if (device->pipes[i].queue)
			espalier_queue_destroy(device->pipes[i].queue);
		device->pipes[i].queue = NULL;
	}
	espalier_close(device->dev); /* memory goes with it */
	device->dev = NULL;
}

unsigned int pipe_room(const struct gw_pipe *pipe)
{
	return PIPE_SLOTS - (unsigned int)(pipe->filled - pipe->done);
}

unsigned int pipe_in_flight(const struct gw_pipe *pipe)
{
	return (unsigned int)(pipe->filled - pipe->done);
}

struct gw_slot *pipe_free_slot(struct gw_pipe *pipe, unsigned int n)
{
	return &pipe->slots[(pipe->filled + n) % PIPE_SLOTS];
}

uint8_t *pipe_src(const struct gw_pipe *pipe, const struct gw_slot *slot)
{
	return (uint8_t *)pipe->src.va + slot->offset;
}

const uint8_t *pipe_dst(const struct gw_device *device, const struct gw_pipe *pipe, const struct gw_slot *slot)
{
	return (const uint8_t *)pipe->dst.va + (size_t)(slot - pipe->slots) * device->dst_stride;
}

struct gw_slot *pipe_take_memory(struct gw_pipe *pipe, struct gw_slot *slot)
{
	struct gw_slot *next = pipe_free_slot(pipe, 0);
	uint32_t offset = next->offset;

	next->offset = slot->offset;
	slot->offset = offset;
	return next;
}

void pipe_fill(struct gw_device *device, enum espalier_direction direction, uint16_t len, uint16_t index)
{
	struct gw_pipe *pipe = &device->pipes[direction];
	unsigned int i = pipe->filled % PIPE_SLOTS;
	struct gw_slot *slot = &pipe->slots[i];

	slot->op = (struct espalier_op){
		.src = pipe->src.iova + slot->offset,
		.dst = pipe->dst.iova + (uint64_t)i * device->dst_stride,
		.src_len = len,
		.dst_capacity = (uint16_t)device->dst_stride,
		.opcode = direction == ESPALIER_INBOUND ? ESP_OPCODE_DECAP : ESP_OPCODE_ENCAP,
		.sa = direction == ESPALIER_INBOUND ? 0 : index,
		.cookie = i,
	};
	pipe->filled++;
}

int pipe_push(struct gw_pipe *pipe)
{
	struct espalier_op *ops[PIPE_SLOTS];
	unsigned int n = 0;
	int ret;

	for (uint64_t i = pipe->queued; i < pipe->filled; i++)
		ops[n++] = &pipe->slots[i % PIPE_SLOTS].op;
	if (!n)
		return 0;
	ret = espalier_enqueue_burst(pipe->queue, ops, n);
	if (ret < 0)
		return ret;
	pipe->queued += (unsigned int)ret;
	return 0;
}

int pipe_pull(struct gw_pipe *pipe, unsigned int count)
{
	struct espalier_op *ops[PIPE_SLOTS];
	int got;

	if (pipe->queued == pipe->done)
		return 0;
	got = espalier_dequeue_burst(pipe->queue, ops, count < PIPE_SLOTS ? count : PIPE_SLOTS);
	for (int i = 0; i < got; i++)
		if (ops[i] != &pipe_done_slot(pipe, (unsigned int)i)->op)
			return -EIO; /* one queue and direction keeps the order */
	return got;
}

struct gw_slot *pipe_done_slot(struct gw_pipe *pipe, unsigned int n)
{
	return &pipe->slots[(pipe->done + n) % PIPE_SLOTS];
}

void pipe_release(struct gw_pipe *pipe, unsigned int count)
{
	pipe->done += count;
}

int pipe_arm(struct gw_pipe *pipe)
{
	if (pipe->armed || pipe->queued == pipe->done)
		return 0;
	pipe->armed = true;
	return espalier_queue_arm(pipe->queue);
}

void pipe_disarm(struct gw_pipe *pipe)
{
	uint64_t events;

	while (read(espalier_queue_fd(pipe->queue), &events, sizeof(events)) < 0 && errno == EINTR)
		;
	pipe->armed = false;
}
