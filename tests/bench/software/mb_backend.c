/* SPDX-License-Identifier: Apache-2.0 */
/* See mb_backend.h. Only what the bench calls: no events, no statistics. A device address is the address in this process. */
#include "mb_backend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mb_esp.h"

#define PAGE 4096u

struct mb_queue {
	struct espalier_queue base;
	unsigned int head;	    /* of done, the oldest */
	struct espalier_op *done[]; /* base.depth places */
};

static void mb_close(struct espalier_dev *dev)
{
	struct mb_dev *mb = (struct mb_dev *)dev;

	for (int direction = 0; direction < 2; direction++) {
		if (mb->sa[direction])
			explicit_bzero(mb->sa[direction], MB_SAS * sizeof(struct mb_sa));
		free(mb->sa[direction]);
	}
	if (mb->mgr)
		free_mb_mgr(mb->mgr);
	free(mb);
}

static int mb_open(const char *name, const struct espalier_open_options *options, struct espalier_dev **dev, char *error)
{
	struct mb_dev *mb = aligned_alloc(64, (sizeof(*mb) + 63) & ~(size_t)63);

	(void)name;
	(void)options;
	if (!mb)
		return espalier_fail(error, -ENOMEM, "Out of memory.");
	memset(mb, 0, sizeof(*mb));
	mb->mgr = alloc_mb_mgr(0);
	for (int direction = 0; direction < 2; direction++)
		mb->sa[direction] = aligned_alloc(64, MB_SAS * sizeof(struct mb_sa));
	if (!mb->mgr || !mb->sa[0] || !mb->sa[1]) {
		mb_close(&mb->base);
		return espalier_fail(error, -ENOMEM, "No memory for ipsec-mb.");
	}
	for (int direction = 0; direction < 2; direction++)
		memset(mb->sa[direction], 0, MB_SAS * sizeof(struct mb_sa));
	init_mb_mgr_auto(mb->mgr, NULL);
	*dev = &mb->base;
	return 0;
}

static int mb_info(struct espalier_dev *dev, struct espalier_info *info)
{
	(void)dev;
	strcpy(info->transport, "ipsec-mb");
	info->queues = 1;
	info->algorithms = 1;
	info->sa_capacity = MB_SAS;
	info->max_packet = SOFT_MAX_PACKET;
	info->max_esp = espalier_plain_len(SOFT_MAX_PACKET);
	info->max_window = SOFT_MAX_WINDOW;
	return 0;
}

static int mb_cycles(struct espalier_dev *dev, uint64_t *cycles)
{
	(void)dev;
	*cycles = 0;
	return 0;
}

static int mb_dma_alloc(struct espalier_dev *dev, size_t size, struct espalier_mem *mem)
{
	mem->size = (size + PAGE - 1) & ~(size_t)(PAGE - 1);
	mem->va = aligned_alloc(PAGE, mem->size);
	if (!mem->va)
		return espalier_fail(dev->error, -ENOMEM, "No memory for %zu bytes of packet buffers.", size);
	memset(mem->va, 0, mem->size);
	mem->iova = (uintptr_t)mem->va;
	return 0;
}

static void mb_dma_free(struct espalier_dev *dev, struct espalier_mem *mem)
{
	(void)dev;
	free(mem->va);
}

static void set_key(const IMB_MGR *mgr, struct mb_sa *sa, bool seals, const struct espalier_sa_config *config)
{
	bool is_128 = config->key_len == 16;

	if (is_128) {
		IMB_AES128_GCM_PRE(mgr, config->key, &sa->key);
		sa->crypt = seals ? mgr->gcm128_enc : mgr->gcm128_dec;
	} else {
		IMB_AES256_GCM_PRE(mgr, config->key, &sa->key);
		sa->crypt = seals ? mgr->gcm256_enc : mgr->gcm256_dec;
	}
	sa->init = is_128 ? mgr->gcm128_init : mgr->gcm256_init;
	sa->update = is_128 ? mgr->gcm128_enc_update : mgr->gcm256_enc_update;
	sa->finalize = is_128 ? mgr->gcm128_enc_finalize : mgr->gcm256_enc_finalize;
}

