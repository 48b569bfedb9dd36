/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The software reference as a backend of libespalier: device, memory, queues and the checks a card makes on a descriptor.
 * An operation is done when it is enqueued; it waits in the queue to be dequeued. Memory that no one allocated answers like host
 * memory behind an IOMMU: reads end in DMA_UNSUPPORTED, writes are lost.
 */
#include "software.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "soft_esp.h"
#include "soft_life.h"
#include "soft_sa.h"

#define PAGE 4096u
#define FIRST_IOVA (1ull << 32)

struct soft_queue {
	struct espalier_queue base;
	bool armed;
	unsigned int head; /* of done, the oldest */
	struct espalier_op *done[]; /* base.depth places, a power of two */
};

static void soft_close(struct espalier_dev *dev)
{
	struct soft_dev *soft = (struct soft_dev *)dev;

	if (soft->sa[1])
		soft_sa_delete_all(soft);
	free(soft->sa[0]);
	free(soft->sa[1]);
	for (unsigned int i = 0; i < SOFT_CIPHERS; i++)
		EVP_CIPHER_free(soft->ciphers[i]);
	while (soft->regions) {
		struct soft_region *region = soft->regions;

		soft->regions = region->next;
		free(region->mem.va);
		free(region);
	}
	free(soft);
}

/* "software", or "software:N": N SAs a direction. */
static bool parse_capacity(const char *name, unsigned int *capacity)
{
	const char *colon = strchr(name, ':');
	unsigned long value;
	char *end;

	*capacity = SOFT_SA_CAPACITY;
	if (!colon)
		return true;
	value = strtoul(colon + 1, &end, 10);
	*capacity = (unsigned int)value;
	return colon[1] >= '0' && colon[1] <= '9' && !*end && value >= 1 && value <= SOFT_SA_CAPACITY_MAX;
}

static int soft_open(const char *name, const struct espalier_open_options *options, struct espalier_dev **dev, char *error)
{
	static const char *const names[SOFT_CIPHERS] = { "AES-128-GCM", "AES-192-GCM", "AES-256-GCM", "ChaCha20-Poly1305" };
	struct soft_dev *soft;
	unsigned int capacity;

	(void)options;
	if (!parse_capacity(name, &capacity))
		return espalier_fail(error, -EINVAL, "%s: the device software:N has N SAs a direction, 1 to %u.", name, SOFT_SA_CAPACITY_MAX);
	soft = calloc(1, sizeof(*soft));
	if (!soft)
		return espalier_fail(error, -ENOMEM, "No memory for the software reference.");
	soft->capacity = capacity;
	for (int i = 0; i < 2; i++) {
		soft->sa[i] = calloc(capacity, sizeof(*soft->sa[i]));
		if (!soft->sa[i]) {
			soft_close(&soft->base);
			return espalier_fail(error, -ENOMEM, "No memory for %u SAs.", capacity);
		}
	}
	for (unsigned int i = 0; i < SOFT_CIPHERS; i++) {
		soft->ciphers[i] = EVP_CIPHER_fetch(NULL, names[i], NULL);
		if (!soft->ciphers[i]) {
			soft_close(&soft->base);
			return espalier_fail(error, -ENOTSUP, "OpenSSL has no %s.", names[i]);
		}
	}
	memset(soft->chains, 0xff, sizeof(soft->chains));
	soft->last_event = &soft->first_event;
	soft->next_iova = FIRST_IOVA;
	*dev = &soft->base;
	return 0;
}

static int soft_info(struct espalier_dev *dev, struct espalier_info *info)
{
	strcpy(info->transport, "software");
	info->queues = UINT8_MAX;
	info->algorithms = 1;
	info->sa_capacity = ((struct soft_dev *)dev)->capacity;
	info->max_packet = SOFT_MAX_PACKET;
	info->features = SOFT_FEATURES;
	info->max_esp = espalier_encap_room(SOFT_MAX_PACKET);
	info->max_window = SOFT_MAX_WINDOW;
	return 0;
}

static int soft_stats(struct espalier_dev *dev, struct espalier_stats *stats)
{
	*stats = ((struct soft_dev *)dev)->stats;
	return 0;
}

