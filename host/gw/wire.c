/* SPDX-License-Identifier: Apache-2.0 */
/* ESP to and from the network, by batches. */
#include "wire.h"

#include <errno.h>
#include <linux/errqueue.h>
#include <poll.h>
#include <string.h>

#include "packet.h"

#define SEND_WAIT_MS 20
#define ICMP_UNREACHABLE 3
#define ICMP_NEED_FRAGMENT 4
#define ICMP6_TOO_BIG 2
#define ESP_SPI_LEN 4u
#define ERRORS_MAX 64 /* taken at a time */

/* ---- out ---- */

static struct wire_socket *socket_for(struct gw_wire *wire, const struct gw_sa *sa)
{
	int family = sa->dst.ip.family == 6 ? AF_INET6 : AF_INET;

	if (!sa->udp_encap)
		return wire->sockets[family == AF_INET6].fd >= 0 ? &wire->sockets[family == AF_INET6] : NULL;
	for (unsigned int i = 2; i < WIRE_SOCKETS; i++) {
		struct wire_socket *s = &wire->sockets[i];

		if (s->fd >= 0 && s->family == family && s->local.port == sa->src.port &&
		    (ip_is_any(&s->local.ip) || ip_equal(&s->local.ip, &sa->src.ip)))
			return s;
	}
	return NULL;
}

static void set_df(struct wire_socket *socket, bool df)
{
	int value = df ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT;

	if (!setsockopt(socket->fd, IPPROTO_IP, IP_MTU_DISCOVER, &value, sizeof(value)))
		socket->df = df;
}

static struct cmsghdr *put_cmsg(struct msghdr *msg, struct cmsghdr *at, int level, int type, const void *data, size_t len)
{
	at->cmsg_level = level;
	at->cmsg_type = type;
	at->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(at), data, len);
	msg->msg_controllen += CMSG_SPACE(len);
	return (struct cmsghdr *)((uint8_t *)at + CMSG_SPACE(len));
}

/* TOS and source address of this packet. */
static void put_control(struct msghdr *msg, const struct gw_sa *sa, uint8_t tos)
{
	struct cmsghdr *at = msg->msg_control;
	bool v6 = sa->dst.ip.family == 6;
	int value = tos;

	msg->msg_controllen = 0;
	if (tos)
		at = put_cmsg(msg, at, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TCLASS : IP_TOS, &value, sizeof(value));
	if (!ip_is_any(&sa->src.ip) && v6) {
		struct in6_pktinfo info = { 0 };

		memcpy(&info.ipi6_addr, sa->src.ip.bytes, 16);
		put_cmsg(msg, at, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	} else if (!ip_is_any(&sa->src.ip)) {
		struct in_pktinfo info = { 0 };

		memcpy(&info.ipi_spec_dst, sa->src.ip.bytes, 4);
		put_cmsg(msg, at, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	}
	if (!msg->msg_controllen)
		msg->msg_control = NULL;
}

bool wire_send(struct gw_wire *wire, const struct gw_sa *sa, const uint8_t *data, size_t len, uint8_t tos, bool df)
{
	struct wire_socket *socket = socket_for(wire, sa);
	struct endpoint to = sa->dst;
	unsigned int i;
	struct msghdr *msg;

	if (!socket)
		return false;
	if (wire->out_count == WIRE_BATCH || wire->out != socket || (socket->family == AF_INET && socket->df != df))
		wire_flush(wire);
	if (socket->family == AF_INET && socket->df != df)
		set_df(socket, df);
	wire->out = socket;
	i = wire->out_count++;
	if (!sa->udp_encap)
		to.port = 0;
	wire->out_parts[i] = (struct iovec){ (void *)(uintptr_t)data, len };
	msg = &wire->out_messages[i].msg_hdr;
	*msg = (struct msghdr){ .msg_name = &wire->out_names[i], .msg_namelen = endpoint_to_sockaddr(&to, &wire->out_names[i]),
				.msg_iov = &wire->out_parts[i], .msg_iovlen = 1, .msg_control = wire->out_control[i].room };
	put_control(msg, sa, tos);
	return true;
}

/* The first message of the rest did not go. true: try it again. */
static bool failed(struct gw_wire *wire, unsigned int i, bool again)
{
	struct pollfd ready = { .fd = wire->out->fd, .events = POLLOUT };
	struct endpoint to;

	if (errno == EINTR)
		return true;
	if (errno == EAGAIN)
		return !again && poll(&ready, 1, SEND_WAIT_MS) == 1;
	if (errno == EMSGSIZE) {
		if (!endpoint_from_sockaddr((struct sockaddr *)&wire->out_names[i], &to))
			wire->too_big(wire->context, &to.ip, get_be32(wire->out_parts[i].iov_base), 0);
		return false;
	}
	return !again; /* an ICMP error that came for an earlier packet is reported once */
}

void wire_flush(struct gw_wire *wire)
{
	unsigned int sent = 0, count = wire->out_count;
	bool again = false;

	wire->out_count = 0;
	while (sent < count) {
		int n = sendmmsg(wire->out->fd, wire->out_messages + sent, count - sent, MSG_DONTWAIT | MSG_NOSIGNAL);

		wire->counters->batches[ESPALIER_OUTBOUND]++;
		if (n > 0) {
			sent += (unsigned int)n;
			again = false;
		} else if (failed(wire, sent, again)) {
			again = true;
		} else {
			wire->counters->drops[DROP_SEND_FAILED]++;
			sent++;
			again = false;
		}
	}
}

/* ---- in ---- */

static void take_control(struct msghdr *msg, struct wire_message *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS)
			message->tos = *(const uint8_t *)CMSG_DATA(c);
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS)
			message->tos = *(const uint8_t *)CMSG_DATA(c); /* an int of 0 to 255 */
	}
}

