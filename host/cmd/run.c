/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pump of espalier encap and decap. SLOTS packets are in flight; each slot has its place in DMA memory for source and result.
 * One queue serves one direction, so results come in the order of the packets; that is checked.
 */
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLOTS 256u
#define ALIGN64(x) (((x) + 63u) & ~63u)

struct slot {
	struct espalier_op op;
	struct timeval time;
	uint8_t link[CAPTURE_LINK_MAX];
	uint32_t link_len;
};

struct pump {
	struct run *run;
	struct espalier_queue *queue;
	struct espalier_mem src, dst;
	uint32_t src_stride, dst_stride;
	struct slot slots[SLOTS];
	uint64_t filled;  /* packets put into slots; slot of packet n is n % SLOTS */
	uint64_t queued;  /* handed to the device */
	uint64_t written; /* taken back */
	bool end;
	char *error;
	struct state *by_sa[ESPALIER_SA_NONE + 1]; /* the state behind an SA of the device */
};

uint64_t run_dropped(const struct run_counters *counters)
{
	uint64_t sum = counters->no_state + counters->too_long;

	for (int i = 1; i < RUN_STATUSES; i++)
		sum += counters->status[i];
	for (int i = 1; i < RUN_VERDICTS; i++)
		sum += counters->verdict[i];
	return sum;
}

static int device_error(const struct pump *pump, int code, const char *what)
{
	snprintf(pump->error, ESPALIER_ERROR_LEN, "%s: %.400s", what, espalier_error(pump->run->dev));
	return code;
}

static int add_states(struct pump *pump)
{
	struct run *run = pump->run;

	for (size_t i = 0; i < run->states->count; i++) {
		struct state *state = &run->states->list[i];
		struct espalier_sa_config config = {
			.direction = run->decap ? ESPALIER_INBOUND : ESPALIER_OUTBOUND,
			.spi = state->spi,
			.src = state->src,
			.dst = state->dst,
			.key_len = state->key_len,
			.esn = state->esn,
			.replay_window = (uint16_t)state->replay_window,
			.seq = run->decap ? state->seq : state->oseq,
		};
		char what[64];
		int ret;

		snprintf(what, sizeof(what), "State of line %u", state->line);
		if (state->replay_window > run->info.max_window) {
			snprintf(pump->error, ESPALIER_ERROR_LEN, "%s: replay-window %u is above the device's %u", what, state->replay_window,
				 run->info.max_window);
			return -EINVAL;
		}
		memcpy(config.key, state->key, sizeof(config.key));
		memcpy(config.salt, state->salt, sizeof(config.salt));
		ret = espalier_sa_add(run->dev, &config, &state->sa);
		explicit_bzero(&config, sizeof(config));
		if (ret)
			return device_error(pump, ret, what);
		pump->by_sa[state->sa] = state;
	}
	return 0;
}

static struct state *find_state(struct run *run, const uint8_t *ip, uint32_t len)
{
	for (size_t i = 0; i < run->states->count; i++)
		if (selector_match(&run->states->list[i].selector, ip, len))
			return &run->states->list[i];
	return NULL;
}

static void fill_slot(struct pump *pump, const struct capture_packet *packet, uint32_t len, uint16_t sa)
{
	unsigned int i = pump->filled++ % SLOTS;
	struct slot *slot = &pump->slots[i];
	uint64_t src = (uint64_t)i * pump->src_stride, dst = (uint64_t)i * pump->dst_stride;

	slot->time = packet->time;
	slot->link_len = packet->link_len;
	memcpy(slot->link, packet->link, packet->link_len);
	memcpy((uint8_t *)pump->src.va + src, packet->ip, len);
	slot->op = (struct espalier_op){
		.src = pump->src.iova + src,
		.dst = pump->dst.iova + dst,
		.src_len = (uint16_t)len,
		.dst_capacity = (uint16_t)pump->dst_stride,
		.opcode = pump->run->decap ? ESP_OPCODE_DECAP : ESP_OPCODE_ENCAP,
		.sa = sa,
		.cookie = i,
	};
}

/* Read one packet of the capture: into a slot, or into a counter. */
static int take_packet(struct pump *pump)
{
	struct run *run = pump->run;
	struct capture_packet packet;
	struct state *state = NULL;
	uint32_t len;
	int ret = capture_read(run->in, &packet, pump->error);

	if (ret < 0)
		return ret;
	if (ret == 0) {
		pump->end = true;
		return 0;
	}
	len = packet.ip_len;
	run->counters.packets_in++;
	run->counters.bytes_in += packet.ip_len;
	if (packet.verdict != CAPTURE_IPV4) {
		run->counters.verdict[packet.verdict]++;
		return 0;
	}
	if (!run->decap) { /* padding of a short frame is no part of the inner packet; the card skips it in decapsulation */
		len -= packet.trailer;
		state = find_state(run, packet.ip, len);
		if (!state) {
			run->counters.no_state++;
			return 0;
		}
	}
	if (len > run->info.max_packet) {
		run->counters.too_long++;
		return 0;
	}
	if (state)
		state->used = true;
	fill_slot(pump, &packet, len, state ? state->sa : 0);
	return 0;
}

static int hand_over(struct pump *pump)
{
	struct espalier_op *ops[SLOTS];
	unsigned int n = 0;
	int ret;

	for (uint64_t i = pump->queued; i < pump->filled; i++)
		ops[n++] = &pump->slots[i % SLOTS].op;
	if (!n)
		return 0;
	ret = espalier_enqueue_burst(pump->queue, ops, n);
	if (ret < 0)
		return device_error(pump, ret, "The device takes no packets");
	pump->queued += (unsigned int)ret;
	return 0;
}

