// SPDX-License-Identifier: Apache-2.0
// The slot with the card in it; see device.h. A read of a register runs the clock until the card's completion is there.
#include "device.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define ACTIVE_CYCLES 20000u   /* awake after the last beat: work inside the card that no stream shows, moderated interrupts of up to 80 us among it */
#define RESET_CYCLES 16u       /* length of the reset */
#define WIPE_CYCLES 10000u     /* awake after a reset: the card zeroes its memories */
#define ANSWER_CYCLES 1000000u /* a register access takes longer: the card hangs */
#define POSTED_LIMIT 32u       /* register writes on their way before the client has to wait */
#define FLR_CYCLES 25000000u   /* 100 ms: what a function level reset may take (PCI Express Base, 6.6.2) */
#define TABLE_BYTES (SIM_VECTORS * 16u)

static void on_interrupt(void *arg, unsigned int vector)
{
	struct device *dev = arg;

	dev->stats.interrupts++;
	if (!config_msix_enabled(&dev->config)) {
		violation_raise(&dev->violation, "MSI-X: an interrupt while MSI-X is disabled");
		return;
	}
	if (dev->eventfd[vector] < 0) {
		dev->stats.interrupts_dropped++;
		return;
	}
	device_trigger(dev, vector);
}

void device_trigger(struct device *dev, unsigned int vector)
{
	struct pollfd room = {.fd = dev->eventfd[vector], .events = POLLOUT};
	uint64_t one = 1;

	/* A full counter is an interrupt that is pending anyway; never block on the client's descriptor. */
	if (room.fd >= 0 && poll(&room, 1, 0) == 1 && room.revents & POLLOUT && write(room.fd, &one, sizeof one) != sizeof one)
		dev->stats.interrupts_dropped++;
}

/* ---- clock -------------------------------------------------------------------------------------------------------------------- */

static void stay_awake(struct device *dev, uint64_t cycles)
{
	if (dev->now + cycles > dev->run_until)
		dev->run_until = dev->now + cycles;
}

static void drop_link(struct device *dev)
{
	dev->rc.link_fell = false;
	hard_block_reset(&dev->hb);
	rc_reset(&dev->rc);
	config_init(&dev->config, dev->opt);
	*dev->hb.pins->rst = 1;
}

static void raise_link(struct device *dev)
{
	dev->rc.link_down_until = 0;
	*dev->hb.pins->rst = 0;
	stay_awake(dev, WIPE_CYCLES);
}

void device_run(struct device *dev, unsigned int cycles)
{
	bool active;

	while (cycles-- && !dev->violation.raised) {
		active = rc_cycle(&dev->rc, dev->now);
		if (dev->rc.link_fell)
			drop_link(dev);
		if (dev->rc.link_down_until && dev->now >= dev->rc.link_down_until)
			raise_link(dev);
		active |= hard_block_cycle(&dev->hb, rc_accepts(&dev->rc, dev->now));
		dev->now++;
		if (active)
			stay_awake(dev, ACTIVE_CYCLES);
	}
	dev->stats.cycles = dev->now;
}

bool device_busy(const struct device *dev)
{
	return dev->now < dev->run_until || dev->rc.link_down_until || !rc_idle(&dev->rc, dev->now) || !hard_block_idle(&dev->hb);
}

static void reset_card(struct device *dev)
{
	dev->rc.link_down_until = 0;
	dev->rc.link_fell = false;
	hard_block_reset(&dev->hb);
	rc_reset(&dev->rc);
	*dev->hb.pins->rst = 1;
	device_run(dev, RESET_CYCLES);
	*dev->hb.pins->rst = 0;
	stay_awake(dev, WIPE_CYCLES);
	dev->stats.resets++;
}

/* A configuration access does not pass the register writes before it. */
static void take_register_writes(struct device *dev)
{
	for (unsigned int i = 0; (dev->rc.requests || dev->hb.cq_wait.head || dev->hb.cq.count) && i < ANSWER_CYCLES; i++)
		device_run(dev, 1);
}

