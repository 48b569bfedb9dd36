/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/udp_internal.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MARKER_LEN 4u /* the non-ESP marker: zeros (RFC 3948, 2.2) */

union control {
	struct cmsghdr header; /* for alignment */
	uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

struct udp_batch {
	struct mmsghdr messages[UDP_BATCH];
	struct iovec vectors[UDP_BATCH];
	struct sockaddr_storage from[UDP_BATCH];
	union control control[UDP_BATCH];
	uint8_t data[UDP_BATCH][UDP_DATAGRAM_MAX];
};

int udp_open(const struct udp_options *options, struct udp **out, char *error)
{
	struct udp *udp;
	int ret;

	*out = NULL;
	if (!options->port || !options->nat_port || options->port == options->nat_port) {
		snprintf(error, UDP_ERROR_LEN, "UDP ports %u and %u: two different ones are needed, none of them 0", options->port, options->nat_port);
		return -EINVAL;
	}
	udp = calloc(1, sizeof(*udp));
	if (udp)
		udp->batch = malloc(sizeof(*udp->batch));
	if (!udp || !udp->batch) {
		free(udp);
		snprintf(error, UDP_ERROR_LEN, "UDP sockets: out of memory");
		return -ENOMEM;
	}
	udp->esp[0] = udp->esp[1] = udp->route[0] = udp->route[1] = -1;
	ret = udp_bind_all(udp, options, error);
	if (ret) {
		udp_close(udp);
		return ret;
	}
	*out = udp;
	return 0;
}

void udp_close(struct udp *udp)
{
	if (!udp)
		return;
	for (unsigned int i = 0; i < udp->count; i++)
		close(udp->sockets[i].fd);
	for (unsigned int i = 0; i < 2; i++) {
		if (udp->esp[i] >= 0)
			close(udp->esp[i]);
		if (udp->route[i] >= 0)
			close(udp->route[i]);
	}
	free(udp->batch);
	free(udp);
}

unsigned int udp_fds(const struct udp *udp, int *fds)
{
	for (unsigned int i = 0; i < udp->count; i++)
		fds[i] = udp->sockets[i].fd;
	return udp->count;
}

int udp_esp_fd(const struct udp *udp, unsigned int family)
{
	return udp->esp[family == 6];
}

void udp_get_stats(const struct udp *udp, struct udp_stats *stats)
{
	*stats = udp->stats;
}

/* ---- receive ------------------------------------------------------------------------------------------------------------- */

static void prepare(struct udp_batch *batch)
{
	for (unsigned int i = 0; i < UDP_BATCH; i++) {
		batch->vectors[i] = (struct iovec){ batch->data[i], UDP_DATAGRAM_MAX };
		batch->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &batch->from[i],
			.msg_namelen = sizeof(batch->from[i]),
			.msg_iov = &batch->vectors[i],
			.msg_iovlen = 1,
			.msg_control = &batch->control[i],
			.msg_controllen = sizeof(batch->control[i]),
		};
	}
}

/* The address that the datagram came to. */
static bool local_address(struct msghdr *message, struct ip_addr *local)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			*local = ip_from_v4((const uint8_t *)&info.ipi_addr);
			return true;
		}
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			struct in6_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof(info));
			local->family = 6;
			memcpy(local->bytes, &info.ipi6_addr, 16);
			return true;
		}
	}
	return false;
}

static void handle(struct udp *udp, const struct udp_socket *socket, unsigned int i, udp_handler handler, void *ctx)
{
	static const uint8_t marker[MARKER_LEN];
	struct msghdr *message = &udp->batch->messages[i].msg_hdr;
	const uint8_t *data = udp->batch->data[i];
	size_t len = udp->batch->messages[i].msg_len;
	struct endpoint local = { .port = socket->port }, remote;

	if (!local_address(message, &local.ip) || endpoint_from_sockaddr((struct sockaddr *)message->msg_name, &remote))
		return;
	if (socket->nat) {
		if (len < MARKER_LEN || memcmp(data, marker, MARKER_LEN)) {
			udp->stats.unmarked++;
			return;
		}
		data += MARKER_LEN;
		len -= MARKER_LEN;
	}
	udp->stats.received++;
	handler(ctx, &local, &remote, data, len);
}

