// SPDX-License-Identifier: Apache-2.0
// The rings and the DMA of the card, wired up: descriptors in, packets to the engines and back, completions and interrupt requests out.
//
//   queues (dma_regs) -> dma_fetch -> dma_validate -> dma_read x 2 -> engines -> dma_out_fifo x 2 -> dma_write -> wr stream
//                            └ rd_req ─ dma_rd_arb ─┘       ▲                                            │
//                              rd_rsp ─ dma_place ──────────┘        dma_jobs: number and table ◀────────┘ completions, interrupts
//
// Nothing is asked of host memory before its answer has a place, so rd_rsp is always taken, and jobs are bounded so that every queue behind
// dma_fetch has room for all of them: the only back-pressure is that of the engines, of rd_req and of the write stream.
// Every descriptor fetched completes exactly once; completions of a queue and direction come in the order of submission.
// Throughput: a descriptor, a read, and a beat each way and direction a cycle; completions take one write beat each.
`default_nettype none

module dma import espalier_pkg::*, dma_pkg::*; #(
    parameter int unsigned BUF_ROWS = 1024,  // 64-byte rows of packet buffer a direction; a power of two, 256 at least
    parameter int unsigned OUT_ROWS = 512    // 64-byte rows of finished packets a direction; a power of two, 256 at least
) (
    input  logic         clk,
    input  logic         rst,
    input  logic         enable,  // 0: fetches no descriptors
    input  logic         stop,    // no bus master: queues end in error, what they have fetched drains
    output logic         idle,    // no queue is active: nothing is inside
    input  reg_req_t     reg_req,
    output reg_rsp_t     reg_rsp,
    output logic         rd_req_valid,
    input  logic         rd_req_ready,
    output rd_req_t      rd_req,
    input  logic         rd_rsp_valid,
    output logic         rd_rsp_ready,
    input  rd_rsp_t      rd_rsp,
    output logic         m_axis_wr_tvalid,
    input  logic         m_axis_wr_tready,
    output logic [511:0] m_axis_wr_tdata,
    output logic         m_axis_wr_tlast,
    output wr_req_t      m_axis_wr_tuser,
    output logic         irq_valid,
    input  logic         irq_ready,
    output logic [7:0]   irq_vector,
    output logic         m_axis_encap_tvalid,
    input  logic         m_axis_encap_tready,
    output logic [511:0] m_axis_encap_tdata,
    output logic         m_axis_encap_tlast,
    output esp_in_t      m_axis_encap_tuser,
    output logic         m_axis_decap_tvalid,
    input  logic         m_axis_decap_tready,
    output logic [511:0] m_axis_decap_tdata,
    output logic         m_axis_decap_tlast,
    output esp_in_t      m_axis_decap_tuser,
    input  logic         s_axis_encap_tvalid,
    output logic         s_axis_encap_tready,
    input  logic [511:0] s_axis_encap_tdata,
    input  logic         s_axis_encap_tlast,
    input  esp_out_t     s_axis_encap_tuser,
    input  logic         s_axis_decap_tvalid,
    output logic         s_axis_decap_tready,
    input  logic [511:0] s_axis_decap_tdata,
    input  logic         s_axis_decap_tlast,
    input  esp_out_t     s_axis_decap_tuser,
    output logic         count_valid,   // one completion, with its status
    output logic [7:0]   count_status
);

  localparam int unsigned ROW_W = $clog2(BUF_ROWS);
  localparam int unsigned DESC_ROWS = SLOTS * SLOT_ROWS;

  // ---- queues -------------------------------------------------------------------------------------------------------------
  issue_t                         issue;
  drop_t                          drop;
  queue_event_t                   consumed, cqe_alloc, cqe_done;
  logic [QUEUES-1:0]              queue_error, cqe_phase, q_irq_valid, q_irq_ready;
  logic [QUEUES-1:0][BATCH_W-1:0] fetch_count;
  logic [QUEUES-1:0][63:0]        fetch_addr, cqe_addr;
  logic [QUEUES-1:0][USED_W-1:0]  job_room;
  logic [QUEUES-1:0][15:0]        sq_head;
  logic [QUEUES-1:0][7:0]         q_irq_vector;

  dma_regs i_regs (
      .clk, .rst, .stop, .idle, .reg_req, .reg_rsp,
      .issue, .consumed, .drop, .cqe_alloc, .cqe_done,
      .error(queue_error), .fetch_count, .fetch_addr, .job_room, .sq_head, .cqe_addr, .cqe_phase,
      .irq_valid(q_irq_valid), .irq_ready(q_irq_ready), .irq_vector(q_irq_vector)
  );

  dma_irq i_irq (
      .clk, .rst, .s_valid(q_irq_valid), .s_ready(q_irq_ready), .s_vector(q_irq_vector),
      .m_valid(irq_valid), .m_ready(irq_ready), .m_vector(irq_vector)
  );

  // ---- reads and where their answers go ---------------------------------------------------------------------------------------
  logic             desc_req_valid, desc_req_ready, encap_req_valid, encap_req_ready, decap_req_valid, decap_req_ready;
  rd_req_t          desc_req, encap_req, decap_req;
  logic [ROW_W-1:0] encap_req_row, decap_req_row, base_row, wr_row;
  logic             base_valid;
  logic [JOB_W-1:0] base_job, done_id;
  logic             wr_desc, wr_encap, wr_decap, done_desc, done_encap, done_decap;
  logic [63:0]      wr_low, wr_high;
  logic [511:0]     wr_data;
  logic [7:0]       done_status;

  dma_rd_arb #(.ROW_W(ROW_W)) i_rd_arb (
      .clk, .rst,
      .desc_valid(desc_req_valid), .desc_ready(desc_req_ready), .desc(desc_req),
      .encap_valid(encap_req_valid), .encap_ready(encap_req_ready), .encap(encap_req), .encap_row(encap_req_row),
      .decap_valid(decap_req_valid), .decap_ready(decap_req_ready), .decap(decap_req), .decap_row(decap_req_row),
      .base_valid, .base_job, .base_row,
      .rd_req_valid, .rd_req_ready, .rd_req
  );

  dma_place #(.ROW_W(ROW_W)) i_place (
      .clk, .rst, .base_valid, .base_job, .base_row,
      .rd_rsp_valid, .rd_rsp_ready, .rd_rsp,
      .wr_desc, .wr_encap, .wr_decap, .wr_row, .wr_low, .wr_high, .wr_data,
      .done_desc, .done_encap, .done_decap, .done_id, .done_status
  );

  // ---- descriptors ----------------------------------------------------------------------------------------------------------------
  logic               buf_rd_en, desc_valid;
  logic [SLOT_W+1:0]  buf_rd_row;
  logic [511:0]       buf_rd_data;
  logic [QUEUE_W-1:0] desc_queue;
  descriptor_t        desc;

  dma_bank_ram #(.ROWS(DESC_ROWS)) i_desc_buffer (
      .clk, .wr_en(wr_desc), .wr_row(wr_row[SLOT_W+1:0]), .wr_low, .wr_high, .wr_data,
      .rd_en(buf_rd_en), .rd_row(buf_rd_row), .rd_data(buf_rd_data)
  );

  dma_fetch i_fetch (
      .clk, .rst, .enable,
      .fetch_count, .fetch_addr, .job_room, .error(queue_error), .issue, .consumed, .drop,
      .rd_req_valid(desc_req_valid), .rd_req_ready(desc_req_ready), .rd_req(desc_req),
      .done_valid(done_desc), .done_slot(done_id[SLOT_W-1:0]), .done_status,
      .buf_rd_en, .buf_rd_row, .buf_rd_data,
      .desc_valid, .desc_queue, .desc
  );

  logic             job_valid, job_decap, give, job_rd_en;
  logic [JOB_W-1:0] job_free, give_job, job_rd;
  job_t             new_job, job;
  read_job_t        read_job;

  dma_validate i_validate (
      .clk, .rst, .desc_valid, .desc_queue, .desc, .job_free, .job_valid, .job_decap, .job(new_job), .read_job
  );

  dma_jobs i_jobs (
      .clk, .rst, .free_job(job_free), .take(job_valid), .job(new_job), .give, .give_job,
      .rd_en(job_rd_en), .rd_job(job_rd), .rd_data(job)
  );

  // ---- packets to the engines -------------------------------------------------------------------------------------------------------
  dma_read #(.DECAP(1'b0), .ROWS(BUF_ROWS)) i_read_encap (
      .clk, .rst, .s_job_valid(job_valid && !job_decap), .s_job(read_job),
      .rd_req_valid(encap_req_valid), .rd_req_ready(encap_req_ready), .rd_req(encap_req), .rd_req_row(encap_req_row),
      .wr_en(wr_encap), .wr_row, .wr_low, .wr_high, .wr_data, .done_valid(done_encap), .done_job(done_id), .done_status,
      .m_axis_tvalid(m_axis_encap_tvalid), .m_axis_tready(m_axis_encap_tready), .m_axis_tdata(m_axis_encap_tdata),
      .m_axis_tlast(m_axis_encap_tlast), .m_axis_tuser(m_axis_encap_tuser)
  );

  dma_read #(.DECAP(1'b1), .ROWS(BUF_ROWS)) i_read_decap (
      .clk, .rst, .s_job_valid(job_valid && job_decap), .s_job(read_job),
      .rd_req_valid(decap_req_valid), .rd_req_ready(decap_req_ready), .rd_req(decap_req), .rd_req_row(decap_req_row),
      .wr_en(wr_decap), .wr_row, .wr_low, .wr_high, .wr_data, .done_valid(done_decap), .done_job(done_id), .done_status,
      .m_axis_tvalid(m_axis_decap_tvalid), .m_axis_tready(m_axis_decap_tready), .m_axis_tdata(m_axis_decap_tdata),
      .m_axis_tlast(m_axis_decap_tlast), .m_axis_tuser(m_axis_decap_tuser)
  );

  // ---- packets and completions to host memory -------------------------------------------------------------------------------------------
  logic         encap_info_valid, encap_info_ready, encap_data_valid, encap_data_ready, decap_info_valid, decap_info_ready, decap_data_valid, decap_data_ready;
  esp_out_t     encap_info, decap_info;
  logic [511:0] encap_data, decap_data;

  dma_out_fifo #(.ROWS(OUT_ROWS)) i_out_encap (
      .clk, .rst,
      .s_axis_tvalid(s_axis_encap_tvalid), .s_axis_tready(s_axis_encap_tready), .s_axis_tdata(s_axis_encap_tdata),
      .s_axis_tlast(s_axis_encap_tlast), .s_axis_tuser(s_axis_encap_tuser),
      .m_info_valid(encap_info_valid), .m_info_ready(encap_info_ready), .m_info(encap_info),
      .m_data_valid(encap_data_valid), .m_data_ready(encap_data_ready), .m_data(encap_data)
  );

  dma_out_fifo #(.ROWS(OUT_ROWS)) i_out_decap (
      .clk, .rst,
      .s_axis_tvalid(s_axis_decap_tvalid), .s_axis_tready(s_axis_decap_tready), .s_axis_tdata(s_axis_decap_tdata),
      .s_axis_tlast(s_axis_decap_tlast), .s_axis_tuser(s_axis_decap_tuser),
      .m_info_valid(decap_info_valid), .m_info_ready(decap_info_ready), .m_info(decap_info),
      .m_data_valid(decap_data_valid), .m_data_ready(decap_data_ready), .m_data(decap_data)
  );

  dma_write i_write (
      .clk, .rst,
      .encap_info_valid, .encap_info_ready, .encap_info, .encap_data_valid, .encap_data_ready, .encap_data,
      .decap_info_valid, .decap_info_ready, .decap_info, .decap_data_valid, .decap_data_ready, .decap_data,
      .job_rd_en, .job_rd, .job, .cqe_addr, .cqe_phase, .sq_head, .cqe_alloc, .cqe_done,
      .free_valid(give), .free_job(give_job), .count_valid, .count_status,
      .m_axis_wr_tvalid, .m_axis_wr_tready, .m_axis_wr_tdata, .m_axis_wr_tlast, .m_axis_wr_tuser
  );

`ifndef SYNTHESIS
  // Jobs in less completions out are the jobs inside.
  logic [JOB_W:0] inside_q;
  always_ff @(posedge clk) begin
    if (rst) inside_q <= '0;
    else begin
      inside_q <= inside_q + (JOB_W + 1)'(job_valid) - (JOB_W + 1)'(give);
      assert (inside_q <= (JOB_W + 1)'(JOBS));
      if (give) assert (inside_q != '0);
    end
  end
`endif

endmodule

`default_nettype wire
