/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transport to a simulated card: a vfio-user client (see vfio_user_proto.h). Register writes are posted, as on PCI Express; everything
 * else is one request at a time, answered before the next.
 * Memory is a memfd that the server maps. After a broken answer or a timeout the stream's state is unknown: the connection is closed,
 * and everything from there on is -ENODEV. Commands from the server (which has no need of any) are refused with ENOTSUP.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "backend.h"
#include "now.h"
#include "peer_process.h"
#include "transport.h"
#include "vfio_user_proto.h"

#define FDS_MAX 8
#define BODY_MAX 4096u /* of the answers this client asks for */

static const char capabilities[] = "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":1048576}}";

struct vfio_user {
	struct transport base;
	int fd; /* -1: gone */
	struct peer_process server;
	unsigned int idle_ms; /* as espalier_open_options; 0: does not matter */
	uint16_t next_id;
	bool can_reset;
};

struct reply {
	void *body; /* where the answer's body goes */
	uint32_t min, max; /* bytes it may have */
};

static int gone(struct vfio_user *v, const char *why)
{
	if (v->fd >= 0)
		close(v->fd);
	v->fd = -1;
	return espalier_fail(v->base.error, -ENODEV, "The simulated card at %.200s is gone: %s.", v->base.location, why);
}

/* Two looks at the server find out whether it does anything. */
static int wait_for(struct vfio_user *v, short events, uint64_t end)
{
	struct pollfd p = { .fd = v->fd, .events = events };
	uint64_t slice = v->idle_ms ? (v->idle_ms + 1) / 2 : INT32_MAX, now;
	int ret;

	peer_process_begin(&v->server);
	for (;;) {
		now = now_ms();
		ret = poll(&p, 1, now >= end ? 0 : end - now < slice ? (int)(end - now) : (int)slice);
		if (ret > 0)
			return 0;
		if (ret < 0 && errno != EINTR)
			return gone(v, strerror(errno));
		if (!ret && now >= end)
			return gone(v, "it does not answer in time");
		if (!ret && v->idle_ms && peer_process_idle(&v->server))
			return gone(v, "it does not answer, and its process does nothing");
	}
}

static int send_all(struct vfio_user *v, const void *data, size_t len, const int *fds, unsigned int nfds, uint64_t end)
{
	union {
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
		struct cmsghdr align;
	} control = { 0 };
	const uint8_t *p = data;
	ssize_t n;
	int ret;

	while (len) {
		struct iovec iov = { (void *)(uintptr_t)p, len };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

		if (nfds) {
			msg.msg_control = control.bytes;
			msg.msg_controllen = CMSG_SPACE(nfds * sizeof(int));
			CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
			CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
			CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN(nfds * sizeof(int));
			memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), fds, nfds * sizeof(int));
		}
		n = sendmsg(v->fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			ret = wait_for(v, POLLOUT, end);
			if (ret)
				return ret;
			continue;
		}
		if (n < 0)
			return gone(v, strerror(errno));
		p += n;
		len -= (size_t)n;
		nfds = 0; /* they went with the first byte */
	}
	return 0;
}

/* Descriptors are not expected: close what comes. */
static void drop_fds(struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t count = c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS ? (c->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;

		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			close(fd);
		}
	}
}

static int receive_all(struct vfio_user *v, void *data, size_t len, uint64_t end)
{
	uint8_t *p = data;

	while (len) {
		union {
			char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
			struct cmsghdr align;
		} control;
		struct iovec iov = { p, len };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control) };
		ssize_t n = recvmsg(v->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
		int ret;

		if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
			ret = wait_for(v, POLLIN, end);
			if (ret)
				return ret;
			continue;
		}
		if (n <= 0)
			return gone(v, n ? strerror(errno) : "it closed the connection");
		drop_fds(&msg);
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A command of the server's own: skip its body, refuse it. */
static int refuse_command(struct vfio_user *v, const struct vfio_user_header *command, uint64_t end)
{
	struct vfio_user_header answer = *command;
	uint8_t sink[256];
	uint32_t left = command->size - (uint32_t)sizeof(*command);
	int ret = 0;

	if (left > VFIO_USER_DEFAULT_MAX_DATA_XFER + BODY_MAX)
		return gone(v, "it sent a command of absurd size");
	while (!ret && left) {
		uint32_t n = left < sizeof(sink) ? left : (uint32_t)sizeof(sink);

		ret = receive_all(v, sink, n, end);
		left -= n;
	}
	if (ret || command->flags & VFIO_USER_F_NO_REPLY)
		return ret;
	answer.size = sizeof(answer);
	answer.flags = VFIO_USER_F_REPLY | VFIO_USER_F_ERROR;
	answer.error = ENOTSUP;
	return send_all(v, &answer, sizeof(answer), NULL, 0, end);
}

