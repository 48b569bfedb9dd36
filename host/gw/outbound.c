/* SPDX-License-Identifier: Apache-2.0 */
/* From the TUN device to the network: policy, SA, size; through the card; out (RFC 4301, 5.1). */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "expiry.h"
#include "log.h"
#include "mtu.h"
#include "outbound.h"

#define ANSWERS_PER_S 100
#define ANSWERS_BURST 50

/* ---- policy says BYPASS: in clear, by the main routing table ---- */

static void bypass(struct gw *gw, const uint8_t *ip, const struct packet *packet)
{
	struct endpoint to = { .ip = packet->dst };
	struct sockaddr_storage name;
	socklen_t len = endpoint_to_sockaddr(&to, &name);

	if (sendto(gw->bypass_fd, ip, packet->len, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&name, len) < 0)
		gw_drop(gw, DROP_BYPASS_FAILED);
	else
		gw->counters.bypassed++;
}

/* ---- no SA yet ---- */

static struct ts single(const struct ip_addr *ip, const struct packet *packet, uint16_t port)
{
	struct ts ts = ts_from_prefix(ip, 32);

	ts.proto = packet->proto;
	if (packet->has_port)
		ts.port_lo = ts.port_hi = port;
	return ts;
}

static void acquire(struct gw *gw, struct gw_policy *policy, const struct packet *packet)
{
	struct sink_event event = { .kind = SINK_EVENT_ACQUIRE, .reqid = policy->p.reqid };

	if (policy->acquire_ms && gw->now_ms - policy->acquire_ms < ACQUIRE_MS)
		return;
	policy->acquire_ms = gw->now_ms;
	event.packet_local = single(&packet->src, packet, packet->src_port);
	event.packet_remote = single(&packet->dst, packet, packet->dst_port);
	gw->counters.acquires++;
	gw_log(GW_DEBUG, "policy %u: a packet without an SA", policy->p.reqid);
	gw_tell_agent(gw, &event);
}

static void want_sa(struct gw *gw, struct gw_policy *policy, const uint8_t *ip, const struct packet *packet)
{
	if (!gw->server || !sink_server_has_client(gw->server) || !spd_hold(policy, ip, packet->len, gw->now_ms)) {
		gw_drop(gw, DROP_NO_SA);
		return;
	}
	gw->held++;
	acquire(gw, policy, packet);
}

/* ---- to the card ---- */

static void submit(struct gw *gw, struct gw_sa *sa, const uint8_t *ip, size_t len)
{
	struct gw_pipe *pipe = &gw->device.pipes[ESPALIER_OUTBOUND];
	struct gw_slot *slot;
	uint8_t *memory;

	if (!pipe_room(pipe)) {
		gw_drop(gw, DROP_BACKLOG);
		return;
	}
	if (!sad_admit(sa, (uint32_t)len)) {
		gw_drop(gw, DROP_SA_EXPIRED);
		gw_say_expiry(gw, sa);
		return;
	}
	slot = pipe_free_slot(pipe, 0);
	memory = pipe_src(pipe, slot);
	if (memory != ip)
		memcpy(memory, ip, len);
	slot->sa = sa;
	slot->inner_len = (uint16_t)len;
	sa->in_flight++;
	pipe_fill(&gw->device, ESPALIER_OUTBOUND, (uint16_t)len, sa->index);
}

static bool may_answer(struct gw *gw)
{
	gw->answers += (double)(gw->now_ms - gw->answers_ms) * ANSWERS_PER_S / 1000;
	gw->answers_ms = gw->now_ms;
	if (gw->answers > ANSWERS_BURST)
		gw->answers = ANSWERS_BURST;
	if (gw->answers < 1)
		return false;
	gw->answers--;
	return true;
}

static void answer_too_big(struct gw *gw, const uint8_t *ip, const struct packet *packet, uint16_t mtu)
{
	uint8_t answer[ICMP_ANSWER_MAX];
	size_t len;

	gw_drop(gw, DROP_TOO_BIG);
	if (!may_answer(gw))
		return;
	len = packet_too_big(ip, packet, mtu, answer);
	if (len && write(gw->tun.fd, answer, len) == (ssize_t)len)
		gw->counters.too_big_answers++;
}

/* Fragments are made before encapsulation, so that each ESP packet is whole on the wire (RFC 4301, 7 and 8.2.1; RFC 4303, 3.3.4). */
static void submit_fragments(struct gw *gw, struct gw_sa *sa, const uint8_t *ip, const struct packet *packet, uint16_t mtu)
{
	uint8_t piece[UINT16_MAX];
	size_t at = 0, len;

	memcpy(gw->scratch, ip, packet->len); /* ip may be the memory that the first fragment is put into */
	gw->counters.fragmented++;
	while ((len = packet_fragment(gw->scratch, packet, mtu, &at, piece)))
		submit(gw, sa, piece, len);
}

static void protect(struct gw *gw, struct gw_policy *policy, const uint8_t *ip, const struct packet *packet)
{
	uint16_t mtu;

	if (!gw->device.dev) {
		gw_drop(gw, DROP_DEVICE_DOWN);
		return;
	}
	if (!policy->sa) {
		want_sa(gw, policy, ip, packet);
		return;
	}
	mtu = mtu_inner(policy->sa);
	if (packet->len <= mtu)
		submit(gw, policy->sa, ip, packet->len);
	else if (packet->df)
		answer_too_big(gw, ip, packet, mtu);
	else
		submit_fragments(gw, policy->sa, ip, packet, mtu);
}

