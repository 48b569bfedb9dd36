/* SPDX-License-Identifier: Apache-2.0 */
/* See null_card.h. The registers are those of docs/registers.md; what the driver writes is believed. */
#include "null_card.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "card.h"
#include "ring.h"

#define SA_CAPACITY 4096u
#define MAPS_MAX 16u
#define INNER_LESS 57u /* bytes that decapsulation takes away, at most padding */
#define FLAG_READY (1u << ESP_REG_STATUS_READY_LSB)
#define FLAG_ACTIVE (1u << ESP_REG_QUEUE_CONTROL_ACTIVE_LSB)

struct null_queue {
	const struct ring_submission *sq;
	struct ring_completion *cq;
	uint32_t sq_size, cq_size;
	uint16_t sq_head, cq_tail;
};

struct null_card {
	struct transport base;
	struct transport_mem *maps[MAPS_MAX];
	struct null_queue queues[CARD_QUEUES_MAX];
	bool sa[2][SA_CAPACITY];
	uint32_t regs[ESP_REG_MSIX_ADDR_LO / 4];
};

static void *translate(const struct null_card *null, uint32_t low, uint32_t high)
{
	uint64_t iova = (uint64_t)high << 32 | low;

	for (unsigned int i = 0; i < MAPS_MAX; i++)
		if (null->maps[i] && iova - null->maps[i]->iova < null->maps[i]->size)
			return (uint8_t *)null->maps[i]->va + (iova - null->maps[i]->iova);
	return NULL;
}

static void control(struct null_card *null, unsigned int index, bool enable)
{
	uint32_t *r = &null->regs[(ESP_REG_QUEUE_SQ_BASE_LO + index * ESP_REG_QUEUE_STRIDE) / 4];
	uint32_t sizes = r[(ESP_REG_QUEUE_SIZES - ESP_REG_QUEUE_SQ_BASE_LO) / 4];

	r[(ESP_REG_QUEUE_CONTROL - ESP_REG_QUEUE_SQ_BASE_LO) / 4] = enable ? FLAG_ACTIVE : 0;
	if (!enable)
		return;
	null->queues[index] = (struct null_queue){
		.sq = translate(null, r[0], r[1]),
		.cq = translate(null, r[2], r[3]),
		.sq_size = 1u << CARD_FIELD(sizes, QUEUE_SIZES, SQ_LOG2),
		.cq_size = 1u << CARD_FIELD(sizes, QUEUE_SIZES, CQ_LOG2),
	};
}

/* The work of the null card for a packet: one descriptor read, one completion written in two words; up to the end of either ring. */
static uint32_t complete_run(struct null_queue *q, uint32_t count)
{
	uint32_t sq_at = q->sq_head & (q->sq_size - 1), cq_at = q->cq_tail & (q->cq_size - 1);
	const struct ring_submission *s = &q->sq[sq_at];
	uint64_t *c = (uint64_t *)&q->cq[cq_at];
	uint64_t flags = q->cq_tail & q->cq_size ? 0 : RING_COMPLETION_PHASE, rest = flags << 40 | (uint64_t)q->sq_head << 48;

	count = count < q->sq_size - sq_at ? count : q->sq_size - sq_at;
	count = count < q->cq_size - cq_at ? count : q->cq_size - cq_at;
	for (uint32_t i = 0; i < count; i++, s++, c += 2) {
		rest += 1ull << 48;
		bool decap = s->opcode == ESP_OPCODE_DECAP;
		uint32_t len = decap ? s->src_len - INNER_LESS : espalier_plain_len(s->src_len);

		c[0] = s->cookie;
		__atomic_store_n(&c[1], len | (uint64_t)s->sa << 16 | (uint64_t)decap << 41 | rest, __ATOMIC_RELEASE);
	}
	q->sq_head = (uint16_t)(q->sq_head + count);
	q->cq_tail = (uint16_t)(q->cq_tail + count);
	return count;
}

static void doorbell(struct null_queue *q, uint16_t tail)
{
	uint32_t left = (uint16_t)(tail - q->sq_head);

	while (left)
		left -= complete_run(q, left);
}

/* CQ_TAIL of a queue is made when it is read. */
static uint32_t cq_tail(const struct null_card *null, uint32_t offset)
{
	return null->queues[(offset - ESP_REG_QUEUE_SQ_BASE_LO) / ESP_REG_QUEUE_STRIDE % CARD_QUEUES_MAX].cq_tail;
}

static void sa_command(struct null_card *null, uint32_t op)
{
	uint32_t options = null->regs[ESP_REG_SA_OPTIONS / 4], index = null->regs[ESP_REG_SA_INDEX / 4] % SA_CAPACITY;
	bool *sa = &null->sa[CARD_FIELD(options, SA_OPTIONS, DIRECTION)][index];
	bool add = op == ESP_SA_OP_ADD;
	uint32_t result = ESP_SA_RESULT_OK;

	if (*sa == add)
		result = add ? ESP_SA_RESULT_EXISTS : ESP_SA_RESULT_NOT_FOUND;
	else if (op != ESP_SA_OP_QUERY)
		*sa = add;
	null->regs[ESP_REG_SA_STATE / 4] = result;
}

