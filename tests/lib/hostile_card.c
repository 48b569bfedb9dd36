/* SPDX-License-Identifier: Apache-2.0 */
/* See hostile_card.h. One packet after the other, at the doorbell; time passes as on the wall, at 250 MHz. */
#include "hostile_card.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../../sim/device.h"
#include "espalier.h"
#include "ring.h"
#include "software/software.h"

#define QUEUES 4u
#define CAPACITY 64u
#define READ_TIMEOUT 250000u /* cycles */
#define BUFFER 16384u
#define REG(offset) card.regs[(offset) / 4]
#define QREG(q, name) REG(ESP_REG_QUEUE_##name + (q) * ESP_REG_QUEUE_STRIDE)
#define BIT(name) (1u << ESP_REG_##name##_LSB)

static struct {
	uint32_t regs[SIM_BAR_SIZE / 4];
	enum hostile_mood mood;
	uint16_t sq_head[QUEUES], cq_tail[QUEUES];
	struct espalier_dev *soft;
	struct espalier_queue *queue;
	struct espalier_mem memory; /* source, and the result behind it */
	bool used[2][CAPACITY];
	uint16_t soft_index[2][CAPACITY];
	uint8_t last_numbers[16];   /* the first number and IV that was sent */
	bool sent;
} card;

static const char *const names[] = {
	"sound", "hang", "hang-long", "hang-sa", "all-ones", "never-idle", "lie-cookie", "lie-length", "lie-status", "lie-sa", "lie-spi", "lie-number", "lie-twice", NULL,
};

const char *hostile_name(enum hostile_mood mood)
{
	return names[mood];
}

void hostile_set(enum hostile_mood mood)
{
	card.mood = mood;
	if (mood == HOSTILE_HANG_LONG)
		REG(ESP_REG_DMA_TIMEOUT) = 1000000000;
}

/* ---- SAs ---- */

static void forget_sa(unsigned int direction, unsigned int index)
{
	if (card.used[direction][index])
		espalier_sa_delete(card.soft, (enum espalier_direction)direction, card.soft_index[direction][index]);
	card.used[direction][index] = false;
	REG(direction ? ESP_REG_SA_IN_COUNT : ESP_REG_SA_OUT_COUNT) = 0;
	for (unsigned int i = 0; i < CAPACITY; i++)
		REG(direction ? ESP_REG_SA_IN_COUNT : ESP_REG_SA_OUT_COUNT) += card.used[direction][i];
}

static uint32_t add_sa(unsigned int direction, unsigned int index, uint32_t options)
{
	static const uint8_t key_lens[] = { 16, 24, 32, 0 };
	struct espalier_sa_config config = {
		.direction = (enum espalier_direction)direction, .spi = REG(ESP_REG_SA_SPI), .src = ip_from_number(REG(ESP_REG_SA_SRC)),
		.dst = ip_from_number(REG(ESP_REG_SA_DST)),
		.key_len = key_lens[options >> ESP_REG_SA_OPTIONS_KEY_SIZE_LSB & 3], .esn = options & BIT(SA_OPTIONS_ESN),
		.ttl = (uint8_t)(options >> ESP_REG_SA_OPTIONS_TTL_LSB), .replay_window = (uint16_t)(options >> ESP_REG_SA_OPTIONS_WINDOW_LSB),
		.seq = (uint64_t)REG(ESP_REG_SA_SEQ_HI) << 32 | REG(ESP_REG_SA_SEQ_LO),
	};
	int ret;

	memcpy(config.key, &REG(ESP_REG_SA_KEY), sizeof(config.key));
	memcpy(config.salt, &REG(ESP_REG_SA_SALT), sizeof(config.salt));
	ret = espalier_sa_add(card.soft, &config, &card.soft_index[direction][index]);
	card.used[direction][index] = !ret;
	return ret == 0 ? ESP_SA_RESULT_OK : ret == -EEXIST ? ESP_SA_RESULT_EXISTS : ret == -ENOSPC ? ESP_SA_RESULT_NO_SPACE : ESP_SA_RESULT_INVALID;
}

