/* SPDX-License-Identifier: Apache-2.0 */
/* The VFIO transport on a table of system calls that plays the kernel: the good way, and each step failing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/vfio.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "vfio.h"

#define ADDRESS "0000:01:00.0"
#define GROUP_FD 101
#define CONTAINER_FD 102
#define DEVICE_FD 103
#define CONFIG_OFFSET (7ull << 40)

/* The steps of an open, in order; fail_at names the one that fails. */
enum step { OK, LINK, OPEN_GROUP, STATUS, VIABLE, OPEN_CONTAINER, VERSION, EXTENSION, JOIN, IOMMU, DEVICE, INFO, NO_MSIX, REGION, NO_MMAP, SMALL, MAP };

static struct {
	enum step fail_at;
	uint32_t *bar;
	uint8_t config[256];
	int open_fds, maps;
	size_t last_mapped; /* bytes */
	bool no_huge, no_reset, dma_refused;
	struct vfio_iommu_type1_dma_map mapped;
	struct vfio_iommu_type1_dma_unmap unmapped;
	uint32_t irq_flags, irq_count;
	int irq_fds[4];
	unsigned int resets;
	bool no_events;
	int err_fd, req_fd; /* what the kernel signals */
} k;

static char error[ESPALIER_ERROR_LEN];

static int fails(enum step step, int code)
{
	if (k.fail_at != step)
		return 0;
	errno = code;
	return -1;
}

static int fake_open(const char *path, int flags)
{
	(void)flags;
	if (!strcmp(path, "/dev/vfio/vfio")) {
		if (fails(OPEN_CONTAINER, ENOENT))
			return -1;
		k.open_fds++;
		return CONTAINER_FD;
	}
	assert_string_equal(path, "/dev/vfio/42");
	if (fails(OPEN_GROUP, EACCES))
		return -1;
	k.open_fds++;
	return GROUP_FD;
}

static int fake_close(int fd)
{
	assert_in_range(fd, GROUP_FD, DEVICE_FD);
	k.open_fds--;
	return 0;
}

static ssize_t fake_readlink(const char *path, char *target, size_t size)
{
	static const char link[] = "../../../kernel/iommu_groups/42";

	(void)size;
	assert_string_equal(path, "/sys/bus/pci/devices/" ADDRESS "/iommu_group");
	if (fails(LINK, ENOENT))
		return -1;
	memcpy(target, link, sizeof(link) - 1);
	return sizeof(link) - 1;
}

static int region_info(struct vfio_region_info *info)
{
	if (fails(REGION, EINVAL))
		return -1;
	assert_int_equal(info->argsz, sizeof(*info));
	if (info->index == VFIO_PCI_CONFIG_REGION_INDEX) {
		info->size = sizeof(k.config);
		info->offset = CONFIG_OFFSET;
	} else {
		assert_int_equal(info->index, VFIO_PCI_BAR0_REGION_INDEX);
		info->size = k.fail_at == SMALL ? 4096 : 65536;
		info->flags = k.fail_at == NO_MMAP ? 0 : VFIO_REGION_INFO_FLAG_MMAP;
	}
	return 0;
}

static int set_event(const struct vfio_irq_set *set)
{
	assert_int_equal(set->flags, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER);
	assert_int_equal(set->start, 0);
	assert_int_equal(set->count, 1);
	memcpy(set->index == VFIO_PCI_ERR_IRQ_INDEX ? &k.err_fd : &k.req_fd, set->data, sizeof(int));
	return 0;
}

