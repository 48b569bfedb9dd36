/* SPDX-License-Identifier: Apache-2.0 */
/* See mock_card.h. */
#include "mock_card.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REG(mock, offset) ((mock)->regs[(offset) / 4])
#define QREG(mock, q, name) REG(mock, ESP_REG_QUEUE_##name + (q) * ESP_REG_QUEUE_STRIDE)

static int gone(struct mock_card *mock)
{
	return mock->dead ? espalier_fail(mock->base.error, -ENODEV, "The mock is dead.") : 0;
}

static uint8_t *translate(struct mock_card *mock, uint64_t iova)
{
	for (int i = 0; i < 16; i++)
		if (mock->memory[i] && iova >= mock->memory[i]->iova && iova < mock->memory[i]->iova + mock->memory[i]->size)
			return (uint8_t *)mock->memory[i]->va + (iova - mock->memory[i]->iova);
	fail_msg("the driver named memory that it did not map: 0x%llx", (unsigned long long)iova);
	return NULL;
}

uint16_t mock_out_len(uint8_t opcode, uint16_t src_len)
{
	return (uint16_t)(opcode == ESP_OPCODE_ENCAP ? espalier_plain_len(src_len) : src_len - 57u);
}

static void complete(struct mock_card *mock, unsigned int q, const struct ring_submission *s)
{
	uint32_t cq_size = 1u << (QREG(mock, q, SIZES) >> 8 & 0xf);
	uint64_t base = (uint64_t)QREG(mock, q, CQ_BASE_HI) << 32 | QREG(mock, q, CQ_BASE_LO);
	uint16_t tail = mock->cq_tail[q]++;
	struct ring_completion *c = (struct ring_completion *)(void *)translate(mock, base) + (tail & (cq_size - 1));

	uint8_t flags;

	assert_true((uint16_t)(tail - (QREG(mock, q, CQ_HEAD) & 0xffff)) < cq_size);
	c->cookie = s->cookie ^ mock->cookie_xor;
	c->out_len = (uint16_t)(mock_out_len(s->opcode, s->src_len) + mock->out_len_add);
	c->sa = s->sa ^ mock->sa_xor;
	c->status = mock->status;
	c->sq_head = mock->sq_head[q];
	QREG(mock, q, CQ_TAIL) = mock->cq_tail[q] - mock->behind;
	flags = (tail / cq_size & 1 ? 0 : RING_COMPLETION_PHASE) | ((s->opcode == ESP_OPCODE_DECAP) ^ mock->other_way ? RING_COMPLETION_DECAP : 0);
	__atomic_store_n(&c->flags, flags, __ATOMIC_RELEASE);
}

void mock_process(struct mock_card *mock, unsigned int q, unsigned int count)
{
	uint32_t sq_size = 1u << (QREG(mock, q, SIZES) & 0xf);
	uint64_t base = (uint64_t)QREG(mock, q, SQ_BASE_HI) << 32 | QREG(mock, q, SQ_BASE_LO), one = 1;
	struct ring_submission *sq = (struct ring_submission *)(void *)translate(mock, base);

	while (count && mock->sq_head[q] != (uint16_t)QREG(mock, q, SQ_TAIL)) {
		const struct ring_submission *a = &sq[mock->sq_head[q]++ & (sq_size - 1)];

		count--;
		if (mock->keep_next) {
			mock->keep_next = false;
			mock->kept = *a;
			continue;
		}
		if (mock->swap_pairs && count && mock->sq_head[q] != (uint16_t)QREG(mock, q, SQ_TAIL)) {
			complete(mock, q, &sq[mock->sq_head[q]++ & (sq_size - 1)]);
			count--;
		}
		complete(mock, q, a);
	}
	if (QREG(mock, q, CQ_HEAD) >> 31 && mock->cq_tail[q] != (uint16_t)QREG(mock, q, CQ_HEAD)) {
		QREG(mock, q, CQ_HEAD) &= 0x7fffffff;
		assert_int_equal(write(mock->eventfd[QREG(mock, q, VECTOR)], &one, 8), 8);
	}
}

void mock_complete_kept(struct mock_card *mock, unsigned int q)
{
	complete(mock, q, &mock->kept);
}

void mock_queue_error(struct mock_card *mock, unsigned int q, uint8_t status)
{
	QREG(mock, q, CONTROL) = 1u << ESP_REG_QUEUE_CONTROL_ERROR_LSB | (uint32_t)status << ESP_REG_QUEUE_CONTROL_ERROR_STATUS_LSB;
}