/* A raw IPv4 socket gives the header too: take it off, so that ESP begins at the headroom's end. */
static void strip_header(struct wire_message *message)
{
	size_t header_len = (message->memory[0] & 0xfu) * 4;

	if (message->len < IPV4_HEADER || header_len < IPV4_HEADER || message->len < header_len) {
		message->len = 0;
		return;
	}
	message->len -= header_len;
	if (header_len != WIRE_HEADROOM)
		memmove(message->memory + WIRE_HEADROOM, message->memory + header_len, message->len);
}

unsigned int wire_receive(struct gw_wire *wire, const struct wire_socket *socket, struct wire_message *messages, unsigned int count)
{
	bool raw4 = !socket->udp && socket->family == AF_INET;
	struct mmsghdr headers[WIRE_BATCH];
	struct iovec parts[WIRE_BATCH];
	struct sockaddr_storage names[WIRE_BATCH];
	_Alignas(struct cmsghdr) uint8_t control[WIRE_BATCH][CMSG_SPACE(sizeof(int))];
	int n;

	count = count < WIRE_BATCH ? count : WIRE_BATCH;
	for (unsigned int i = 0; i < count; i++) {
		size_t headroom = raw4 ? 0 : WIRE_HEADROOM;

		parts[i] = (struct iovec){ messages[i].memory + headroom, messages[i].room - headroom };
		headers[i].msg_hdr = (struct msghdr){ .msg_name = &names[i], .msg_namelen = sizeof(names[i]), .msg_iov = &parts[i], .msg_iovlen = 1,
						      .msg_control = control[i], .msg_controllen = sizeof(control[i]) };
	}
	n = recvmmsg(socket->fd, headers, count, MSG_DONTWAIT, NULL);
	if (n <= 0)
		return 0;
	wire->counters->batches[ESPALIER_INBOUND]++;
	for (int i = 0; i < n; i++) {
		struct wire_message *message = &messages[i];

		message->len = headers[i].msg_len;
		message->truncated = headers[i].msg_hdr.msg_flags & MSG_TRUNC;
		message->tos = 0;
		take_control(&headers[i].msg_hdr, message);
		if (endpoint_from_sockaddr((struct sockaddr *)&names[i], &message->from))
			message->from = (struct endpoint){ 0 };
		if (!socket->udp)
			message->from.port = 0;
		if (raw4)
			strip_header(message);
	}
	return (unsigned int)n;
}

/* ---- ICMP errors ---- */

static uint32_t mtu_of(const struct sock_extended_err *error)
{
	if (error->ee_origin == SO_EE_ORIGIN_ICMP && error->ee_type == ICMP_UNREACHABLE && error->ee_code == ICMP_NEED_FRAGMENT)
		return error->ee_info;
	if (error->ee_origin == SO_EE_ORIGIN_ICMP6 && error->ee_type == ICMP6_TOO_BIG)
		return error->ee_info;
	return 0;
}

/* The error quotes our packet; it counts only if that is of an SA to this destination, whose SPI few know (RFC 4301, 8.2.1). */
static void take_error(struct gw_wire *wire, struct msghdr *msg, const uint8_t *quoted, size_t len)
{
	struct endpoint to;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		const struct sock_extended_err *error = (const struct sock_extended_err *)(const void *)CMSG_DATA(c);
		bool is_error = (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
				(c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR);

		if (is_error && mtu_of(error) && len >= ESP_SPI_LEN && !endpoint_from_sockaddr(msg->msg_name, &to))
			wire->too_big(wire->context, &to.ip, get_be32(quoted), mtu_of(error));
	}
}

void wire_errors(struct gw_wire *wire, const struct wire_socket *socket)
{
	socklen_t pending_len = sizeof(int);
	int pending;

	for (int i = 0; i < ERRORS_MAX; i++) {
		uint8_t quoted[64];
		_Alignas(struct cmsghdr) uint8_t control[512];
		struct sockaddr_storage name;
		struct iovec part = { quoted, sizeof(quoted) };
		struct msghdr msg = { .msg_name = &name, .msg_namelen = sizeof(name), .msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
				      .msg_controllen = sizeof(control) };
		ssize_t len = recvmsg(socket->fd, &msg, MSG_ERRQUEUE | MSG_DONTWAIT);

		if (len < 0)
			break;
		take_error(wire, &msg, quoted, (size_t)len);
	}
	getsockopt(socket->fd, SOL_SOCKET, SO_ERROR, &pending, &pending_len); /* one that is in no queue; reading takes it away */
}
