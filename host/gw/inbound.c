/* SPDX-License-Identifier: Apache-2.0 */
/* From the network to the TUN device: SA, through the card, policy (RFC 4301, 5.2). */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "expiry.h"
#include "inbound.h"

#define KEEPALIVE 0xffu /* RFC 3948, 2.3 */
#define ESP_HEADER 8u
#define PROTOCOL_ESP 50u
#define MAPPING_MS 1000u /* between two reports of the same new address */

/* The card wants ESP behind an IPv4 header. Its addresses mean nothing: inbound SAs are all installed with this destination. */
static void put_header(uint8_t *memory, size_t esp_len, uint8_t tos)
{
	memset(memory, 0, IPV4_HEADER);
	memory[0] = 0x45;
	memory[1] = tos;
	put_be16(memory + 2, (uint32_t)(IPV4_HEADER + esp_len));
	memory[8] = 64;
	memory[9] = PROTOCOL_ESP;
	put_be32(memory + 12, CARD_PEER);
	put_be32(memory + 16, CARD_LOCAL);
	put_be16(memory + 10, packet_checksum(memory, IPV4_HEADER));
}

/* The SA of a packet; NULL: dropped, for *why. */
static struct gw_sa *find_sa(struct gw *gw, bool udp, const struct wire_message *message, enum gw_drop *why)
{
	struct gw_sa *sa;

	*why = DROP_TRUNCATED;
	if (message->truncated || message->len < ESP_HEADER)
		return NULL;
	*why = DROP_DEVICE_DOWN;
	if (!gw->device.dev)
		return NULL;
	*why = DROP_TRUNCATED;
	if (IPV4_HEADER + message->len > espalier_plain_len(gw->device.info.max_packet))
		return NULL;
	*why = DROP_UNKNOWN_SPI;
	sa = sad_find_spi(&gw->sad, get_be32(message->memory + IPV4_HEADER));
	if (!sa)
		return NULL;
	*why = DROP_ENCAP_MISMATCH;
	if (sa->udp_encap != udp)
		return NULL;
	*why = DROP_SA_EXPIRED;
	return sa->stopped ? NULL : sa;
}

/* The SPI is promised to key management, which is still negotiating. */
static bool hold(struct gw *gw, bool udp, const struct wire_message *message)
{
	struct sink_sa_id id = { .direction = SINK_IN, .spi = get_be32(message->memory + IPV4_HEADER) };
	struct gw_sa *sa = sad_find(&gw->sad, &id);

	if (!sa || !sa->reserved || !early_hold(&gw->early, message, udp, id.spi, gw->now_ms))
		return false;
	gw->counters.early++;
	return true;
}

static void take_message(struct gw *gw, bool udp, struct gw_slot *slot, const struct wire_message *message)
{
	struct gw_pipe *pipe = &gw->device.pipes[ESPALIER_INBOUND];
	enum gw_drop why;
	struct gw_sa *sa;

	if (udp && message->len == 1 && message->memory[IPV4_HEADER] == KEEPALIVE) {
		gw->counters.keepalives++;
		return;
	}
	sa = find_sa(gw, udp, message, &why);
	if (!sa && why == DROP_UNKNOWN_SPI && hold(gw, udp, message))
		return;
	if (!sa) {
		gw_drop(gw, why);
		return;
	}
	put_header(message->memory, message->len, message->tos);
	slot = pipe_take_memory(pipe, slot);
	slot->sa = sa;
	slot->from = message->from;
	sa->in_flight++;
	pipe_fill(&gw->device, ESPALIER_INBOUND, (uint16_t)(IPV4_HEADER + message->len), 0);
}

/* No card: what comes is read all the same, so that the socket does not deliver it late. */
static void read_and_drop(struct gw *gw, const struct wire_socket *socket)
{
	struct wire_message message = { .memory = gw->scratch, .room = sizeof(gw->scratch) };

	for (unsigned int i = 0; i < GW_BATCH && wire_receive(&gw->wire, socket, &message, 1); i++)
		gw_drop(gw, DROP_DEVICE_DOWN);
}

void gw_inbound_read(struct gw *gw, const struct wire_socket *socket)
{
	struct gw_pipe *pipe = &gw->device.pipes[ESPALIER_INBOUND];
	struct wire_message messages[WIRE_BATCH];
	struct gw_slot *slots[WIRE_BATCH];
	unsigned int count;

	if (!gw->device.dev) {
		read_and_drop(gw, socket);
		return;
	}
	if (gw->early_waits)
		gw_release_early(gw, NULL);
	if (gw->early_waits)
		return;
	count = pipe_room(pipe) < WIRE_BATCH ? pipe_room(pipe) : WIRE_BATCH;
	for (unsigned int i = 0; i < count; i++) {
		slots[i] = pipe_free_slot(pipe, i);
		messages[i].memory = pipe_src(pipe, slots[i]);
		messages[i].room = gw->device.src_room;
	}
	count = wire_receive(&gw->wire, socket, messages, count);
	for (unsigned int i = 0; i < count; i++)
		take_message(gw, socket->udp, slots[i], &messages[i]);
}

/* Its SA is there, and the policy that what is inside is checked against. */
static bool is_ready(void *ctx, const struct gw_early_packet *packet)
{
	const struct gw *gw = ctx;
	const struct gw_sa *sa = sad_find_spi(&gw->sad, packet->spi);

	return sa && spd_find(&gw->spd, sa->reqid);
}