static int receive_reply(struct vfio_user *v, const struct vfio_user_header *request, const struct reply *reply, uint64_t end)
{
	struct vfio_user_header h;
	uint32_t body;
	int ret;

	for (;;) {
		ret = receive_all(v, &h, sizeof(h), end);
		if (ret)
			return ret;
		if (h.size < sizeof(h))
			return gone(v, "it sent a message without a header's size");
		if ((h.flags & VFIO_USER_F_TYPE_MASK) == VFIO_USER_F_REPLY)
			break;
		ret = refuse_command(v, &h, end);
		if (ret)
			return ret;
	}
	body = h.size - (uint32_t)sizeof(h);
	if (h.id != request->id || h.command != request->command)
		return gone(v, "it answered another request");
	if (h.flags & VFIO_USER_F_ERROR) {
		if (body)
			return gone(v, "it sent an error with a body");
		ret = h.error && h.error < 4096 ? -(int)h.error : -EIO;
		return espalier_fail(v->base.error, ret == -ENODEV ? -EIO : ret, "The simulated card refuses request %u: %s.", h.command,
				     strerror(-ret));
	}
	if (body < reply->min || body > reply->max)
		return gone(v, "it sent an answer of a wrong size");
	return body ? receive_all(v, reply->body, body, end) : 0;
}

/* body follows the header; the answer's body goes to reply. reply NULL: none is asked for. */
static int request(struct vfio_user *v, uint16_t command, const void *body, uint32_t len, const int *fds, unsigned int nfds,
		   const struct reply *reply)
{
	struct {
		struct vfio_user_header header;
		uint8_t body[256];
	} __attribute__((packed)) msg = { .header = { .id = v->next_id++, .command = command, .size = (uint32_t)sizeof(msg.header) + len } };
	uint64_t end = now_ms() + v->base.timeout_ms;
	int ret;

	if (v->fd < 0)
		return espalier_fail(v->base.error, -ENODEV, "The simulated card at %.200s is gone.", v->base.location);
	if (len > sizeof(msg.body))
		return espalier_fail(v->base.error, -EMSGSIZE, "A request of %u bytes is too long.", len);
	if (len)
		memcpy(msg.body, body, len);
	if (!reply)
		msg.header.flags = VFIO_USER_F_NO_REPLY;
	ret = send_all(v, &msg, msg.header.size, fds, nfds, end);
	if (!ret && reply)
		ret = receive_reply(v, &msg.header, reply, end);
	OPENSSL_cleanse(msg.body, len); /* may be a piece of a key */
	return ret;
}

static int access_region(struct vfio_user *v, bool write, uint32_t region, uint64_t offset, void *data, uint32_t len)
{
	struct {
		struct vfio_user_region_access access;
		uint8_t data[64];
	} __attribute__((packed)) out = { .access = { .offset = offset, .region = region, .count = len } }, in;
	uint32_t head = (uint32_t)sizeof(out.access);
	struct reply reply = { &in, head + (write ? 0 : len), head + (write ? 0 : len) };
	bool posted = write && region == VFIO_USER_REGION_BAR0; /* like a memory write on PCI Express: the next read comes after it */
	int ret;

	if (len > sizeof(out.data))
		return espalier_fail(v->base.error, -EMSGSIZE, "An access of %u bytes is too long.", len);
	if (write)
		memcpy(out.data, data, len);
	ret = request(v, write ? VFIO_USER_REGION_WRITE : VFIO_USER_REGION_READ, &out, head + (write ? len : 0), NULL, 0, posted ? NULL : &reply);
	OPENSSL_cleanse(out.data, sizeof(out.data));
	if (ret || posted)
		return ret;
	if (in.access.offset != offset || in.access.region != region || in.access.count != len)
		return gone(v, "it answered another access");
	if (!write)
		memcpy(data, in.data, len);
	return 0;
}

static int vu_config_read(struct transport *t, uint32_t offset, void *data, uint32_t len)
{
	return access_region((struct vfio_user *)t, false, VFIO_USER_REGION_CONFIG, offset, data, len);
}

