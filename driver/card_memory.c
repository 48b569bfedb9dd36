/* SPDX-License-Identifier: Apache-2.0 */
#include "card_memory.h"

#include <errno.h>
#include <stdlib.h>

#include "card_io.h"

int card_dma_alloc(struct espalier_dev *dev, size_t size, struct espalier_mem *mem)
{
	struct card *card = (struct card *)dev;
	struct card_mem *entry;
	int ret = card_is_lost(card);

	if (ret)
		return ret;
	entry = calloc(1, sizeof(*entry));
	if (!entry || size > SIZE_MAX - CARD_PAGE) {
		free(entry);
		return espalier_fail(dev->error, -ENOMEM, "No memory for %zu bytes shared with the card.", size);
	}
	entry->mem.size = (size + CARD_PAGE - 1) & ~(size_t)(CARD_PAGE - 1);
	entry->mem.iova = card->next_iova;
	ret = card->t->ops->dma_map(card->t, &entry->mem);
	if (ret) {
		free(entry);
		return card_transport_error(card, ret);
	}
	card->next_iova += entry->mem.size + CARD_PAGE; /* a hole behind each: nothing runs from one into the next */
	entry->next = card->memory;
	card->memory = entry;
	*mem = (struct espalier_mem){ .va = entry->mem.va, .iova = entry->mem.iova, .size = entry->mem.size };
	return 0;
}

void card_dma_free(struct espalier_dev *dev, struct espalier_mem *mem)
{
	struct card *card = (struct card *)dev;

	for (struct card_mem **link = &card->memory; *link; link = &(*link)->next) {
		struct card_mem *entry = *link;

		if (entry->mem.va != mem->va)
			continue;
		*link = entry->next;
		card->t->ops->dma_unmap(card->t, &entry->mem);
		free(entry);
		return;
	}
}

void card_dma_free_all(struct card *card)
{
	while (card->memory) {
		struct card_mem *entry = card->memory;

		card->memory = entry->next;
		card->t->ops->dma_unmap(card->t, &entry->mem);
		free(entry);
	}
}
