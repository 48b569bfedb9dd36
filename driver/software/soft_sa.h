/* SPDX-License-Identifier: Apache-2.0 */
/* SAs of the software reference: tables of both directions, inbound lookup by SPI and destination. */
#ifndef ESPALIER_SOFT_SA_H
#define ESPALIER_SOFT_SA_H

#include "soft.h"

int soft_sa_add(struct espalier_dev *dev, const struct espalier_sa_config *config, uint16_t *sa);
int soft_sa_delete(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa, uint64_t *last);
int soft_sa_query(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa, uint64_t *seq);
int soft_sa_counters(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa, struct espalier_sa_counters *counters);
void soft_sa_delete_all(struct soft_dev *soft);
/* Inbound; family 4 or 6, dst its address in 4 or 16 bytes. NULL: none. */
struct soft_sa *soft_sa_find(struct soft_dev *soft, uint32_t spi, uint8_t family, const uint8_t *dst);

#endif