static int mb_sa_add(struct espalier_dev *dev, const struct espalier_sa_config *config, uint16_t *index)
{
	struct mb_dev *mb = (struct mb_dev *)dev;
	struct mb_sa *sa;
	unsigned int i = 0;
	int ret = espalier_sa_check(dev, config, 0, SOFT_MAX_WINDOW);

	if (ret)
		return ret;
	if (config->key_len == 24)
		return espalier_fail(dev->error, -EINVAL, "The ipsec-mb bench has no AES-192.");
	while (i < MB_SAS && mb->sa[config->direction][i].used)
		i++;
	if (i == MB_SAS)
		return espalier_fail(dev->error, -ENOSPC, "All %u SAs are in use.", MB_SAS);
	sa = &mb->sa[config->direction][i];
	set_key(mb->mgr, sa, config->direction == ESPALIER_OUTBOUND, config);
	sa->used = true;
	sa->esn = config->esn;
	sa->ttl = config->ttl ? config->ttl : 64;
	memcpy(sa->salt, config->salt, sizeof(sa->salt));
	sa->spi = config->spi;
	sa->src = ip_to_number(&config->src);
	sa->dst = ip_to_number(&config->dst);
	sa->last_seq = config->seq;
	soft_replay_init(&sa->replay, config->esn, config->replay_window, config->seq);
	mb_index(mb);
	*index = (uint16_t)i;
	return 0;
}

static int mb_sa_delete(struct espalier_dev *dev, enum espalier_direction direction, uint16_t index, uint64_t *last)
{
	struct mb_dev *mb = (struct mb_dev *)dev;

	if (index >= MB_SAS || !mb->sa[direction][index].used)
		return espalier_fail(dev->error, -ENOENT, "There is no SA at index %u.", index);
	if (last)
		*last = direction == ESPALIER_OUTBOUND ? mb->sa[direction][index].last_seq : mb->sa[direction][index].replay.top;
	explicit_bzero(&mb->sa[direction][index], sizeof(struct mb_sa));
	mb_index(mb);
	return 0;
}

static int mb_queue_create(struct espalier_dev *dev, unsigned int depth, struct espalier_queue **queue)
{
	struct mb_queue *mq = calloc(1, sizeof(*mq) + depth * sizeof(mq->done[0]));

	if (!mq)
		return espalier_fail(dev->error, -ENOMEM, "No memory for a queue.");
	mq->base.dev = dev;
	mq->base.depth = depth;
	mq->base.event_fd = -1;
	*queue = &mq->base;
	return 0;
}

static void mb_queue_destroy(struct espalier_queue *queue)
{
	free(queue);
}

static int mb_enqueue(struct espalier_queue *queue, struct espalier_op *const *ops, unsigned int count)
{
	struct mb_queue *mq = (struct mb_queue *)queue;
	unsigned int room = queue->depth - queue->in_flight, mask = queue->depth - 1;

	if (count > room)
		count = room;
	for (unsigned int n = 0; n < count; n += MB_CHUNK)
		mb_run((struct mb_dev *)queue->dev, ops + n, count - n < MB_CHUNK ? count - n : MB_CHUNK);
	for (unsigned int n = 0; n < count; n++)
		mq->done[(mq->head + queue->in_flight++) & mask] = ops[n];
	return (int)count;
}

static int mb_dequeue(struct espalier_queue *queue, struct espalier_op **ops, unsigned int count)
{
	struct mb_queue *mq = (struct mb_queue *)queue;
	unsigned int mask = queue->depth - 1;

	if (count > queue->in_flight)
		count = queue->in_flight;
	for (unsigned int n = 0; n < count; n++)
		ops[n] = mq->done[mq->head++ & mask];
	queue->in_flight -= count;
	return (int)count;
}

static const struct espalier_backend backend = {
	.name = "ipsec-mb",
	.open = mb_open,
	.close = mb_close,
	.info = mb_info,
	.cycles = mb_cycles,
	.dma_alloc = mb_dma_alloc,
	.dma_free = mb_dma_free,
	.sa_add = mb_sa_add,
	.sa_delete = mb_sa_delete,
	.queue_create = mb_queue_create,
	.queue_destroy = mb_queue_destroy,
	.enqueue_burst = mb_enqueue,
	.dequeue_burst = mb_dequeue,
};

int mb_backend_register(void)
{
	return espalier_backend_register(&backend);
}
