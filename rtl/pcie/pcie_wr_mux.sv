// SPDX-License-Identifier: Apache-2.0
// Merges two streams of host memory writes, whole writes at a time. Input 0 (packet data and completions) goes first when both wait at a
// boundary; input 1 (MSI-X messages) is a single beat that then goes next, so neither starves. A write leaves after every write of either
// input that was accepted before. Latency 0, no bubbles; ready depends on m_axis_tready alone, which is a register (skid of pcie_write).
`default_nettype none

module pcie_wr_mux import espalier_pkg::*; (
    input  logic         clk,
    input  logic         rst,
    input  logic         s0_axis_tvalid,
    output logic         s0_axis_tready,
    input  logic [511:0] s0_axis_tdata,
    input  logic         s0_axis_tlast,
    input  wr_req_t      s0_axis_tuser,
    input  logic         s1_axis_tvalid,
    output logic         s1_axis_tready,
    input  logic [511:0] s1_axis_tdata,
    input  logic         s1_axis_tlast,
    input  wr_req_t      s1_axis_tuser,
    output logic         m_axis_tvalid,
    input  logic         m_axis_tready,
    output logic [511:0] m_axis_tdata,
    output logic         m_axis_tlast,
    output wr_req_t      m_axis_tuser
);

  logic locked_q;  // in the middle of a write, or offering one, of input
  logic owner_q;
  logic turn_q;    // input 1 has waited for one write of input 0
  logic sel;
  assign sel = locked_q ? owner_q : (s1_axis_tvalid && (turn_q || !s0_axis_tvalid));

  assign m_axis_tvalid  = sel ? s1_axis_tvalid : s0_axis_tvalid;
  assign m_axis_tdata   = sel ? s1_axis_tdata : s0_axis_tdata;
  assign m_axis_tlast   = sel ? s1_axis_tlast : s0_axis_tlast;
  assign m_axis_tuser   = sel ? s1_axis_tuser : s0_axis_tuser;
  assign s0_axis_tready = m_axis_tready && !sel;
  assign s1_axis_tready = m_axis_tready && sel;

  always_ff @(posedge clk) begin
    if (rst) begin
      locked_q <= 1'b0;
      owner_q  <= 1'b0;
      turn_q   <= 1'b0;
    end else if (m_axis_tvalid && m_axis_tready) begin
      locked_q <= !m_axis_tlast;
      owner_q  <= sel;
      if (m_axis_tlast) turn_q <= !sel && s1_axis_tvalid;
    end else if (m_axis_tvalid) begin
      // What is offered stays: AXI4-Stream, 2.2.1.
      locked_q <= 1'b1;
      owner_q  <= sel;
    end
  end

endmodule

`default_nettype wire
