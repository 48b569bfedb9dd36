// SPDX-License-Identifier: Apache-2.0
// The card as a board wraps it, for cocotbext-pcie's model of the hard block: the card's pins by the names of PG213, at the widths that
// the block gives them. cocotb's main program wants a top of this name. Signals that it reads or drives are public, nothing else: the
// model stays as fast as others.
`default_nettype none

module top #(
    parameter int unsigned LANES      = 1,
    parameter int unsigned SA_ENTRIES = 64
) (
    input  logic         user_clk /* verilator public_flat_rw */,
    input  logic         user_reset /* verilator public_flat_rw */,

    input  logic         cq_tvalid /* verilator public_flat_rw */,
    output logic         cq_tready /* verilator public_flat_rd */,
    input  logic [511:0] cq_tdata /* verilator public_flat_rw */,
    input  logic [15:0]  cq_tkeep /* verilator public_flat_rw */,
    input  logic [182:0] cq_tuser /* verilator public_flat_rw */,
    input  logic         cq_tlast /* verilator public_flat_rw */,
    output logic         cc_tvalid /* verilator public_flat_rd */,
    input  logic         cc_tready /* verilator public_flat_rw */,
    output logic [511:0] cc_tdata /* verilator public_flat_rd */,
    output logic [15:0]  cc_tkeep /* verilator public_flat_rd */,
    output logic [80:0]  cc_tuser /* verilator public_flat_rd */,
    output logic         cc_tlast /* verilator public_flat_rd */,
    output logic         rq_tvalid /* verilator public_flat_rd */,
    input  logic         rq_tready /* verilator public_flat_rw */,
    output logic [511:0] rq_tdata /* verilator public_flat_rd */,
    output logic [15:0]  rq_tkeep /* verilator public_flat_rd */,
    output logic [136:0] rq_tuser /* verilator public_flat_rd */,
    output logic         rq_tlast /* verilator public_flat_rd */,
    input  logic         rc_tvalid /* verilator public_flat_rw */,
    output logic         rc_tready /* verilator public_flat_rd */,
    input  logic [511:0] rc_tdata /* verilator public_flat_rw */,
    input  logic [15:0]  rc_tkeep /* verilator public_flat_rw */,
    input  logic [160:0] rc_tuser /* verilator public_flat_rw */,
    input  logic         rc_tlast /* verilator public_flat_rw */,

    input  logic [5:0]   pcie_rq_seq_num0 /* verilator public_flat_rw */,
    input  logic         pcie_rq_seq_num_vld0 /* verilator public_flat_rw */,
    input  logic [5:0]   pcie_rq_seq_num1 /* verilator public_flat_rw */,
    input  logic         pcie_rq_seq_num_vld1 /* verilator public_flat_rw */,

    output logic [9:0]   cfg_mgmt_addr /* verilator public_flat_rd */,
    output logic [7:0]   cfg_mgmt_function_number /* verilator public_flat_rd */,
    output logic         cfg_mgmt_write /* verilator public_flat_rd */,
    output logic [31:0]  cfg_mgmt_write_data /* verilator public_flat_rd */,
    output logic [3:0]   cfg_mgmt_byte_enable /* verilator public_flat_rd */,
    output logic         cfg_mgmt_read /* verilator public_flat_rd */,
    input  logic [31:0]  cfg_mgmt_read_data /* verilator public_flat_rw */,
    input  logic         cfg_mgmt_read_write_done /* verilator public_flat_rw */,

    input  logic [1:0]   cfg_max_payload /* verilator public_flat_rw */,
    input  logic [2:0]   cfg_max_read_req /* verilator public_flat_rw */,
    input  logic [15:0]  cfg_function_status /* verilator public_flat_rw */,
    input  logic [3:0]   cfg_rcb_status /* verilator public_flat_rw */,
    input  logic [3:0]   cfg_flr_in_process /* verilator public_flat_rw */,
    output logic [3:0]   cfg_flr_done /* verilator public_flat_rd */,
    input  logic [3:0]   cfg_interrupt_msix_enable /* verilator public_flat_rw */,
    input  logic [3:0]   cfg_interrupt_msix_mask /* verilator public_flat_rw */
);

  localparam int unsigned BUS_MASTER = 2;  // bit of a function's status: PG213 "Configuration Status Interface"

  // The block holds user_reset from its configuration on; the model raises it some cycles late. (Verilator begins with zeros.)
  logic rst, seen_q;
  always_ff @(posedge user_clk) if (user_reset) seen_q <= 1'b1;
  assign rst = user_reset || !seen_q;

  logic flr_done;
  assign cfg_flr_done         = {3'd0, flr_done};
  assign cfg_mgmt_write       = 1'b0;
  assign cfg_mgmt_write_data  = '0;
  assign cfg_mgmt_byte_enable = '0;

  card #(
      .LANES(LANES),
      .SA_ENTRIES(SA_ENTRIES),
      .DEFAULT_TIMEOUT(25_000),
      .QUARANTINE_LOG2(14),
      .LOST_LOG2(10)
  ) u_card (
      .clk(user_clk), .rst,
      .s_axis_cq_tvalid(cq_tvalid), .s_axis_cq_tready(cq_tready), .s_axis_cq_tdata(cq_tdata), .s_axis_cq_tkeep(cq_tkeep),
      .s_axis_cq_tuser(cq_tuser), .s_axis_cq_tlast(cq_tlast),
      .m_axis_cc_tvalid(cc_tvalid), .m_axis_cc_tready(cc_tready), .m_axis_cc_tdata(cc_tdata), .m_axis_cc_tkeep(cc_tkeep),
      .m_axis_cc_tuser(cc_tuser), .m_axis_cc_tlast(cc_tlast),
      .m_axis_rq_tvalid(rq_tvalid), .m_axis_rq_tready(rq_tready), .m_axis_rq_tdata(rq_tdata), .m_axis_rq_tkeep(rq_tkeep),
      .m_axis_rq_tuser(rq_tuser), .m_axis_rq_tlast(rq_tlast),
      .pcie_rq_seq_num0, .pcie_rq_seq_num_vld0, .pcie_rq_seq_num1, .pcie_rq_seq_num_vld1,
      .s_axis_rc_tvalid(rc_tvalid), .s_axis_rc_tready(rc_tready), .s_axis_rc_tdata(rc_tdata), .s_axis_rc_tkeep(rc_tkeep),
      .s_axis_rc_tuser(rc_tuser), .s_axis_rc_tlast(rc_tlast),
      .cfg_max_payload, .cfg_max_read_req, .cfg_rcb_status(cfg_rcb_status[0]),
      .cfg_bus_master_enable(cfg_function_status[BUS_MASTER]),
      .cfg_flr_in_process(cfg_flr_in_process[0]), .cfg_flr_done(flr_done),
      .cfg_mgmt_addr, .cfg_mgmt_function_number, .cfg_mgmt_read, .cfg_mgmt_read_data, .cfg_mgmt_read_write_done,
      .cfg_msix_enable(cfg_interrupt_msix_enable[0]), .cfg_msix_mask(cfg_interrupt_msix_mask[0])
  );

endmodule

`default_nettype wire