static int vu_config_write(struct transport *t, uint32_t offset, const void *data, uint32_t len)
{
	return access_region((struct vfio_user *)t, true, VFIO_USER_REGION_CONFIG, offset, (void *)(uintptr_t)data, len);
}

static int vu_reg_read(struct transport *t, uint32_t offset, uint32_t *value)
{
	uint8_t b[4] = { 0 };
	int ret = access_region((struct vfio_user *)t, false, VFIO_USER_REGION_BAR0, offset, b, sizeof(b));

	*value = (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
	return ret;
}

static int vu_reg_write(struct transport *t, uint32_t offset, uint32_t value)
{
	uint8_t b[4] = { (uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16), (uint8_t)(value >> 24) };
	int ret;

	__atomic_thread_fence(__ATOMIC_SEQ_CST); /* rings and packets before the doorbell */
	ret = access_region((struct vfio_user *)t, true, VFIO_USER_REGION_BAR0, offset, b, sizeof(b));
	OPENSSL_cleanse(b, sizeof(b));
	return ret;
}

static int vu_dma_map(struct transport *t, struct transport_mem *mem)
{
	struct vfio_user *v = (struct vfio_user *)t;
	struct vfio_user_dma_map map = {
		.argsz = sizeof(map), .flags = VFIO_USER_DMA_F_READ | VFIO_USER_DMA_F_WRITE, .address = mem->iova, .size = mem->size,
	};
	struct reply reply = { NULL, 0, 0 };
	int fd = memfd_create("espalier", MFD_CLOEXEC), ret;

	if (fd < 0 || ftruncate(fd, (off_t)mem->size)) {
		ret = espalier_fail(t->error, -ENOMEM, "No shared memory of %zu bytes: %s.", mem->size, strerror(errno));
		goto out;
	}
	mem->va = mmap(NULL, mem->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mem->va == MAP_FAILED) {
		ret = espalier_fail(t->error, -ENOMEM, "No shared memory of %zu bytes: %s.", mem->size, strerror(errno));
		goto out;
	}
	madvise(mem->va, mem->size, MADV_DONTDUMP); /* packets in clear; a kernel that cannot does without */
	ret = request(v, VFIO_USER_DMA_MAP, &map, sizeof(map), &fd, 1, &reply);
	if (ret)
		munmap(mem->va, mem->size);
out:
	if (fd >= 0)
		close(fd);
	if (ret)
		mem->va = NULL;
	return ret;
}

static void vu_dma_unmap(struct transport *t, struct transport_mem *mem)
{
	struct vfio_user *v = (struct vfio_user *)t;
	struct vfio_user_dma_unmap unmap = { .argsz = sizeof(unmap), .address = mem->iova, .size = mem->size }, answer;
	struct reply reply = { &answer, 0, sizeof(answer) };

	if (v->fd >= 0)
		request(v, VFIO_USER_DMA_UNMAP, &unmap, sizeof(unmap), NULL, 0, &reply);
	munmap(mem->va, mem->size);
	mem->va = NULL;
}

static int vu_irq_set(struct transport *t, const int *eventfds, unsigned int count)
{
	struct vfio_user_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_USER_IRQ_SET_ACTION_TRIGGER | (count ? VFIO_USER_IRQ_SET_DATA_EVENTFD : VFIO_USER_IRQ_SET_DATA_NONE),
		.index = VFIO_USER_IRQ_MSIX,
		.count = count,
	};
	struct reply reply = { NULL, 0, 0 };

	if (count > FDS_MAX)
		return espalier_fail(t->error, -EINVAL, "%u interrupt vectors are too many.", count);
	return request((struct vfio_user *)t, VFIO_USER_DEVICE_SET_IRQS, &set, sizeof(set), eventfds, count, &reply);
}

static int vu_reset(struct transport *t)
{
	struct vfio_user *v = (struct vfio_user *)t;
	struct reply reply = { NULL, 0, 0 };

	if (!v->can_reset)
		return -ENOTSUP;
	return request(v, VFIO_USER_DEVICE_RESET, NULL, 0, NULL, 0, &reply);
}

static int vu_alive(struct transport *t)
{
	struct vfio_user *v = (struct vfio_user *)t;
	struct pollfd p = { .fd = v->fd, .events = POLLRDHUP };

	if (v->fd < 0)
		return espalier_fail(t->error, -ENODEV, "The simulated card at %.200s is gone.", t->location);
	if (poll(&p, 1, 0) > 0)
		return gone(v, "it closed the connection");
	return 0;
}