void udp_receive(struct udp *udp, udp_handler handler, void *ctx)
{
	for (unsigned int s = 0; s < udp->count; s++) {
		int count;

		prepare(udp->batch);
		/* Errors are of the network and of datagrams sent before, or there is nothing to read. */
		count = recvmmsg(udp->sockets[s].fd, udp->batch->messages, UDP_BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < count; i++)
			handle(udp, &udp->sockets[s], (unsigned int)i, handler, ctx);
	}
}

/* ---- send ---------------------------------------------------------------------------------------------------------------- */

static const struct udp_socket *find_socket(const struct udp *udp, uint8_t family, uint16_t port)
{
	for (unsigned int i = 0; i < udp->count; i++)
		if (udp->sockets[i].family == family && udp->sockets[i].port == port)
			return &udp->sockets[i];
	return NULL;
}

static void put_control(struct msghdr *message, int level, int type, const void *data, size_t len)
{
	struct cmsghdr *c;

	message->msg_controllen = CMSG_SPACE(len);
	c = CMSG_FIRSTHDR(message);
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(len);
	memcpy(CMSG_DATA(c), data, len);
}

/* Send from this address. */
static void set_local(struct msghdr *message, union control *control, const struct ip_addr *local)
{
	memset(control, 0, sizeof(*control));
	message->msg_control = control;
	if (local->family == 4) {
		struct in_pktinfo info = { 0 };

		memcpy(&info.ipi_spec_dst, local->bytes, 4);
		put_control(message, IPPROTO_IP, IP_PKTINFO, &info, sizeof(info));
	} else {
		struct in6_pktinfo info = { 0 };

		memcpy(&info.ipi6_addr, local->bytes, 16);
		put_control(message, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	}
}

static int send_parts(struct udp *udp, const struct udp_socket *socket, const struct ip_addr *local, const struct endpoint *remote,
		      struct iovec *parts, unsigned int count)
{
	struct sockaddr_storage to;
	union control control;
	struct msghdr message = { .msg_name = &to, .msg_namelen = endpoint_to_sockaddr(remote, &to), .msg_iov = parts, .msg_iovlen = count };

	if (local->family == socket->family && !ip_is_any(local))
		set_local(&message, &control, local);
	if (sendmsg(socket->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		udp->stats.failed++;
		return -errno;
	}
	return 0;
}

int udp_send(struct udp *udp, const struct endpoint *local, const struct endpoint *remote, const uint8_t *data, size_t len)
{
	static const uint8_t marker[MARKER_LEN];
	const struct udp_socket *socket = find_socket(udp, remote->ip.family, local->port);
	struct iovec parts[] = { { (void *)marker, MARKER_LEN }, { (void *)data, len } };
	int ret;

	if (!socket)
		return -EINVAL;
	ret = send_parts(udp, socket, &local->ip, remote, socket->nat ? parts : parts + 1, socket->nat ? 2 : 1);
	if (!ret)
		udp->stats.sent++;
	return ret;
}

int udp_keepalive(struct udp *udp, const struct endpoint *local, const struct endpoint *remote)
{
	static const uint8_t keepalive = 0xff;
	const struct udp_socket *socket = find_socket(udp, remote->ip.family, local->port);
	struct iovec part = { (void *)&keepalive, 1 };

	if (!socket || !socket->nat)
		return -EINVAL;
	return send_parts(udp, socket, &local->ip, remote, &part, 1);
}

int udp_source(struct udp *udp, const struct ip_addr *remote, struct ip_addr *local)
{
	struct endpoint to = { *remote, 500 }, from; /* any port: nothing is sent */
	struct sockaddr_storage address;
	socklen_t len = endpoint_to_sockaddr(&to, &address);
	int fd = udp->route[remote->family == 6], ret = 0;

	if (!len || fd < 0)
		return -EAFNOSUPPORT;
	if (connect(fd, (struct sockaddr *)&address, len))
		return -errno;
	len = sizeof(address);
	if (getsockname(fd, (struct sockaddr *)&address, &len))
		ret = -errno;
	else
		ret = endpoint_from_sockaddr((struct sockaddr *)&address, &from);
	/* Back to no peer, so that the next connect chooses anew. */
	address.ss_family = AF_UNSPEC;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address.ss_family)) && !ret)
		ret = -errno;
	if (!ret)
		*local = from.ip;
	return ret;
}
