// SPDX-License-Identifier: Apache-2.0
// What each vfio-user request does to the device; lengths are checked before anything is read. See vfio_user.h.
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "vfio_user.h"

#define UNMAP_ALL 2u /* VFIO_DMA_UNMAP_FLAG_ALL */

static const char capabilities[] = "{\"capabilities\":{\"max_msg_fds\":8,\"max_data_xfer_size\":1048576,\"pgsizes\":4096,"
				   "\"max_dma_maps\":65535}}";
_Static_assert(VFIO_USER_SERVER_FDS == 8 && VFIO_USER_DEFAULT_MAX_DATA_XFER == 1048576 && HOST_MEMORY_MAX_RANGES == 65535,
	       "the capabilities say so");

struct request {
	struct vfio_user_server *server;
	const uint8_t *body;
	size_t len;
	int *fds;
	unsigned int fd_count;
	uint8_t *reply;
	size_t *reply_len;
};

static void reply_with(const struct request *r, const void *data, size_t len)
{
	memcpy(r->reply, data, len);
	*r->reply_len = len;
}

static int on_version(const struct request *r)
{
	struct vfio_user_version v;

	if (r->server->negotiated || r->len < sizeof v)
		return -EINVAL;
	memcpy(&v, r->body, sizeof v);
	if (v.major != VFIO_USER_MAJOR)
		return -EINVAL;
	/* The client's capabilities are limits of what it takes; nothing here comes near them. They must be a string, though. */
	if (r->len > sizeof v && r->body[r->len - 1] != '\0')
		return -EINVAL;
	if (v.minor > VFIO_USER_MINOR)
		v.minor = VFIO_USER_MINOR;
	memcpy(r->reply, &v, sizeof v);
	memcpy(r->reply + sizeof v, capabilities, sizeof capabilities);
	*r->reply_len = sizeof v + sizeof capabilities;
	r->server->negotiated = true;
	return 0;
}

static int on_dma_map(const struct request *r)
{
	struct vfio_user_dma_map m;
	uint32_t prot;

	if (r->len < sizeof m || r->fd_count > 1)
		return -EINVAL;
	memcpy(&m, r->body, sizeof m);
	if (m.argsz < sizeof m || m.flags & ~(VFIO_USER_DMA_F_READ | VFIO_USER_DMA_F_WRITE) || m.flags == 0)
		return -EINVAL;
	prot = (m.flags & VFIO_USER_DMA_F_READ ? HOST_MEMORY_READ : 0) | (m.flags & VFIO_USER_DMA_F_WRITE ? HOST_MEMORY_WRITE : 0);
	return host_memory_map(&r->server->dev->memory, m.address, m.size, m.offset, r->fd_count ? r->fds[0] : -1, prot);
}

static int on_dma_unmap(const struct request *r)
{
	struct host_memory *memory = &r->server->dev->memory;
	struct vfio_user_dma_unmap m;
	int ret = 0;

	if (r->len < sizeof m)
		return -EINVAL;
	memcpy(&m, r->body, sizeof m);
	if (m.argsz < sizeof m || m.flags & ~UNMAP_ALL)
		return -EINVAL;
	if (m.flags & UNMAP_ALL) {
		if (m.address || m.size)
			return -EINVAL;
		host_memory_clear(memory);
	} else {
		ret = host_memory_unmap(memory, m.address, m.size);
	}
	if (ret == 0)
		reply_with(r, &m, sizeof m);
	return ret;
}

static int on_device_info(const struct request *r)
{
	struct vfio_user_device_info info;

	if (r->len < sizeof info)
		return -EINVAL;
	memcpy(&info, r->body, sizeof info);
	if (info.argsz < sizeof info)
		return -EINVAL;
	info.argsz = sizeof info;
	info.flags = VFIO_USER_DEVICE_F_RESET | VFIO_USER_DEVICE_F_PCI;
	info.num_regions = VFIO_USER_REGION_COUNT;
	info.num_irqs = VFIO_USER_IRQ_COUNT;
	reply_with(r, &info, sizeof info);
	return 0;
}

static uint64_t region_size(uint32_t index)
{
	switch (index) {
	case VFIO_USER_REGION_BAR0:
		return SIM_BAR_SIZE;
	case VFIO_USER_REGION_CONFIG:
		return CONFIG_SIZE;
	default:
		return 0;
	}
}

static int on_region_info(const struct request *r)
{
	struct vfio_user_region_info info;

	if (r->len < sizeof info)
		return -EINVAL;
	memcpy(&info, r->body, sizeof info);
	if (info.argsz < sizeof info || info.index >= VFIO_USER_REGION_COUNT)
		return -EINVAL;
	info.argsz = sizeof info;
	info.size = region_size(info.index);
	info.flags = info.size ? VFIO_USER_REGION_F_READ | VFIO_USER_REGION_F_WRITE : 0;
	info.cap_offset = 0;
	info.offset = 0;
	reply_with(r, &info, sizeof info);
	return 0;
}

static int on_irq_info(const struct request *r)
{
	struct vfio_user_irq_info info;

	if (r->len < sizeof info)
		return -EINVAL;
	memcpy(&info, r->body, sizeof info);
	if (info.argsz < sizeof info || info.index >= VFIO_USER_IRQ_COUNT)
		return -EINVAL;
	info.argsz = sizeof info;
	info.count = info.index == VFIO_USER_IRQ_MSIX ? SIM_VECTORS : 0;
	info.flags = info.count ? VFIO_USER_IRQ_F_EVENTFD : 0;
	reply_with(r, &info, sizeof info);
	return 0;
}

