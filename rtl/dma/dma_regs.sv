// SPDX-License-Identifier: Apache-2.0
// The queues behind the register bus: one dma_queue each, the address decoder, and the number of jobs each may still take.
// Ports of QUEUES items hold one a queue. Register latency: the response comes 2 cycles after the request.
// Errors: an unmapped or read-only address, a write that is not of all four bytes, and what dma_queue refuses.
`default_nettype none

module dma_regs import espalier_regs_pkg::*, espalier_pkg::*, dma_pkg::*; (
    input  logic                           clk,
    input  logic                           rst,
    input  logic                           stop,
    output logic                           idle,  // no queue is active
    input  reg_req_t                       reg_req,
    output reg_rsp_t                       reg_rsp,
    // events
    input  issue_t                         issue,
    input  queue_event_t                   consumed,
    input  drop_t                          drop,
    input  queue_event_t                   cqe_alloc,
    input  queue_event_t                   cqe_done,
    // state
    output logic [QUEUES-1:0]              error,
    output logic [QUEUES-1:0][BATCH_W-1:0] fetch_count,
    output logic [QUEUES-1:0][63:0]        fetch_addr,
    output logic [QUEUES-1:0][USED_W-1:0]  job_room,  // jobs the queue may add; late by 2 cycles
    output logic [QUEUES-1:0][15:0]        sq_head,
    output logic [QUEUES-1:0][63:0]        cqe_addr,
    output logic [QUEUES-1:0]              cqe_phase,
    output logic [QUEUES-1:0]              irq_valid,
    input  logic [QUEUES-1:0]              irq_ready,
    output logic [QUEUES-1:0][7:0]         irq_vector
);

  localparam int unsigned SUM_W = USED_W + QUEUE_W + 1;

  // ---- address decoder: 64 bytes a queue --------------------------------------------------------------------------
  logic                    valid_q, write_q, hit_q;
  logic [5:0]              offset_q;
  logic [31:0]             wdata_q;
  logic [QUEUE_W-1:0]      queue_q;
  logic [QUEUES-1:0][31:0] rdata;
  logic [QUEUES-1:0]       bad;
  logic                    answer_q, miss_q, bad_q;
  logic [31:0]             data_q;

  always_ff @(posedge clk) begin
    if (rst) valid_q <= 1'b0;
    else valid_q <= reg_req.valid;
    write_q  <= reg_req.write;
    offset_q <= reg_req.addr[5:0];
    queue_q  <= reg_req.addr[6+:QUEUE_W];
    wdata_q  <= reg_req.data;
    hit_q    <= (reg_req.addr[15:6+QUEUE_W] == REG_QUEUE_SQ_BASE_LO[15:6+QUEUE_W]) &&
                (!reg_req.write || reg_req.strb == 4'hF);
  end

  always_ff @(posedge clk) begin
    answer_q <= valid_q && !rst;
    miss_q   <= !hit_q;
    bad_q    <= bad[queue_q];
    data_q   <= (hit_q && !write_q) ? rdata[queue_q] : '0;  // of a register that is none: 0
  end
  assign reg_rsp = '{valid: answer_q, error: miss_q || bad_q, data: data_q};

  // ---- the queues -------------------------------------------------------------------------------------------------
  logic [QUEUES-1:0]             active;
  logic [QUEUES-1:0][USED_W-1:0] used;

  for (genvar i = 0; i < QUEUES; i++) begin : g_queue
    dma_queue i_queue (
        .clk        (clk),
        .rst        (rst),
        .stop       (stop),
        .reg_valid  (valid_q && hit_q && queue_q == QUEUE_W'(i)),
        .reg_write  (write_q),
        .reg_offset (offset_q),
        .reg_wdata  (wdata_q),
        .reg_rdata  (rdata[i]),
        .reg_error  (bad[i]),
        .issue      (issue.valid && issue.qid == QUEUE_W'(i)),
        .issue_count(issue.count),
        .consumed   (consumed.valid && consumed.qid == QUEUE_W'(i)),
        .drop       (drop.valid && drop.qid == QUEUE_W'(i)),
        .drop_count (drop.count),
        .fail       (drop.failed),
        .fail_status(drop.status),
        .cqe_alloc  (cqe_alloc.valid && cqe_alloc.qid == QUEUE_W'(i)),
        .cqe_done   (cqe_done.valid && cqe_done.qid == QUEUE_W'(i)),
        .active     (active[i]),
        .error      (error[i]),
        .used       (used[i]),
        .fetch_count(fetch_count[i]),
        .fetch_addr (fetch_addr[i]),
        .sq_head    (sq_head[i]),
        .cqe_addr   (cqe_addr[i]),
        .cqe_phase  (cqe_phase[i]),
        .irq_valid  (irq_valid[i]),
        .irq_ready  (irq_ready[i]),
        .irq_vector (irq_vector[i])
    );
  end

  always_ff @(posedge clk) idle <= (active == '0);

  // ---- room for jobs: all of them, less what the others hold or have reserved ----------------------------------------
  logic [QUEUES-1:0][USED_W-1:0] claim_q;  // max(used, JOB_RESERVE) of an active queue
  logic [SUM_W-1:0]              claims;
  logic [QUEUES-1:0][USED_W-1:0] room_q;

  always_comb begin
    claims = '0;
    for (int unsigned i = 0; i < QUEUES; i++) claims = claims + SUM_W'(claim_q[i]);
  end

  for (genvar i = 0; i < QUEUES; i++) begin : g_room
    logic [SUM_W-1:0] taken;
    assign taken = claims - SUM_W'(claim_q[i]) + SUM_W'(used[i]);
    always_ff @(posedge clk) begin
      if (rst || !active[i]) claim_q[i] <= '0;
      else if (used[i] < USED_W'(JOB_RESERVE)) claim_q[i] <= USED_W'(JOB_RESERVE);
      else claim_q[i] <= used[i];
      if (rst || taken >= SUM_W'(JOBS)) room_q[i] <= '0;
      else room_q[i] <= USED_W'(SUM_W'(JOBS) - taken);
    end
  end
  assign job_room = room_q;

`ifndef SYNTHESIS
  logic [SUM_W-1:0] total;
  always_comb begin
    total = '0;
    for (int unsigned i = 0; i < QUEUES; i++) total = total + SUM_W'(used[i]);
  end
  always_ff @(posedge clk) begin
    if (!rst) assert (total <= SUM_W'(JOBS));
  end
`endif

endmodule

`default_nettype wire
