/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SAs of a card: the SA window of the register map. The driver chooses the index; the card takes all of an SA or nothing.
 * The card wipes the staged key when a command ends; if a command does not end, the driver overwrites it.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "card.h"

#define FAST_POLLS 64 /* polls before the driver begins to sleep between them */

static int wait_command(struct card *card, uint32_t *result)
{
	uint64_t end = card_now_ms() + card->base.timeout_ms;
	uint32_t state;
	int ret;

	for (int polls = 0;; polls++) {
		ret = card_read(card, ESP_REG_SA_STATE, &state);
		if (ret)
			return ret;
		if (!CARD_FIELD(state, SA_STATE, BUSY)) {
			*result = CARD_FIELD(state, SA_STATE, RESULT);
			return 0;
		}
		if (card_now_ms() >= end)
			return espalier_fail(card->base.error, -ETIMEDOUT, "An SA command did not end within %u ms.",
					     card->base.timeout_ms);
		if (polls > FAST_POLLS)
			usleep(100);
	}
}

static int run_command(struct card *card, enum esp_sa_op op, enum espalier_direction direction, uint32_t index, uint32_t options)
{
	static const char *const names[] = ESP_SA_RESULT_NAMES;
	uint32_t result = 0;
	int ret = card_write(card, ESP_REG_SA_INDEX, index);

	if (!ret)
		ret = card_write(card, ESP_REG_SA_OPTIONS, options | (uint32_t)direction << ESP_REG_SA_OPTIONS_DIRECTION_LSB);
	if (!ret)
		ret = card_write(card, ESP_REG_SA_COMMAND, op);
	if (!ret)
		ret = wait_command(card, &result);
	if (ret)
		return ret;
	switch (result) {
	case ESP_SA_RESULT_OK:
		return 0;
	case ESP_SA_RESULT_EXISTS:
		return espalier_fail(card->base.error, -EEXIST, "An SA with this SPI and destination is installed already.");
	case ESP_SA_RESULT_NOT_FOUND:
		return espalier_fail(card->base.error, -ENOENT, "There is no SA at index %u.", index);
	case ESP_SA_RESULT_NO_SPACE:
		return espalier_fail(card->base.error, -ENOSPC, "The card's lookup table has no place for this SPI and destination.");
	default:
		return espalier_fail(card->base.error, -EINVAL, "The card refused an SA command: %s.",
				     result < sizeof(names) / sizeof(names[0]) ? names[result] : "unknown result");
	}
}

static uint32_t load_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

/* The registers that are no secret keep their values from one command to the next: write what changes. */
static int stage_plain(struct card *card, uint32_t reg, uint32_t value)
{
	uint32_t *staged = &card->staged[(reg - ESP_REG_SA_SPI) / 4];
	int ret;

	if (card->staged_known && *staged == value)
		return 0;
	ret = card_write(card, reg, value);
	if (!ret)
		*staged = value;
	return ret;
}

static int stage(struct card *card, const struct espalier_sa_config *config)
{
	const struct {
		uint32_t reg, value;
	} plain[] = {
		{ ESP_REG_SA_SPI, config->spi },
		{ ESP_REG_SA_SRC, config->src },
		{ ESP_REG_SA_DST, config->dst },
		{ ESP_REG_SA_SEQ_LO, (uint32_t)config->seq },
		{ ESP_REG_SA_SEQ_HI, (uint32_t)(config->seq >> 32) },
	};
	int ret = 0;

	for (uint32_t i = 0; !ret && i < config->key_len / 4u; i++)
		ret = card_write(card, ESP_REG_SA_KEY + i * ESP_REG_SA_KEY_STRIDE, load_le32(config->key + 4 * i));
	if (!ret)
		ret = card_write(card, ESP_REG_SA_SALT, load_le32(config->salt));
	for (size_t i = 0; !ret && i < sizeof(plain) / sizeof(plain[0]); i++)
		ret = stage_plain(card, plain[i].reg, plain[i].value);
	card->staged_known = !ret;
	return ret;
}

