// SPDX-License-Identifier: Apache-2.0
// Configuration space as bytes with two masks, writable bits and write-one-to-clear bits; see config_space.h.
#include "config_space.h"

#include <errno.h>
#include <string.h>

#include "sim.h"

#define COMMAND 0x04u
#define COMMAND_MEMORY 0x0002u
#define COMMAND_MASTER 0x0004u
#define COMMAND_WRITABLE 0x0546u /* memory, master, parity, SERR, INTx disable */
#define STATUS 0x06u
#define BAR0 0x10u

#define PM_CONTROL (CONFIG_PM + 4)
#define MSIX_CONTROL (CONFIG_MSIX + 2)
#define MSIX_ENABLE 0x8000u
#define MSIX_MASK 0x4000u

#define DEV_CAP (CONFIG_PCIE + 0x04)
#define DEV_CTL (CONFIG_PCIE + 0x08)
#define DEV_STA (CONFIG_PCIE + 0x0a)
#define LINK_CAP (CONFIG_PCIE + 0x0c)
#define LINK_CTL (CONFIG_PCIE + 0x10)
#define LINK_STA (CONFIG_PCIE + 0x12)
#define DEV_CAP2 (CONFIG_PCIE + 0x24)
#define DEV_CTL2 (CONFIG_PCIE + 0x28)
#define LINK_CAP2 (CONFIG_PCIE + 0x2c)
#define LINK_CTL2 (CONFIG_PCIE + 0x30)

#define DEV_CTL_FLR 0x8000u
#define DEV_CTL_EXT_TAG 0x0100u
#define MPS_SUPPORTED 3u /* 1024 bytes: the largest that the block offers at 512 bit */
#define MRRS_LARGEST 5u  /* 4096 bytes */

#define AER_STATUS (CONFIG_AER + 0x04)

uint32_t config_get(const struct config_space *cs, unsigned int off, unsigned int bytes)
{
	uint32_t v = 0;

	for (unsigned int i = 0; i < bytes; i++)
		v |= (uint32_t)cs->data[off + i] << (8 * i);
	return v;
}

static void put(uint8_t *array, unsigned int off, unsigned int bytes, uint32_t v)
{
	for (unsigned int i = 0; i < bytes; i++)
		array[off + i] = (uint8_t)(v >> (8 * i));
}

static void set(struct config_space *cs, unsigned int off, unsigned int bytes, uint32_t v)
{
	put(cs->data, off, bytes, v);
}

static void allow(struct config_space *cs, unsigned int off, unsigned int bytes, uint32_t mask)
{
	put(cs->writable, off, bytes, mask);
}

static unsigned int log2_of(unsigned int bytes)
{
	return (unsigned int)__builtin_ctz(bytes / 128);
}

static void init_header(struct config_space *cs, const struct sim_options *opt)
{
	set(cs, 0x00, 2, CONFIG_VENDOR);
	set(cs, 0x02, 2, CONFIG_DEVICE);
	allow(cs, COMMAND, 2, COMMAND_WRITABLE);
	set(cs, STATUS, 2, 0x0010); /* capability list */
	put(cs->clears, STATUS, 2, 0xf900);
	set(cs, 0x08, 4, CONFIG_CLASS << 8 | CONFIG_REVISION);
	allow(cs, 0x0c, 1, 0xff); /* cache line size: no effect */
	set(cs, BAR0, 4, (uint32_t)opt->bar | 0x4); /* 64-bit memory, not prefetchable */
	set(cs, BAR0 + 4, 4, (uint32_t)(opt->bar >> 32));
	allow(cs, BAR0, 4, ~(uint32_t)(SIM_BAR_SIZE - 1));
	allow(cs, BAR0 + 4, 4, UINT32_MAX);
	set(cs, 0x2c, 2, CONFIG_SUBVENDOR);
	set(cs, 0x2e, 2, CONFIG_SUBDEVICE);
	set(cs, 0x34, 1, CONFIG_PM);
	allow(cs, 0x3c, 1, 0xff); /* interrupt line: a scratch byte; the card has no INTx */
}

