/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash table by a 64-bit key, for SPIs and the like. Nodes are embedded in what they find; several of one key are allowed, the newest is found first.
 * Grows by itself.
 */
#ifndef ESPALIER_IKE_HASH_H
#define ESPALIER_IKE_HASH_H

#include <stddef.h>
#include <stdint.h>

struct hash_node {
	struct hash_node *next, **link; /* link: what points to it; NULL: it is in no table */
	uint64_t key;
};

/* Zeroed: empty. seed: random, so that nobody outside can choose keys of one slot; set while it is empty. */
struct hash {
	struct hash_node **slots;
	size_t slot_count, count;
	uint64_t seed;
};

/* 0 or -ENOMEM. */
int hash_insert(struct hash *hash, struct hash_node *node, uint64_t key);
/* In constant time. Nothing happens if node is in no table. */
void hash_remove(struct hash *hash, struct hash_node *node);
/* The first node of that key, or the next behind one; NULL: none. */
struct hash_node *hash_find(const struct hash *hash, uint64_t key);
struct hash_node *hash_next(const struct hash_node *node);
/* A key of bytes (FNV-1a): begin with HASH_BASIS, go on with what came out. Not secret: what outsiders choose is spread by the table's seed. */
#define HASH_BASIS 0xcbf29ce484222325u
uint64_t hash_bytes(const void *bytes, size_t len, uint64_t key);
/* The table alone; the nodes are not touched. */
void hash_free(struct hash *hash);

/* The struct of this type that node is the member of. */
#define hash_entry(node, type, member) ((type *)(void *)((char *)(node) - offsetof(type, member)))

#endif