/* A command that did not run leaves the key staged. */
static void unstage(struct card *card)
{
	char text[ESPALIER_ERROR_LEN];

	memcpy(text, card->base.error, sizeof(text)); /* keep the first failure's text */
	for (uint32_t i = 0; i < ESP_REG_SA_KEY_COUNT_MAX; i++)
		card_write(card, ESP_REG_SA_KEY + i * ESP_REG_SA_KEY_STRIDE, 0);
	card_write(card, ESP_REG_SA_SALT, 0);
	memcpy(card->base.error, text, sizeof(text));
}

static uint32_t free_index(struct card *card, enum espalier_direction direction)
{
	uint32_t capacity = card->info.sa_capacity, index = card->sa_hint[direction];

	for (uint32_t i = 0; i < capacity; i++, index = (index + 1) % capacity)
		if (!card->sa_used[direction][index])
			return index;
	return capacity;
}

int card_sa_add(struct espalier_dev *dev, const struct espalier_sa_config *config, uint16_t *sa)
{
	struct card *card = (struct card *)dev;
	uint32_t index, options, key_size;
	int ret = espalier_sa_check(dev, config, card->info.max_window);

	if (ret)
		return ret;
	index = free_index(card, config->direction);
	if (index == card->info.sa_capacity)
		return espalier_fail(dev->error, -ENOSPC, "SA 0x%08x: all %u places are in use.", config->spi, card->info.sa_capacity);
	key_size = config->key_len == 16 ? ESP_KEY_SIZE_AES128 : config->key_len == 24 ? ESP_KEY_SIZE_AES192 : ESP_KEY_SIZE_AES256;
	options = (uint32_t)config->esn << ESP_REG_SA_OPTIONS_ESN_LSB | key_size << ESP_REG_SA_OPTIONS_KEY_SIZE_LSB |
		  (uint32_t)(config->ttl ? config->ttl : 64) << ESP_REG_SA_OPTIONS_TTL_LSB |
		  (uint32_t)config->replay_window << ESP_REG_SA_OPTIONS_WINDOW_LSB;
	ret = stage(card, config);
	if (!ret)
		ret = run_command(card, ESP_SA_OP_ADD, config->direction, index, options);
	if (ret) {
		unstage(card);
		return ret;
	}
	card->sa_used[config->direction][index] = 1;
	card->sa_hint[config->direction] = (index + 1) % card->info.sa_capacity;
	*sa = (uint16_t)index;
	return 0;
}

static int check_index(struct card *card, enum espalier_direction direction, uint16_t sa)
{
	if ((direction != ESPALIER_OUTBOUND && direction != ESPALIER_INBOUND) || sa >= card->info.sa_capacity || !card->sa_used[direction][sa])
		return espalier_fail(card->base.error, -ENOENT, "There is no SA at index %u.", sa);
	return 0;
}

int card_sa_delete(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa)
{
	struct card *card = (struct card *)dev;
	int ret = check_index(card, direction, sa);

	if (!ret)
		ret = run_command(card, ESP_SA_OP_DELETE, direction, sa, 0);
	if (!ret)
		card->sa_used[direction][sa] = 0;
	return ret;
}

int card_sa_query(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa, uint64_t *seq)
{
	struct card *card = (struct card *)dev;
	uint32_t low = 0, high = 0;
	int ret = check_index(card, direction, sa);

	if (!ret)
		ret = run_command(card, ESP_SA_OP_QUERY, direction, sa, 0);
	if (!ret)
		ret = card_read(card, ESP_REG_SA_RESULT_SEQ_LO, &low);
	if (!ret)
		ret = card_read(card, ESP_REG_SA_RESULT_SEQ_HI, &high);
	*seq = (uint64_t)high << 32 | low;
	return ret;
}

int card_sa_clear(struct card *card)
{
	int ret = 0;

	for (int direction = 0; direction < 2; direction++) {
		for (uint32_t i = 0; i < card->info.sa_capacity; i++) {
			ret = run_command(card, ESP_SA_OP_DELETE, (enum espalier_direction)direction, i, 0);
			if (ret && ret != -ENOENT)
				return ret;
			if (card->sa_used[direction])
				card->sa_used[direction][i] = 0;
		}
	}
	return 0;
}
