/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SAs of a card: the SA window of the register map. The driver chooses the index; the card takes all of an SA or nothing.
 * The card wipes the staged key when a command ends. A command that does not end is a lost card: the key is overwritten as far as the card lets
 * itself be written to, and the reset at close does the rest.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "card_io.h"
#include "card_sa.h"

#define FAST_POLLS 64	/* polls before the driver begins to sleep between them */
#define COMMAND_MS 50u	/* what a command may take: some microseconds, and the packets in flight of an SA that is deleted */

static int wait_command(struct card *card, uint32_t *result)
{
	struct card_watch watch = { 0 };
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
		ret = card_stuck(card, &watch, COMMAND_MS);
		if (ret)
			return ret < 0 ? ret : card_give_up(card, "The card does not end an SA command.");
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
	case ESP_SA_RESULT_FAULT:
		return espalier_fail(card->base.error, -EBADMSG, "The card's stored state of SA %u fails its parity: its sequence number is not known.", index);
	case ESP_SA_RESULT_INVALID:
		return espalier_fail(card->base.error, -EINVAL, "The card refused an SA command: %s.", names[result]);
	default:
		return card_give_up(card, "The card ends an SA command with result %u, which there is not.", result);
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
		{ ESP_REG_SA_SRC, ip_to_number(&config->src) },
		{ ESP_REG_SA_DST, ip_to_number(&config->dst) },
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

/* A command that did not run leaves the key staged. Past card_write: a card that was given up is written to as well. */
static void unstage(struct card *card)
{
	const struct transport_ops *ops = card->t->ops;

	for (uint32_t i = 0; i < ESP_REG_SA_KEY_COUNT_MAX; i++)
		ops->reg_write(card->t, ESP_REG_SA_KEY + i * ESP_REG_SA_KEY_STRIDE, 0);
	ops->reg_write(card->t, ESP_REG_SA_SALT, 0);
}

static uint32_t free_index(struct card *card, enum espalier_direction direction)
{
	uint32_t capacity = card->info.sa_capacity, index = card->sa_hint[direction];

	for (uint32_t i = 0; i < capacity; i++, index = (index + 1) % capacity)
		if (!card->sa[direction][index].used)
			return index;
	return capacity;
}

int card_sa_add(struct espalier_dev *dev, const struct espalier_sa_config *config, uint16_t *sa)
{
	struct card *card = (struct card *)dev;
	uint32_t index, options, key_size;
	int ret = espalier_sa_check(dev, config, card->info.features, card->info.max_window);

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
	card->sa[config->direction][index] = (struct card_sa){ .used = true, .esn = config->esn, .seq = config->seq };
	card->sa_hint[config->direction] = (index + 1) % card->info.sa_capacity;
	*sa = (uint16_t)index;
	return 0;
}

static int check_index(struct card *card, enum espalier_direction direction, uint16_t sa)
{
	if ((direction != ESPALIER_OUTBOUND && direction != ESPALIER_INBOUND) || sa >= card->info.sa_capacity || !card->sa[direction][sa].used)
		return espalier_fail(card->base.error, -ENOENT, "There is no SA at index %u.", sa);
	return 0;
}

/* Numbers only rise: one that falls would be used twice by whoever goes on from it. */
static int check_seq(struct card *card, struct card_sa *known, uint16_t sa, uint64_t seq)
{
	if (seq < known->seq || (!known->esn && seq > UINT32_MAX))
		return card_give_up(card, "The card says that SA %u is at sequence number %llu; it was at %llu already.", sa, (unsigned long long)seq,
				    (unsigned long long)known->seq);
	known->seq = seq;
	return 0;
}

static int read_result_seq(struct card *card, enum espalier_direction direction, uint16_t sa, uint64_t *seq)
{
	uint32_t low = 0, high = 0;
	int ret = card_read(card, ESP_REG_SA_RESULT_SEQ_LO, &low);

	if (!ret)
		ret = card_read(card, ESP_REG_SA_RESULT_SEQ_HI, &high);
	if (!ret)
		ret = check_seq(card, &card->sa[direction][sa], sa, (uint64_t)high << 32 | low);
	if (!ret)
		*seq = (uint64_t)high << 32 | low;
	return ret;
}

int card_sa_delete(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa, uint64_t *last)
{
	struct card *card = (struct card *)dev;
	int ret = check_index(card, direction, sa);

	if (!ret)
		ret = run_command(card, ESP_SA_OP_DELETE, direction, sa, 0);
	if (ret && ret != -EBADMSG)
		return ret;
	card->sa[direction][sa].used = false;
	if (!last)
		return 0; /* it is gone, whatever its number was */
	return ret ? ret : read_result_seq(card, direction, sa, last);
}

int card_sa_query(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa, uint64_t *seq)
{
	struct card *card = (struct card *)dev;
	int ret = check_index(card, direction, sa);

	if (!ret)
		ret = run_command(card, ESP_SA_OP_QUERY, direction, sa, 0);
	return ret ? ret : read_result_seq(card, direction, sa, seq);
}

int card_sa_clear(struct card *card)
{
	int ret = 0;

	for (int direction = 0; direction < 2; direction++) {
		for (uint32_t i = 0; i < card->info.sa_capacity; i++) {
			ret = run_command(card, ESP_SA_OP_DELETE, (enum espalier_direction)direction, i, 0);
			if (ret && ret != -ENOENT && ret != -EBADMSG)
				return ret;
			if (card->sa[direction])
				card->sa[direction][i].used = false;
		}
	}
	return 0;
}