static int soft_cycles(struct espalier_dev *dev, uint64_t *cycles)
{
	(void)dev;
	*cycles = 0; /* no clock */
	return 0;
}

static int soft_dma_alloc(struct espalier_dev *dev, size_t size, struct espalier_mem *mem)
{
	struct soft_dev *soft = (struct soft_dev *)dev;
	struct soft_region *region = calloc(1, sizeof(*region));

	if (!region || size > SIZE_MAX - PAGE)
		goto fail;
	region->mem.size = (size + PAGE - 1) & ~(size_t)(PAGE - 1);
	region->mem.va = aligned_alloc(PAGE, region->mem.size);
	if (!region->mem.va)
		goto fail;
	memset(region->mem.va, 0, region->mem.size);
	region->mem.iova = soft->next_iova;
	soft->next_iova += region->mem.size + PAGE; /* a hole behind each: nothing runs from one into the next */
	region->next = soft->regions;
	soft->regions = region;
	*mem = region->mem;
	return 0;
fail:
	free(region);
	return espalier_fail(dev->error, -ENOMEM, "No memory for %zu bytes of packet buffers.", size);
}

static void soft_dma_free(struct espalier_dev *dev, struct espalier_mem *mem)
{
	struct soft_dev *soft = (struct soft_dev *)dev;

	for (struct soft_region **link = &soft->regions; *link; link = &(*link)->next) {
		struct soft_region *region = *link;

		if (region->mem.va != mem->va)
			continue;
		*link = region->next;
		free(region->mem.va);
		free(region);
		return;
	}
}

static uint8_t *translate(struct soft_dev *soft, uint64_t iova, size_t len)
{
	for (struct soft_region *region = soft->regions; region; region = region->next)
		if (iova >= region->mem.iova && iova - region->mem.iova <= region->mem.size && len <= region->mem.size - (iova - region->mem.iova))
			return (uint8_t *)region->mem.va + (iova - region->mem.iova);
	return NULL;
}

static bool bad_range(uint64_t addr, uint32_t len)
{
	return addr == 0 || (len && addr + len - 1 < addr);
}

/* The outbound SA that an operation names, or NULL. */
static struct soft_sa *named_sa(struct soft_dev *soft, const struct espalier_op *op)
{
	bool there = op->opcode == ESP_OPCODE_ENCAP && op->sa < soft->capacity && soft->sa[ESPALIER_OUTBOUND][op->sa].used;

	return there ? &soft->sa[ESPALIER_OUTBOUND][op->sa] : NULL;
}

/* Bytes that the result may take. */
static uint32_t room_for(const struct espalier_op *op, const struct soft_sa *sa)
{
	if (op->opcode != ESP_OPCODE_ENCAP)
		return op->src_len;
	return sa ? soft_encap_len(sa, op->src_len) : espalier_plain_len(op->src_len);
}

/* The order of these checks is the card's: see the status codes in the register map. */
static uint8_t check_op(const struct espalier_op *op, uint32_t room)
{
	if (op->opcode != ESP_OPCODE_ENCAP && (op->opcode != ESP_OPCODE_DECAP || op->sa))
		return ESP_STATUS_BAD_OPCODE;
	if (bad_range(op->src, op->src_len) || bad_range(op->dst, op->dst_capacity))
		return ESP_STATUS_BAD_ADDRESS;
	if (op->dst % ESPALIER_DST_ALIGN)
		return ESP_STATUS_BAD_ALIGNMENT;
	if (op->src_len == 0 || op->src_len > (op->opcode == ESP_OPCODE_ENCAP ? SOFT_MAX_PACKET : espalier_encap_room(SOFT_MAX_PACKET)))
		return ESP_STATUS_BAD_LENGTH;
	return op->dst_capacity < room ? ESP_STATUS_BUFFER_TOO_SMALL : ESP_STATUS_OK;
}

