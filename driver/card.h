/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the device driver: what all of it knows of a card behind any transport. Each file of it has a header of its own. */
#ifndef ESPALIER_CARD_H
#define ESPALIER_CARD_H

#include "backend.h"
#include "card_hang.h"
#include "transport.h"

#define CARD_QUEUES_MAX ESP_REG_QUEUE_COUNT_MAX
#define CARD_PAGE 4096u
#define CARD_CONFIG_COMMAND 0x04u /* in PCI configuration space (PCI Express Base 4.0, 7.5) */
#define CARD_COMMAND_NO_INTX 0x0400u

struct sim_process;
struct card_queue;

struct card_mem {
	struct transport_mem mem;
	struct card_mem *next;
};

/* What the driver knows of an SA, by direction and index. */
struct card_sa {
	bool used, esn;
	uint64_t seq; /* the card never says less */
};

struct card {
	struct espalier_dev base;
	struct transport *t;
	struct sim_process *sim; /* started by this process, or NULL */
	bool lost;		 /* found gone: every call ends in -ENODEV */
	char lost_why[ESPALIER_ERROR_LEN];
	struct espalier_info info;
	struct card_mem *memory;
	uint64_t next_iova;
	struct card_queue *queues[CARD_QUEUES_MAX];
	int event_fds[CARD_QUEUES_MAX];
	bool stopped;	      /* by card_stop: it writes to no memory any more */
	struct card_sa *sa[2]; /* by direction, sa_capacity of them; sa[1] NULL: bring-up did not come so far */
	uint32_t sa_hint[2];
	uint32_t staged[8]; /* what SA_SPI and the registers behind it hold, if staged_known */
	bool staged_known;
};

extern const struct espalier_backend espalier_card_backend;

/* A card on a transport that is open already, which the card owns from here on, also on failure. For tests, too. */
int card_attach(struct transport *t, unsigned int timeout_ms, struct card **card, char *error);

/* Bits of a register value. */
#define CARD_FIELD(value, reg, field) (((value) >> ESP_REG_##reg##_##field##_LSB) & ((1ull << ESP_REG_##reg##_##field##_WIDTH) - 1))

#endif
