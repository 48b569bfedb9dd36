/* SPDX-License-Identifier: Apache-2.0 */
#include "sink_sas.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "refuse.h"
#include "removal.h"

#define SALT_LEN 4u

/* Combined-mode algorithms the card has: bytes of the AES key; 0: not. */
static const uint8_t key_lens[SINK_AEAD_COUNT] = { [SINK_AES_GCM_16_128] = 16, [SINK_AES_GCM_16_192] = 24, [SINK_AES_GCM_16_256] = 32 };

int gw_caps(struct sink *sink, struct sink_caps *caps)
{
	struct gw *gw = (struct gw *)sink;
	int ret = gw_need_card(gw);

	if (ret)
		return ret;
	*caps = (struct sink_caps){
		.esn = true, .no_esn = true, .tunnel = true, .inner_v4 = true, .outer_v4 = true, .outer_v6 = wire_has_raw(&gw->wire, 6),
		.udp_encap = true, .raw_esp = true, .tfc_padding = true, .events = true,
		.max_window = gw->device.info.max_window, .sa_capacity = gw->device.info.sa_capacity,
	};
	for (unsigned int i = 0; i < SINK_AEAD_COUNT; i++)
		caps->aeads |= (uint32_t)(key_lens[i] != 0) << i;
	snprintf(caps->device, sizeof(caps->device), "%.63s", gw->options->device);
	return 0;
}

int gw_get_spi(struct sink *sink, const struct ip_addr *dst, uint32_t *spi)
{
	struct gw *gw = (struct gw *)sink;
	struct sink_sa_id id = { .direction = SINK_IN, .dst = *dst };
	struct gw_sa *sa;
	int ret = gw_need_card(gw);

	if (ret)
		return ret;
	if (gw->sad.count[SINK_IN] >= gw->device.info.sa_capacity)
		return gw_refuse(gw, -ENOSPC, "All %u places for inbound SAs are taken.", gw->device.info.sa_capacity);
	*spi = id.spi = sad_random_spi(&gw->sad);
	sa = id.spi ? sad_add(&gw->sad, &id) : NULL;
	if (!sa)
		return gw_refuse(gw, id.spi ? -ENOMEM : -ENOSPC, "No SPI can be found.");
	sa->reserved = true;
	return 0;
}

static int check_sa(struct gw *gw, const struct sink_sa *sa)
{
	uint8_t family = sa->dst.ip.family;

	if (sa->spi < SINK_SPI_MIN)
		return gw_refuse(gw, -EINVAL, "SPI 0x%08x is reserved (RFC 4303, 2.1).", sa->spi);
	if (!sa->reqid)
		return gw_refuse(gw, -EINVAL, "SA 0x%08x has no reqid.", sa->spi);
	if (sa->mode != SINK_TUNNEL)
		return gw_refuse(gw, -ENOTSUP, "SA 0x%08x: this data plane has tunnel mode only.", sa->spi);
	if (sa->aead >= SINK_AEAD_COUNT || !key_lens[sa->aead])
		return gw_refuse(gw, -ENOTSUP, "SA 0x%08x: the card has AES-GCM-16 only.", sa->spi);
	if (sa->key_len != key_lens[sa->aead] + SALT_LEN)
		return gw_refuse(gw, -EINVAL, "SA 0x%08x: key and salt have %u bytes, not %u.", sa->spi, key_lens[sa->aead] + SALT_LEN, sa->key_len);
	if (!sa->esn && sa->seq > UINT32_MAX)
		return gw_refuse(gw, -EINVAL, "SA 0x%08x: without ESN a sequence number has 32 bits.", sa->spi);
	if (!family || sa->src.ip.family != family)
		return gw_refuse(gw, -EINVAL, "SA 0x%08x: its outer addresses are not of one family.", sa->spi);
	if (!sa->udp_encap && !wire_has_raw(&gw->wire, family))
		return gw_refuse(gw, -ENOTSUP, "SA 0x%08x: there is no raw ESP over IPv%u here.", sa->spi, family);
	if (sa->udp_encap && (!sa->src.port || !sa->dst.port))
		return gw_refuse(gw, -EINVAL, "SA 0x%08x: UDP encapsulation needs two ports.", sa->spi);
	return 0;
}