static void sa_command(uint32_t op)
{
	uint32_t options = REG(ESP_REG_SA_OPTIONS), index = REG(ESP_REG_SA_INDEX), result = ESP_SA_RESULT_OK;
	unsigned int direction = options & 1;
	uint64_t seq = 0;

	if (card.mood == HOSTILE_HANG_SA) {
		REG(ESP_REG_SA_STATE) = BIT(SA_STATE_BUSY);
		return;
	}
	if (index >= CAPACITY)
		result = ESP_SA_RESULT_INVALID;
	else if (op == ESP_SA_OP_ADD)
		result = card.used[direction][index] ? ESP_SA_RESULT_EXISTS : add_sa(direction, index, options);
	else if (!card.used[direction][index])
		result = ESP_SA_RESULT_NOT_FOUND;
	else if (op == ESP_SA_OP_DELETE)
		forget_sa(direction, index);
	else
		espalier_sa_query(card.soft, (enum espalier_direction)direction, card.soft_index[direction][index], &seq);
	REG(ESP_REG_SA_RESULT_SEQ_LO) = (uint32_t)seq;
	REG(ESP_REG_SA_RESULT_SEQ_HI) = (uint32_t)(seq >> 32);
	memset(&REG(ESP_REG_SA_KEY), 0, ESP_REG_SA_KEY_COUNT_MAX * ESP_REG_SA_KEY_STRIDE);
	REG(ESP_REG_SA_STATE) = result;
}

/* ---- packets ---- */

/* The index that the client knows this SA by. */
static uint16_t index_of(unsigned int direction, uint16_t soft_index)
{
	for (uint16_t i = 0; i < CAPACITY; i++)
		if (card.used[direction][i] && card.soft_index[direction][i] == soft_index)
			return i;
	return ESPALIER_SA_NONE;
}

static void lie(struct ring_completion *c, uint8_t *result, bool decap)
{
	uint8_t *esp = result + 20;

	if (c->status != ESP_STATUS_OK)
		return;
	if (!decap && !card.sent) {
		memcpy(card.last_numbers, esp, sizeof(card.last_numbers));
		card.sent = true;
	}
	switch (card.mood) {
	case HOSTILE_LIE_COOKIE:
		c->cookie += 1000;
		break;
	case HOSTILE_LIE_LENGTH:
		c->out_len = 0xffff;
		break;
	case HOSTILE_LIE_STATUS:
		c->status = 0xee;
		break;
	case HOSTILE_LIE_SA:
		c->sa = (uint16_t)((c->sa + 1u) % CAPACITY);
		break;
	case HOSTILE_LIE_SPI:
		if (!decap)
			esp[3] ^= 1;
		break;
	case HOSTILE_LIE_NUMBER:
		if (!decap)
			memcpy(esp + 4, card.last_numbers + 4, 12);
		break;
	default:
		break;
	}
}

static void process(const struct ring_submission *s, struct ring_completion *c, struct host_memory *memory)
{
	bool decap = s->opcode == ESP_OPCODE_DECAP;
	struct espalier_op op = {
		.src = card.memory.iova, .dst = card.memory.iova + BUFFER, .src_len = s->src_len, .dst_capacity = BUFFER, .opcode = s->opcode,
		.sa = decap || s->sa >= CAPACITY || !card.used[0][s->sa] ? 0 : card.soft_index[0][s->sa],
	}, *one = &op;
	uint8_t *bytes = card.memory.va;

	if (s->src_len > espalier_plain_len(ESPALIER_MAX_PACKET) || host_memory_read(memory, s->src, bytes, s->src_len)) {
		c->status = s->src_len > espalier_plain_len(ESPALIER_MAX_PACKET) ? ESP_STATUS_BAD_LENGTH : ESP_STATUS_DMA_UNSUPPORTED;
		return;
	}
	if (!decap && (s->sa >= CAPACITY || !card.used[0][s->sa])) {
		c->status = ESP_STATUS_NO_SA;
		return;
	}
	if (espalier_enqueue_burst(card.queue, &one, 1) != 1 || espalier_dequeue_burst(card.queue, &one, 1) != 1 || op.out_len > s->dst_capacity) {
		c->status = ESP_STATUS_BUFFER_TOO_SMALL;
		return;
	}
	c->status = op.status;
	c->out_len = op.out_len;
	c->sa = op.result_sa == ESPALIER_SA_NONE ? ESPALIER_SA_NONE : index_of(decap, op.result_sa);
	lie(c, bytes + BUFFER, decap);
	if (op.out_len)
		host_memory_write(memory, s->dst, bytes + BUFFER, op.out_len);
}

