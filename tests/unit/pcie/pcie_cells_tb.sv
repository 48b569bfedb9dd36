// SPDX-License-Identifier: Apache-2.0
// The parts of rtl/pcie side by side, one model for all, with every struct taken apart into plain ports: pcie_order, pcie_tags, pcie_space, msix,
// pcie_rc_unpack, and pcie_write with pcie_rq behind it.
`default_nettype none

module pcie_cells_tb (
    input  logic         clk,
    input  logic         rst,
    // pcie_order; a lost report is given up after 16 cycles
    input  logic         o_stop,
    input  logic         o_accept,
    input  logic         o_message,
    input  logic [5:0]   o_seq0,
    input  logic         o_vld0,
    input  logic [5:0]   o_seq1,
    input  logic         o_vld1,
    input  logic [1:0]   o_sent,
    input  logic [1:0]   o_dropped,
    output logic         o_empty,
    input  logic         o_ask,
    output logic         o_done,
    // pcie_tags, 64
    input  logic         t_extended,
    output logic         t_valid,
    output logic [5:0]   t_index,
    input  logic         t_take,
    input  logic         t_free_valid,
    input  logic [5:0]   t_free_index,
    // pcie_space: 100 blocks, 80 headers
    input  logic         p_rcb_128,
    input  logic [6:0]   p_need_64,
    input  logic [6:0]   p_need_128,
    output logic         p_fits,
    input  logic         p_take,
    input  logic         p_back_valid,
    input  logic [6:0]   p_back_64,
    input  logic [6:0]   p_back_128,
    // msix
    input  logic         x_stop,
    input  logic         x_enable,
    input  logic         x_mask,
    input  logic         x_reg_valid,
    input  logic         x_reg_write,
    input  logic [15:0]  x_reg_addr,
    input  logic [31:0]  x_reg_data,
    input  logic [3:0]   x_reg_strb,
    output logic         x_rsp_valid,
    output logic         x_rsp_error,
    output logic [31:0]  x_rsp_data,
    input  logic         x_irq_valid,
    input  logic [7:0]   x_irq_vector,
    output logic         x_tvalid,
    input  logic         x_tready,
    output logic [31:0]  x_tdata,
    output logic [63:0]  x_addr,
    output logic [15:0]  x_len,
    // pcie_rc_unpack
    input  logic         u_tvalid,
    output logic         u_tready,
    input  logic [511:0] u_tdata,
    input  logic [160:0] u_tuser,
    output logic         u_valid,
    input  logic         u_ready,
    output logic [95:0]  u_desc,
    output logic [511:0] u_data,
    output logic [4:0]   u_dwords,
    output logic         u_last,
    output logic         u_discontinue,
    // pcie_write and pcie_rq
    input  logic [1:0]   w_max_payload,
    input  logic         w_tvalid,
    output logic         w_tready,
    input  logic [511:0] w_tdata,
    input  logic         w_tlast,
    input  logic [63:0]  w_addr,
    input  logic [15:0]  w_len,
    input  logic         w_stop,
    input  logic         w_mrd_valid,
    output logic         w_mrd_ready,
    input  logic [7:0]   w_mrd_tag,
    input  logic [61:0]  w_mrd_address,
    input  logic [10:0]  w_mrd_dwords,
    input  logic [3:0]   w_mrd_first_be,
    input  logic [3:0]   w_mrd_last_be,
    output logic         q_tvalid,
    input  logic         q_tready,
    output logic [511:0] q_tdata,
    output logic [15:0]  q_tkeep,
    output logic [136:0] q_tuser,
    output logic         q_tlast,
    output logic [1:0]   w_sent,
    output logic [1:0]   w_dropped,
    output logic         w_read_dropped,
    output logic [1:0]   w_reads_left
);

  pcie_order #(.LOST_LOG2(4)) u_order (
      .clk, .rst, .stop(o_stop), .accept(o_accept), .message(o_message), .seq_num0(o_seq0), .seq_num_vld0(o_vld0), .seq_num1(o_seq1),
      .seq_num_vld1(o_vld1), .sent(o_sent), .dropped(o_dropped), .empty(o_empty), .ask(o_ask), .done(o_done)
  );

  pcie_tags #(.TAGS(64)) u_tags (
      .clk, .rst, .extended(t_extended), .valid(t_valid), .index(t_index), .take(t_take), .free_valid(t_free_valid), .free_index(t_free_index)
  );

  pcie_space #(.BLOCKS(100), .HEADERS(80)) u_space (
      .clk, .rst, .rcb_128(p_rcb_128), .need_64(p_need_64), .need_128(p_need_128), .fits(p_fits), .take(p_take),
      .back_valid(p_back_valid), .back_64(p_back_64), .back_128(p_back_128)
  );

  espalier_pkg::reg_req_t reg_req;
  espalier_pkg::reg_rsp_t reg_rsp;
  espalier_pkg::wr_req_t  msi;
  logic [511:0]           msi_data;
  logic                   msi_last;
  assign reg_req = {x_reg_valid, x_reg_write, x_reg_addr, x_reg_data, x_reg_strb};
  assign {x_rsp_valid, x_rsp_error, x_rsp_data} = reg_rsp;
  assign {x_addr, x_len} = msi;
  assign x_tdata = msi_data[31:0];
  msix u_msix (
      .clk, .rst, .stop(x_stop), .cfg_msix_enable(x_enable), .cfg_msix_mask(x_mask), .reg_req, .reg_rsp, .irq_valid(x_irq_valid),
      .irq_vector(x_irq_vector), .m_axis_tvalid(x_tvalid), .m_axis_tready(x_tready), .m_axis_tdata(msi_data), .m_axis_tlast(msi_last), .m_axis_tuser(msi)
  );
  always_ff @(posedge clk) if (!rst && x_tvalid) assert (msi_last && msi_data[511:32] == '0);

  pcie_rc_unpack u_unpack (
      .clk, .rst, .s_axis_tvalid(u_tvalid), .s_axis_tready(u_tready), .s_axis_tdata(u_tdata), .s_axis_tuser(u_tuser), .m_valid(u_valid),
      .m_ready(u_ready), .m_desc(u_desc), .m_data(u_data), .m_dwords(u_dwords), .m_last(u_last), .m_discontinue(u_discontinue)
  );

  logic               merge, tlp_valid, tlp_ready;
  logic [511:0]       tlp_data;
  pcie_pkg::rq_beat_t tlp_beat;
  pcie_write u_write (
      .clk, .rst, .cfg_max_payload(w_max_payload), .s_axis_tvalid(w_tvalid), .s_axis_tready(w_tready), .s_axis_tdata(w_tdata),
      .s_axis_tlast(w_tlast), .s_axis_tuser({w_addr, w_len}), .merge, .m_valid(tlp_valid), .m_ready(tlp_ready), .m_data(tlp_data), .m_beat(tlp_beat)
  );
  pcie_rq u_rq (
      .clk, .rst, .stop(w_stop), .mrd_valid(w_mrd_valid), .mrd_ready(w_mrd_ready),
      .mrd({w_mrd_tag, w_mrd_address, w_mrd_dwords, w_mrd_first_be, w_mrd_last_be}), .merge, .s_valid(tlp_valid), .s_ready(tlp_ready),
      .s_data(tlp_data), .s_beat(tlp_beat), .m_axis_rq_tvalid(q_tvalid), .m_axis_rq_tready(q_tready), .m_axis_rq_tdata(q_tdata),
      .m_axis_rq_tkeep(q_tkeep), .m_axis_rq_tuser(q_tuser), .m_axis_rq_tlast(q_tlast), .writes_sent(w_sent), .writes_dropped(w_dropped),
      .read_dropped(w_read_dropped), .reads_left(w_reads_left)
  );

endmodule

`default_nettype wire
