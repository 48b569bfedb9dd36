/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The card's PCI configuration space, 4096 bytes, as the hard block keeps it: type 0 header, power management, MSI-X and PCI Express
 * capabilities, advanced error reporting and serial number. The cfg_* inputs of the card follow its registers.
 * Like Linux under VFIO, the client cannot write MSI-X control: DEVICE_SET_IRQS owns it.
 * Source: PCI Local Bus 3.0, 6.1, 6.2.5 (sizing); PCI Express Base 4.0, 7.5.1, 7.5.2, 7.5.3, 7.7.2, 7.8.4, 7.9.3.
 */
#ifndef SIM_CONFIG_SPACE_H
#define SIM_CONFIG_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#define CONFIG_SIZE 4096u

#define CONFIG_VENDOR 0x10EEu
#define CONFIG_DEVICE 0xE5B0u
#define CONFIG_CLASS 0x100000u /* encryption controller: network and computing */
#define CONFIG_SUBVENDOR 0x10EEu
#define CONFIG_SUBDEVICE 0x0001u
#define CONFIG_REVISION 0x01u

/* Offsets of the capabilities. */
#define CONFIG_PM 0x40u
#define CONFIG_MSIX 0x60u
#define CONFIG_PCIE 0x70u
#define CONFIG_AER 0x100u
#define CONFIG_DSN 0x150u

/* Bits of the AER uncorrectable error status register. */
#define AER_POISONED (1u << 12)
#define AER_COMPLETION_TIMEOUT (1u << 14)
#define AER_UNEXPECTED_COMPLETION (1u << 16)
#define AER_MALFORMED (1u << 18)

struct sim_options;

struct config_space {
	uint8_t data[CONFIG_SIZE];
	uint8_t writable[CONFIG_SIZE]; /* bits that a write changes */
	uint8_t clears[CONFIG_SIZE];   /* bits that a written 1 clears */
	bool dirty;		       /* changed since the flag was last cleared: republish */
};

/* The state after power-up and after the firmware placed BAR 0 and set MPS, MRRS and RCB; memory and bus mastering are off. */
void config_init(struct config_space *cs, const struct sim_options *opt);

/* len bytes at off; -EINVAL beyond the end. *flr: the write asked for a function level reset. */
int config_read(const struct config_space *cs, uint64_t off, void *to, uint32_t len);
int config_write(struct config_space *cs, uint64_t off, const void *from, uint32_t len, bool *flr);

/* In effect: the command bit, and the function is in D0. */
bool config_memory_enabled(const struct config_space *cs);
bool config_bus_master(const struct config_space *cs);
unsigned int config_mps_code(const struct config_space *cs);  /* 128 << code bytes */
unsigned int config_mrrs_code(const struct config_space *cs); /* 128 << code bytes */
bool config_rcb_128(const struct config_space *cs);
bool config_extended_tags(const struct config_space *cs);
bool config_msix_enabled(const struct config_space *cs);
bool config_msix_masked(const struct config_space *cs);
/* What the host kernel does for its own accesses; returns the command bit before. */
bool config_set_memory(struct config_space *cs, bool on);
void config_set_msix(struct config_space *cs, bool enable, bool mask);
/* Records errors in AER and in device status. */
void config_report(struct config_space *cs, uint32_t aer_bits);

uint32_t config_get(const struct config_space *cs, unsigned int off, unsigned int bytes);

#endif