static void complete(struct device *dev, unsigned int q, struct ring_completion *c)
{
	uint32_t size = 1u << (QREG(q, SIZES) >> ESP_REG_QUEUE_SIZES_CQ_LOG2_LSB & 0xf);
	uint64_t base = (uint64_t)QREG(q, CQ_BASE_HI) << 32 | QREG(q, CQ_BASE_LO);
	uint16_t tail = card.cq_tail[q]++;

	c->flags = (uint8_t)((c->flags & ~RING_COMPLETION_PHASE) | (tail & size ? 0 : RING_COMPLETION_PHASE));
	c->sq_head = card.sq_head[q];
	host_memory_write(&dev->memory, base + (tail & (size - 1)) * sizeof(*c), c, sizeof(*c));
	QREG(q, CQ_TAIL) = card.cq_tail[q];
}

static void interrupt(struct device *dev, unsigned int q)
{
	if (!(QREG(q, CQ_HEAD) & BIT(QUEUE_CQ_HEAD_ARM)) || card.cq_tail[q] == (uint16_t)QREG(q, CQ_HEAD))
		return;
	QREG(q, CQ_HEAD) &= ~BIT(QUEUE_CQ_HEAD_ARM);
	device_trigger(dev, QREG(q, VECTOR) % SIM_VECTORS);
}

static void doorbell(struct device *dev, unsigned int q)
{
	uint32_t size = 1u << (QREG(q, SIZES) & 0xf);
	uint64_t base = (uint64_t)QREG(q, SQ_BASE_HI) << 32 | QREG(q, SQ_BASE_LO);

	/* a tail that is further away than the ring is long gets nowhere */
	for (uint32_t left = size; left && card.sq_head[q] != (uint16_t)QREG(q, SQ_TAIL); left--) {
		struct ring_completion c = { .sa = ESPALIER_SA_NONE };
		struct ring_submission s;

		if (host_memory_read(&dev->memory, base + (card.sq_head[q] & (size - 1)) * sizeof(s), &s, sizeof(s)))
			return;
		card.sq_head[q]++;
		if (card.mood == HOSTILE_HANG || card.mood == HOSTILE_HANG_LONG || card.mood == HOSTILE_NEVER_IDLE)
			continue;
		c.cookie = s.cookie;
		c.flags = s.opcode == ESP_OPCODE_DECAP ? RING_COMPLETION_DECAP : 0;
		process(&s, &c, &dev->memory);
		complete(dev, q, &c);
		if (card.mood == HOSTILE_LIE_TWICE)
			complete(dev, q, &c);
	}
	interrupt(dev, q);
}

/* ---- registers ---- */

static void control(unsigned int q, bool enable)
{
	if (enable) {
		card.sq_head[q] = card.cq_tail[q] = 0;
		QREG(q, SQ_TAIL) = QREG(q, CQ_HEAD) = QREG(q, CQ_TAIL) = 0;
	}
	QREG(q, CONTROL) = enable || card.mood == HOSTILE_NEVER_IDLE ? BIT(QUEUE_CONTROL_ACTIVE) | enable : 0;
}

static void write_register(struct device *dev, uint32_t offset, uint32_t value)
{
	unsigned int q = (offset - ESP_REG_QUEUE_SQ_BASE_LO) / ESP_REG_QUEUE_STRIDE;

	REG(offset) = value;
	if (offset == ESP_REG_ID)
		REG(offset) = ESP_REG_ID_RESET;
	if (offset == ESP_REG_SA_COMMAND)
		sa_command(value);
	if (offset < ESP_REG_QUEUE_SQ_BASE_LO || q >= QUEUES)
		return;
	switch (offset - q * ESP_REG_QUEUE_STRIDE) {
	case ESP_REG_QUEUE_CONTROL:
		control(q, value & BIT(QUEUE_CONTROL_ENABLE));
		break;
	case ESP_REG_QUEUE_SQ_TAIL:
		if (QREG(q, CONTROL) & BIT(QUEUE_CONTROL_ENABLE))
			doorbell(dev, q);
		break;
	case ESP_REG_QUEUE_CQ_HEAD:
		interrupt(dev, q);
		break;
	default:
		break;
	}
}

