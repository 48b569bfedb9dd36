/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transport to a real card: Linux' VFIO (Documentation/driver-api/vfio.rst). The card is bound to vfio-pci; its IOMMU group becomes
 * the only one of a new container, so that the card reaches nothing but the memory that is mapped here.
 * BAR 0 is mapped; packet memory is huge pages where there are any, and locked by the kernel while it is mapped.
 * The device is gone when its registers are (SIGBUS, or all ones), when it reports an error that cannot be corrected, and when the kernel wants it back.
 */
#include "vfio.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "backend.h"
#include "vfio_bar.h"
#include "vfio_events.h"

#define HUGE_PAGE (2u << 20)
#define VECTORS_MAX 32
#define BAR0_MIN 0x10000u /* bytes of the register map */

struct vfio {
	struct transport base;
	const struct vfio_system *sys;
	int container, group, device; /* descriptors, -1: not open */
	volatile uint32_t *bar;
	size_t bar_size;
	uint64_t config_offset, config_size;
	bool can_reset;
	struct vfio_events events;
	const char *gone; /* why it is of no use any more, or NULL */
};

static int sys_open(const char *path, int flags)
{
	return open(path, flags);
}

static int sys_ioctl(int fd, unsigned long request, void *argument)
{
	return ioctl(fd, request, argument);
}

static const struct vfio_system linux_system = {
	.open = sys_open,
	.close = close,
	.ioctl = sys_ioctl,
	.mmap = mmap,
	.munmap = munmap,
	.pread = pread,
	.pwrite = pwrite,
	.readlink = readlink,
};

static int failed(struct vfio *v, const char *what)
{
	return espalier_fail(v->base.error, -errno, "PCI device %.64s: %s: %s.", v->base.location, what, strerror(errno));
}

/* The first reason stays. */
static int gone(struct vfio *v, const char *why)
{
	if (!v->gone)
		v->gone = why;
	return espalier_fail(v->base.error, -ENODEV, "PCI device %.64s %s.", v->base.location, v->gone);
}

static int registers_gone(struct vfio *v)
{
	return gone(v, "has no registers any more");
}

static int vf_config_read(struct transport *t, uint32_t offset, void *data, uint32_t len)
{
	struct vfio *v = (struct vfio *)t;

	errno = EIO; /* of a short read */
	if (offset + (uint64_t)len > v->config_size || v->sys->pread(v->device, data, len, (off_t)(v->config_offset + offset)) != (ssize_t)len)
		return failed(v, "configuration space cannot be read");
	return 0;
}

static int vf_config_write(struct transport *t, uint32_t offset, const void *data, uint32_t len)
{
	struct vfio *v = (struct vfio *)t;

	errno = EIO;
	if (offset + (uint64_t)len > v->config_size || v->sys->pwrite(v->device, data, len, (off_t)(v->config_offset + offset)) != (ssize_t)len)
		return failed(v, "configuration space cannot be written");
	return 0;
}

static int vf_reg_read(struct transport *t, uint32_t offset, uint32_t *value)
{
	struct vfio *v = (struct vfio *)t;

	if (offset + 4u > v->bar_size || offset % 4)
		return espalier_fail(t->error, -EINVAL, "Register 0x%x is outside of BAR 0.", offset);
	*value = UINT32_MAX;
	return !v->gone && bar_read(&v->bar[offset / 4], value) ? 0 : registers_gone(v);
}

static int vf_reg_write(struct transport *t, uint32_t offset, uint32_t value)
{
	struct vfio *v = (struct vfio *)t;

	if (offset + 4u > v->bar_size || offset % 4)
		return espalier_fail(t->error, -EINVAL, "Register 0x%x is outside of BAR 0.", offset);
	return !v->gone && bar_write(&v->bar[offset / 4], value) ? 0 : registers_gone(v); /* rings and packets before the doorbell */
}

static int vf_dma_map(struct transport *t, struct transport_mem *mem)
{
	struct vfio *v = (struct vfio *)t;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	size_t size = (mem->size + HUGE_PAGE - 1) & ~(size_t)(HUGE_PAGE - 1);
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map), .flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE, .iova = mem->iova, .size = mem->size,
	};
	int ret;

	mem->va = v->sys->mmap(NULL, size, PROT_READ | PROT_WRITE, flags | MAP_HUGETLB, -1, 0);
	if (mem->va == MAP_FAILED) {
		size = mem->size;
		mem->va = v->sys->mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
	}
	if (mem->va == MAP_FAILED) {
		mem->va = NULL;
		return failed(v, "no memory");
	}
	mem->handle = (intptr_t)size; /* bytes to unmap */
	madvise(mem->va, size, MADV_DONTDUMP); /* packets in clear; a kernel that cannot does without */
	map.vaddr = (uint64_t)(uintptr_t)mem->va;
	if (!v->sys->ioctl(v->container, VFIO_IOMMU_MAP_DMA, &map))
		return 0;
	ret = failed(v, "memory cannot be mapped for the card (is the limit of locked memory too low?)");
	v->sys->munmap(mem->va, size);
	mem->va = NULL;
	return ret;
}

