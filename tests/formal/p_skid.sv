// SPDX-License-Identifier: Apache-2.0
// proof skid: pdr
`default_nettype none

module p_skid (
    input logic       clk,
    input logic       rst,
    input logic       watch,
    input logic       s_valid,
    input logic [1:0] s_data,
    input logic       m_ready
);
  logic s_ready, m_valid;
  logic [1:0] m_data;

  p_reset u_reset (.*);
  skid #(.WIDTH(2)) u_skid (.*);
  p_stream #(.HOLDS(2), .LATENCY(1)) u_stream (.*);
endmodule

`default_nettype wire