static int fake_ioctl(int fd, unsigned long request, void *argument)
{
	struct vfio_device_info *info = argument;
	struct vfio_irq_set *set = argument;

	switch (request) {
	case VFIO_GROUP_GET_STATUS:
		assert_int_equal(fd, GROUP_FD);
		((struct vfio_group_status *)argument)->flags = k.fail_at == VIABLE ? 0 : VFIO_GROUP_FLAGS_VIABLE;
		return fails(STATUS, EIO);
	case VFIO_GET_API_VERSION:
		return k.fail_at == VERSION ? 1 : VFIO_API_VERSION;
	case VFIO_CHECK_EXTENSION:
		return k.fail_at != EXTENSION && (uintptr_t)argument == VFIO_TYPE1v2_IOMMU;
	case VFIO_GROUP_SET_CONTAINER:
		assert_int_equal(*(int *)argument, CONTAINER_FD);
		return fails(JOIN, EBUSY);
	case VFIO_SET_IOMMU:
		assert_int_equal(fd, CONTAINER_FD);
		return fails(IOMMU, EPERM);
	case VFIO_GROUP_GET_DEVICE_FD:
		assert_string_equal((char *)argument, ADDRESS);
		if (fails(DEVICE, ENODEV))
			return -1;
		k.open_fds++;
		return DEVICE_FD;
	case VFIO_DEVICE_GET_INFO:
		info->flags = VFIO_DEVICE_FLAGS_PCI | (k.no_reset ? 0 : VFIO_DEVICE_FLAGS_RESET);
		info->num_irqs = k.fail_at == NO_MSIX ? 2 : 5;
		return fails(INFO, EIO);
	case VFIO_DEVICE_GET_REGION_INFO:
		return region_info(argument);
	case VFIO_IOMMU_MAP_DMA:
		assert_int_equal(fd, CONTAINER_FD);
		k.mapped = *(struct vfio_iommu_type1_dma_map *)argument;
		errno = ENOMEM;
		return k.dma_refused ? -1 : 0;
	case VFIO_IOMMU_UNMAP_DMA:
		k.unmapped = *(struct vfio_iommu_type1_dma_unmap *)argument;
		return 0;
	case VFIO_DEVICE_GET_IRQ_INFO:
		((struct vfio_irq_info *)argument)->count = !k.no_events;
		((struct vfio_irq_info *)argument)->flags = VFIO_IRQ_INFO_EVENTFD;
		return 0;
	case VFIO_DEVICE_SET_IRQS:
		if (set->index == VFIO_PCI_ERR_IRQ_INDEX || set->index == VFIO_PCI_REQ_IRQ_INDEX)
			return set_event(set);
		assert_int_equal(set->index, VFIO_PCI_MSIX_IRQ_INDEX);
		k.irq_flags = set->flags;
		k.irq_count = set->count;
		assert_int_equal(set->argsz, sizeof(*set) + set->count * sizeof(int));
		memcpy(k.irq_fds, set->data, set->count * sizeof(int));
		return 0;
	case VFIO_DEVICE_RESET:
		k.resets++;
		return 0;
	}
	fail_msg("an ioctl that no one knows: 0x%lx", request);
	return -1;
}

static void *fake_mmap(void *address, size_t len, int protection, int flags, int fd, off_t offset)
{
	(void)address;
	(void)protection;
	if (fd == DEVICE_FD) {
		assert_int_equal(offset, 0);
		if (fails(MAP, ENOMEM))
			return MAP_FAILED;
		k.maps++;
		return k.bar;
	}
	if (flags & MAP_HUGETLB && k.no_huge) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	if (flags & MAP_HUGETLB)
		assert_int_equal(len % (2 << 20), 0);
	k.maps++;
	k.last_mapped = len;
	return calloc(1, len);
}

static int fake_munmap(void *address, size_t len)
{
	k.maps--;
	assert_int_equal(len, address == k.bar ? 65536 : k.last_mapped);
	if (address != k.bar)
		free(address);
	return 0;
}

static ssize_t fake_pread(int fd, void *data, size_t len, off_t offset)
{
	assert_int_equal(fd, DEVICE_FD);
	memcpy(data, k.config + (offset - (off_t)CONFIG_OFFSET), len);
	return (ssize_t)len;
}

static ssize_t fake_pwrite(int fd, const void *data, size_t len, off_t offset)
{
	assert_int_equal(fd, DEVICE_FD);
	memcpy(k.config + (offset - (off_t)CONFIG_OFFSET), data, len);
	return (ssize_t)len;
}

static const struct vfio_system fake = { fake_open, fake_close, fake_ioctl, fake_mmap, fake_munmap, fake_pread, fake_pwrite, fake_readlink };

static int setup(void **unused)
{
	(void)unused;
	memset(&k, 0, sizeof(k));
	k.bar = calloc(1, 65536);
	k.bar[0] = ESP_REG_ID_RESET;
	return 0;
}

static int teardown(void **unused)
{
	(void)unused;
	assert_int_equal(k.open_fds, 0);
	assert_int_equal(k.maps, 0);
	free(k.bar);
	return 0;
}