static int finish(struct pump *pump, const struct slot *slot)
{
	struct run_counters *counters = &pump->run->counters;
	const struct espalier_op *op = &slot->op;

	counters->status[op->status]++;
	if (pump->by_sa[op->result_sa])
		pump->by_sa[op->result_sa]->used = true;
	if (op->status != ESP_STATUS_OK)
		return 0;
	counters->packets_out++;
	counters->bytes_out += op->out_len;
	return capture_write(pump->run->out, &slot->time, slot->link, slot->link_len,
			     (const uint8_t *)pump->dst.va + op->cookie * pump->dst_stride, op->out_len);
}

/* Take back what is done; wait when there is nothing else to do. */
static int take_back(struct pump *pump)
{
	struct espalier_op *ops[SLOTS];
	bool full = pump->filled - pump->written == SLOTS;
	int got = espalier_dequeue_burst(pump->queue, ops, SLOTS), ret;

	if (got < 0)
		return device_error(pump, got, "The device does not answer any more");
	for (int i = 0; i < got; i++) {
		struct slot *slot = &pump->slots[pump->written % SLOTS];

		if (ops[i] != &slot->op) {
			snprintf(pump->error, ESPALIER_ERROR_LEN, "The device returned packets out of order.");
			return -EIO;
		}
		pump->written++;
		ret = finish(pump, slot);
		if (ret) {
			snprintf(pump->error, ESPALIER_ERROR_LEN, "The output could not be written: %s.", strerror(-ret));
			return ret;
		}
	}
	if (got || pump->queued == pump->written || !(full || pump->end))
		return 0;
	ret = espalier_queue_wait(pump->queue, -1);
	return ret && ret != -ENODEV && ret != -EIO ? device_error(pump, ret, "The device does not answer") : 0;
}

static int pump_packets(struct pump *pump)
{
	int ret = 0;

	while (!ret && (!pump->end || pump->written != pump->filled)) {
		if (*pump->run->stop) {
			snprintf(pump->error, ESPALIER_ERROR_LEN, "Interrupted.");
			return -EINTR;
		}
		while (!ret && !pump->end && pump->filled - pump->written < SLOTS)
			ret = take_packet(pump);
		if (!ret)
			ret = hand_over(pump);
		if (!ret)
			ret = take_back(pump);
	}
	return ret;
}

/* What the SAs have come to. When the device cannot say: what they can have come to at most, so that no number is used twice. */
static int update_states(struct pump *pump, char *error)
{
	struct run *run = pump->run;
	int ret = 0;

	for (size_t i = 0; i < run->states->count; i++) {
		struct state *state = &run->states->list[i];
		uint64_t seq, limit = state->esn ? UINT64_MAX : UINT32_MAX;

		if (state->sa == ESPALIER_SA_NONE || !state->used)
			continue;
		if (!espalier_sa_query(run->dev, run->decap ? ESPALIER_INBOUND : ESPALIER_OUTBOUND, state->sa, &seq)) {
			*(run->decap ? &state->seq : &state->oseq) = seq;
		} else {
			ret = -EIO;
			snprintf(error, ESPALIER_ERROR_LEN, "The device does not tell its sequence numbers: %.400s", espalier_error(run->dev));
			if (!run->decap)
				state->oseq = limit - state->oseq < pump->queued ? limit : state->oseq + pump->queued;
		}
	}
	return ret;
}

static int prepare(struct pump *pump)
{
	struct run *run = pump->run;
	int ret;

	pump->src_stride = ALIGN64(run->info.max_packet);
	pump->dst_stride = ALIGN64(espalier_encap_len(run->info.max_packet));
	ret = espalier_dma_alloc(run->dev, (size_t)SLOTS * pump->src_stride, &pump->src);
	if (!ret)
		ret = espalier_dma_alloc(run->dev, (size_t)SLOTS * pump->dst_stride, &pump->dst);
	if (!ret)
		ret = espalier_queue_create(run->dev, SLOTS, &pump->queue);
	if (ret)
		return device_error(pump, ret, "Cannot prepare the device");
	return add_states(pump);
}

int run_capture(struct run *run, char *error)
{
	uint64_t before, after;
	char update_error[ESPALIER_ERROR_LEN] = "";
	struct pump *pump = calloc(1, sizeof(*pump));
	int ret, update = 0;

	for (size_t i = 0; i < run->states->count; i++) {
		run->states->list[i].sa = ESPALIER_SA_NONE;
		run->states->list[i].used = false;
	}
	if (!pump) {
		snprintf(error, ESPALIER_ERROR_LEN, "Out of memory.");
		return -ENOMEM;
	}
	pump->run = run;
	pump->error = error;
	ret = espalier_info(run->dev, &run->info);
	if (ret)
		ret = device_error(pump, ret, "The device");
	if (!ret)
		ret = prepare(pump);
	if (!ret && espalier_cycles(run->dev, &before))
		ret = device_error(pump, -EIO, "The device");
	if (!ret)
		ret = pump_packets(pump);
	if (!ret && espalier_cycles(run->dev, &after))
		ret = device_error(pump, -EIO, "The device");
	if (!ret)
		run->counters.cycles = after - before;
	espalier_queue_destroy(pump->queue);
	if (run->update_states)
		update = update_states(pump, update_error);
	if (!ret && update) {
		ret = update;
		memcpy(error, update_error, sizeof(update_error));
	}
	espalier_dma_free(run->dev, &pump->src);
	espalier_dma_free(run->dev, &pump->dst);
	free(pump);
	return ret;
}
