/* SPDX-License-Identifier: Apache-2.0 */
/* SAs of the software reference: tables of both directions, inbound lookup by SPI and destination. */
#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#include "soft.h"

static uint32_t chain_of(uint32_t spi, uint32_t dst)
{
	return ((spi * 2654435761u) ^ (dst * 2246822519u)) >> 16 & (SOFT_HASH_SIZE - 1);
}

struct soft_sa *soft_sa_find(struct soft_dev *soft, uint32_t spi, uint32_t dst)
{
	struct soft_sa *table = soft->sa[ESPALIER_INBOUND];

	for (uint16_t i = soft->chains[chain_of(spi, dst)]; i != SOFT_NONE; i = table[i].next)
		if (table[i].config.spi == spi && ip_to_number(&table[i].config.dst) == dst)
			return &table[i];
	return NULL;
}

static EVP_CIPHER_CTX *new_cipher(const struct soft_dev *soft, const struct espalier_sa_config *config)
{
	const EVP_CIPHER *type = soft->ciphers[(config->key_len - 16) / 8];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (ctx && EVP_CipherInit_ex2(ctx, type, config->key, NULL, config->direction == ESPALIER_OUTBOUND, NULL) == 1)
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

int soft_sa_add(struct espalier_dev *dev, const struct espalier_sa_config *config, uint16_t *sa)
{
	struct soft_dev *soft = (struct soft_dev *)dev;
	struct soft_sa *entry, *table;
	unsigned int index;
	uint16_t *chain;
	int ret = espalier_sa_check(dev, config, 0, SOFT_MAX_WINDOW);

	if (ret)
		return ret;
	table = soft->sa[config->direction];
	if (config->direction == ESPALIER_INBOUND && soft_sa_find(soft, config->spi, ip_to_number(&config->dst)))
		return espalier_fail(dev->error, -EEXIST, "SA 0x%08x: an inbound SA with this SPI and destination is installed already.",
				     config->spi);
	for (index = soft->free_hint[config->direction]; index < soft->capacity && table[index].used; index++)
		;
	soft->free_hint[config->direction] = index;
	if (index == soft->capacity)
		return espalier_fail(dev->error, -ENOSPC, "SA 0x%08x: all %u places are in use.", config->spi, soft->capacity);
	entry = &table[index];
	entry->cipher = new_cipher(soft, config);
	if (!entry->cipher)
		return espalier_fail(dev->error, -ENOMEM, "SA 0x%08x: OpenSSL cannot set up AES-GCM.", config->spi);
	entry->used = true;
	entry->index = (uint16_t)index;
	entry->config = *config;
	OPENSSL_cleanse(entry->config.key, sizeof(entry->config.key));
	if (!entry->config.ttl)
		entry->config.ttl = 64;
	entry->last_seq = config->seq;
	soft_replay_init(&entry->replay, config->esn, config->replay_window, config->seq);
	if (config->direction == ESPALIER_INBOUND) {
		chain = &soft->chains[chain_of(config->spi, ip_to_number(&config->dst))];
		entry->next = *chain;
		*chain = entry->index;
	}
	*sa = entry->index;
	return 0;
}

static struct soft_sa *get(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa)
{
	struct soft_dev *soft = (struct soft_dev *)dev;

	if ((direction != ESPALIER_OUTBOUND && direction != ESPALIER_INBOUND) || sa >= soft->capacity || !soft->sa[direction][sa].used)
		return NULL;
	return &soft->sa[direction][sa];
}

static void unlink_inbound(struct soft_dev *soft, struct soft_sa *entry)
{
	uint16_t *link = &soft->chains[chain_of(entry->config.spi, ip_to_number(&entry->config.dst))];

	while (*link != entry->index)
		link = &soft->sa[ESPALIER_INBOUND][*link].next;
	*link = entry->next;
}

int soft_sa_delete(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa, uint64_t *last)
{
	struct soft_dev *soft = (struct soft_dev *)dev;
	struct soft_sa *entry = get(dev, direction, sa);

	if (!entry)
		return espalier_fail(dev->error, -ENOENT, "There is no SA at index %u.", sa);
	if (last)
		*last = direction == ESPALIER_OUTBOUND ? entry->last_seq : entry->replay.top;
	if (direction == ESPALIER_INBOUND)
		unlink_inbound(soft, entry);
	if (sa < soft->free_hint[direction])
		soft->free_hint[direction] = sa;
	EVP_CIPHER_CTX_free(entry->cipher);
	OPENSSL_cleanse(entry, sizeof(*entry));
	return 0;
}

int soft_sa_query(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa, uint64_t *seq)
{
	struct soft_sa *entry = get(dev, direction, sa);

	if (!entry)
		return espalier_fail(dev->error, -ENOENT, "There is no SA at index %u.", sa);
	*seq = direction == ESPALIER_OUTBOUND ? entry->last_seq : entry->replay.top;
	return 0;
}

void soft_sa_delete_all(struct soft_dev *soft)
{
	for (int direction = 0; direction < 2; direction++)
		for (unsigned int i = 0; i < soft->capacity; i++)
			if (soft->sa[direction][i].used)
				soft_sa_delete(&soft->base, direction, (uint16_t)i, NULL);
}
