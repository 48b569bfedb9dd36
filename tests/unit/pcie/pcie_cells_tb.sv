// SPDX-License-Identifier: Apache-2.0
// The parts of rtl/pcie side by side, one model for all, with every struct taken apart into plain ports: pcie_order, pcie_tags, pcie_space, msix,
// pcie_rc_unpack, and pcie_write with pcie_rq behind it.
`default_nettype none

module pcie_cells_tb (
    input  logic         clk,
    input  logic         rst,
    // pcie_order; a lost report is given up after 16 cycles
    input  logic         order_stop,
    input  logic         order_accept,
    input  logic         order_message,
    input  logic [5:0]   order_seq0,
    input  logic         order_vld0,
    input  logic [5:0]   order_seq1,
    input  logic         order_vld1,
    input  logic [1:0]   order_sent,
    input  logic [1:0]   order_dropped,
    output logic         order_empty,
    input  logic         order_ask,
    output logic         order_done,
    // pcie_tags, 64
    input  logic         tags_extended,
    output logic         tags_valid,
    output logic [5:0]   tags_index,
    input  logic         tags_take,
    input  logic         tags_free_valid,
    input  logic [5:0]   tags_free_index,
    // pcie_space: 100 blocks, 80 headers
    input  logic         space_rcb_128,
    input  logic [6:0]   space_need_64,
    input  logic [6:0]   space_need_128,
    output logic         space_fits,
    input  logic         space_take,
    input  logic         space_back_valid,
    input  logic [6:0]   space_back_64,
    input  logic [6:0]   space_back_128,
    // msix
    input  logic         msix_stop,
    input  logic         msix_enable,
    input  logic         msix_mask,
    input  logic         msix_reg_valid,
    input  logic         msix_reg_write,
    input  logic [15:0]  msix_reg_addr,
    input  logic [31:0]  msix_reg_data,
    input  logic [3:0]   msix_reg_strb,
    output logic         msix_rsp_valid,
    output logic         msix_rsp_error,
    output logic [31:0]  msix_rsp_data,
    input  logic         msix_irq_valid,
    input  logic [7:0]   msix_irq_vector,
    output logic         msix_tvalid,
    input  logic         msix_tready,
    output logic [31:0]  msix_tdata,
    output logic [63:0]  msix_addr,
    output logic [15:0]  msix_len,
    // pcie_rc_unpack
    input  logic         unpack_tvalid,
    output logic         unpack_tready,
    input  logic [511:0] unpack_tdata,
    input  logic [160:0] unpack_tuser,
    output logic         unpack_valid,
    input  logic         unpack_ready,
    output logic [95:0]  unpack_desc,
    output logic [511:0] unpack_data,
    output logic [4:0]   unpack_dwords,
    output logic         unpack_last,
    output logic         unpack_discontinue,
    // pcie_write and pcie_rq
    input  logic [1:0]   write_max_payload,
    input  logic         write_tvalid,
    output logic         write_tready,
    input  logic [511:0] write_tdata,
    input  logic         write_tlast,
    input  logic [63:0]  write_addr,
    input  logic [15:0]  write_len,
    input  logic         write_stop,
    input  logic         write_mrd_valid,
    output logic         write_mrd_ready,
    input  logic [7:0]   write_mrd_tag,
    input  logic [61:0]  write_mrd_address,
    input  logic [10:0]  write_mrd_dwords,
    input  logic [3:0]   write_mrd_first_be,
    input  logic [3:0]   write_mrd_last_be,
    output logic         rq_tvalid,
    input  logic         rq_tready,
    output logic [511:0] rq_tdata,
    output logic [15:0]  rq_tkeep,
    output logic [136:0] rq_tuser,
    output logic         rq_tlast,
    output logic [1:0]   write_sent,
    output logic [1:0]   write_dropped,
    output logic         write_read_dropped,
    output logic [1:0]   write_reads_left
);

  pcie_order #(.LOST_LOG2(4)) u_order (
      .clk, .rst, .stop(order_stop), .accept(order_accept), .message(order_message), .seq_num0(order_seq0), .seq_num_vld0(order_vld0), .seq_num1(order_seq1),
      .seq_num_vld1(order_vld1), .sent(order_sent), .dropped(order_dropped), .empty(order_empty), .ask(order_ask), .done(order_done)
  );

  pcie_tags #(.TAGS(64)) u_tags (
      .clk, .rst, .extended(tags_extended), .valid(tags_valid), .index(tags_index), .take(tags_take), .free_valid(tags_free_valid),
      .free_index(tags_free_index)
  );

  pcie_space #(.BLOCKS(100), .HEADERS(80)) u_space (
      .clk, .rst, .rcb_128(space_rcb_128), .need_64(space_need_64), .need_128(space_need_128), .fits(space_fits), .take(space_take),
      .back_valid(space_back_valid), .back_64(space_back_64), .back_128(space_back_128)
  );

  espalier_pkg::reg_req_t reg_req;
  espalier_pkg::reg_rsp_t reg_rsp;
  espalier_pkg::wr_req_t  msi;
  logic [511:0]           msi_data;
  logic                   msi_last;
  assign reg_req = {msix_reg_valid, msix_reg_write, msix_reg_addr, msix_reg_data, msix_reg_strb};
  assign {msix_rsp_valid, msix_rsp_error, msix_rsp_data} = reg_rsp;
  assign {msix_addr, msix_len} = msi;
  assign msix_tdata = msi_data[31:0];
  msix u_msix (
      .clk, .rst, .stop(msix_stop), .cfg_msix_enable(msix_enable), .cfg_msix_mask(msix_mask), .reg_req, .reg_rsp, .irq_valid(msix_irq_valid),
      .irq_vector(msix_irq_vector), .m_axis_tvalid(msix_tvalid), .m_axis_tready(msix_tready), .m_axis_tdata(msi_data), .m_axis_tlast(msi_last),
      .m_axis_tuser(msi)
  );
  always_ff @(posedge clk) if (!rst && msix_tvalid) assert (msi_last && msi_data[511:32] == '0);

  pcie_rc_unpack u_unpack (
      .clk, .rst, .s_axis_tvalid(unpack_tvalid), .s_axis_tready(unpack_tready), .s_axis_tdata(unpack_tdata), .s_axis_tuser(unpack_tuser),
      .m_valid(unpack_valid), .m_ready(unpack_ready), .m_desc(unpack_desc), .m_data(unpack_data), .m_dwords(unpack_dwords), .m_last(unpack_last),
      .m_discontinue(unpack_discontinue)
  );

  logic               merge, tlp_valid, tlp_ready;
  logic [511:0]       tlp_data;
  pcie_pkg::rq_beat_t tlp_beat;
  pcie_write u_write (
      .clk, .rst, .cfg_max_payload(write_max_payload), .s_axis_tvalid(write_tvalid), .s_axis_tready(write_tready), .s_axis_tdata(write_tdata),
      .s_axis_tlast(write_tlast), .s_axis_tuser({write_addr, write_len}), .merge, .m_valid(tlp_valid), .m_ready(tlp_ready), .m_data(tlp_data),
      .m_beat(tlp_beat)
  );
  pcie_rq u_rq (
      .clk, .rst, .stop(write_stop), .mrd_valid(write_mrd_valid), .mrd_ready(write_mrd_ready),
      .mrd({write_mrd_tag, write_mrd_address, write_mrd_dwords, write_mrd_first_be, write_mrd_last_be}), .merge, .s_valid(tlp_valid), .s_ready(tlp_ready),
      .s_data(tlp_data), .s_beat(tlp_beat), .m_axis_rq_tvalid(rq_tvalid), .m_axis_rq_tready(rq_tready), .m_axis_rq_tdata(rq_tdata),
      .m_axis_rq_tkeep(rq_tkeep), .m_axis_rq_tuser(rq_tuser), .m_axis_rq_tlast(rq_tlast), .writes_sent(write_sent), .writes_dropped(write_dropped),
      .read_dropped(write_read_dropped), .reads_left(write_reads_left)
  );

endmodule

`default_nettype wire