static void sa_command(struct mock_card *mock, uint32_t op)
{
	uint32_t options = REG(mock, ESP_REG_SA_OPTIONS), index = REG(mock, ESP_REG_SA_INDEX), result = ESP_SA_RESULT_OK;
	uint32_t direction = options & 1;

	mock->staged_options = options;
	if (mock->sa_hangs) {
		REG(mock, ESP_REG_SA_STATE) = 1u << ESP_REG_SA_STATE_BUSY_LSB;
		return;
	}
	assert_true(index < MOCK_SA_CAPACITY);
	if (mock->sa_result) {
		result = mock->sa_result;
	} else if (op == ESP_SA_OP_ADD) {
		memcpy(mock->last_key, &REG(mock, ESP_REG_SA_KEY), sizeof(mock->last_key));
		result = mock->sa[direction][index] ? ESP_SA_RESULT_EXISTS : ESP_SA_RESULT_OK;
		mock->sa[direction][index] = true;
		mock->sa_seq[direction][index] = (uint64_t)REG(mock, ESP_REG_SA_SEQ_HI) << 32 | REG(mock, ESP_REG_SA_SEQ_LO);
	} else if (!mock->sa[direction][index]) {
		result = ESP_SA_RESULT_NOT_FOUND;
	} else if (op == ESP_SA_OP_DELETE) {
		mock->deletes++;
		mock->sa[direction][index] = false;
	}
	if (!result && op != ESP_SA_OP_ADD) {
		REG(mock, ESP_REG_SA_RESULT_SEQ_LO) = (uint32_t)mock->sa_seq[direction][index];
		REG(mock, ESP_REG_SA_RESULT_SEQ_HI) = (uint32_t)(mock->sa_seq[direction][index] >> 32);
	}
	memset(&REG(mock, ESP_REG_SA_KEY), 0, 32);
	REG(mock, ESP_REG_SA_STATE) = result;
	REG(mock, ESP_REG_SA_OUT_COUNT) = REG(mock, ESP_REG_SA_IN_COUNT) = 0;
	for (uint32_t i = 0; i < MOCK_SA_CAPACITY; i++) {
		REG(mock, ESP_REG_SA_OUT_COUNT) += mock->sa[0][i];
		REG(mock, ESP_REG_SA_IN_COUNT) += mock->sa[1][i];
	}
}

static int mock_config_read(struct transport *t, uint32_t offset, void *data, uint32_t len)
{
	struct mock_card *mock = (struct mock_card *)t;

	memcpy(data, mock->config + offset, len);
	return gone(mock);
}

static int mock_config_write(struct transport *t, uint32_t offset, const void *data, uint32_t len)
{
	struct mock_card *mock = (struct mock_card *)t;

	memcpy(mock->config + offset, data, len);
	return gone(mock);
}

static int mock_reg_read(struct transport *t, uint32_t offset, uint32_t *value)
{
	struct mock_card *mock = (struct mock_card *)t;

	if (offset == ESP_REG_CYCLES_LO)
		REG(mock, offset) += mock->clock_step;
	if (offset == ESP_REG_QUEUE_CQ_TAIL && mock->on_tail_read)
		mock->on_tail_read(mock);
	*value = mock->all_ones ? UINT32_MAX : REG(mock, offset);
	return gone(mock);
}

static int mock_reg_write(struct transport *t, uint32_t offset, uint32_t value)
{
	struct mock_card *mock = (struct mock_card *)t;
	uint32_t in_queue = (offset - ESP_REG_QUEUE_SQ_BASE_LO) % ESP_REG_QUEUE_STRIDE + ESP_REG_QUEUE_SQ_BASE_LO;
	unsigned int q = (offset - ESP_REG_QUEUE_SQ_BASE_LO) / ESP_REG_QUEUE_STRIDE;

	if (gone(mock))
		return -ENODEV;
	REG(mock, offset) = value;
	if (offset == ESP_REG_SA_COMMAND)
		sa_command(mock, value);
	if (offset < ESP_REG_QUEUE_SQ_BASE_LO || q >= 4)
		return 0;
	if (in_queue == ESP_REG_QUEUE_CONTROL) {
		if (value & 1) {
			mock->sq_head[q] = mock->cq_tail[q] = 0;
			QREG(mock, q, SQ_TAIL) = QREG(mock, q, CQ_HEAD) = QREG(mock, q, CQ_TAIL) = 0;
			assert_int_equal((QREG(mock, q, SQ_BASE_LO) | QREG(mock, q, CQ_BASE_LO)) & 0xfff, 0);
		}
		REG(mock, offset) = value & 1 ? 1u << ESP_REG_QUEUE_CONTROL_ACTIVE_LSB | 1 : 0;
		if (mock->never_idle)
			REG(mock, offset) |= 1u << ESP_REG_QUEUE_CONTROL_ACTIVE_LSB;
		if (mock->refuse_enable)
			mock_queue_error(mock, q, ESP_STATUS_BAD_ADDRESS);
	} else if (in_queue == ESP_REG_QUEUE_SQ_TAIL && QREG(mock, q, CONTROL) & 1) {
		mock->doorbells++;
		if (!mock->hold)
			mock_process(mock, q, UINT32_MAX);
	} else if (in_queue == ESP_REG_QUEUE_CQ_HEAD && QREG(mock, q, CONTROL) & 1) {
		mock->cq_writes++;
		mock_process(mock, q, 0);
	}
	return 0;
}