static void tick(void)
{
	struct timespec now;
	uint64_t cycles;

	clock_gettime(CLOCK_MONOTONIC, &now);
	cycles = ((uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec) / SIM_NS_PER_CYCLE;
	REG(ESP_REG_CYCLES_LO) = (uint32_t)cycles;
	REG(ESP_REG_CYCLES_HI) = (uint32_t)(cycles >> 32);
}

void device_read(struct device *dev, uint32_t offset, void *data, uint32_t len)
{
	tick();
	if (card.mood == HOSTILE_ALL_ONES || !config_memory_enabled(&dev->config))
		memset(data, 0xff, len);
	else
		memcpy(data, (const uint8_t *)card.regs + offset, len);
}

void device_write(struct device *dev, uint32_t offset, const void *data, uint32_t len)
{
	uint32_t value;

	/* whole registers; nothing else is asked of this card */
	for (const uint8_t *in = data; len >= 4 && offset % 4 == 0; offset += 4, in += 4, len -= 4) {
		memcpy(&value, in, sizeof(value));
		write_register(dev, offset, value);
	}
}

int device_config_read(struct device *dev, uint64_t off, void *data, uint32_t len)
{
	return config_read(&dev->config, off, data, len);
}

int device_config_write(struct device *dev, uint64_t off, const void *data, uint32_t len)
{
	bool flr = false;
	int ret = config_write(&dev->config, off, data, len, &flr);

	if (!ret && flr)
		device_reset(dev);
	return ret;
}

/* ---- life ---- */

void device_trigger(struct device *dev, unsigned int vector)
{
	struct pollfd room = { .fd = dev->eventfd[vector], .events = POLLOUT };
	uint64_t one = 1;

	if (room.fd >= 0 && poll(&room, 1, 0) == 1 && room.revents & POLLOUT)
		(void)!write(room.fd, &one, sizeof(one));
}

void device_set_vectors(struct device *dev, unsigned int first, unsigned int count, int *fds)
{
	for (unsigned int i = 0; i < count; i++) {
		if (dev->eventfd[first + i] >= 0)
			close(dev->eventfd[first + i]);
		dev->eventfd[first + i] = fds ? fds[i] : -1;
		if (fds)
			fds[i] = -1;
	}
}

void device_reset(struct device *dev)
{
	for (unsigned int i = 0; i < 2 * CAPACITY; i++)
		forget_sa(i / CAPACITY, i % CAPACITY);
	memset(card.regs, 0, sizeof(card.regs));
	REG(ESP_REG_ID) = ESP_REG_ID_RESET;
	REG(ESP_REG_VERSION) = 1;
	REG(ESP_REG_CAPS) = 4 | QUEUES << ESP_REG_CAPS_QUEUES_LSB | 1 << ESP_REG_CAPS_ALGORITHMS_LSB;
	REG(ESP_REG_SA_CAPACITY) = CAPACITY;
	REG(ESP_REG_LIMITS) = ESPALIER_MAX_PACKET | 128 << ESP_REG_LIMITS_MAX_WINDOW_LSB;
	REG(ESP_REG_STATUS) = 1;
	REG(ESP_REG_CLOCK) = 250000;
	REG(ESP_REG_DMA_TIMEOUT) = READ_TIMEOUT;
	card.mood = HOSTILE_SOUND;
	card.sent = false;
	dev->stats.resets++;
}

void device_init(struct device *dev, struct sim_options *opt)
{
	memset(dev, 0, sizeof(*dev));
	dev->opt = opt;
	for (unsigned int i = 0; i < SIM_VECTORS; i++)
		dev->eventfd[i] = -1;
	config_init(&dev->config, opt);
	device_reset(dev);
}

void device_release(struct device *dev)
{
	host_memory_clear(&dev->memory);
	device_set_vectors(dev, 0, SIM_VECTORS, NULL);
	config_init(&dev->config, dev->opt);
	device_reset(dev);
}

void device_close(struct device *dev)
{
	device_release(dev);
}

void device_run(struct device *dev, unsigned int cycles)
{
	dev->now += cycles;
}

bool device_busy(const struct device *dev)
{
	(void)dev;
	return false;
}

int hostile_open(void)
{
	int ret = espalier_software_register();

	if (!ret)
		ret = espalier_open("software", NULL, &card.soft, NULL);
	if (!ret)
		ret = espalier_dma_alloc(card.soft, 2 * BUFFER, &card.memory);
	return ret ? ret : espalier_queue_create(card.soft, 16, &card.queue);
}

void hostile_close(void)
{
	espalier_queue_destroy(card.queue);
	espalier_close(card.soft);
	memset(&card, 0, sizeof(card));
}