static void test_good(void **unused)
{
	struct transport_mem mem = { .iova = 0x100000000, .size = 8192 };
	struct transport *t;
	uint16_t command = 6, back = 0;
	uint32_t value;
	int fds[2] = { 7, 8 };

	(void)unused;
	assert_int_equal(vfio_open_with(&fake, ADDRESS, 100, &t, error), 0);
	assert_false(t->simulated);
	assert_string_equal(t->location, ADDRESS);
	assert_int_equal(t->ops->config_write(t, 4, &command, 2), 0);
	assert_int_equal(t->ops->config_read(t, 4, &back, 2), 0);
	assert_int_equal(back, 6);
	assert_int_equal(t->ops->config_read(t, 255, &back, 2), -EIO);
	assert_int_equal(t->ops->reg_write(t, 0x2018, 5), 0);
	assert_int_equal(k.bar[0x2018 / 4], 5);
	assert_int_equal(t->ops->reg_read(t, 0x2018, &value), 0);
	assert_int_equal(value, 5);
	assert_int_equal(t->ops->reg_read(t, 65536, &value), -EINVAL);
	assert_int_equal(t->ops->reg_write(t, 2, value), -EINVAL);
	for (int huge = 0; huge < 2; huge++) {
		k.no_huge = !huge;
		assert_int_equal(t->ops->dma_map(t, &mem), 0);
		assert_int_equal(k.mapped.iova, 0x100000000);
		assert_int_equal(k.mapped.size, 8192);
		assert_int_equal(k.mapped.vaddr, (uintptr_t)mem.va);
		assert_int_equal(k.mapped.flags, VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE);
		t->ops->dma_unmap(t, &mem);
		assert_int_equal(k.unmapped.iova, 0x100000000);
		assert_int_equal(k.unmapped.size, 8192);
	}
	k.dma_refused = true;
	assert_int_equal(t->ops->dma_map(t, &mem), -ENOMEM);
	assert_non_null(strstr(t->error, "locked memory"));
	assert_int_equal(t->ops->irq_set(t, fds, 2), 0);
	assert_int_equal(k.irq_flags, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER);
	assert_int_equal(k.irq_count, 2);
	assert_int_equal(k.irq_fds[1], 8);
	assert_int_equal(t->ops->irq_set(t, NULL, 0), 0);
	assert_int_equal(k.irq_flags, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER);
	assert_int_equal(t->ops->irq_set(t, fds, 33), -EINVAL);
	assert_int_equal(t->ops->reset(t), 0);
	assert_int_equal(k.resets, 1);
	assert_int_equal(t->ops->alive(t), 0);
	k.bar[0] = UINT32_MAX;
	assert_int_equal(t->ops->alive(t), -ENODEV);
	t->ops->close(t);
	k.no_reset = true;
	assert_int_equal(vfio_open_with(&fake, ADDRESS, 100, &t, error), 0);
	assert_int_equal(t->ops->reset(t), -ENOTSUP);
	t->ops->close(t);
}

/* ERR and REQ: each is noticed through the one descriptor, said, and the device is gone from there on. */
static void test_events(void **unused)
{
	static const char *const said[] = { "cannot be corrected", "wanted back" };
	uint64_t one = 1;
	uint32_t value;

	(void)unused;
	for (int i = 0; i < 2; i++) {
		struct pollfd p = { .events = POLLIN };
		struct transport *t;

		assert_int_equal(vfio_open_with(&fake, ADDRESS, 100, &t, error), 0);
		p.fd = t->ops->hangup_fd(t);
		assert_int_equal(poll(&p, 1, 0), 0);
		assert_int_equal(t->ops->alive(t), 0);
		assert_int_equal(write(i ? k.req_fd : k.err_fd, &one, 8), 8);
		assert_int_equal(poll(&p, 1, 0), 1);
		assert_int_equal(t->ops->alive(t), -ENODEV);
		assert_non_null(strstr(t->error, said[i]));
		assert_int_equal(t->ops->alive(t), -ENODEV);
		assert_int_equal(t->ops->reg_read(t, 0, &value), -ENODEV);
		assert_non_null(strstr(t->error, said[i]));
		t->ops->close(t);
	}
}

static void test_no_events(void **unused)
{
	struct transport *t;

	(void)unused;
	k.no_events = true;
	assert_int_equal(vfio_open_with(&fake, ADDRESS, 100, &t, error), 0);
	assert_int_equal(t->ops->alive(t), 0);
	t->ops->close(t);
}