static void vf_dma_unmap(struct transport *t, struct transport_mem *mem)
{
	struct vfio *v = (struct vfio *)t;
	struct vfio_iommu_type1_dma_unmap unmap = { .argsz = sizeof(unmap), .iova = mem->iova, .size = mem->size };

	v->sys->ioctl(v->container, VFIO_IOMMU_UNMAP_DMA, &unmap);
	v->sys->munmap(mem->va, (size_t)mem->handle);
	mem->va = NULL;
}

static int vf_irq_set(struct transport *t, const int *eventfds, unsigned int count)
{
	struct vfio *v = (struct vfio *)t;
	union {
		struct vfio_irq_set set;
		uint8_t bytes[sizeof(struct vfio_irq_set) + VECTORS_MAX * sizeof(int)];
	} u = { .set = { .flags = VFIO_IRQ_SET_ACTION_TRIGGER, .index = VFIO_PCI_MSIX_IRQ_INDEX, .count = count } };

	if (count > VECTORS_MAX)
		return espalier_fail(t->error, -EINVAL, "%u interrupt vectors are too many.", count);
	u.set.argsz = (uint32_t)(sizeof(u.set) + count * sizeof(int));
	u.set.flags |= count ? VFIO_IRQ_SET_DATA_EVENTFD : VFIO_IRQ_SET_DATA_NONE;
	if (count)
		memcpy(u.bytes + sizeof(u.set), eventfds, count * sizeof(int));
	return v->sys->ioctl(v->device, VFIO_DEVICE_SET_IRQS, &u) ? failed(v, "MSI-X cannot be set up") : 0;
}

static int vf_reset(struct transport *t)
{
	struct vfio *v = (struct vfio *)t;

	if (!v->can_reset)
		return -ENOTSUP;
	return v->sys->ioctl(v->device, VFIO_DEVICE_RESET, NULL) ? failed(v, "reset") : 0;
}

static int vf_alive(struct transport *t)
{
	struct vfio *v = (struct vfio *)t;
	uint32_t id;

	if (vfio_events_came(&v->events, VFIO_EVENT_ERR))
		return gone(v, "reported an error that cannot be corrected");
	if (vfio_events_came(&v->events, VFIO_EVENT_REQ))
		return gone(v, "is wanted back by the kernel");
	if (v->gone || !bar_read(&v->bar[ESP_REG_ID / 4], &id))
		return registers_gone(v);
	return id == ESP_REG_ID_RESET ? 0 : gone(v, "does not answer any more"); /* what fell off the bus reads as all ones */
}

static int vf_hangup_fd(const struct transport *t)
{
	return ((const struct vfio *)t)->events.epoll_fd;
}

static void vf_close(struct transport *t)
{
	struct vfio *v = (struct vfio *)t;

	if (v->bar)
		v->sys->munmap((void *)(uintptr_t)v->bar, v->bar_size);
	if (v->device >= 0)
		v->sys->close(v->device);
	if (v->group >= 0)
		v->sys->close(v->group);
	if (v->container >= 0)
		v->sys->close(v->container);
	vfio_events_close(&v->events);
	free(v);
}

static const struct transport_ops vfio_ops = {
	.name = "vfio",
	.config_read = vf_config_read,
	.config_write = vf_config_write,
	.reg_read = vf_reg_read,
	.reg_write = vf_reg_write,
	.dma_map = vf_dma_map,
	.dma_unmap = vf_dma_unmap,
	.irq_set = vf_irq_set,
	.reset = vf_reset,
	.alive = vf_alive,
	.hangup_fd = vf_hangup_fd,
	.close = vf_close,
};

static int open_group(struct vfio *v)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };
	char path[PATH_MAX], target[PATH_MAX];
	const char *number;
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%.64s/iommu_group", v->base.location);
	len = v->sys->readlink(path, target, sizeof(target) - 1);
	if (len <= 0)
		return failed(v, "it is not there, or behind no IOMMU");
	target[len] = '\0';
	number = strrchr(target, '/');
	snprintf(path, sizeof(path), "/dev/vfio/%.32s", number ? number + 1 : target);
	v->group = v->sys->open(path, O_RDWR | O_CLOEXEC);
	if (v->group < 0)
		return failed(v, "its VFIO group cannot be opened (is it bound to vfio-pci?)");
	if (v->sys->ioctl(v->group, VFIO_GROUP_GET_STATUS, &status))
		return failed(v, "VFIO group status");
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return espalier_fail(v->base.error, -EPERM, "PCI device %.64s: another device of its group is not bound to vfio-pci.",
				     v->base.location);
	return 0;
}

