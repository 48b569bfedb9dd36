/* SPDX-License-Identifier: Apache-2.0 */
#include "soft_sa.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#include "soft_cipher.h"
#include "soft_life.h"

static uint32_t chain_of(uint32_t spi, uint8_t family, const uint8_t *dst)
{
	uint32_t word = get32(dst);

	if (family == 6)
		word ^= get32(dst + 4) * 3266489917u ^ get32(dst + 8) * 668265263u ^ get32(dst + 12) * 374761393u;
	return ((spi * 2654435761u) ^ (word * 2246822519u)) >> 16 & (SOFT_HASH_SIZE - 1);
}

static uint16_t *chain_of_sa(struct soft_dev *soft, const struct espalier_sa_config *config)
{
	return &soft->chains[chain_of(config->spi, config->dst.family, config->dst.bytes)];
}

static bool is_address(const struct ip_addr *ip, uint8_t family, const uint8_t *bytes)
{
	if (ip->family != family)
		return false;
	return family == 4 ? get32(ip->bytes) == get32(bytes) : !memcmp(ip->bytes, bytes, 16);
}

struct soft_sa *soft_sa_find(struct soft_dev *soft, uint32_t spi, uint8_t family, const uint8_t *dst)
{
	struct soft_sa *table = soft->sa[ESPALIER_INBOUND];

	for (uint16_t i = soft->chains[chain_of(spi, family, dst)]; i != SOFT_NONE; i = table[i].next)
		if (table[i].config.spi == spi && is_address(&table[i].config.dst, family, dst))
			return &table[i];
	return NULL;
}

static void enter_inbound(struct soft_dev *soft, struct soft_sa *entry)
{
	uint16_t *chain = chain_of_sa(soft, &entry->config);

	entry->next = *chain;
	*chain = entry->index;
	entry->peer = entry->config.src;
	entry->peer_port = entry->config.udp_encap.sport;
	soft->udp_ports[entry->config.udp_encap.dport]++;
}

static void unlink_inbound(struct soft_dev *soft, struct soft_sa *entry)
{
	uint16_t *link = chain_of_sa(soft, &entry->config);

	while (*link != entry->index)
		link = &soft->sa[ESPALIER_INBOUND][*link].next;
	*link = entry->next;
	soft->udp_ports[entry->config.udp_encap.dport]--;
}

static void fill(struct soft_sa *entry, const struct espalier_sa_config *config)
{
	entry->used = true;
	entry->config = *config;
	OPENSSL_cleanse(entry->config.key, sizeof(entry->config.key));
	if (!config->ttl)
		entry->config.ttl = 64;
	if (!config->icv_len)
		entry->config.icv_len = ESP_ICV;
	entry->icv_len = entry->config.icv_len;
	entry->iv_len = config->implicit_iv ? 0 : ESP_IV;
	entry->around = espalier_encap_len(&(struct espalier_sa_config){ .mode = config->mode, .dst = config->dst, .udp_encap = config->udp_encap,
									 .implicit_iv = config->implicit_iv, .icv_len = config->icv_len }, 2) - 4;
	entry->inner_mtu = config->mtu ? espalier_inner_mtu(config, config->mtu) : UINT16_MAX;
	entry->text_min = config->tfc_pad < entry->inner_mtu ? config->tfc_pad : entry->inner_mtu;
	entry->edits = config->tfc_pad || config->mss || config->decrement_ttl;
	entry->life.limited = espalier_sa_features(config) & ESPALIER_FEATURE_LIMITS;
	entry->last_seq = config->seq;
	soft_replay_init(&entry->replay, config->esn, config->replay_window, config->seq);
}

int soft_sa_add(struct espalier_dev *dev, const struct espalier_sa_config *config, uint16_t *sa)
{
	struct soft_dev *soft = (struct soft_dev *)dev;
	struct soft_sa *entry, *table;
	unsigned int index;
	int ret = espalier_sa_check(dev, config, SOFT_FEATURES, SOFT_MAX_WINDOW);

	if (ret)
		return ret;
	table = soft->sa[config->direction];
	if (config->direction == ESPALIER_INBOUND && soft_sa_find(soft, config->spi, config->dst.family, config->dst.bytes))
		return espalier_fail(dev->error, -EEXIST, "SA 0x%08x: an inbound SA with this SPI and destination is installed already.",
				     config->spi);
	for (index = soft->free_hint[config->direction]; index < soft->capacity && table[index].used; index++)
		;
	soft->free_hint[config->direction] = index;
	if (index == soft->capacity)
		return espalier_fail(dev->error, -ENOSPC, "SA 0x%08x: all %u places are in use.", config->spi, soft->capacity);
	entry = &table[index];
	entry->cipher = soft_cipher_new(soft, config);
	if (!entry->cipher)
		return espalier_fail(dev->error, -ENOMEM, "SA 0x%08x: OpenSSL cannot set up its cipher.", config->spi);
	entry->index = (uint16_t)index;
	fill(entry, config);
	if (config->direction == ESPALIER_INBOUND)
		enter_inbound(soft, entry);
	*sa = entry->index;
	return 0;
}

/* The SA at an index, or NULL with the error set. */
static struct soft_sa *get(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa)
{
	struct soft_dev *soft = (struct soft_dev *)dev;

	if ((direction == ESPALIER_OUTBOUND || direction == ESPALIER_INBOUND) && sa < soft->capacity && soft->sa[direction][sa].used)
		return &soft->sa[direction][sa];
	espalier_fail(dev->error, -ENOENT, "There is no SA at index %u.", sa);
	return NULL;
}

int soft_sa_delete(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa, uint64_t *last)
{
	struct soft_dev *soft = (struct soft_dev *)dev;
	struct soft_sa *entry = get(dev, direction, sa);

	if (!entry)
		return -ENOENT;
	if (last)
		*last = direction == ESPALIER_OUTBOUND ? entry->last_seq : entry->replay.top;
	if (direction == ESPALIER_INBOUND)
		unlink_inbound(soft, entry);
	soft_event_forget(soft, entry);
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
		return -ENOENT;
	*seq = direction == ESPALIER_OUTBOUND ? entry->last_seq : entry->replay.top;
	return 0;
}

int soft_sa_counters(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa, struct espalier_sa_counters *counters)
{
	struct soft_sa *entry = get(dev, direction, sa);

	if (!entry)
		return -ENOENT;
	soft_life_counters(entry, counters);
	return 0;
}

void soft_sa_delete_all(struct soft_dev *soft)
{
	for (int direction = 0; direction < 2; direction++)
		for (unsigned int i = 0; i < soft->capacity; i++)
			if (soft->sa[direction][i].used)
				soft_sa_delete(&soft->base, direction, (uint16_t)i, NULL);
}