/* A BAR whose pages the kernel takes away: a file behind the mapping that is cut off. */
static void lose_bar(int file)
{
	assert_int_equal(ftruncate(file, 0), 0);
}

static int map_bar(void)
{
	int file = memfd_create("bar", MFD_CLOEXEC);

	assert_int_equal(ftruncate(file, 65536), 0);
	free(k.bar);
	k.bar = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
	assert_ptr_not_equal(k.bar, MAP_FAILED);
	k.bar[0] = ESP_REG_ID_RESET;
	return file;
}

static void unmap_bar(int file)
{
	munmap(k.bar, 65536);
	close(file);
	k.bar = NULL;
}

static void test_lost_bar(void **unused)
{
	struct transport *t;
	uint32_t value;

	(void)unused;
	for (int first = 0; first < 3; first++) { /* which access meets it */
		int file = map_bar(), ret;

		assert_int_equal(vfio_open_with(&fake, ADDRESS, 100, &t, error), 0);
		assert_int_equal(t->ops->reg_read(t, 0, &value), 0);
		lose_bar(file);
		ret = first == 0 ? t->ops->reg_read(t, 0, &value) : first == 1 ? t->ops->reg_write(t, 0x18, 1) : t->ops->alive(t);
		assert_int_equal(ret, -ENODEV);
		assert_non_null(strstr(t->error, "no registers"));
		assert_int_equal(t->ops->reg_read(t, 0, &value), -ENODEV);
		assert_int_equal(t->ops->reg_write(t, 0x18, 1), -ENODEV);
		assert_int_equal(t->ops->alive(t), -ENODEV);
		t->ops->close(t);
		unmap_bar(file);
	}
}

/* The handler is for the BAR alone: a SIGBUS of anybody else still ends the process. */
static void test_other_sigbus(void **unused)
{
	struct transport *t;
	int status;
	pid_t pid;

	(void)unused;
	pid = fork();
	if (pid == 0) {
		int file = memfd_create("other", MFD_CLOEXEC);
		volatile char *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0);

		signal(SIGBUS, SIG_DFL); /* not the test framework's */
		if (!vfio_open_with(&fake, ADDRESS, 100, &t, error))
			_exit(page[0]);
		_exit(1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGBUS);
}

static void test_each_step(void **unused)
{
	static const int codes[] = {
		[LINK] = -ENOENT, [OPEN_GROUP] = -EACCES, [STATUS] = -EIO, [VIABLE] = -EPERM, [OPEN_CONTAINER] = -ENOENT, [VERSION] = -ENOTSUP,
		[EXTENSION] = -ENOTSUP, [JOIN] = -EBUSY, [IOMMU] = -EPERM, [DEVICE] = -ENODEV, [INFO] = -EIO, [NO_MSIX] = -ENXIO,
		[REGION] = -EINVAL, [NO_MMAP] = -ENXIO, [SMALL] = -ENXIO, [MAP] = -ENOMEM,
	};
	struct transport *t;

	(void)unused;
	for (int step = LINK; step <= MAP; step++) {
		k.fail_at = (enum step)step;
		assert_int_equal(vfio_open_with(&fake, ADDRESS, 100, &t, error), codes[step]);
		assert_null(t);
		assert_non_null(strstr(error, ADDRESS));
		assert_int_equal(k.open_fds, 0);
		assert_int_equal(k.maps, 0);
	}
}

static void test_names(void **unused)
{
	static const char *const bad[] = { "", "x", "eth0", "0000:01:00", "0000:01:00.0x", "../../../etc", "0000:01:00.0/../x" };
	struct transport *t;

	(void)unused;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(vfio_open_with(&fake, bad[i], 100, &t, error), -ENODEV);
	assert_int_equal(vfio_open_with(&fake, "01:00.0", 100, &t, error), 0); /* as lspci writes it */
	assert_string_equal(t->location, ADDRESS);
	t->ops->close(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_good, setup, teardown),
		cmocka_unit_test_setup_teardown(test_events, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_events, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost_bar, setup, teardown),
		cmocka_unit_test_setup_teardown(test_other_sigbus, setup, teardown),
		cmocka_unit_test_setup_teardown(test_each_step, setup, teardown),
		cmocka_unit_test_setup_teardown(test_names, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