static int set_msix(const struct request *r, const struct vfio_user_irq_set *set)
{
	struct device *dev = r->server->dev;
	const uint8_t *fires = r->body + sizeof *set;
	uint32_t data = set->flags & (VFIO_USER_IRQ_SET_DATA_NONE | VFIO_USER_IRQ_SET_DATA_BOOL | VFIO_USER_IRQ_SET_DATA_EVENTFD);

	if (set->start > SIM_VECTORS || set->count > SIM_VECTORS - set->start)
		return -EINVAL;
	switch (data) {
	case VFIO_USER_IRQ_SET_DATA_NONE:
		if (set->count == 0 && set->start == 0)
			device_set_vectors(dev, 0, SIM_VECTORS, NULL);
		for (uint32_t i = 0; i < set->count; i++)
			device_trigger(dev, set->start + i);
		return 0;
	case VFIO_USER_IRQ_SET_DATA_BOOL:
		if (r->len - sizeof *set < set->count)
			return -EINVAL;
		for (uint32_t i = 0; i < set->count; i++)
			if (fires[i])
				device_trigger(dev, set->start + i);
		return 0;
	case VFIO_USER_IRQ_SET_DATA_EVENTFD:
		if (r->fd_count != 0 && r->fd_count != set->count)
			return -EINVAL;
		device_set_vectors(dev, set->start, set->count, r->fd_count ? r->fds : NULL);
		return 0;
	default:
		return -EINVAL;
	}
}

static int on_set_irqs(const struct request *r)
{
	struct vfio_user_irq_set set;
	uint32_t action;

	if (r->len < sizeof set)
		return -EINVAL;
	memcpy(&set, r->body, sizeof set);
	action = set.flags & (VFIO_USER_IRQ_SET_ACTION_MASK | VFIO_USER_IRQ_SET_ACTION_UNMASK | VFIO_USER_IRQ_SET_ACTION_TRIGGER);
	if (set.argsz < sizeof set || set.index >= VFIO_USER_IRQ_COUNT || set.flags >> 6)
		return -EINVAL;
	if (set.index != VFIO_USER_IRQ_MSIX)
		return set.count ? -EINVAL : 0;
	if (action == VFIO_USER_IRQ_SET_ACTION_TRIGGER)
		return set_msix(r, &set);
	/* Linux cannot mask single MSI-X vectors through VFIO either. */
	return action == VFIO_USER_IRQ_SET_ACTION_MASK || action == VFIO_USER_IRQ_SET_ACTION_UNMASK ? -ENOTSUP : -EINVAL;
}

static int get_access(const struct request *r, struct vfio_user_region_access *a)
{
	uint64_t size;

	if (r->len < sizeof *a)
		return -EINVAL;
	memcpy(a, r->body, sizeof *a);
	if (a->count > VFIO_USER_DEFAULT_MAX_DATA_XFER || a->region >= VFIO_USER_REGION_COUNT)
		return -EINVAL;
	size = region_size(a->region);
	return a->offset > size || a->count > size - a->offset ? -EINVAL : 0;
}

static int on_region_read(const struct request *r)
{
	struct device *dev = r->server->dev;
	struct vfio_user_region_access a;
	uint8_t *data = r->reply + sizeof a;
	int ret = get_access(r, &a);

	if (ret)
		return ret;
	memcpy(r->reply, &a, sizeof a);
	*r->reply_len = sizeof a + a.count;
	if (a.region == VFIO_USER_REGION_CONFIG)
		return device_config_read(dev, a.offset, data, a.count);
	device_read(dev, (uint32_t)a.offset, data, a.count);
	return 0;
}

static int on_region_write(const struct request *r)
{
	struct device *dev = r->server->dev;
	struct vfio_user_region_access a;
	int ret = get_access(r, &a);

	if (ret)
		return ret;
	if (r->len != sizeof a + a.count)
		return -EINVAL;
	reply_with(r, &a, sizeof a);
	if (a.region == VFIO_USER_REGION_CONFIG)
		return device_config_write(dev, a.offset, r->body + sizeof a, a.count);
	device_write(dev, (uint32_t)a.offset, r->body + sizeof a, a.count);
	return 0;
}

static int on_reset(const struct request *r)
{
	device_reset(r->server->dev);
	return 0;
}

int vfio_user_handle(struct vfio_user_server *s, unsigned int command, const uint8_t *body, size_t len, int *fds, unsigned int fd_count,
		     uint8_t *reply, size_t *reply_len)
{
	static int (*const handlers[])(const struct request *) = {
		[VFIO_USER_VERSION] = on_version,
		[VFIO_USER_DMA_MAP] = on_dma_map,
		[VFIO_USER_DMA_UNMAP] = on_dma_unmap,
		[VFIO_USER_DEVICE_GET_INFO] = on_device_info,
		[VFIO_USER_DEVICE_GET_REGION_INFO] = on_region_info,
		[VFIO_USER_DEVICE_GET_IRQ_INFO] = on_irq_info,
		[VFIO_USER_DEVICE_SET_IRQS] = on_set_irqs,
		[VFIO_USER_REGION_READ] = on_region_read,
		[VFIO_USER_REGION_WRITE] = on_region_write,
		[VFIO_USER_DEVICE_RESET] = on_reset,
	};
	const struct request r = {s, body, len, fds, fd_count, reply, reply_len};

	*reply_len = 0;
	if (!s->negotiated && command != VFIO_USER_VERSION)
		return -EINVAL;
	if (command >= sizeof handlers / sizeof handlers[0] || !handlers[command])
		return -ENOTSUP;
	return handlers[command](&r);
}
