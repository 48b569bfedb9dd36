/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pins of the card (rtl/card.sv) as pointers, and its clock. card_shim.cpp is the Verilated card; tests put another behind this.
 * Directions are the card's: cq, rc and cfg are its inputs, cc and rq its outputs, but for tready.
 * tdata is 16 words, tuser 6 (cq, rc), 3 (cc), 5 (rq), least significant first.
 */
#ifndef SIM_CARD_H
#define SIM_CARD_H

#include <stdint.h>

struct card_stream {
	uint32_t *tdata;
	uint16_t *tkeep;
	uint32_t *tuser;
	uint8_t *tlast;
	uint8_t *tvalid;
	uint8_t *tready;
};

struct card_ports {
	uint8_t *rst;
	struct card_stream cq; /* to the card: requests of the host */
	struct card_stream cc; /* from the card: completions of these */
	struct card_stream rq; /* from the card: its own requests */
	struct card_stream rc; /* to the card: completions of these */
	/* How far the card's requests have come, two a cycle (PG213, "Maintaining Transaction Order"). */
	uint8_t *rq_seq_num[2];
	uint8_t *rq_seq_num_vld[2];
	/* The configuration management interface, reads alone. */
	uint16_t *cfg_mgmt_addr;
	uint8_t *cfg_mgmt_read;
	uint32_t *cfg_mgmt_read_data;
	uint8_t *cfg_mgmt_read_write_done;
	uint8_t *cfg_max_payload;
	uint8_t *cfg_max_read_req;
	uint8_t *cfg_rcb_status;
	uint8_t *cfg_bus_master_enable;
	uint8_t *cfg_flr_in_process;
	uint8_t *cfg_flr_done;
	uint8_t *cfg_msix_enable;
	uint8_t *cfg_msix_mask;
};

/* A new card, all inputs 0; trace names an FST file, or is NULL. */
void card_open(const char *trace);
const struct card_ports *card_ports(void);
/* The clock is low: outputs follow the inputs written before. */
void card_settle(void);
/* The rising edge: registers take the inputs written before card_settle. */
void card_rise(void);
/* Ends the trace. */
void card_close(void);

#endif