static void run_op(struct soft_dev *soft, struct espalier_op *op)
{
	struct soft_sa *sa = named_sa(soft, op);
	uint32_t out_len = 0, room = room_for(op, sa);
	const uint8_t *src;
	uint8_t *dst;

	op->out_len = 0;
	op->result_sa = ESPALIER_SA_NONE;
	op->status = check_op(op, room);
	if (op->status)
		goto count;
	src = translate(soft, op->src, op->src_len);
	if (!src) {
		op->status = ESP_STATUS_DMA_UNSUPPORTED;
		goto count;
	}
	dst = translate(soft, op->dst, room);
	if (!dst)
		dst = soft->lost;
	if (op->opcode == ESP_OPCODE_DECAP)
		op->status = soft_decap(soft, src, op->src_len, dst, &out_len, &sa);
	else
		op->status = sa ? soft_encap(soft, sa, src, op->src_len, room, dst, &out_len) : ESP_STATUS_NO_SA;
	if (sa) {
		op->result_sa = sa->index;
		if (op->status)
			soft_life_drop(sa, op->status);
	}
	op->out_len = (uint16_t)out_len;
count:
	soft->stats.status[op->status]++;
}

static int soft_queue_create(struct espalier_dev *dev, unsigned int depth, struct espalier_queue **queue)
{
	struct soft_queue *sq = calloc(1, sizeof(*sq) + depth * sizeof(sq->done[0]));

	if (!sq)
		return espalier_fail(dev->error, -ENOMEM, "No memory for a queue.");
	sq->base.dev = dev;
	sq->base.depth = depth;
	sq->base.event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (sq->base.event_fd < 0) {
		free(sq);
		return espalier_fail(dev->error, -EMFILE, "No event descriptor for a queue: %s.", strerror(errno));
	}
	*queue = &sq->base;
	return 0;
}

static void soft_queue_destroy(struct espalier_queue *queue)
{
	close(queue->event_fd);
	free(queue);
}

static void signal_done(struct soft_queue *sq)
{
	uint64_t one = 1;

	if (!sq->armed || !sq->base.in_flight)
		return;
	sq->armed = write(sq->base.event_fd, &one, sizeof(one)) != sizeof(one);
}

static int soft_enqueue(struct espalier_queue *queue, struct espalier_op *const *ops, unsigned int count)
{
	struct soft_queue *sq = (struct soft_queue *)queue;
	struct soft_dev *soft = (struct soft_dev *)queue->dev;
	unsigned int n = 0;

	soft->now_ms = soft_now_ms();
	for (; n < count && queue->in_flight < queue->depth; n++) {
		run_op(soft, ops[n]);
		sq->done[(sq->head + queue->in_flight++) & (queue->depth - 1)] = ops[n];
	}
	signal_done(sq);
	return (int)n;
}

static int soft_dequeue(struct espalier_queue *queue, struct espalier_op **ops, unsigned int count)
{
	struct soft_queue *sq = (struct soft_queue *)queue;
	unsigned int n = 0;

	for (; n < count && queue->in_flight; n++) {
		ops[n] = sq->done[sq->head];
		sq->head = (sq->head + 1) & (queue->depth - 1);
		queue->in_flight--;
	}
	return (int)n;
}

static int soft_arm(struct espalier_queue *queue)
{
	struct soft_queue *sq = (struct soft_queue *)queue;

	sq->armed = true;
	signal_done(sq);
	return 0;
}

static int soft_wait(struct espalier_queue *queue, int timeout_ms)
{
	(void)timeout_ms; /* what is in flight is done already */
	return queue->in_flight ? 0 : espalier_fail(queue->dev->error, -ETIMEDOUT, "No operation is in flight.");
}

static const struct espalier_backend software_backend = {
	.name = "software",
	.open = soft_open,
	.close = soft_close,
	.info = soft_info,
	.stats = soft_stats,
	.cycles = soft_cycles,
	.dma_alloc = soft_dma_alloc,
	.dma_free = soft_dma_free,
	.sa_add = soft_sa_add,
	.sa_delete = soft_sa_delete,
	.sa_query = soft_sa_query,
	.sa_counters = soft_sa_counters,
	.dequeue_events = soft_dequeue_events,
	.queue_create = soft_queue_create,
	.queue_destroy = soft_queue_destroy,
	.enqueue_burst = soft_enqueue,
	.dequeue_burst = soft_dequeue,
	.queue_arm = soft_arm,
	.queue_wait = soft_wait,
};

int espalier_software_register(void)
{
	return espalier_backend_register(&software_backend);
}