static void init_capabilities(struct config_space *cs, const struct sim_options *opt)
{
	set(cs, CONFIG_PM, 2, CONFIG_MSIX << 8 | 0x01);
	set(cs, CONFIG_PM + 2, 2, 0x0003);	/* version 3, no PME, D1 and D2 */
	set(cs, PM_CONTROL, 2, 0x0008);		/* no soft reset */
	allow(cs, PM_CONTROL, 2, 0x0003);

	set(cs, CONFIG_MSIX, 2, CONFIG_PCIE << 8 | 0x11);
	set(cs, MSIX_CONTROL, 2, SIM_VECTORS - 1);
	set(cs, CONFIG_MSIX + 4, 4, SIM_MSIX_TABLE); /* in BAR 0 */
	set(cs, CONFIG_MSIX + 8, 4, SIM_MSIX_PBA);

	set(cs, CONFIG_PCIE, 2, 0x0010);
	set(cs, CONFIG_PCIE + 2, 2, 0x0002); /* endpoint, capability version 2 */
	set(cs, DEV_CAP, 4, 0x10008020 | MPS_SUPPORTED); /* FLR, role-based errors, 8-bit tags */
	set(cs, DEV_CTL, 2, 0x0810 | DEV_CTL_EXT_TAG | log2_of(opt->mps) << 5 | log2_of(opt->mrrs) << 12);
	allow(cs, DEV_CTL, 2, 0x79ff);
	put(cs->clears, DEV_STA, 2, 0x000f);
	set(cs, LINK_CAP, 4, 0x00400000 | opt->width << 4 | opt->speed);
	set(cs, LINK_CTL, 2, opt->rcb == 128 ? 0x0008 : 0);
	allow(cs, LINK_CTL, 2, 0x00cb);
	set(cs, LINK_STA, 2, 0x1000 | opt->width << 4 | opt->speed);
	set(cs, DEV_CAP2, 4, 0x0000001f); /* completion timeout: all ranges, can be disabled */
	allow(cs, DEV_CTL2, 2, 0x001f);
	set(cs, LINK_CAP2, 4, ((1u << opt->speed) - 1) << 1);
	set(cs, LINK_CTL2, 2, opt->speed);
	allow(cs, LINK_CTL2, 2, 0x000f);
}

static void init_extended(struct config_space *cs)
{
	set(cs, CONFIG_AER, 4, CONFIG_DSN << 20 | 2u << 16 | 0x0001);
	put(cs->clears, AER_STATUS, 4, 0x00ffffff);
	allow(cs, CONFIG_AER + 0x08, 4, 0x007ff030); /* uncorrectable mask */
	set(cs, CONFIG_AER + 0x0c, 4, 0x00462030);   /* severity: the defaults of 7.8.4.4 */
	allow(cs, CONFIG_AER + 0x0c, 4, 0x007ff030);
	put(cs->clears, CONFIG_AER + 0x10, 4, 0x0000f1c1);
	set(cs, CONFIG_AER + 0x14, 4, 0x00002000); /* advisory non-fatal errors masked */
	allow(cs, CONFIG_AER + 0x14, 4, 0x0000f1c1);
	set(cs, CONFIG_DSN, 4, 1u << 16 | 0x0003);
	set(cs, CONFIG_DSN + 4, 4, 0xff000001);
	set(cs, CONFIG_DSN + 8, 4, 0x000a35ff);
}

void config_init(struct config_space *cs, const struct sim_options *opt)
{
	memset(cs, 0, sizeof *cs);
	init_header(cs, opt);
	init_capabilities(cs, opt);
	init_extended(cs);
	cs->dirty = true;
}

int config_read(const struct config_space *cs, uint64_t off, void *to, uint32_t len)
{
	if (off > CONFIG_SIZE || len > CONFIG_SIZE - off)
		return -EINVAL;
	memcpy(to, cs->data + off, len);
	return 0;
}

