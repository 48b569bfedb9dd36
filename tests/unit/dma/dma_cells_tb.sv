// SPDX-License-Identifier: Apache-2.0
// The parts of rtl/dma that stand by themselves, one model for all, with every struct taken apart into plain ports: dma_place with a dma_bank_ram
// behind it, dma_completions, dma_fetch, dma_rd_arb, dma_irq, dma_jobs, dma_validate, dma_out_fifo.
`default_nettype none

module dma_cells_tb (
    input  logic         clk,
    input  logic         rst,
    // dma_place; p_rd_* reads the packet buffer of encapsulation
    input  logic         p_base_valid,
    input  logic [7:0]   p_base_job,
    input  logic [9:0]   p_base_row,
    input  logic         p_valid,
    input  logic [15:0]  p_ctx,
    input  logic [15:0]  p_offset,
    input  logic [6:0]   p_count,
    input  logic [5:0]   p_start,
    input  logic         p_done,
    input  logic [7:0]   p_status,
    input  logic [511:0] p_data,
    output logic [2:0]   p_wr,           // descriptors, encapsulation, decapsulation
    output logic [9:0]   p_wr_row,
    output logic [63:0]  p_wr_low,
    output logic [63:0]  p_wr_high,
    output logic [511:0] p_wr_data,
    output logic [2:0]   p_wr_done,
    output logic [7:0]   p_done_id,
    output logic [7:0]   p_done_status,
    input  logic         p_rd_en,
    input  logic [9:0]   p_rd_row,
    output logic [511:0] p_rd_data,
    // dma_completions
    input  logic         c_valid,
    input  logic [1:0]   c_qid,
    input  logic [63:0]  c_addr,
    input  logic [127:0] c_completion,
    input  logic [7:0]   c_job,
    output logic         c_hold,
    output logic         c_offer,
    input  logic         c_take,
    output logic [63:0]  c_m_addr,
    output logic [15:0]  c_m_len,
    output logic [511:0] c_m_data,
    input  logic         c_m_written,
    output logic         c_done,
    output logic [1:0]   c_done_qid,
    output logic [7:0]   c_done_job,
    output logic [7:0]   c_done_status,
    // dma_fetch
    input  logic [15:0]  f_count,        // 4 bits a queue
    input  logic [255:0] f_addr,
    input  logic [35:0]  f_room,         // 9 bits a queue
    input  logic [3:0]   f_error,
    output logic         f_issue,
    output logic [1:0]   f_issue_qid,
    output logic [3:0]   f_issue_count,
    output logic         f_consumed,
    output logic [1:0]   f_consumed_qid,
    output logic         f_drop,
    output logic [1:0]   f_drop_qid,
    output logic [3:0]   f_drop_count,
    output logic         f_drop_failed,
    output logic [7:0]   f_drop_status,
    output logic         f_req_valid,
    input  logic         f_req_ready,
    output logic [63:0]  f_req_addr,
    output logic [15:0]  f_req_len,
    output logic [15:0]  f_req_ctx,
    input  logic         f_done,
    input  logic [3:0]   f_done_slot,
    input  logic [7:0]   f_done_status,
    output logic         f_buf_en,
    output logic [5:0]   f_buf_row,
    input  logic [511:0] f_buf_data,
    output logic         f_desc_valid,
    output logic [1:0]   f_desc_queue,
    output logic [255:0] f_desc,
    // dma_rd_arb: inputs descriptor fetch, encapsulation, decapsulation; a read is its address
    input  logic [2:0]   a_valid,
    output logic [2:0]   a_ready,
    input  logic [63:0]  a_addr_0,
    input  logic [63:0]  a_addr_1,
    input  logic [63:0]  a_addr_2,
    output logic         a_base_valid,
    output logic [7:0]   a_base_job,
    output logic [9:0]   a_base_row,
    output logic         a_m_valid,
    input  logic         a_m_ready,
    output logic [63:0]  a_m_addr,
    // dma_irq
    input  logic [3:0]   i_valid,
    output logic [3:0]   i_ready,
    output logic         i_m_valid,
    input  logic         i_m_ready,
    output logic [7:0]   i_m_vector,
    // dma_jobs; a record is queue, capacity, destination / 64, cookie
    output logic [7:0]   n_free,
    input  logic         n_take,
    input  logic [139:0] n_job,
    input  logic         n_give,
    input  logic [7:0]   n_give_job,
    input  logic         n_rd_en,
    input  logic [7:0]   n_rd_job,
    output logic [139:0] n_rd_data,
    // dma_validate
    input  logic         v_valid,
    input  logic [1:0]   v_queue,
    input  logic [255:0] v_desc,
    input  logic [7:0]   v_free,
    output logic         v_job_valid,
    output logic         v_decap,
    output logic [139:0] v_job,
    output logic [7:0]   v_read_job,
    output logic [63:0]  v_read_src,
    output logic [15:0]  v_read_len,
    output logic [15:0]  v_read_sa,
    output logic [7:0]   v_read_status,
    // dma_out_fifo, 32 rows and 8 packets
    input  logic         o_s_valid,
    output logic         o_s_ready,
    input  logic [511:0] o_s_data,
    input  logic         o_s_last,
    input  logic [47:0]  o_s_user,
    output logic         o_info_valid,
    input  logic         o_info_ready,
    output logic [47:0]  o_info,
    output logic         o_data_valid,
    input  logic         o_data_ready,
    output logic [511:0] o_data
);

  logic place_ready;
  dma_place #(.ROW_W(10)) u_place (
      .clk, .rst, .base_valid(p_base_valid), .base_job(p_base_job), .base_row(p_base_row), .rd_rsp_valid(p_valid), .rd_rsp_ready(place_ready),
      .rd_rsp({p_ctx, p_offset, p_count, p_start, p_done, p_status, p_data}), .wr_desc(p_wr[0]), .wr_encap(p_wr[1]), .wr_decap(p_wr[2]),
      .wr_row(p_wr_row), .wr_low(p_wr_low), .wr_high(p_wr_high), .wr_data(p_wr_data), .done_desc(p_wr_done[0]), .done_encap(p_wr_done[1]),
      .done_decap(p_wr_done[2]), .done_id(p_done_id), .done_status(p_done_status)
  );
  always_ff @(posedge clk) if (!rst) assert (place_ready);
  dma_bank_ram #(.ROWS(1024)) u_rows (
      .clk, .wr_en(p_wr[1]), .wr_row(p_wr_row), .wr_low(p_wr_low), .wr_high(p_wr_high), .wr_data(p_wr_data), .rd_en(p_rd_en), .rd_row(p_rd_row),
      .rd_data(p_rd_data)
  );

  dma_pkg::queue_event_t c_event;
  assign {c_done, c_done_qid} = c_event;
  dma_completions #(.WAIT(16)) u_completions (
      .clk, .rst, .s_valid(c_valid), .s_qid(c_qid), .s_addr(c_addr), .s_completion(c_completion), .s_job(c_job), .hold(c_hold),
      .offer(c_offer), .take(c_take), .m_addr(c_m_addr), .m_len(c_m_len), .m_data(c_m_data), .m_written(c_m_written), .done(c_event),
      .done_job(c_done_job), .done_status(c_done_status)
  );

  dma_pkg::issue_t       issue;
  dma_pkg::queue_event_t consumed;
  dma_pkg::drop_t        drop;
  espalier_pkg::rd_req_t req;
  assign {f_issue, f_issue_qid, f_issue_count} = issue;
  assign {f_consumed, f_consumed_qid} = consumed;
  assign {f_drop, f_drop_qid, f_drop_count, f_drop_failed, f_drop_status} = drop;
  assign {f_req_addr, f_req_len, f_req_ctx} = req;
  dma_fetch u_fetch (
      .clk, .rst, .enable(1'b1), .fetch_count(f_count), .fetch_addr(f_addr), .job_room(f_room), .error(f_error), .issue, .consumed, .drop,
      .rd_req_valid(f_req_valid), .rd_req_ready(f_req_ready), .rd_req(req), .done_valid(f_done), .done_slot(f_done_slot),
      .done_status(f_done_status), .buf_rd_en(f_buf_en), .buf_rd_row(f_buf_row), .buf_rd_data(f_buf_data), .desc_valid(f_desc_valid),
      .desc_queue(f_desc_queue), .desc(f_desc)
  );

  espalier_pkg::rd_req_t arb;
  assign a_m_addr = arb.addr;
  dma_rd_arb #(.ROW_W(10)) u_arb (
      .clk, .rst, .desc_valid(a_valid[0]), .desc_ready(a_ready[0]), .desc({a_addr_0, 16'd1, 16'd0}), .encap_valid(a_valid[1]),
      .encap_ready(a_ready[1]), .encap({a_addr_1, 16'd1, 8'd0, a_addr_1[7:0]}), .encap_row(a_addr_1[9:0]), .decap_valid(a_valid[2]),
      .decap_ready(a_ready[2]), .decap({a_addr_2, 16'd1, 8'd0, a_addr_2[7:0]}), .decap_row(a_addr_2[9:0]), .base_valid(a_base_valid),
      .base_job(a_base_job), .base_row(a_base_row), .rd_req_valid(a_m_valid), .rd_req_ready(a_m_ready), .rd_req(arb)
  );

  dma_irq u_irq (
      .clk, .rst, .s_valid(i_valid), .s_ready(i_ready), .s_vector({8'd43, 8'd42, 8'd41, 8'd40}), .m_valid(i_m_valid), .m_ready(i_m_ready),
      .m_vector(i_m_vector)
  );

  dma_jobs u_jobs (
      .clk, .rst, .free_job(n_free), .take(n_take), .job(n_job), .give(n_give), .give_job(n_give_job), .rd_en(n_rd_en), .rd_job(n_rd_job),
      .rd_data(n_rd_data)
  );

  dma_pkg::read_job_t v_read;
  assign {v_read_job, v_read_src, v_read_len, v_read_sa, v_read_status} = v_read;
  dma_validate u_validate (
      .clk, .rst, .desc_valid(v_valid), .desc_queue(v_queue), .desc(v_desc), .job_free(v_free), .job_valid(v_job_valid), .job_decap(v_decap),
      .job(v_job), .read_job(v_read)
  );

  dma_out_fifo #(.ROWS(32), .PACKETS(8)) u_out_fifo (
      .clk, .rst, .s_axis_tvalid(o_s_valid), .s_axis_tready(o_s_ready), .s_axis_tdata(o_s_data), .s_axis_tlast(o_s_last),
      .s_axis_tuser(o_s_user), .m_info_valid(o_info_valid), .m_info_ready(o_info_ready), .m_info(o_info), .m_data_valid(o_data_valid),
      .m_data_ready(o_data_ready), .m_data(o_data)
  );

endmodule

`default_nettype wire