void gw_release_early(struct gw *gw, const struct gw_event *event)
{
	struct gw_pipe *pipe = &gw->device.pipes[ESPALIER_INBOUND];
	struct gw_early_packet *packet;

	(void)event;
	gw->early_waits = false;
	while (gw->early.count && gw->device.dev) {
		struct wire_message message;
		struct gw_slot *slot;

		if (!pipe_room(pipe)) {
			gw->early_waits = true;
			return;
		}
		packet = early_take(&gw->early, is_ready, gw);
		if (!packet)
			return;
		slot = pipe_free_slot(pipe, 0);
		message = (struct wire_message){ .memory = pipe_src(pipe, slot), .len = packet->len, .tos = packet->tos, .from = packet->from };
		memcpy(message.memory + IPV4_HEADER, packet->data, packet->len);
		take_message(gw, packet->udp, slot, &message);
		free(packet);
	}
}

static bool is_old(void *ctx, const struct gw_early_packet *packet)
{
	const struct gw *gw = ctx;

	return gw->now_ms - packet->since_ms >= EARLY_MS;
}

void gw_expire_early(struct gw *gw)
{
	struct gw_early_packet *packet;

	while (gw->early.count && (packet = early_take(&gw->early, is_old, gw))) {
		free(packet);
		gw_drop(gw, DROP_UNKNOWN_SPI);
	}
}

/* ---- from the card ---- */

/* Authenticated and the newest so far: if it comes from elsewhere, the peer has moved (RFC 7296, 2.23). */
static void check_mapping(struct gw *gw, struct gw_sa *sa, const struct endpoint *from)
{
	struct sink_event event = { .kind = SINK_EVENT_MAPPING, .id = sa->id, .reqid = sa->reqid, .endpoint = *from };

	if (!sa->udp_encap || endpoint_equal(from, &sa->src) ||
	    (endpoint_equal(from, &sa->mapping) && gw->now_ms - sa->mapping_ms < MAPPING_MS))
		return;
	sa->mapping = *from;
	sa->mapping_ms = gw->now_ms;
	gw_tell_agent(gw, &event);
}

/* Replayed, forged, or not as it should be inside. */
static void count_failure(struct gw_sa *sa, uint8_t status)
{
	if (status == ESP_STATUS_REPLAY_OLD || status == ESP_STATUS_REPLAY_DUPLICATE)
		sa->replay++;
	else if (status == ESP_STATUS_ICV_MISMATCH)
		sa->integrity++;
	else
		sa->other++;
}

/* A fragment without ports does if its first one did, which came before (RFC 4301, 7.3). */
static bool fits(struct gw *gw, const struct gw_policy *policy, const struct packet *packet)
{
	if (packet->later && fragments_find(&gw->fragments, SINK_IN, packet, gw->now_ms) == policy->p.reqid)
		return true;
	if (!spd_inbound_fits(policy, packet))
		return false;
	if (packet->first)
		fragments_note(&gw->fragments, SINK_IN, packet, policy->p.reqid, gw->now_ms);
	return true;
}

static void deliver(struct gw *gw, struct gw_sa *sa, const struct gw_slot *slot)
{
	struct gw_pipe *pipe = &gw->device.pipes[ESPALIER_INBOUND];
	const uint8_t *inner = pipe_dst(&gw->device, pipe, slot);
	uint64_t seq = sad_infer_seq(sa, get_be32(pipe_src(pipe, slot) + IPV4_HEADER + 4));
	struct gw_policy *policy = spd_find(&gw->spd, sa->reqid);
	struct packet packet;

	if (seq > sa->seq) {
		sa->seq = seq;
		check_mapping(gw, sa, &slot->from);
	}
	if (sa->stopped) {
		gw_drop(gw, DROP_SA_EXPIRED);
		return;
	}
	if (!policy || !packet_parse(inner, slot->op.out_len, &packet) || !fits(gw, policy, &packet)) {
		gw_drop(gw, DROP_POLICY_MISMATCH);
		sa->other++;
		return;
	}
	sa->packets++;
	sa->bytes += slot->op.out_len;
	sa->last_use_ms = gw->now_ms;
	if (write(gw->tun.fd, inner, slot->op.out_len) != slot->op.out_len) {
		gw_drop(gw, DROP_TUN_FAILED);
		return;
	}
	gw->counters.packets[ESPALIER_INBOUND]++;
	gw->counters.bytes[ESPALIER_INBOUND] += slot->op.out_len;
}

void gw_inbound_done(struct gw *gw, unsigned int count)
{
	struct gw_pipe *pipe = &gw->device.pipes[ESPALIER_INBOUND];

	for (unsigned int i = 0; i < count; i++) {
		const struct gw_slot *slot = pipe_done_slot(pipe, i);

		if (slot->op.status == ESP_STATUS_OK && slot->op.result_sa != slot->sa->index) {
			gw_card_lost(gw, "it decrypted a packet with another SA than the packet's");
			return;
		}
	}
	for (unsigned int i = 0; i < count; i++) {
		struct gw_slot *slot = pipe_done_slot(pipe, i);
		struct gw_sa *sa = slot->sa;

		gw->counters.status[ESPALIER_INBOUND][slot->op.status]++;
		if (slot->op.status == ESP_STATUS_OK)
			deliver(gw, sa, slot);
		else
			count_failure(sa, slot->op.status);
		gw_say_expiry(gw, sa);
		sa->in_flight--;
	}
	pipe_release(pipe, count);
	if (gw->early_waits)
		gw_release_early(gw, NULL);
}
