/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that the card reads and writes: espalier_dma_alloc and espalier_dma_free. */
#ifndef ESPALIER_CARD_MEMORY_H
#define ESPALIER_CARD_MEMORY_H

#include "card.h"

int card_dma_alloc(struct espalier_dev *dev, size_t size, struct espalier_mem *mem);
void card_dma_free(struct espalier_dev *dev, struct espalier_mem *mem);
/* All of it, before the transport is closed. */
void card_dma_free_all(struct card *card);

#endif