static int null_reg_read(struct transport *t, uint32_t offset, uint32_t *value)
{
	const struct null_card *null = (const struct null_card *)t;

	if (offset >= ESP_REG_QUEUE_SQ_BASE_LO && offset % ESP_REG_QUEUE_STRIDE == ESP_REG_QUEUE_CQ_TAIL % ESP_REG_QUEUE_STRIDE)
		*value = cq_tail(null, offset);
	else
		*value = __atomic_load_n(&null->regs[offset / 4], __ATOMIC_ACQUIRE);
	return 0;
}

static int null_reg_write(struct transport *t, uint32_t offset, uint32_t value)
{
	struct null_card *null = (struct null_card *)t;
	uint32_t in_queues = offset - ESP_REG_QUEUE_SQ_BASE_LO;
	unsigned int q = in_queues / ESP_REG_QUEUE_STRIDE;

	__atomic_store_n(&null->regs[offset / 4], value, __ATOMIC_RELEASE); /* as the transport of a real card orders it */
	if (offset == ESP_REG_SA_COMMAND)
		sa_command(null, value);
	if (in_queues >= CARD_QUEUES_MAX * ESP_REG_QUEUE_STRIDE)
		return 0;
	switch (in_queues % ESP_REG_QUEUE_STRIDE + ESP_REG_QUEUE_SQ_BASE_LO) {
	case ESP_REG_QUEUE_SQ_TAIL:
		doorbell(&null->queues[q], (uint16_t)value);
		break;
	case ESP_REG_QUEUE_CONTROL:
		control(null, q, value & 1u << ESP_REG_QUEUE_CONTROL_ENABLE_LSB);
		break;
	default:
		break;
	}
	return 0;
}

static int null_config_read(struct transport *t, uint32_t offset, void *data, uint32_t len)
{
	static const uint8_t config[8] = { 0xee, 0x10, 0xb0, 0xe5 }; /* IDs; no capabilities */

	(void)t;
	memset(data, 0, len);
	if (offset + len <= sizeof(config))
		memcpy(data, config + offset, len);
	return 0;
}

static int null_config_write(struct transport *t, uint32_t offset, const void *data, uint32_t len)
{
	(void)t, (void)offset, (void)data, (void)len;
	return 0;
}

static int null_dma_map(struct transport *t, struct transport_mem *mem)
{
	struct null_card *null = (struct null_card *)t;

	for (unsigned int i = 0; i < MAPS_MAX; i++) {
		if (null->maps[i])
			continue;
		mem->va = mmap(NULL, mem->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		if (mem->va == MAP_FAILED)
			break;
		null->maps[i] = mem;
		return 0;
	}
	return espalier_fail(t->error, -ENOMEM, "The null card has no memory left.");
}

static void null_dma_unmap(struct transport *t, struct transport_mem *mem)
{
	struct null_card *null = (struct null_card *)t;

	for (unsigned int i = 0; i < MAPS_MAX; i++)
		if (null->maps[i] == mem)
			null->maps[i] = NULL;
	munmap(mem->va, mem->size);
}

static int null_irq_set(struct transport *t, const int *eventfds, unsigned int count)
{
	(void)t, (void)eventfds, (void)count;
	return 0;
}

static int null_reset(struct transport *t)
{
	memset(((struct null_card *)t)->sa, 0, sizeof(((struct null_card *)t)->sa));
	return 0;
}

static int null_alive(struct transport *t)
{
	(void)t;
	return 0;
}

static int null_hangup_fd(const struct transport *t)
{
	(void)t;
	return -1;
}

static void null_close(struct transport *t)
{
	free(t);
}

static const struct transport_ops null_ops = {
	.name = "null",
	.config_read = null_config_read,
	.config_write = null_config_write,
	.reg_read = null_reg_read,
	.reg_write = null_reg_write,
	.dma_map = null_dma_map,
	.dma_unmap = null_dma_unmap,
	.irq_set = null_irq_set,
	.reset = null_reset,
	.alive = null_alive,
	.hangup_fd = null_hangup_fd,
	.close = null_close,
};

static int null_open(const char *name, const struct espalier_open_options *options, struct espalier_dev **dev, char *error)
{
	struct null_card *null = calloc(1, sizeof(*null));
	struct card *card;
	int ret;

	(void)name;
	if (!null)
		return espalier_fail(error, -ENOMEM, "Out of memory.");
	null->base.ops = &null_ops;
	null->base.timeout_ms = options->timeout_ms;
	null->regs[ESP_REG_ID / 4] = ESP_REG_ID_RESET;
	null->regs[ESP_REG_VERSION / 4] = ESP_REG_VERSION_RESET;
	null->regs[ESP_REG_CAPS / 4] = 4u << ESP_REG_CAPS_LANES_LSB | CARD_QUEUES_MAX << ESP_REG_CAPS_QUEUES_LSB;
	null->regs[ESP_REG_SA_CAPACITY / 4] = SA_CAPACITY;
	null->regs[ESP_REG_LIMITS / 4] = 9600u << ESP_REG_LIMITS_MAX_PACKET_LSB | 128u << ESP_REG_LIMITS_MAX_WINDOW_LSB;
	null->regs[ESP_REG_STATUS / 4] = FLAG_READY;
	ret = card_attach(&null->base, options->timeout_ms, &card, error);
	if (!ret)
		*dev = &card->base;
	return ret;
}

int null_card_register(void)
{
	static struct espalier_backend backend;

	backend = espalier_card_backend;
	backend.name = "null";
	backend.open = null_open;
	return espalier_backend_register(&backend);
}
