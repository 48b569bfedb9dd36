// SPDX-License-Identifier: Apache-2.0
// The hard block's clock cycle and queues; its halves are in completer.c (CQ, CC) and requester.c (RQ, RC). See hard_block.h.
#include "hard_block.h"

#include <string.h>

/* A request that was decided before bus mastering went off may take this long to come out (64 beats of a large write and a stall). */
#define MASTER_GRACE 256u

#define MGMT_CYCLES 4u /* an access of configuration space takes */

void hard_block_init(struct hard_block *hb, const struct card_ports *pins, struct config_space *config, struct violation *violation,
		     struct sim_stats *stats, const struct sim_options *opt)
{
	memset(hb, 0, sizeof *hb);
	hb->pins = pins;
	hb->config = config;
	hb->violation = violation;
	hb->stats = stats;
	hb->rng.state = opt->seed ^ 0x6862;
	hb->bar = opt->bar;
	hb->stall = opt->stall;
	hb->headers_limit = opt->completion_headers;
	hb->bytes_limit = opt->completion_bytes;
	hb->cq.layout = &axis_cq;
	hb->cq.pins = &pins->cq;
	hb->rc.layout = &axis_rc;
	hb->rc.pins = &pins->rc;
	hb->cc.layout = &axis_cc;
	hb->cc.pins = &pins->cc;
	hb->rq.layout = &axis_rq;
	hb->rq.pins = &pins->rq;
}

void hard_block_reset(struct hard_block *hb)
{
	axis_source_reset(&hb->cq);
	axis_source_reset(&hb->rc);
	axis_sink_reset(&hb->cc);
	axis_sink_reset(&hb->rq);
	tlp_queue_clear(&hb->cq_wait);
	tlp_queue_clear(&hb->rc_wait);
	tlp_queue_clear(&hb->up);
	tlp_queue_clear(&hb->up_first);
	memset(hb->split, 0, sizeof hb->split);
	memset(hb->mmio, 0, sizeof hb->mmio);
	hb->outstanding = 0;
	hb->stored = hb->stored_headers = 0;
	hb->promised = hb->promised_headers = 0;
	hb->seq_head = hb->seq_tail;
	hb->mgmt_wait = 0;
	hb->flr = false;
	hb->lost = 0;
	hb->master_grace = 0;
}

void hard_block_flr(struct hard_block *hb)
{
	hb->flr = true;
}

static bool stalls(struct hard_block *hb)
{
	return hb->stall && rng_below(&hb->rng, 100) < hb->stall;
}

static void drive_config(struct hard_block *hb)
{
	const struct card_ports *p = hb->pins;
	unsigned int mps = config_mps_code(hb->config);
	bool master = config_bus_master(hb->config);

	*p->cfg_max_payload = (uint8_t)mps;
	*p->cfg_max_read_req = (uint8_t)config_mrrs_code(hb->config);
	*p->cfg_rcb_status = config_rcb_128(hb->config);
	*p->cfg_bus_master_enable = master;
	*p->cfg_flr_in_process = hb->flr;
	*p->cfg_msix_enable = config_msix_enabled(hb->config);
	*p->cfg_msix_mask = config_msix_masked(hb->config);
	if (master)
		hb->master_grace = MASTER_GRACE;
	else if (hb->master_grace)
		hb->master_grace--;
}

/* Sequence numbers of requests that no completion passes any more: up to two a cycle, late when the block stalls. */
static void drive_seq(struct hard_block *hb)
{
	for (int i = 0; i < 2; i++) {
		bool valid = hb->seq_head != hb->seq_tail && !stalls(hb);

		*hb->pins->rq_seq_num_vld[i] = valid;
		*hb->pins->rq_seq_num[i] = valid ? hb->seq[hb->seq_head++ % SEQ_QUEUE] : 0;
		if (!valid && i == 0) {
			*hb->pins->rq_seq_num_vld[1] = 0;
			return;
		}
	}
}

static void drive_mgmt(struct hard_block *hb)
{
	const struct card_ports *p = hb->pins;
	bool done = *p->cfg_mgmt_read && ++hb->mgmt_wait == MGMT_CYCLES;

	*p->cfg_mgmt_read_write_done = done;
	*p->cfg_mgmt_read_data = done ? config_get(hb->config, *p->cfg_mgmt_addr * 4u, 4) : 0;
	if (done || !*p->cfg_mgmt_read)
		hb->mgmt_wait = 0;
}

static void next_completion(void *arg)
{
	requester_start(arg);
}

static void take_request(void *arg)
{
	requester_packet(arg);
}

bool hard_block_cycle(struct hard_block *hb, bool accept_rq)
{
	const struct card_ports *p = hb->pins;
	bool active;

	drive_config(hb);
	drive_seq(hb);
	drive_mgmt(hb);
	if (hb->cq.count == 0)
		completer_start(hb);
	axis_source_drive(&hb->cq, stalls(hb));
	straddle_drive(&hb->rc, stalls(hb), next_completion, hb);
	*p->cc.tready = !stalls(hb);
	*p->rq.tready = accept_rq && !stalls(hb);
	card_settle();
	if (hb->flr && *p->cfg_flr_done)
		hb->flr = false;
	active = hb->flr || *p->cq.tvalid || *p->rc.tvalid || *p->cc.tvalid || *p->rq.tvalid;
	if (!*p->rst) {
		axis_source_step(&hb->cq);
		straddle_source_step(&hb->rc);
		if (axis_sink_step(&hb->cc, hb->violation)) {
			completer_packet(hb);
			axis_sink_reset(&hb->cc);
		}
		straddle_sink_step(&hb->rq, hb->violation, take_request, hb);
	}
	card_rise();
	return active;
}

/* What waits in the receive buffer. That the card does not ask for more than fits, requester.c checks at the request. */
static void store_completion(struct hard_block *hb, const struct tlp *tlp)
{
	hb->stored += tlp->data_len;
	hb->stored_headers++;
	if (hb->stored > hb->stats->completion_buffer_max)
		hb->stats->completion_buffer_max = hb->stored;
	if (hb->stored > hb->bytes_limit || hb->stored_headers > hb->headers_limit)
		violation_raise(hb->violation, "RC: %u completions with %u bytes wait, more than the block's buffer holds", hb->stored_headers, hb->stored);
}

void hard_block_deliver(struct hard_block *hb, struct tlp *tlp)
{
	if (tlp_is_completion(tlp))
		store_completion(hb, tlp);
	tlp_push(tlp_is_completion(tlp) ? &hb->rc_wait : &hb->cq_wait, tlp);
}

struct tlp *hard_block_take(struct hard_block *hb)
{
	return hb->up_first.head ? tlp_pop(&hb->up_first) : tlp_pop(&hb->up);
}

void hard_block_sent(struct hard_block *hb, const struct tlp *tlp)
{
	if (tlp_is_completion(tlp))
		return;
	if (hb->seq_tail - hb->seq_head == SEQ_QUEUE)
		violation_raise(hb->violation, "RQ: %u requests not reported yet", SEQ_QUEUE);
	else
		hb->seq[hb->seq_tail++ % SEQ_QUEUE] = tlp->seq;
}

bool hard_block_idle(const struct hard_block *hb)
{
	return hb->cq.count == 0 && hb->rc.count == 0 && !hb->rc.offered && !hb->cq_wait.head && !hb->rc_wait.head && !hb->up.head && !hb->up_first.head && hb->seq_head == hb->seq_tail && hb->outstanding == 0 &&
	       hb->cc.count == 0 && hb->rq.count == 0;
}
