// SPDX-License-Identifier: Apache-2.0
// The way back to host memory: takes the finished packets of both directions in turn, writes the packet (status OK only, exactly len bytes),
// and hands its completion to dma_completions, whose writes go out between packets. So a completion is always behind its packet.
//
//   info -> job table -> (completion place taken) -> plan -> data beats ... -> wr stream
//                                                      \-> dma_completions ---/
//
// A packet longer than its destination buffer (no engine makes one) is not written; it completes with BUFFER_TOO_SMALL.
// Throughput: ceil(len / 64) cycles a packet, 1 for a failed one, and 1 for a write of completions.
`default_nettype none

module dma_write import espalier_regs_pkg::*, espalier_pkg::*, dma_pkg::*; (
    input  logic                    clk,
    input  logic                    rst,
    // finished packets
    input  logic                    encap_info_valid,
    output logic                    encap_info_ready,
    input  esp_out_t                encap_info,
    input  logic                    encap_data_valid,
    output logic                    encap_data_ready,
    input  logic [511:0]            encap_data,
    input  logic                    decap_info_valid,
    output logic                    decap_info_ready,
    input  esp_out_t                decap_info,
    input  logic                    decap_data_valid,
    output logic                    decap_data_ready,
    input  logic [511:0]            decap_data,
    // job table, read latency 1
    output logic                    job_rd_en,
    output logic [JOB_W-1:0]        job_rd,
    input  job_t                    job,
    // queues
    input  logic [QUEUES-1:0][63:0] cqe_addr,
    input  logic [QUEUES-1:0]       cqe_phase,
    input  logic [QUEUES-1:0][15:0] sq_head,
    output queue_event_t            cqe_alloc,
    output queue_event_t            cqe_done,
    output logic                    free_valid,
    output logic [JOB_W-1:0]        free_job,
    output logic                    count_valid,
    output logic [7:0]              count_status,
    // writes
    output logic                    m_axis_wr_tvalid,
    input  logic                    m_axis_wr_tready,
    output logic [511:0]            m_axis_wr_tdata,
    output logic                    m_axis_wr_tlast,
    output wr_req_t                 m_axis_wr_tuser
);

  // What is to be written for one packet.
  typedef struct packed {
    logic               decap;
    logic               has_data;  // beats lie in the data FIFO
    logic               fits;      // and are written
    logic [9:0]         beats;
    logic [15:0]        len;
    logic [57:0]        dst_line;
    logic [63:0]        cqe_addr;
    logic               phase;
    logic [QUEUE_W-1:0] qid;
    logic [JOB_W-1:0]   job;
    logic [7:0]         status;
    logic [15:0]        sa;
    logic [63:0]        cookie;
  } plan_t;

  // ---- choose a packet, look its job up -----------------------------------------------------------------------------------
  logic     decap_turn_q, pick, pick_decap, v1_q, decap1_q, plan_ready;
  esp_out_t info, info1_q;

  assign pick_decap       = decap_info_valid && (decap_turn_q || !encap_info_valid);
  assign pick             = (encap_info_valid || decap_info_valid) && (!v1_q || plan_ready);
  assign info             = pick_decap ? decap_info : encap_info;
  assign decap_info_ready = pick && pick_decap;
  assign encap_info_ready = pick && !pick_decap;
  assign job_rd_en        = pick;
  assign job_rd           = info.job;

  always_ff @(posedge clk) begin
    if (rst) begin
      decap_turn_q <= 1'b0;
      v1_q         <= 1'b0;
    end else begin
      if (pick) decap_turn_q <= !pick_decap;
      v1_q <= pick || (v1_q && !plan_ready);
    end
    if (pick) begin
      info1_q  <= info;
      decap1_q <= pick_decap;
    end
  end

  // ---- plan it ----------------------------------------------------------------------------------------------------------------
  plan_t plan, next;
  logic  next_valid, next_ready, has_data, fits;

  assign cqe_alloc.valid = v1_q && plan_ready;
  assign cqe_alloc.qid   = job.qid;

  assign has_data = info1_q.status == STATUS_OK;
  assign fits     = info1_q.len <= job.capacity;

  assign plan.decap    = decap1_q;
  assign plan.has_data = has_data;
  assign plan.fits     = fits;
  assign plan.beats    = 10'(({1'b0, info1_q.len} + 17'd63) >> 6);
  assign plan.len      = info1_q.len;
  assign plan.dst_line = job.dst_line;
  assign plan.cqe_addr = cqe_addr[job.qid];
  assign plan.phase    = cqe_phase[job.qid];
  assign plan.qid      = job.qid;
  assign plan.job      = info1_q.job;
  assign plan.status   = (has_data && !fits) ? STATUS_BUFFER_TOO_SMALL : info1_q.status;
  assign plan.sa       = info1_q.sa;
  assign plan.cookie   = job.cookie;

  fifo_sync #(
      .WIDTH($bits(plan)),
      .DEPTH(4)
  ) i_plans (
      .clk    (clk),
      .rst    (rst),
      .s_valid(v1_q),
      .s_ready(plan_ready),
      .s_data (plan),
      .m_valid(next_valid),
      .m_ready(next_ready),
      .m_data (next),
      .count  ()
  );

  // ---- write it: the data beats; its completion is ready with the last of them ------------------------------------------------
  logic         data_q;      // beats of `next` have gone; beats_q are left
  logic [9:0]   beats_q, beats;
  logic         may_begin, in_data, data_valid, take_data, last_data, add, out_free;
  logic [511:0] data;
  completion_t  cqe;

  logic                      hold, cqe_valid, take_cqe, cqe_written;
  logic [63:0]               batch_addr;
  logic [15:0]               batch_len;
  logic [511:0]              batch_data;

  logic         valid_q, last_q, cqe_q;
  logic [511:0] data_out_q;
  wr_req_t      req_q;

  assign out_free         = !valid_q || m_axis_wr_tready;
  assign take_cqe         = cqe_valid && !data_q && out_free;
  assign may_begin        = data_q || (!hold && !cqe_valid);
  assign beats            = data_q ? beats_q : next.beats;
  assign in_data          = next_valid && next.has_data && may_begin;
  assign data_valid       = next.decap ? decap_data_valid : encap_data_valid;
  assign data             = next.decap ? decap_data : encap_data;
  assign take_data        = in_data && data_valid && out_free;
  assign last_data        = beats == 10'd1;
  assign encap_data_ready = take_data && !next.decap;
  assign decap_data_ready = take_data && next.decap;
  assign add              = (take_data && last_data) || (next_valid && !next.has_data && may_begin);
  assign next_ready       = add;

  assign cqe.cookie   = next.cookie;
  assign cqe.out_len  = (next.status == STATUS_OK) ? next.len : '0;
  assign cqe.sa       = next.sa;
  assign cqe.status   = next.status;
  assign cqe.phase    = next.phase;
  assign cqe.decap    = next.decap;
  assign cqe.reserved = '0;
  assign cqe.sq_head  = sq_head[next.qid];

  dma_completions i_completions (
      .clk         (clk),
      .rst         (rst),
      .s_valid     (add),
      .s_qid       (next.qid),
      .s_addr      (next.cqe_addr),
      .s_completion(cqe),
      .s_job       (next.job),
      .hold        (hold),
      .offer       (cqe_valid),
      .take        (take_cqe),
      .m_addr      (batch_addr),
      .m_len       (batch_len),
      .m_data      (batch_data),
      .m_written   (cqe_written),
      .done        (cqe_done),
      .done_job    (free_job),
      .done_status (count_status)
  );

  always_ff @(posedge clk) begin
    if (rst) begin
      data_q  <= 1'b0;
      valid_q <= 1'b0;
      cqe_q   <= 1'b0;
    end else begin
      if (take_data) data_q <= !last_data;
      if (out_free) begin
        valid_q <= (take_data && next.fits) || take_cqe;
        cqe_q   <= take_cqe;
      end
    end
    if (take_data) beats_q <= beats - 10'd1;
    if (out_free) begin
      last_q     <= take_cqe || last_data;
      req_q.addr <= take_cqe ? batch_addr : {next.dst_line, 6'd0};
      req_q.len  <= take_cqe ? batch_len : next.len;
    end
    if (take_cqe) data_out_q <= batch_data;
    else if (take_data) data_out_q <= data;
  end

  assign m_axis_wr_tvalid = valid_q;
  assign m_axis_wr_tdata  = data_out_q;
  assign m_axis_wr_tlast  = last_q;
  assign m_axis_wr_tuser  = req_q;

  assign cqe_written      = valid_q && cqe_q && m_axis_wr_tready;
  assign free_valid       = cqe_done.valid;
  assign count_valid      = cqe_done.valid;

`ifndef SYNTHESIS
  always_ff @(posedge clk) begin
    if (!rst) begin
      if (v1_q && has_data) assert (info1_q.len != '0);
      // The data FIFO gives a packet's beats without a gap: a write once begun goes on.
      if (data_q) assert (next_valid && data_valid);
    end
  end
`endif

endmodule

`default_nettype wire
