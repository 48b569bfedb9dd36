// SPDX-License-Identifier: Apache-2.0
// proof pcie_wr_mux: pdr
// Both inputs keep AXI4-Stream; then so does the output: writes leave whole, what waits does not change, and neither input starves.
`default_nettype none

module p_pcie_wr_mux (
    input logic                  clk,
    input logic                  rst,
    input logic                  s0_axis_tvalid,
    input logic [511:0]          s0_axis_tdata,
    input logic                  s0_axis_tlast,
    input espalier_pkg::wr_req_t s0_axis_tuser,
    input logic                  s1_axis_tvalid,
    input logic [511:0]          s1_axis_tdata,
    input espalier_pkg::wr_req_t s1_axis_tuser,
    input logic                  m_axis_tready
);
  logic                  s0_axis_tready, s1_axis_tready, s1_axis_tlast, m_axis_tvalid, m_axis_tlast;
  logic [511:0]          m_axis_tdata;
  espalier_pkg::wr_req_t m_axis_tuser;
  assign s1_axis_tlast = 1'b1;

  p_reset u_reset (.*);
  pcie_wr_mux u_dut (.*);

  localparam int unsigned W = 8;  // bits of data that are looked at
  logic         wait0_q, wait1_q, stall_q, inside_q, from_q;
  logic [W:0]   held0_q, held1_q, held_q;
  logic [1:0]   passed_q;
  always_comb begin
    m_s0 : assume (!wait0_q || (s0_axis_tvalid && {s0_axis_tlast, s0_axis_tdata[W-1:0]} == held0_q));
    m_s1 : assume (!wait1_q || (s1_axis_tvalid && {1'b1, s1_axis_tdata[W-1:0]} == held1_q));
  end
  logic take0, take1;
  assign take0 = s0_axis_tvalid && s0_axis_tready;
  assign take1 = s1_axis_tvalid && s1_axis_tready;
  always_ff @(posedge clk) begin
    wait0_q <= !rst && s0_axis_tvalid && !s0_axis_tready;
    wait1_q <= !rst && s1_axis_tvalid && !s1_axis_tready;
    stall_q <= !rst && m_axis_tvalid && !m_axis_tready;
    held0_q <= {s0_axis_tlast, s0_axis_tdata[W-1:0]};
    held1_q <= {1'b1, s1_axis_tdata[W-1:0]};
    held_q  <= {m_axis_tlast, m_axis_tdata[W-1:0]};
    if (rst) inside_q <= 1'b0;
    else if (m_axis_tvalid && m_axis_tready) inside_q <= !m_axis_tlast;
    if (rst || !s1_axis_tvalid || take1) passed_q <= '0;
    else if (take0 && s0_axis_tlast) passed_q <= passed_q + 2'd1;
    if (!rst) begin
      a_one : assert (!(take0 && take1) && (take0 || take1) == (m_axis_tvalid && m_axis_tready));
      a_whole : assert (!inside_q || !take1);
      a_beat : assert ((!take0 || {m_axis_tlast, m_axis_tdata} == {s0_axis_tlast, s0_axis_tdata}) && (!take1 || m_axis_tdata == s1_axis_tdata));
      a_stable : assert (!stall_q || (m_axis_tvalid && {m_axis_tlast, m_axis_tdata[W-1:0]} == held_q));
      a_turn : assert (passed_q <= 2'd2);
    end
  end
endmodule

`default_nettype wire