/* Reserved sizes and those beyond what the block supports leave the field as it was. */
static void check_device_control(struct config_space *cs, uint32_t before)
{
	uint32_t now = config_get(cs, DEV_CTL, 2);

	if ((now >> 5 & 7) > MPS_SUPPORTED)
		now = (now & ~0x00e0u) | (before & 0x00e0u);
	if ((now >> 12 & 7) > MRRS_LARGEST)
		now = (now & ~0x7000u) | (before & 0x7000u);
	set(cs, DEV_CTL, 2, now);
}

int config_write(struct config_space *cs, uint64_t off, const void *from, uint32_t len, bool *flr)
{
	const uint8_t *in = from;
	uint32_t control = config_get(cs, DEV_CTL, 2);

	*flr = false;
	if (off > CONFIG_SIZE || len > CONFIG_SIZE - off)
		return -EINVAL;
	for (uint32_t i = 0; i < len; i++) {
		uint8_t *byte = &cs->data[off + i];
		uint8_t mask = cs->writable[off + i];

		*byte = (uint8_t)((*byte & ~mask) | (in[i] & mask));
		*byte &= (uint8_t) ~(in[i] & cs->clears[off + i]);
		if (off + i == DEV_CTL + 1 && in[i] & DEV_CTL_FLR >> 8)
			*flr = true;
	}
	check_device_control(cs, control);
	if ((cs->data[PM_CONTROL] & 3) != 3)
		cs->data[PM_CONTROL] &= 0xfc; /* D1 and D2 are not supported */
	cs->dirty = true;
	return 0;
}

static bool in_d0(const struct config_space *cs)
{
	return (cs->data[PM_CONTROL] & 3) == 0;
}

bool config_memory_enabled(const struct config_space *cs)
{
	return in_d0(cs) && cs->data[COMMAND] & COMMAND_MEMORY;
}

bool config_bus_master(const struct config_space *cs)
{
	return in_d0(cs) && cs->data[COMMAND] & COMMAND_MASTER;
}

unsigned int config_mps_code(const struct config_space *cs)
{
	return config_get(cs, DEV_CTL, 2) >> 5 & 7;
}

unsigned int config_mrrs_code(const struct config_space *cs)
{
	return config_get(cs, DEV_CTL, 2) >> 12 & 7;
}

bool config_rcb_128(const struct config_space *cs)
{
	return cs->data[LINK_CTL] & 8;
}

bool config_extended_tags(const struct config_space *cs)
{
	return config_get(cs, DEV_CTL, 2) & DEV_CTL_EXT_TAG;
}

bool config_msix_enabled(const struct config_space *cs)
{
	return config_get(cs, MSIX_CONTROL, 2) & MSIX_ENABLE;
}

bool config_msix_masked(const struct config_space *cs)
{
	return config_get(cs, MSIX_CONTROL, 2) & MSIX_MASK;
}

bool config_set_memory(struct config_space *cs, bool on)
{
	bool before = cs->data[COMMAND] & COMMAND_MEMORY;

	cs->data[COMMAND] = (uint8_t)((cs->data[COMMAND] & ~COMMAND_MEMORY) | (on ? COMMAND_MEMORY : 0));
	return before;
}

void config_set_msix(struct config_space *cs, bool enable, bool mask)
{
	set(cs, MSIX_CONTROL, 2, (SIM_VECTORS - 1) | (enable ? MSIX_ENABLE : 0) | (mask ? MSIX_MASK : 0));
	cs->dirty = true;
}

/* All of these count as non-fatal errors at their default severity, or as advisory. */
void config_report(struct config_space *cs, uint32_t aer_bits)
{
	set(cs, AER_STATUS, 4, config_get(cs, AER_STATUS, 4) | aer_bits);
	cs->data[DEV_STA] |= 0x02;
	cs->dirty = true;
}
