// SPDX-License-Identifier: Apache-2.0
// proof fifo_head: pdr
`default_nettype none

module p_fifo_head (
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
  fifo_head #(.WIDTH(2), .DEPTH(2)) u_fifo (.*);
  p_stream #(.HOLDS(4), .LATENCY(3)) u_stream (.*);
endmodule

`default_nettype wire
