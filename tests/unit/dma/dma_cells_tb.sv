// SPDX-License-Identifier: Apache-2.0
// The parts of rtl/dma that stand by themselves, one model for all, with every struct taken apart into plain ports: dma_place with a dma_bank_ram
// behind it, dma_completions, dma_fetch, dma_rd_arb, dma_irq, dma_jobs, dma_validate, dma_out_fifo.
`default_nettype none

module dma_cells_tb (
    input  logic         clk,
    input  logic         rst,
    // dma_place; place_rd_* reads the packet buffer of encapsulation
    input  logic         place_base_valid,
    input  logic [7:0]   place_base_job,
    input  logic [9:0]   place_base_row,
    input  logic         place_valid,
    input  logic [15:0]  place_ctx,
    input  logic [15:0]  place_offset,
    input  logic [6:0]   place_count,
    input  logic [5:0]   place_start,
    input  logic         place_done,
    input  logic [7:0]   place_status,
    input  logic [511:0] place_data,
    output logic [2:0]   place_wr,  // descriptors, encapsulation, decapsulation
    output logic [9:0]   place_wr_row,
    output logic [63:0]  place_wr_low,
    output logic [63:0]  place_wr_high,
    output logic [511:0] place_wr_data,
    output logic [2:0]   place_wr_done,
    output logic [7:0]   place_done_id,
    output logic [7:0]   place_done_status,
    input  logic         place_rd_en,
    input  logic [9:0]   place_rd_row,
    output logic [511:0] place_rd_data,
    // dma_completions
    input  logic         cqe_valid,
    input  logic [1:0]   cqe_qid,
    input  logic [63:0]  cqe_addr,
    input  logic [127:0] cqe_completion,
    input  logic [7:0]   cqe_job,
    output logic         cqe_hold,
    output logic         cqe_offer,
    input  logic         cqe_take,
    output logic [63:0]  cqe_m_addr,
    output logic [15:0]  cqe_m_len,
    output logic [511:0] cqe_m_data,
    input  logic         cqe_m_written,
    output logic         cqe_done,
    output logic [1:0]   cqe_done_qid,
    output logic [7:0]   cqe_done_job,
    output logic [7:0]   cqe_done_status,
    // dma_fetch
    input  logic [15:0]  fetch_count,  // 4 bits a queue
    input  logic [255:0] fetch_addr,
    input  logic [35:0]  fetch_room,  // 9 bits a queue
    input  logic [3:0]   fetch_error,
    output logic         fetch_issue,
    output logic [1:0]   fetch_issue_qid,
    output logic [3:0]   fetch_issue_count,
    output logic         fetch_consumed,
    output logic [1:0]   fetch_consumed_qid,
    output logic         fetch_drop,
    output logic [1:0]   fetch_drop_qid,
    output logic [3:0]   fetch_drop_count,
    output logic         fetch_drop_failed,
    output logic [7:0]   fetch_drop_status,
    output logic         fetch_req_valid,
    input  logic         fetch_req_ready,
    output logic [63:0]  fetch_req_addr,
    output logic [15:0]  fetch_req_len,
    output logic [15:0]  fetch_req_ctx,
    input  logic         fetch_done,
    input  logic [3:0]   fetch_done_slot,
    input  logic [7:0]   fetch_done_status,
    output logic         fetch_buf_en,
    output logic [5:0]   fetch_buf_row,
    input  logic [511:0] fetch_buf_data,
    output logic         fetch_desc_valid,
    output logic [1:0]   fetch_desc_queue,
    output logic [255:0] fetch_desc,
    // dma_rd_arb: inputs descriptor fetch, encapsulation, decapsulation; a read is its address
    input  logic [2:0]   arb_valid,
    output logic [2:0]   arb_ready,
    input  logic [63:0]  arb_addr_0,
    input  logic [63:0]  arb_addr_1,
    input  logic [63:0]  arb_addr_2,
    output logic         arb_base_valid,
    output logic [7:0]   arb_base_job,
    output logic [9:0]   arb_base_row,
    output logic         arb_m_valid,
    input  logic         arb_m_ready,
    output logic [63:0]  arb_m_addr,
    // dma_irq
    input  logic [3:0]   irq_valid,
    output logic [3:0]   irq_ready,
    output logic         irq_m_valid,
    input  logic         irq_m_ready,
    output logic [7:0]   irq_m_vector,
    // dma_jobs; a record is queue, capacity, destination / 64, cookie
    output logic [7:0]   jobs_free,
    input  logic         jobs_take,
    input  logic [139:0] jobs_job,
    input  logic         jobs_give,
    input  logic [7:0]   jobs_give_job,
    input  logic         jobs_rd_en,
    input  logic [7:0]   jobs_rd_job,
    output logic [139:0] jobs_rd_data,
    // dma_validate
    input  logic         validate_valid,
    input  logic [1:0]   validate_queue,
    input  logic [255:0] validate_desc,
    input  logic [7:0]   validate_free,
    output logic         validate_job_valid,
    output logic         validate_decap,
    output logic [139:0] validate_job,
    output logic [7:0]   validate_read_job,
    output logic [63:0]  validate_read_src,
    output logic [15:0]  validate_read_len,
    output logic [15:0]  validate_read_sa,
    output logic [7:0]   validate_read_status,
    // dma_out_fifo, 32 rows and 8 packets
    input  logic         out_fifo_s_valid,
    output logic         out_fifo_s_ready,
    input  logic [511:0] out_fifo_s_data,
    input  logic         out_fifo_s_last,
    input  logic [47:0]  out_fifo_s_user,
    output logic         out_fifo_info_valid,
    input  logic         out_fifo_info_ready,
    output logic [47:0]  out_fifo_info,
    output logic         out_fifo_data_valid,
    input  logic         out_fifo_data_ready,
    output logic [511:0] out_fifo_data
);

  logic place_ready;
  dma_place #(.ROW_W(10)) u_place (
      .clk, .rst, .base_valid(place_base_valid), .base_job(place_base_job), .base_row(place_base_row), .rd_rsp_valid(place_valid),
      .rd_rsp_ready(place_ready), .rd_rsp({place_ctx, place_offset, place_count, place_start, place_done, place_status, place_data}), .wr_desc(place_wr[0]),
      .wr_encap(place_wr[1]), .wr_decap(place_wr[2]), .wr_row(place_wr_row), .wr_low(place_wr_low), .wr_high(place_wr_high), .wr_data(place_wr_data),
      .done_desc(place_wr_done[0]), .done_encap(place_wr_done[1]), .done_decap(place_wr_done[2]), .done_id(place_done_id), .done_status(place_done_status)
  );
  always_ff @(posedge clk) if (!rst) assert (place_ready);
  dma_bank_ram #(.ROWS(1024)) u_rows (
      .clk, .wr_en(place_wr[1]), .wr_row(place_wr_row), .wr_low(place_wr_low), .wr_high(place_wr_high), .wr_data(place_wr_data), .rd_en(place_rd_en),
      .rd_row(place_rd_row), .rd_data(place_rd_data)
  );

  dma_pkg::queue_event_t cqe_event;
  assign {cqe_done, cqe_done_qid} = cqe_event;
  dma_completions #(.WAIT(16)) u_completions (
      .clk, .rst, .s_valid(cqe_valid), .s_qid(cqe_qid), .s_addr(cqe_addr), .s_completion(cqe_completion), .s_job(cqe_job), .hold(cqe_hold),
      .offer(cqe_offer), .take(cqe_take), .m_addr(cqe_m_addr), .m_len(cqe_m_len), .m_data(cqe_m_data), .m_written(cqe_m_written), .done(cqe_event),
      .done_job(cqe_done_job), .done_status(cqe_done_status)
  );

  dma_pkg::issue_t       issue;
  dma_pkg::queue_event_t consumed;
  dma_pkg::drop_t        drop;
  espalier_pkg::rd_req_t req;
  assign {fetch_issue, fetch_issue_qid, fetch_issue_count} = issue;
  assign {fetch_consumed, fetch_consumed_qid} = consumed;
  assign {fetch_drop, fetch_drop_qid, fetch_drop_count, fetch_drop_failed, fetch_drop_status} = drop;
  assign {fetch_req_addr, fetch_req_len, fetch_req_ctx} = req;
  dma_fetch u_fetch (
      .clk, .rst, .enable(1'b1), .fetch_count, .fetch_addr, .job_room(fetch_room), .error(fetch_error), .issue, .consumed, .drop,
      .rd_req_valid(fetch_req_valid), .rd_req_ready(fetch_req_ready), .rd_req(req), .done_valid(fetch_done), .done_slot(fetch_done_slot),
      .done_status(fetch_done_status), .buf_rd_en(fetch_buf_en), .buf_rd_row(fetch_buf_row), .buf_rd_data(fetch_buf_data), .desc_valid(fetch_desc_valid),
      .desc_queue(fetch_desc_queue), .desc(fetch_desc)
  );

  espalier_pkg::rd_req_t arb;
  assign arb_m_addr = arb.addr;
  dma_rd_arb #(.ROW_W(10)) u_arb (
      .clk, .rst, .desc_valid(arb_valid[0]), .desc_ready(arb_ready[0]), .desc({arb_addr_0, 16'd1, 16'd0}), .encap_valid(arb_valid[1]),
      .encap_ready(arb_ready[1]), .encap({arb_addr_1, 16'd1, 8'd0, arb_addr_1[7:0]}), .encap_row(arb_addr_1[9:0]), .decap_valid(arb_valid[2]),
      .decap_ready(arb_ready[2]), .decap({arb_addr_2, 16'd1, 8'd0, arb_addr_2[7:0]}), .decap_row(arb_addr_2[9:0]), .base_valid(arb_base_valid),
      .base_job(arb_base_job), .base_row(arb_base_row), .rd_req_valid(arb_m_valid), .rd_req_ready(arb_m_ready), .rd_req(arb)
  );

  dma_irq u_irq (
      .clk, .rst, .s_valid(irq_valid), .s_ready(irq_ready), .s_vector({8'd43, 8'd42, 8'd41, 8'd40}), .m_valid(irq_m_valid), .m_ready(irq_m_ready),
      .m_vector(irq_m_vector)
  );

  dma_jobs u_jobs (
      .clk, .rst, .free_job(jobs_free), .take(jobs_take), .job(jobs_job), .give(jobs_give), .give_job(jobs_give_job), .rd_en(jobs_rd_en),
      .rd_job(jobs_rd_job), .rd_data(jobs_rd_data)
  );

  dma_pkg::read_job_t validate_read;
  assign {validate_read_job, validate_read_src, validate_read_len, validate_read_sa, validate_read_status} = validate_read;
  dma_validate u_validate (
      .clk, .rst, .desc_valid(validate_valid), .desc_queue(validate_queue), .desc(validate_desc), .job_free(validate_free), .job_valid(validate_job_valid),
      .job_decap(validate_decap), .job(validate_job), .read_job(validate_read)
  );

  dma_out_fifo #(.ROWS(32), .PACKETS(8)) u_out_fifo (
      .clk, .rst, .s_axis_tvalid(out_fifo_s_valid), .s_axis_tready(out_fifo_s_ready), .s_axis_tdata(out_fifo_s_data), .s_axis_tlast(out_fifo_s_last),
      .s_axis_tuser(out_fifo_s_user), .m_info_valid(out_fifo_info_valid), .m_info_ready(out_fifo_info_ready), .m_info(out_fifo_info),
      .m_data_valid(out_fifo_data_valid), .m_data_ready(out_fifo_data_ready), .m_data(out_fifo_data)
  );

endmodule

`default_nettype wire