/* The function lets go of everything; block and link work on, and what is on its way still comes. Its bus mastering is off by then. */
static void reset_function(struct device *dev)
{
	take_register_writes(dev);
	hard_block_flr(&dev->hb);
	for (unsigned int i = 0; dev->hb.flr && i < FLR_CYCLES && !dev->violation.raised; i++)
		device_run(dev, 1);
	if (dev->hb.flr && !dev->violation.raised)
		violation_raise(&dev->violation, "FLR: not done after %u cycles", FLR_CYCLES);
	dev->stats.resets++;
}

/* ---- registers ---------------------------------------------------------------------------------------------------------------- */

static void read_piece(struct device *dev, uint32_t offset, uint8_t *data, uint32_t len)
{
	memset(data, 0xff, len);
	if (dev->rc.link_down_until || rc_read_start(&dev->rc, offset, len))
		return;
	for (unsigned int i = 0; i < ANSWER_CYCLES; i++) {
		device_run(dev, 1);
		if (rc_read_done(&dev->rc, offset, data, len))
			return;
		if (dev->violation.raised || dev->rc.link_down_until)
			break;
	}
	rc_read_cancel(&dev->rc);
	if (!dev->violation.raised && !dev->rc.link_down_until)
		violation_raise(&dev->violation, "CC: no completion for a read of register %#x in %u cycles", offset, ANSWER_CYCLES);
}

static void write_piece(struct device *dev, uint32_t offset, const uint8_t *data, uint32_t len)
{
	if (dev->rc.link_down_until || rc_write(&dev->rc, offset, data, len))
		return;
	for (unsigned int i = 0; dev->rc.requests + dev->hb.cq_wait.count > POSTED_LIMIT; i++) {
		if (i == ANSWER_CYCLES)
			violation_raise(&dev->violation, "CQ: register writes are not taken for %u cycles", ANSWER_CYCLES);
		if (dev->violation.raised)
			return;
		device_run(dev, 1);
	}
}

/* As a CPU does it: aligned accesses of up to 8 bytes, of 8 only when the client asks for just that. */
static uint32_t piece(uint32_t offset, uint32_t len)
{
	uint32_t room = 4 - offset % 4;

	if (len == 8 && offset % 8 == 0)
		return 8;
	if (len == 3 && room >= 3)
		return 2 - offset % 2;
	return len < room ? len : room;
}

static bool in_table(uint32_t offset, uint32_t len)
{
	return offset < SIM_MSIX_TABLE + TABLE_BYTES && offset + len > SIM_MSIX_TABLE;
}

void device_read(struct device *dev, uint32_t offset, void *data, uint32_t len)
{
	uint8_t *out = data;

	while (len) {
		uint32_t n = piece(offset, len);

		if (in_table(offset, n))
			memset(out, 0xff, n);
		else
			read_piece(dev, offset, out, n);
		offset += n;
		out += n;
		len -= n;
	}
}

void device_write(struct device *dev, uint32_t offset, const void *data, uint32_t len)
{
	const uint8_t *in = data;

	while (len) {
		uint32_t n = piece(offset, len);

		if (!in_table(offset, n))
			write_piece(dev, offset, in, n);
		offset += n;
		in += n;
		len -= n;
	}
}

int device_config_read(struct device *dev, uint64_t off, void *data, uint32_t len)
{
	int ret = config_read(&dev->config, off, data, len);

	if (ret == 0 && dev->rc.link_down_until)
		memset(data, 0xff, len);
	return ret;
}

int device_config_write(struct device *dev, uint64_t off, const void *data, uint32_t len)
{
	bool flr;
	int ret;

	if (off > CONFIG_SIZE || len > CONFIG_SIZE - off)
		return -EINVAL;
	if (dev->rc.link_down_until)
		return 0;
	take_register_writes(dev);
	ret = config_write(&dev->config, off, data, len, &flr);
	if (ret == 0 && flr)
		device_reset(dev);
	stay_awake(dev, ACTIVE_CYCLES);
	return ret;
}