static int mock_dma_map(struct transport *t, struct transport_mem *mem)
{
	struct mock_card *mock = (struct mock_card *)t;

	if (gone(mock))
		return -ENODEV;
	for (int i = 0; i < 16; i++) {
		if (mock->memory[i])
			continue;
		assert_int_equal(mem->iova % 4096, 0);
		mem->va = aligned_alloc(4096, mem->size);
		memset(mem->va, 0, mem->size);
		mock->memory[i] = mem;
		return 0;
	}
	return espalier_fail(t->error, -ENOMEM, "The mock has no memory left.");
}

static void mock_dma_unmap(struct transport *t, struct transport_mem *mem)
{
	struct mock_card *mock = (struct mock_card *)t;

	for (int i = 0; i < 16; i++)
		if (mock->memory[i] == mem)
			mock->memory[i] = NULL;
	mock->unmaps++;
	mock->resets_at_unmap = mock->resets;
	free(mem->va);
}

static int mock_irq_set(struct transport *t, const int *eventfds, unsigned int count)
{
	struct mock_card *mock = (struct mock_card *)t;

	for (unsigned int i = 0; i < 4; i++)
		mock->eventfd[i] = i < count ? eventfds[i] : -1;
	return gone(mock);
}

static int mock_reset(struct transport *t)
{
	struct mock_card *mock = (struct mock_card *)t;

	mock->resets++;
	if (mock->cannot_reset)
		return -ENOTSUP;
	memset(mock->sa, 0, sizeof(mock->sa));
	REG(mock, ESP_REG_SA_OUT_COUNT) = REG(mock, ESP_REG_SA_IN_COUNT) = 0;
	return gone(mock);
}

static int mock_alive(struct transport *t)
{
	return gone((struct mock_card *)t);
}

static int mock_hangup_fd(const struct transport *t)
{
	(void)t;
	return -1;
}

static void mock_close(struct transport *t)
{
	struct mock_card *mock = (struct mock_card *)t;

	for (int i = 0; i < 16; i++)
		assert_null(mock->memory[i]);
	free(mock);
}

static const struct transport_ops mock_ops = {
	"mock", mock_config_read, mock_config_write, mock_reg_read, mock_reg_write, mock_dma_map,
	mock_dma_unmap, mock_irq_set, mock_reset, mock_alive, mock_hangup_fd, mock_close,
};

struct mock_card *mock_new(void)
{
	static const uint8_t config[] = { 0xee, 0x10, 0xb0, 0xe5, 0, 0, 0x10, 0 };
	struct mock_card *mock = calloc(1, sizeof(*mock));

	mock->base.ops = &mock_ops;
	memcpy(mock->config, config, sizeof(config));
	mock->config[0x34] = 0x40;
	mock->config[0x40] = 0x01; /* power management, then PCI Express */
	mock->config[0x41] = 0x50;
	mock->config[0x50] = 0x10;
	mock->config[0x50 + 0x12] = 0x03; /* generation 3, 16 lanes */
	mock->config[0x50 + 0x13] = 0x01;
	REG(mock, ESP_REG_ID) = ESP_REG_ID_RESET;
	REG(mock, ESP_REG_VERSION) = 1;
	REG(mock, ESP_REG_CAPS) = 4 | 2 << 8 | 1 << 16;
	REG(mock, ESP_REG_SA_CAPACITY) = MOCK_SA_CAPACITY;
	REG(mock, ESP_REG_LIMITS) = 9600 | 128 << 16;
	REG(mock, ESP_REG_STATUS) = 1;
	REG(mock, ESP_REG_CLOCK) = 250000;
	return mock;
}
