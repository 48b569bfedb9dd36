// SPDX-License-Identifier: Apache-2.0
// proof fifo_sync: pdr BLOCK_RAM=0 HOLDS=4 LATENCY=1
// proof fifo_sync-block: pdr BLOCK_RAM=1 HOLDS=5 LATENCY=2
`default_nettype none

module p_fifo_sync #(
    parameter bit BLOCK_RAM = 0,
    parameter int unsigned HOLDS = 4,
    parameter int unsigned LATENCY = 1
) (
    input logic       clk,
    input logic       rst,
    input logic       watch,
    input logic       s_valid,
    input logic [1:0] s_data,
    input logic       m_ready
);
  logic s_ready, m_valid;
  logic [1:0] m_data;

  logic [2:0] count;

  p_reset u_reset (.*);
  fifo_sync #(.WIDTH(2), .DEPTH(4), .BLOCK_RAM(BLOCK_RAM)) u_fifo (.*);
  p_stream #(.HOLDS(HOLDS), .LATENCY(LATENCY)) u_stream (.*);
endmodule

`default_nettype wire