/* ---- interrupts --------------------------------------------------------------------------------------------------------------- */

static void program_vector(struct device *dev, unsigned int vector)
{
	/* Vector control, then the message, then vector control: masked while it changes. */
	const struct {
		uint32_t at;
		uint32_t value;
	} writes[] = {{12, 1}, {0, RC_MSI_ADDRESS}, {4, 0}, {8, RC_MSI_BASE + vector}, {12, dev->eventfd[vector] < 0}};

	for (unsigned int i = 0; i < sizeof writes / sizeof writes[0]; i++)
		write_piece(dev, SIM_MSIX_TABLE + vector * 16 + writes[i].at, (const uint8_t *)&writes[i].value, 4);
}

/* The host kernel's part: table entries by register writes, a read to be sure that they have arrived, then the enable bit. */
static void program_msix(struct device *dev, unsigned int first, unsigned int count)
{
	bool memory, enable = false;
	uint8_t flush[4];

	if (dev->rc.link_down_until)
		return;
	memory = config_set_memory(&dev->config, true);
	for (unsigned int i = first; i < first + count; i++)
		program_vector(dev, i);
	read_piece(dev, SIM_MSIX_TABLE + 12, flush, sizeof flush);
	config_set_memory(&dev->config, memory);
	for (unsigned int i = 0; i < SIM_VECTORS; i++)
		enable = enable || dev->eventfd[i] >= 0;
	config_set_msix(&dev->config, enable, false);
}

void device_set_vectors(struct device *dev, unsigned int first, unsigned int count, int *fds)
{
	for (unsigned int i = 0; i < count; i++) {
		if (dev->eventfd[first + i] >= 0)
			close(dev->eventfd[first + i]);
		dev->eventfd[first + i] = fds ? fds[i] : -1;
		if (fds)
			fds[i] = -1;
	}
	program_msix(dev, first, count);
}

/* ---- life --------------------------------------------------------------------------------------------------------------------- */

void device_init(struct device *dev, struct sim_options *opt)
{
	memset(dev, 0, sizeof *dev);
	dev->opt = opt;
	for (unsigned int i = 0; i < SIM_VECTORS; i++)
		dev->eventfd[i] = -1;
	config_init(&dev->config, opt);
	hard_block_init(&dev->hb, card_ports(), &dev->config, &dev->violation, &dev->stats, opt);
	rc_init(&dev->rc, &dev->hb, &dev->memory, &dev->violation, &dev->stats, opt);
	dev->rc.interrupt = on_interrupt;
	dev->rc.interrupt_arg = dev;
	reset_card(dev);
}

void device_reset(struct device *dev)
{
	/*
	 * Linux saves the configuration, resets the function with bus mastering off, and writes it back. No interrupt before the table is programmed
	 * again. With a host that serves no reads the function is never done, and the bus is reset.
	 */
	bool msix = config_msix_enabled(&dev->config);
	struct config_space saved = dev->config;

	config_init(&dev->config, dev->opt);
	if (dev->rc.link_down_until || dev->rc.no_reads)
		reset_card(dev);
	else
		reset_function(dev);
	dev->config = saved;
	config_set_msix(&dev->config, false, false);
	if (msix)
		program_msix(dev, 0, SIM_VECTORS);
}

static void drop_vectors(struct device *dev)
{
	for (unsigned int i = 0; i < SIM_VECTORS; i++) {
		if (dev->eventfd[i] >= 0)
			close(dev->eventfd[i]);
		dev->eventfd[i] = -1;
	}
}

void device_release(struct device *dev)
{
	host_memory_clear(&dev->memory);
	drop_vectors(dev);
	config_init(&dev->config, dev->opt);
	reset_card(dev);
}

void device_close(struct device *dev)
{
	hard_block_reset(&dev->hb);
	rc_reset(&dev->rc);
	host_memory_clear(&dev->memory);
	drop_vectors(dev);
	tlp_pool_close();
}