static int join_container(struct vfio *v)
{
	v->container = v->sys->open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (v->container < 0)
		return failed(v, "/dev/vfio/vfio");
	if (v->sys->ioctl(v->container, VFIO_GET_API_VERSION, NULL) != VFIO_API_VERSION ||
	    v->sys->ioctl(v->container, VFIO_CHECK_EXTENSION, (void *)(uintptr_t)VFIO_TYPE1v2_IOMMU) != 1)
		return espalier_fail(v->base.error, -ENOTSUP, "PCI device %.64s: this kernel's VFIO has no type 1 IOMMU.", v->base.location);
	if (v->sys->ioctl(v->group, VFIO_GROUP_SET_CONTAINER, &v->container))
		return failed(v, "its group cannot join a container (is it in use?)");
	if (v->sys->ioctl(v->container, VFIO_SET_IOMMU, (void *)(uintptr_t)VFIO_TYPE1v2_IOMMU))
		return failed(v, "the IOMMU cannot be set");
	return 0;
}

static int map_regions(struct vfio *v)
{
	struct vfio_region_info bar = { .argsz = sizeof(bar), .index = VFIO_PCI_BAR0_REGION_INDEX };
	struct vfio_region_info config = { .argsz = sizeof(config), .index = VFIO_PCI_CONFIG_REGION_INDEX };
	void *map;

	if (v->sys->ioctl(v->device, VFIO_DEVICE_GET_REGION_INFO, &config) || v->sys->ioctl(v->device, VFIO_DEVICE_GET_REGION_INFO, &bar))
		return failed(v, "its regions");
	v->config_offset = config.offset;
	v->config_size = config.size;
	if (bar.size < BAR0_MIN || !(bar.flags & VFIO_REGION_INFO_FLAG_MMAP))
		return espalier_fail(v->base.error, -ENXIO, "PCI device %.64s: BAR 0 is too small or cannot be mapped.", v->base.location);
	map = v->sys->mmap(NULL, bar.size, PROT_READ | PROT_WRITE, MAP_SHARED, v->device, (off_t)bar.offset);
	if (map == MAP_FAILED)
		return failed(v, "BAR 0 cannot be mapped");
	v->bar = map;
	v->bar_size = bar.size;
	return 0;
}

static int open_device(struct vfio *v)
{
	struct vfio_device_info info = { .argsz = sizeof(info) };

	v->device = v->sys->ioctl(v->group, VFIO_GROUP_GET_DEVICE_FD, v->base.location);
	if (v->device < 0)
		return failed(v, "the device cannot be opened");
	if (v->sys->ioctl(v->device, VFIO_DEVICE_GET_INFO, &info))
		return failed(v, "device information");
	if (!(info.flags & VFIO_DEVICE_FLAGS_PCI) || info.num_irqs <= VFIO_PCI_MSIX_IRQ_INDEX)
		return espalier_fail(v->base.error, -ENXIO, "PCI device %.64s has no MSI-X.", v->base.location);
	v->can_reset = info.flags & VFIO_DEVICE_FLAGS_RESET;
	return map_regions(v);
}

/* [DOMAIN:]BUS:SLOT.FUNCTION, as lspci writes it, to the form of sysfs. */
static bool parse_address(const char *text, char *address, size_t size)
{
	unsigned int domain = 0, bus, slot, function;
	int end = 0;

	if (strlen(text) >= 32)
		return false;
	if (sscanf(text, "%8x:%2x:%2x.%1x%n", &domain, &bus, &slot, &function, &end) != 4 || text[end]) {
		domain = 0;
		if (sscanf(text, "%2x:%2x.%1x%n", &bus, &slot, &function, &end) != 3 || text[end])
			return false;
	}
	snprintf(address, size, "%04x:%02x:%02x.%x", domain, bus, slot, function);
	return true;
}

int vfio_open_with(const struct vfio_system *system, const char *address, unsigned int timeout_ms, struct transport **t, char *error)
{
	struct vfio *v;
	int ret;

	*t = NULL;
	v = calloc(1, sizeof(*v));
	if (!v)
		return espalier_fail(error, -ENOMEM, "Out of memory.");
	v->base.ops = &vfio_ops;
	v->base.timeout_ms = timeout_ms;
	v->sys = system;
	v->container = v->group = v->device = v->events.epoll_fd = -1;
	for (unsigned int i = 0; i < VFIO_EVENTS; i++)
		v->events.fds[i] = -1;
	if (parse_address(address, v->base.location, sizeof(v->base.location)))
		ret = open_group(v);
	else
		ret = espalier_fail(v->base.error, -ENODEV,
				    "%.200s is no device: neither sim, vfio-user:SOCKET, software nor a PCI address like 0000:01:00.0.", address);
	if (!ret)
		ret = join_container(v);
	if (!ret)
		ret = open_device(v);
	if (!ret && bar_guard())
		ret = espalier_fail(v->base.error, -EIO, "PCI device %.64s: no handler for SIGBUS can be set.", v->base.location);
	if (ret) {
		espalier_fail(error, ret, "%s", v->base.error);
		vf_close(&v->base);
		return ret;
	}
	vfio_events_open(&v->events, system, v->device);
	*t = &v->base;
	return 0;
}

int vfio_open(const char *address, unsigned int timeout_ms, struct transport **t, char *error)
{
	return vfio_open_with(&linux_system, address, timeout_ms, t, error);
}
