// SPDX-License-Identifier: Apache-2.0
/* See in_process.h. */
#include "in_process.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sim/card.h"
#include "sim/device.h"
#include "sim/options.h"

struct in_process {
	struct transport base;
	struct sim_options opt;
	struct device dev;
};

static struct device *device_of(struct transport *t)
{
	return &((struct in_process *)t)->dev;
}

static int config_read_op(struct transport *t, uint32_t offset, void *data, uint32_t len)
{
	return device_config_read(device_of(t), offset, data, len);
}

static int config_write_op(struct transport *t, uint32_t offset, const void *data, uint32_t len)
{
	return device_config_write(device_of(t), offset, data, len);
}

static int reg_read(struct transport *t, uint32_t offset, uint32_t *value)
{
	device_read(device_of(t), offset, value, sizeof(*value));
	return 0;
}

static int reg_write(struct transport *t, uint32_t offset, uint32_t value)
{
	device_write(device_of(t), offset, &value, sizeof(value));
	return 0;
}

static int dma_map(struct transport *t, struct transport_mem *mem)
{
	int fd = memfd_create("bench", MFD_CLOEXEC), ret = 0;

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)mem->size)) {
		ret = -errno;
		goto out;
	}
	mem->va = mmap(NULL, mem->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mem->va == MAP_FAILED) {
		ret = -errno;
		goto out;
	}
	ret = host_memory_map(&device_of(t)->memory, mem->iova, mem->size, 0, fd, HOST_MEMORY_READ | HOST_MEMORY_WRITE);
	if (ret)
		munmap(mem->va, mem->size);
out:
	close(fd);
	return ret;
}

static void dma_unmap(struct transport *t, struct transport_mem *mem)
{
	host_memory_unmap(&device_of(t)->memory, mem->iova, mem->size);
	munmap(mem->va, mem->size);
}

static int irq_set(struct transport *t, const int *eventfds, unsigned int count)
{
	int fds[SIM_VECTORS];

	for (unsigned int i = 0; i < SIM_VECTORS; i++) {
		fds[i] = i < count ? dup(eventfds[i]) : -1;
		if (i < count && fds[i] < 0)
			return -errno;
	}
	device_set_vectors(device_of(t), 0, SIM_VECTORS, fds);
	return 0;
}

static int reset(struct transport *t)
{
	device_reset(device_of(t));
	return 0;
}

static int alive(struct transport *t)
{
	return device_of(t)->violation.raised ? -ENODEV : 0;
}

static int hangup_fd(const struct transport *t)
{
	(void)t;
	return -1;
}

static void close_op(struct transport *t)
{
	device_close(device_of(t));
	card_close();
	free(t);
}

static const struct transport_ops ops = {
	.name = "in-process",
	.config_read = config_read_op,
	.config_write = config_write_op,
	.reg_read = reg_read,
	.reg_write = reg_write,
	.dma_map = dma_map,
	.dma_unmap = dma_unmap,
	.irq_set = irq_set,
	.reset = reset,
	.alive = alive,
	.hangup_fd = hangup_fd,
	.close = close_op,
};

int in_process_open(int argc, char **argv, struct transport **t)
{
	struct in_process *p = calloc(1, sizeof(*p));

	*t = NULL;
	if (!p)
		return -ENOMEM;
	options_defaults(&p->opt);
	optind = 1; /* getopt starts anew */
	if (options_parse(argc, argv, &p->opt)) {
		free(p);
		return -EINVAL;
	}
	p->base.ops = &ops;
	p->base.timeout_ms = 30000;
	p->base.simulated = true;
	card_open(p->opt.trace);
	device_init(&p->dev, &p->opt);
	*t = &p->base;
	return 0;
}

void in_process_run(struct transport *t, unsigned int cycles)
{
	device_run(device_of(t), cycles);
}

uint64_t in_process_now(const struct transport *t)
{
	return ((const struct in_process *)t)->dev.now;
}

const struct sim_stats *in_process_stats(const struct transport *t)
{
	return &((const struct in_process *)t)->dev.stats;
}

bool in_process_violated(const struct transport *t)
{
	return ((const struct in_process *)t)->dev.violation.raised;
}
