// SPDX-License-Identifier: Apache-2.0
// Test top: a packet goes 512 -> W -> 512 bits through both width adapters; what comes out must be what went in.
`default_nettype none

module axis_width_tb #(
    parameter int unsigned W = 128
) (
    input  logic         clk,
    input  logic         rst,
    input  logic         s_tvalid,
    output logic         s_tready,
    input  logic [511:0] s_tdata,
    input  logic         s_tlast,
    input  logic [15:0]  s_tlen,
    output logic         n_fire,   // a narrow beat passes
    output logic         n_last,
    output logic         m_tvalid,
    input  logic         m_tready,
    output logic [511:0] m_tdata,
    output logic         m_tlast,
    output logic [15:0]  m_tlen
);

  logic         n_tvalid, n_tready;
  logic [W-1:0] n_tdata;
  logic [15:0]  n_tlen;

  axis_narrow #(.IN_W(512), .OUT_W(W), .USER_W(16)) u_narrow (
      .clk, .rst,
      .s_axis_tvalid(s_tvalid), .s_axis_tready(s_tready), .s_axis_tdata(s_tdata), .s_axis_tlast(s_tlast),
      .s_axis_tlen(s_tlen), .s_axis_tuser(s_tlen),
      .m_axis_tvalid(n_tvalid), .m_axis_tready(n_tready), .m_axis_tdata(n_tdata), .m_axis_tlast(n_last), .m_axis_tuser(n_tlen)
  );
  axis_widen #(.IN_W(W), .OUT_W(512), .USER_W(16)) u_widen (
      .clk, .rst,
      .s_axis_tvalid(n_tvalid), .s_axis_tready(n_tready), .s_axis_tdata(n_tdata), .s_axis_tlast(n_last), .s_axis_tuser(n_tlen),
      .m_axis_tvalid(m_tvalid), .m_axis_tready(m_tready), .m_axis_tdata(m_tdata), .m_axis_tlast(m_tlast), .m_axis_tuser(m_tlen)
  );
  assign n_fire = n_tvalid && n_tready;

endmodule

`default_nettype wire
