/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the device driver: one card behind any transport. card.c opens and describes it, card_sa.c, card_queue.c and card_ring.c do the work,
 * card_hang.c judges whether the card does. */
#ifndef ESPALIER_CARD_H
#define ESPALIER_CARD_H

#include <time.h>

#include "backend.h"
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

/* Something that the card has to do, as seen by card_stuck; all zeros: it has just begun. */
struct card_watch {
	uint64_t since_ms; /* 0: not looked at yet */
	bool counts;	   /* cycles and patience are known */
	uint64_t cycles, patience;
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

/* Registers. A failure is noted in card->base.error; -ENODEV sets card->lost. */
int card_read(struct card *card, uint32_t offset, uint32_t *value);
int card_write(struct card *card, uint32_t offset, uint32_t value);
/* A 64-bit counter: the high half belongs to the last low half that was read. */
int card_read64(struct card *card, uint32_t low, uint32_t high, uint64_t *value);

/* Bits of a register value. */
#define CARD_FIELD(value, reg, field) (((value) >> ESP_REG_##reg##_##field##_LSB) & ((1ull << ESP_REG_##reg##_##field##_WIDTH) - 1))

/* Take over a transport's error text and notice a lost card. Returns code. */
int card_transport_error(struct card *card, int code);

/* Monotonic time, for bounded waits. */
uint64_t card_now_ms(void);

/* ---- card_hang.c ---- */
/* The card is of no use any more: sets card->lost and the error text. Returns -ENODEV. */
int card_give_up(struct card *card, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Has the card been at it for limit_ms (less if the device's bound is less) and for longer than it may by its own clock? 1: it is stuck; 0; a failed
 * register access. To be called again and again; costs register reads from half of the limit on. */
int card_stuck(struct card *card, struct card_watch *watch, unsigned int limit_ms);
/* Interrupts off, reset (which zeroes the keys), bus mastering off: from here on nothing reaches memory. Also of a lost card, if it can be. */
void card_stop(struct card *card);

/* ---- card_express.c ---- */
/* info.link_*. */
int card_read_express(struct card *card);

/* ---- card.c ---- */
int card_read_config(struct card *card, uint32_t offset, void *data, uint32_t len);
int card_dma_alloc(struct espalier_dev *dev, size_t size, struct espalier_mem *mem);
void card_dma_free(struct espalier_dev *dev, struct espalier_mem *mem);

/* ---- card_sa.c ---- */
int card_sa_add(struct espalier_dev *dev, const struct espalier_sa_config *config, uint16_t *sa);
int card_sa_delete(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa, uint64_t *last);
int card_sa_query(struct espalier_dev *dev, enum espalier_direction direction, uint16_t sa, uint64_t *seq);
/* Delete whatever SAs the card has, known or not. */
int card_sa_clear(struct card *card);

/* ---- card_ring.c ---- */
int card_enqueue_burst(struct espalier_queue *queue, struct espalier_op *const *ops, unsigned int count);
int card_dequeue_burst(struct espalier_queue *queue, struct espalier_op **ops, unsigned int count);

/* ---- card_queue.c ---- */
int card_queue_create(struct espalier_dev *dev, unsigned int depth, struct espalier_queue **queue);
void card_queue_destroy(struct espalier_queue *queue);
int card_queue_check(struct espalier_queue *queue);
int card_queue_arm(struct espalier_queue *queue);
int card_queue_moderate(struct espalier_queue *queue, unsigned int count, unsigned int usec);
int card_queue_wait(struct espalier_queue *queue, int timeout_ms);

/* ---- sim_process.c ---- */
/* Start an espalier-sim in a new directory and wait until it is ready. socket: ESPALIER_NAME_LEN bytes. */
int sim_process_start(unsigned int timeout_ms, struct sim_process **sim, char *socket, char *error);
/* Stop it and remove the directory. sim may be NULL. */
void sim_process_stop(struct sim_process *sim);

#endif
