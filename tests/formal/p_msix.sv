// SPDX-License-Identifier: Apache-2.0
// proof msix: pdr
// Of vector 0: a message leaves only for an interrupt that came and was not yet told, never while the vector, the function or MSI-X as a whole is
// off; an interrupt that came is told or pending. What waits at the output does not change.
`default_nettype none

module p_msix (
    input logic                   clk,
    input logic                   rst,
    input logic                   stop,
    input logic                   cfg_msix_enable,
    input logic                   cfg_msix_mask,
    input espalier_pkg::reg_req_t reg_req,
    input logic                   irq_valid,
    input logic [7:0]             irq_vector,
    input logic                   m_axis_tready
);
  espalier_pkg::reg_rsp_t reg_rsp;
  logic                   m_axis_tvalid, m_axis_tlast;
  logic [511:0]           m_axis_tdata;
  espalier_pkg::wr_req_t  m_axis_tuser;

  p_reset u_reset (.*);
  msix #(.VECTORS(2)) u_dut (.*);

  logic        owed_q, off_q, stall_q, mine;
  logic [31:0] held_q;
  logic [63:0] addr_q;
  assign mine = u_dut.send && u_dut.chosen == '0;
  always_ff @(posedge clk) begin
    if (rst || stop) owed_q <= 1'b0;
    else if (irq_valid && irq_vector == '0) owed_q <= 1'b1;
    else if (mine) owed_q <= 1'b0;
    stall_q <= !rst && m_axis_tvalid && !m_axis_tready;
    held_q  <= m_axis_tdata[31:0];
    addr_q  <= m_axis_tuser.addr;
    if (!rst) begin
      a_owed : assert (!mine || owed_q);
      a_pending : assert (u_dut.pending_q[0] == owed_q);
      a_off : assert (!mine || (!stop && cfg_msix_enable && !cfg_msix_mask && !u_dut.mask_q[0]));
      a_stable : assert (!stall_q || (m_axis_tvalid && m_axis_tdata[31:0] == held_q && m_axis_tuser.addr == addr_q));
      a_size : assert (!m_axis_tvalid || (m_axis_tlast && m_axis_tuser.len == 16'd4 && m_axis_tuser.addr[1:0] == '0));
    end
  end
endmodule

`default_nettype wire
