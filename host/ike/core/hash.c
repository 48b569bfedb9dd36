/* SPDX-License-Identifier: Apache-2.0 */
#include "core/hash.h"

#include <errno.h>
#include <stdlib.h>

/* The finaliser of MurmurHash3: each bit of the key reaches each bit of the slot. */
static size_t slot_of(const struct hash *hash, uint64_t key)
{
	uint64_t x = key ^ hash->seed;

	x = (x ^ (x >> 33)) * 0xff51afd7ed558ccdu;
	x = (x ^ (x >> 33)) * 0xc4ceb9fe1a85ec53u;
	x ^= x >> 33;
	return (size_t)(x & (hash->slot_count - 1));
}

static void put(struct hash *hash, struct hash_node *node)
{
	struct hash_node **link = &hash->slots[slot_of(hash, node->key)];

	node->next = *link;
	node->link = link;
	if (node->next)
		node->next->link = &node->next;
	*link = node;
}

/* So that nodes of one key keep their order. */
static struct hash_node *reversed(struct hash_node *node)
{
	struct hash_node *list = NULL;

	while (node) {
		struct hash_node *next = node->next;

		node->next = list;
		list = node;
		node = next;
	}
	return list;
}

static int grow(struct hash *hash)
{
	struct hash bigger = { .slot_count = hash->slot_count ? 2 * hash->slot_count : 64, .count = hash->count, .seed = hash->seed };

	bigger.slots = calloc(bigger.slot_count, sizeof(*bigger.slots));
	if (!bigger.slots)
		return -ENOMEM;
	for (size_t i = 0; i < hash->slot_count; i++) {
		struct hash_node *node = reversed(hash->slots[i]), *next;

		for (; node; node = next) {
			next = node->next;
			put(&bigger, node);
		}
	}
	free(hash->slots);
	*hash = bigger;
	return 0;
}

int hash_insert(struct hash *hash, struct hash_node *node, uint64_t key)
{
	if (hash->count >= hash->slot_count) {
		int err = grow(hash);

		if (err)
			return err;
	}
	node->key = key;
	put(hash, node);
	hash->count++;
	return 0;
}

void hash_remove(struct hash *hash, struct hash_node *node)
{
	if (!node->link)
		return;
	*node->link = node->next;
	if (node->next)
		node->next->link = node->link;
	node->next = NULL;
	node->link = NULL;
	hash->count--;
}

static struct hash_node *first_of(struct hash_node *node, uint64_t key)
{
	while (node && node->key != key)
		node = node->next;
	return node;
}

struct hash_node *hash_find(const struct hash *hash, uint64_t key)
{
	return hash->slot_count ? first_of(hash->slots[slot_of(hash, key)], key) : NULL;
}

struct hash_node *hash_next(const struct hash_node *node)
{
	return first_of(node->next, node->key);
}

void hash_free(struct hash *hash)
{
	free(hash->slots);
	*hash = (struct hash){ .seed = hash->seed };
}

uint64_t hash_bytes(const void *bytes, size_t len, uint64_t key)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < len; i++)
		key = (key ^ p[i]) * 0x100000001b3u;
	return key;
}
