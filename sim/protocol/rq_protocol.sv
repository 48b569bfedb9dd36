// SPDX-License-Identifier: Apache-2.0
// axis_protocol at RQ, which is straddled: tlast is not used, and a stretch without a gap ends in a beat behind which no TLP is open
// (PG213 "Straddle Option on RQ Interface").
`default_nettype none

module rq_protocol (
    input logic         clk,
    input logic         rst,
    input logic         m_axis_rq_tvalid,
    input logic         m_axis_rq_tready,
    input logic [511:0] m_axis_rq_tdata,
    input logic [15:0]  m_axis_rq_tkeep,
    input logic [136:0] m_axis_rq_tuser,
    input logic         m_axis_rq_tlast
);

  pcie_pkg::rq_user_t user;
  logic               open_q, closed;
  logic [2:0]         open;
  assign user   = m_axis_rq_tuser;
  assign open   = 3'(open_q) + 3'($countones(user.is_sop)) - 3'($countones(user.is_eop));
  assign closed = open == 3'd0;

  axis_protocol #(
      .WIDTH(512 + 16 + 137 + 1),
      .GAPLESS(1'b1)
  ) u_stream (
      .clk,
      .rst,
      .valid(m_axis_rq_tvalid),
      .ready(m_axis_rq_tready),
      .payload({m_axis_rq_tdata, m_axis_rq_tkeep, m_axis_rq_tuser, m_axis_rq_tlast}),
      .last(closed)
  );

  always_ff @(posedge clk) begin
    if (rst) open_q <= 1'b0;
    else if (m_axis_rq_tvalid && m_axis_rq_tready) open_q <= open[0];
    if (!rst && m_axis_rq_tvalid) a_marks : assert (open <= 3'd1) else $error("rq_protocol: is_sop and is_eop do not fit");
  end

endmodule

`default_nettype wire