static int vu_hangup_fd(const struct transport *t)
{
	return ((const struct vfio_user *)t)->fd;
}

static void vu_close(struct transport *t)
{
	struct vfio_user *v = (struct vfio_user *)t;

	if (v->fd >= 0)
		close(v->fd);
	free(v);
}

static const struct transport_ops vfio_user_ops = {
	.name = "vfio-user",
	.config_read = vu_config_read,
	.config_write = vu_config_write,
	.reg_read = vu_reg_read,
	.reg_write = vu_reg_write,
	.dma_map = vu_dma_map,
	.dma_unmap = vu_dma_unmap,
	.irq_set = vu_irq_set,
	.reset = vu_reset,
	.alive = vu_alive,
	.hangup_fd = vu_hangup_fd,
	.close = vu_close,
};

static int handshake(struct vfio_user *v)
{
	struct {
		struct vfio_user_version version;
		char json[sizeof(capabilities)];
	} __attribute__((packed)) hello = { .version = { VFIO_USER_MAJOR, VFIO_USER_MINOR } };
	struct vfio_user_device_info info = { .argsz = sizeof(info) };
	struct {
		struct vfio_user_version version;
		uint8_t json[BODY_MAX];
	} __attribute__((packed)) answer;
	struct reply reply = { &answer, sizeof(answer.version), sizeof(answer) }, info_reply = { &info, sizeof(info), sizeof(info) };
	struct vfio_user_device_info ask = info;
	int ret;

	memcpy(hello.json, capabilities, sizeof(capabilities));
	ret = request(v, VFIO_USER_VERSION, &hello, sizeof(hello), NULL, 0, &reply);
	if (ret == -EBUSY)
		return espalier_fail(v->base.error, ret, "The simulated card at %.200s is busy: another client uses it.", v->base.location);
	if (ret)
		return ret;
	if (answer.version.major != VFIO_USER_MAJOR || answer.version.minor > VFIO_USER_MINOR)
		return espalier_fail(v->base.error, -EPROTO, "The server at %.200s speaks vfio-user %u.%u, not %u.%u.", v->base.location,
				     answer.version.major, answer.version.minor, VFIO_USER_MAJOR, VFIO_USER_MINOR);
	ret = request(v, VFIO_USER_DEVICE_GET_INFO, &ask, sizeof(ask), NULL, 0, &info_reply);
	if (ret)
		return ret;
	if (!(info.flags & VFIO_USER_DEVICE_F_PCI) || info.num_regions <= VFIO_USER_REGION_CONFIG || info.num_irqs <= VFIO_USER_IRQ_MSIX)
		return espalier_fail(v->base.error, -ENXIO, "The server at %.200s is no PCI device with MSI-X.", v->base.location);
	v->can_reset = info.flags & VFIO_USER_DEVICE_F_RESET;
	return 0;
}

int vfio_user_connect(const char *socket_path, const struct espalier_open_options *options, struct transport **t, char *error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct vfio_user *v;
	int ret;

	*t = NULL;
	if (!*socket_path || strlen(socket_path) >= sizeof(address.sun_path))
		return espalier_fail(error, -EINVAL, "A socket path has 1 to %zu characters.", sizeof(address.sun_path) - 1);
	v = calloc(1, sizeof(*v));
	if (!v)
		return espalier_fail(error, -ENOMEM, "Out of memory.");
	strcpy(address.sun_path, socket_path);
	v->base.ops = &vfio_user_ops;
	v->base.timeout_ms = options->timeout_ms;
	v->idle_ms = options->idle_ms;
	v->base.simulated = true;
	snprintf(v->base.location, sizeof(v->base.location), "%s", socket_path);
	v->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (v->fd < 0 || connect(v->fd, (struct sockaddr *)&address, sizeof(address))) {
		ret = espalier_fail(error, -errno, "No simulated card at %s: %s.", socket_path, strerror(errno));
		goto fail;
	}
	peer_process_find(&v->server, v->fd);
	ret = handshake(v);
	if (ret) {
		espalier_fail(error, ret, "%s", v->base.error);
		goto fail;
	}
	*t = &v->base;
	return 0;
fail:
	vu_close(&v->base);
	return ret;
}