static int install(struct gw *gw, struct gw_sa *entry, const struct sink_sa *sa)
{
	uint32_t max = gw->device.info.max_window;
	struct espalier_sa_config config = {
		.direction = sa->direction == SINK_IN ? ESPALIER_INBOUND : ESPALIER_OUTBOUND,
		.spi = sa->spi,
		.src = ip_from_number(CARD_LOCAL),
		.dst = ip_from_number(sa->direction == SINK_IN ? CARD_LOCAL : CARD_PEER),
		.key_len = key_lens[sa->aead],
		.esn = sa->esn,
		.seq = sa->seq,
		.replay_window = (uint16_t)(sa->replay_window < max ? sa->replay_window : max),
	};
	int ret;

	memcpy(config.key, sa->key, config.key_len);
	memcpy(config.salt, sa->key + config.key_len, SALT_LEN);
	ret = espalier_sa_add(gw->device.dev, &config, &entry->index);
	OPENSSL_cleanse(&config, sizeof(config));
	return ret;
}

static void forget(struct gw *gw, struct gw_sa *entry)
{
	gw_tell(gw, &(struct gw_event){ .kind = GW_SA_GONE, .sa = entry });
	sad_remove(&gw->sad, entry);
}

int gw_sa_add(struct sink *sink, const struct sink_sa *sa)
{
	struct gw *gw = (struct gw *)sink;
	struct sink_sa_id id = { .direction = sa->direction, .spi = sa->spi, .dst = sa->dst.ip };
	struct gw_sa *entry;
	int ret = gw_need_card(gw);

	if (!ret)
		ret = check_sa(gw, sa);
	if (ret)
		return ret;
	entry = sad_find(&gw->sad, &id);
	if (entry && !entry->reserved)
		return gw_refuse(gw, -EEXIST, "SA 0x%08x exists already.", sa->spi);
	if (!entry)
		entry = sad_add(&gw->sad, &id);
	if (!entry)
		return gw_refuse(gw, -ENOMEM, "Out of memory.");
	ret = install(gw, entry, sa);
	if (ret) {
		forget(gw, entry);
		if (ret == -ENODEV)
			gw_card_lost(gw, espalier_error(gw->device.dev));
		return gw->device.dev ? gw_refuse_as_card(gw, ret) : gw_need_card(gw);
	}
	entry->reserved = false;
	entry->id.dst = sa->dst.ip;
	entry->reqid = sa->reqid;
	entry->src = sa->src;
	entry->dst = sa->dst;
	entry->udp_encap = sa->udp_encap;
	entry->esn = sa->esn;
	entry->seq = sa->seq;
	entry->copy_df = sa->copy_df;
	entry->limits = sa->limits;
	gw_tell(gw, &(struct gw_event){ .kind = GW_SA_ADDED, .sa = entry });
	return 0;
}

static struct gw_sa *find(struct gw *gw, const struct sink_sa_id *id)
{
	struct gw_sa *sa = sad_find(&gw->sad, id);

	if (!sa)
		gw_refuse(gw, -ENOENT, "There is no %s SA 0x%08x.", id->direction == SINK_IN ? "inbound" : "outbound", id->spi);
	return sa;
}

int gw_sa_update(struct sink *sink, const struct sink_sa_id *id, const struct endpoint *src, const struct endpoint *dst, bool udp_encap)
{
	struct gw *gw = (struct gw *)sink;
	struct gw_sa *sa = find(gw, id);

	if (!sa || sa->reserved)
		return -ENOENT;
	if (!dst->ip.family || src->ip.family != dst->ip.family || (udp_encap && (!src->port || !dst->port)))
		return gw_refuse(gw, -EINVAL, "SA 0x%08x: these outer addresses do not fit together.", id->spi);
	sa->src = *src;
	sa->dst = *dst;
	sa->udp_encap = udp_encap;
	gw_tell(gw, &(struct gw_event){ .kind = GW_SA_MOVED, .sa = sa });
	return 0;
}

int gw_sa_query(struct sink *sink, const struct sink_sa_id *id, struct sink_sa_stats *stats)
{
	struct gw_sa *sa = find((struct gw *)sink, id);

	if (!sa || sa->reserved)
		return -ENOENT;
	*stats = sad_stats(sa);
	return 0;
}

int gw_sa_delete(struct sink *sink, const struct sink_sa_id *id, struct sink_sa_stats *last)
{
	struct gw *gw = (struct gw *)sink;
	struct gw_sa *sa = find(gw, id);
	int ret;

	if (!sa || (sa->reserved && last))
		return -ENOENT;
	gw->removal_ret = 0;
	gw->last_of = last ? sa : NULL;
	gw_remove_sa(gw, sa);
	ret = gw_bury(gw);
	if (gw_removing(gw))
		return SINK_SERVER_LATER;
	if (last)
		*last = gw->last;
	return !ret ? 0 : gw->device.dev ? gw_refuse_as_card(gw, ret) : gw_need_card(gw);
}
