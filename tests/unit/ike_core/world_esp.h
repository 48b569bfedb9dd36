/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the test world: ESP packets under way. */
#ifndef ESPALIER_TEST_WORLD_ESP_H
#define ESPALIER_TEST_WORLD_ESP_H

#include "world.h"

/* Whose address dst is, behind a NAT or not; inside is the endpoint as that node sees it. NULL: nobody's. */
struct node *world_node_at(struct world *w, const struct endpoint *dst, struct endpoint *inside);

/* When a flood sends or a packet arrives; UINT64_MAX: never. */
uint64_t world_esp_next(const struct world *w);
void world_esp_step(struct world *w);
void world_esp_free(struct world *w);

#endif