/* Fragments behind the first go where that went. */
static struct gw_policy *find_policy(struct gw *gw, const struct packet *packet)
{
	uint32_t reqid = packet->later ? fragments_find(&gw->fragments, SINK_OUT, packet, gw->now_ms) : 0;
	struct gw_policy *policy = reqid ? spd_find(&gw->spd, reqid) : NULL;

	if (!policy)
		policy = spd_outbound(&gw->spd, packet);
	if (policy && packet->first && !policy->stale)
		fragments_note(&gw->fragments, SINK_OUT, packet, policy->p.reqid, gw->now_ms);
	return policy;
}

void gw_outbound(struct gw *gw, const uint8_t *ip, size_t len)
{
	struct gw_policy *policy;
	struct packet packet;

	if (len < 1 || ip[0] >> 4 != 4) {
		gw_drop(gw, DROP_NOT_IPV4);
		return;
	}
	if (!packet_parse(ip, len, &packet)) {
		gw_drop(gw, DROP_MALFORMED);
		return;
	}
	policy = find_policy(gw, &packet);
	if (!policy)
		gw_drop(gw, packet.later ? DROP_FRAGMENT : DROP_NO_POLICY);
	else if (policy->p.action == SINK_BYPASS)
		bypass(gw, ip, &packet);
	else if (policy->p.action == SINK_PROTECT)
		protect(gw, policy, ip, &packet);
	else
		gw_drop(gw, DROP_DISCARD);
}

void gw_outbound_read(struct gw *gw)
{
	for (unsigned int i = 0; i < GW_BATCH; i++) {
		struct gw_pipe *pipe = &gw->device.pipes[ESPALIER_OUTBOUND];
		bool up = gw->device.dev != NULL;
		uint8_t *memory;
		ssize_t len;

		if (up && pipe_room(pipe) < PIPE_ROOM_MIN)
			return;
		memory = up ? pipe_src(pipe, pipe_free_slot(pipe, 0)) : gw->scratch;
		len = read(gw->tun.fd, memory, up ? gw->device.info.max_packet : sizeof(gw->scratch));
		if (len < 0 && errno != EAGAIN && errno != EINTR) {
			gw_log(GW_ERROR, "the TUN device is gone: %s", strerror(errno));
			gw_tell(gw, &(struct gw_event){ .kind = GW_TUN_GONE });
		}
		if (len <= 0)
			return;
		gw_outbound(gw, memory, (size_t)len);
	}
}

/* ---- from the card ---- */

/* Is it this SA's packet, with a number above all before? The IV is the 64-bit number: twice the same would give the plaintexts away. */
static bool is_sound(const struct gw *gw, const struct gw_sa *sa, const struct gw_slot *slot)
{
	const uint8_t *esp = pipe_dst(&gw->device, &gw->device.pipes[ESPALIER_OUTBOUND], slot) + IPV4_HEADER;

	return get_be32(esp) == sa->id.spi && get_be64(esp + 8) > sa->seq && get_be32(esp + 4) == (uint32_t)get_be64(esp + 8);
}

static void send_on(struct gw *gw, struct gw_sa *sa, const struct gw_slot *slot)
{
	const uint8_t *out = pipe_dst(&gw->device, &gw->device.pipes[ESPALIER_OUTBOUND], slot);
	bool df = sa->copy_df && get_be16(out + 6) & IPV4_DF;

	sa->seq = get_be64(out + IPV4_HEADER + 8); /* the IV is the 64-bit number */
	if (!wire_send(&gw->wire, sa, out + IPV4_HEADER, slot->op.out_len - IPV4_HEADER, out[1], df)) {
		gw_drop(gw, DROP_NO_SOCKET);
		return;
	}
	sa->packets++;
	sa->bytes += slot->inner_len;
	sa->last_use_ms = gw->now_ms;
	gw->counters.packets[ESPALIER_OUTBOUND]++;
	gw->counters.bytes[ESPALIER_OUTBOUND] += slot->inner_len;
}

void gw_outbound_done(struct gw *gw, unsigned int count)
{
	struct gw_pipe *pipe = &gw->device.pipes[ESPALIER_OUTBOUND];

	for (unsigned int i = 0; i < count; i++) {
		struct gw_slot *slot = pipe_done_slot(pipe, i);
		struct gw_sa *sa = slot->sa;

		if (slot->op.status == ESP_STATUS_OK && !is_sound(gw, sa, slot)) {
			gw_card_lost(gw, "it sent a packet with another SA's SPI, or a sequence number twice");
			return;
		}
		gw->counters.status[ESPALIER_OUTBOUND][slot->op.status]++;
		if (slot->op.status == ESP_STATUS_OK)
			send_on(gw, sa, slot);
		else if (slot->op.status == ESP_STATUS_SEQ_EXHAUSTED)
			sa->stopped = true;
		else
			sa->other++;
		gw_say_expiry(gw, sa);
		sa->in_flight--;
	}
	wire_flush(&gw->wire); /* before the slots' memory is used again */
	pipe_release(pipe, count);
}
