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

#include "ip_headers.h"

#define SLOTS 256u
#define ESP_SEQ_OFFSET 4 /* of the sequence number in the ESP header */
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
	bool end;    /* no more packets are taken */
	int cut;     /* why, if not because the capture ends; with its sentence in error */
	bool expose; /* a packet that waits in a slot has a number that the file does not cover */
	char *error;
};

uint64_t run_dropped(const struct run_counters *counters)
{
	uint64_t sum = counters->too_long;

	for (int i = 1; i < RUN_STATUSES; i++)
		sum += counters->status[i];
	for (int i = 1; i < RUN_VERDICTS; i++)
		sum += counters->verdict[i];
	for (int i = 1; i <= POLICY_NO_STATE; i++)
		sum += counters->policy[i];
	return sum;
}

static int device_error(const struct pump *pump, int code, const char *what)
{
	snprintf(pump->error, RUN_ERROR_LEN, "%s: %.400s", what, espalier_error(pump->run->dev));
	return code;
}

/* Whether the device takes this packet at all. */
static enum capture_verdict judge(const struct run *run, enum capture_verdict verdict)
{
	uint32_t needed = run->decap ? ESPALIER_FEATURE_OUTER_V6 : ESPALIER_FEATURE_INNER_V6;

	return verdict == CAPTURE_IPV6 && !(run->info.features & needed) ? CAPTURE_NOT_IPV4 : verdict;
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

static int interrupted(const struct pump *pump)
{
	snprintf(pump->error, RUN_ERROR_LEN, "Interrupted.");
	return -EINTR;
}

/* A number is used, unless the SA has none left. */
static void use_number(struct pump *pump, struct state *state)
{
	if (state->reached < (state->config.esn ? UINT64_MAX : UINT32_MAX))
		state->reached++;
	state->used = true;
	if (state->reached > state->oseq)
		pump->expose = true;
}

/* Read one packet of the capture: into a slot, or into a counter. */
static void take_packet(struct pump *pump)
{
	struct run *run = pump->run;
	struct capture_packet packet;
	enum policy_verdict verdict;
	struct state *state = NULL;
	uint32_t len;
	int ret = capture_read(run->in, &packet, pump->error);

	if (ret <= 0) {
		pump->end = true;
		pump->cut = *run->stop ? interrupted(pump) : ret;
		return;
	}
	len = packet.ip_len;
	run->counters.packets_in++;
	run->counters.bytes_in += packet.ip_len;
	packet.verdict = judge(run, packet.verdict);
	if (packet.verdict != CAPTURE_IPV4 && packet.verdict != CAPTURE_IPV6) {
		run->counters.verdict[packet.verdict]++;
		return;
	}
	if (!run->decap) { /* what stands behind it is no part of the inner packet; the card skips it in decapsulation */
		len -= packet.trailer;
		verdict = policies_outbound(run->states, packet.ip, len, &state);
		if (verdict != POLICY_PASS) {
			run->counters.policy[verdict]++;
			return;
		}
	}
	if (len > espalier_max_source(&run->info, run->decap ? ESPALIER_INBOUND : ESPALIER_OUTBOUND)) {
		run->counters.too_long++;
		return;
	}
	if (state)
		use_number(pump, state);
	fill_slot(pump, &packet, len, state ? state->sa : 0);
}

static int hand_over(struct pump *pump)
{
	struct espalier_op *ops[SLOTS];
	unsigned int n = 0;
	int ret;

	if (pump->expose) {
		ret = run_cover(pump->run, pump->error);
		if (ret)
			return ret;
		pump->expose = false;
	}
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

/* What the file of sequence numbers says of inbound states is not below what is released next. */
static int cover_inbound(struct pump *pump, struct espalier_op *const *ops, int count)
{
	struct run *run = pump->run;
	bool expose = false;

	for (int i = 0; i < count; i++) {
		struct state *state = run->by_sa[ops[i]->result_sa];
		const uint8_t *packet = (const uint8_t *)pump->src.va + ops[i]->cookie * pump->src_stride;
		const uint8_t *esp;
		uint32_t low;
		int ret;

		if (ops[i]->status != ESP_STATUS_OK || !state)
			continue;
		esp = ip_headers_esp(packet, ops[i]->src_len);
		if (!esp) {
			snprintf(pump->error, RUN_ERROR_LEN, "The device opened a packet without ESP.");
			return -EIO;
		}
		low = (uint32_t)esp[ESP_SEQ_OFFSET] << 24 | (uint32_t)esp[ESP_SEQ_OFFSET + 1] << 16 | (uint32_t)esp[ESP_SEQ_OFFSET + 2] << 8 | esp[ESP_SEQ_OFFSET + 3];
		state->used = true;
		if (run_is_covered(state, low))
			continue;
		ret = run_query(run, state, pump->error);
		if (ret)
			return ret;
		expose = true;
	}
	return expose ? run_cover(run, pump->error) : 0;
}

static int finish(struct pump *pump, const struct slot *slot)
{
	struct run_counters *counters = &pump->run->counters;
	const struct espalier_op *op = &slot->op;
	const uint8_t *result = (const uint8_t *)pump->dst.va + op->cookie * pump->dst_stride;
	struct state *state = pump->run->by_sa[op->result_sa];
	enum policy_verdict verdict;

	counters->status[op->status]++;
	if (state)
		state->used = true;
	if (op->status != ESP_STATUS_OK)
		return 0;
	verdict = pump->run->decap && state ? policies_inbound(pump->run->states, result, op->out_len, state) : POLICY_PASS;
	if (verdict != POLICY_PASS) {
		counters->policy[verdict]++;
		return 0;
	}
	counters->packets_out++;
	counters->bytes_out += op->out_len;
	return capture_write(pump->run->out, &slot->time, slot->link, slot->link_len, result, op->out_len, pump->error);
}

static int finish_all(struct pump *pump, struct espalier_op *const *ops, int count)
{
	int ret = pump->run->decap && pump->run->reserve ? cover_inbound(pump, ops, count) : 0;

	for (int i = 0; i < count && !ret; i++) {
		struct slot *slot = &pump->slots[pump->written % SLOTS];

		if (ops[i] != &slot->op) {
			snprintf(pump->error, RUN_ERROR_LEN, "The device returned packets out of order.");
			return -EIO;
		}
		pump->written++;
		ret = finish(pump, slot);
	}
	return ret;
}

/* Take back what is done; wait when there is nothing else to do. */
static int take_back(struct pump *pump)
{
	struct espalier_op *ops[SLOTS];
	bool full = pump->filled - pump->written == SLOTS;
	int got = espalier_dequeue_burst(pump->queue, ops, SLOTS), ret;

	if (got < 0)
		return device_error(pump, got, "The device does not answer any more");
	ret = finish_all(pump, ops, got);
	if (ret || got || pump->queued == pump->written || !(full || pump->end))
		return ret;
	ret = espalier_queue_wait(pump->queue, -1);
	return ret && ret != -EINTR && ret != -ENODEV && ret != -EIO ? device_error(pump, ret, "The device does not answer") : 0;
}

static int pump_packets(struct pump *pump)
{
	int ret = 0;

	while (!ret && (!pump->end || pump->written != pump->filled)) {
		if (*pump->run->stop && !pump->end) {
			pump->end = true;
			pump->cut = interrupted(pump);
		}
		while (!pump->end && pump->filled - pump->written < SLOTS)
			take_packet(pump);
		ret = hand_over(pump);
		if (!ret)
			ret = take_back(pump);
	}
	return ret ? ret : pump->cut;
}

static int prepare(struct pump *pump)
{
	struct run *run = pump->run;
	int ret;

	pump->src_stride = ALIGN64(espalier_encap_room(run->info.max_packet)); /* as large as the results: they make the way back */
	pump->dst_stride = ALIGN64(espalier_encap_room(run->info.max_packet));
	ret = espalier_dma_alloc(run->dev, (size_t)SLOTS * pump->src_stride, &pump->src);
	if (!ret)
		ret = espalier_dma_alloc(run->dev, (size_t)SLOTS * pump->dst_stride, &pump->dst);
	if (!ret)
		ret = espalier_queue_create(run->dev, SLOTS, &pump->queue);
	return ret ? device_error(pump, ret, "Cannot prepare the device") : 0;
}

int run_capture(struct run *run, char *error)
{
	uint64_t before, after;
	char settle_error[RUN_ERROR_LEN] = "";
	struct pump *pump = calloc(1, sizeof(*pump));
	int ret, settled;

	if (!pump) {
		snprintf(error, RUN_ERROR_LEN, "Out of memory.");
		return -ENOMEM;
	}
	pump->run = run;
	pump->error = error;
	ret = prepare(pump);
	if (!ret && espalier_cycles(run->dev, &before))
		ret = device_error(pump, -EIO, "The device");
	if (!ret)
		ret = pump_packets(pump);
	if ((!ret || ret == pump->cut) && !espalier_cycles(run->dev, &after))
		run->counters.cycles = after - before;
	else if (!ret)
		ret = device_error(pump, -EIO, "The device");
	espalier_queue_destroy(pump->queue);
	settled = run_settle(run, settle_error);
	if (!ret && settled) {
		ret = settled;
		memcpy(error, settle_error, sizeof(settle_error));
	}
	espalier_dma_free(run->dev, &pump->src);
	espalier_dma_free(run->dev, &pump->dst);
	free(pump);
	return ret;
}
